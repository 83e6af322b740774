"""系统: workers, lag, sources, dead letters, the store."""

from datetime import UTC, datetime
from importlib.metadata import version

import streamlit as st

from dashboard import bar, heard, read, source_boards, system_boards
from dashboard.paper import draw, el
from dashboard.places import link
from dashboard.shield import shielded
from dashboard.words import number, of_sources, t


def show() -> None:
    """The page."""
    _workers()
    _sources()
    _store()


@st.fragment(run_every=bar.REFRESH)
@shielded("workers")
def _workers() -> None:
    now, listed = datetime.now(UTC), read.documents("worker")
    dead = sum(count for each in listed if isinstance(count := each.body.get("dead"), int))
    lag = sum(count for each in listed if isinstance(count := each.body.get("lag"), int))
    with st.container(border=True, key="card-system-workers"):
        draw(
            "system.workers.table",
            [
                el(
                    "div",
                    el("h3", t("workers")),
                    el("span", t("lag_total", n=number(lag)), cls="faint"),
                    el(
                        "span",
                        t("dead_total", n=number(dead)),
                        cls="bad" if dead else "faint",
                        title=t("dead_help"),
                    ),
                    cls="block-head",
                ),
                system_boards.workers(listed, now) if listed else el("p", t("no_workers"), cls="empty"),
            ],
        )


@st.fragment(run_every=bar.REFRESH)
@shielded("sources")
def _sources() -> None:
    found = heard.sources()
    with st.container(border=True, key="card-system-sources"):
        draw(
            "system.sources.table",
            [
                el(
                    "div",
                    el("h3", t("sources")),
                    el("a", of_sources("see_all"), href=link("sources")),
                    cls="block-head",
                ),
                source_boards.head(found, datetime.now(UTC))
                if found
                else el("p", t("no_sources"), cls="empty"),
            ],
        )


@shielded("store")
def _store() -> None:
    facts = [
        (t("store"), read.store().ping()),
        (t("clock"), t(f"clock_{read.settings().clock}")),
        (t("model"), read.settings().model),
        (t("version"), f"tingchao {version('tingchao')} · streamlit {version('streamlit')}"),
    ]
    with st.container(border=True, key="card-system-store"):
        draw(
            "system.store.table",
            [
                el("h3", t("store_and_versions")),
                el(
                    "table",
                    el(
                        "tbody",
                        *(el("tr", el("th", name), el("td", value, cls="mono")) for name, value in facts),
                    ),
                    cls="facts",
                ),
            ],
        )
