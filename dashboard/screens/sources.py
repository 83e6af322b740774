"""来源: what is heard, what is not, since when and why; and by what right and with which manners it is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import (
    acting,
    bar,
    gap_boards,
    heard,
    import_boards,
    manners,
    manners_boards,
    read,
    source_boards,
    source_table,
    switching,
    url,
)
from dashboard.asked import Asked
from dashboard.coverage import Source, covers
from dashboard.paper import Node, draw, el
from dashboard.places import link
from dashboard.shield import shield, shielded
from dashboard.window import LAST, window_of
from dashboard.words import clock, number, of_sources, t
from dashboard.written import ImportedFile, Receipt, all_as
from tingchao.store import Facet

TABS = ("hosts", "gaps", "ledger", "imports")
WINDOWS = ("1h", "24h", "7d")


def show() -> None:
    """The page: the answer and the table; one source in full; then hosts, gaps, the ledger or imports."""
    _coverage()
    _tabs()
    match _tab():
        case "gaps":
            with st.container(border=True, key="card-sources-gaps"), shield("gaps"):
                _gaps()
        case "ledger":
            with st.container(border=True, key="card-sources-ledger"), shield("ledger"):
                _ledger()
        case "imports":
            with st.container(border=True, key="card-sources-imports"), shield("imports"):
                _imports()
        case _:
            _hosts()
    if asked := st.session_state.pop("sources.asked", ""):
        _switch(asked)


def _tab() -> str:
    asked = url.value("show")
    return asked if asked in TABS else TABS[0]


def _chosen(sources: Sequence[Source]) -> Source | None:
    id = url.value("source")
    return next((source for source in sources if source.id == id), None)


def _names(sources: Sequence[Source]) -> dict[str, str]:
    return {source.id: source.name for source in sources}


# --- the answer


@st.fragment(run_every=bar.REFRESH)
@shielded("sources")
def _coverage() -> None:
    now, sources = datetime.now(UTC), heard.sources()
    with st.container(border=True, key="card-sources-head"):
        if not sources:
            draw("sources.none", [el("p", t("no_sources"), cls="empty")])
            return
        draw("sources.head", [source_boards.head(sources, now, _files())])
    window = window_of({"last": "24h", "from": "", "to": ""}, read.now())
    stored = dict(read.facet(Asked(window).scope(read.now()), Facet.SOURCE, size=200))
    address = {source.id: Asked(window, src=(source.id,)).address() for source in sources}
    chosen = _chosen(sources)
    with st.container(border=True, key="card-sources-table"):
        board = source_table.table(sources, stored, address, now, chosen.id if chosen else "")
        draw("sources.table", [el("div", board, cls="scroll")])
    if chosen:
        with st.container(border=True, key="card-sources-one"):
            draw("sources.one", [source_table.details(chosen, now)])


# --- what lies below


@shielded("tabs")
def _tabs() -> None:
    sources = heard.sources()
    chosen, now_shown = _chosen(sources), _tab()
    still = sum(gap.standing == "open" for gap in heard.gaps())
    words = {
        "hosts": (of_sources("hosts_title"), len(heard.switches())),
        "gaps": (of_sources("gaps_title"), still),
        "ledger": (of_sources("ledger"), 0),
        "imports": (of_sources("imports"), sum(file.state == "bad" for file in _files().values())),
    }
    draw(
        "sources.tabs",
        [
            el(
                "div",
                *(
                    el(
                        "a",
                        word,
                        el("b", number(n), cls="bad") if n else None,
                        cls="tab now" if name == now_shown else "tab",
                        href=link("sources", source=chosen.id if chosen else "", show=name),
                    )
                    for name, (word, n) in words.items()
                ),
                cls="tabs",
            )
        ],
    )


def _gaps() -> None:
    sources = heard.sources()
    chosen = _chosen(sources)
    found = [gap for gap in heard.gaps() if chosen is None or gap.source == chosen.id]
    draw("sources.gaps", [gap_boards.listed(found, _names(sources), datetime.now(UTC))])


def _imports() -> None:
    now = datetime.now(UTC)
    draw(
        "sources.imports",
        [
            el("div", el("h3", of_sources("imports")), cls="block-head"),
            import_boards.imports(_files(), _pushed(now), now),
        ],
    )


def _files() -> dict[str, ImportedFile]:
    return all_as(ImportedFile, read.documents("import"))


def _pushed(now: datetime) -> str:
    receipts = all_as(Receipt, read.documents("receipt")).values()
    times = [receipt.at for receipt in receipts if receipt.at]
    if not times:
        return ""
    return of_sources(
        "push",
        n=number(len(receipts)),
        at=clock(max(times), now),
        accepted=number(sum(receipt.accepted for receipt in receipts)),
        refused=number(sum(len(receipt.refused) + receipt.more_refused for receipt in receipts)),
    )


# --- the ledger


def _ledger() -> None:
    now, sources = datetime.now(UTC), heard.sources()
    chosen, host, fate = _chosen(sources), url.value("host"), url.value("fate")
    last = url.value("last") if url.value("last") in WINDOWS else WINDOWS[1]
    asked = {"source": chosen.id if chosen else "", "host": host, "last": last}
    of_all = manners.select(heard.requests(now - LAST[last]), source=asked["source"], host=host)
    found = manners.select(of_all, fate=fate)
    draw(
        "sources.ledger",
        [
            _ledger_head(asked, chosen, host, fate, last),
            manners_boards.fates(manners.totals(of_all).fates, asked, fate),
            *manners_boards.ledger(found, manners.totals(found), _names(sources), now),
        ],
    )


def _ledger_head(asked: dict[str, str], chosen: Source | None, host: str, fate: str, last: str) -> Node:
    rest = {**asked, "show": "ledger", "fate": fate}
    return el(
        "div",
        el("h3", of_sources("ledger")),
        *(
            el(
                "a",
                t(f"last_{name}"),
                cls="tab now" if name == last else "tab",
                href=link("sources", **{**rest, "last": name}),
            )
            for name in WINDOWS
        ),
        el("a", f"{chosen.name} ✕", cls="chip", href=link("sources", **{**rest, "source": ""}))
        if chosen
        else None,
        el(
            "a",
            f"{of_sources('only_host', host=host[:80])} ✕",
            cls="chip",
            href=link("sources", **{**rest, "host": ""}),
        )
        if host
        else None,
        cls="block-head",
    )


# --- hosts


@st.fragment(run_every=bar.REFRESH)
@shielded("hosts")
def _hosts() -> None:
    now, sources = datetime.now(UTC), heard.sources()
    chosen = _chosen(sources)
    found = heard.requests(now - timedelta(hours=24))
    listed = manners.asked(heard.hosts(), heard.switches(), found, now)
    if chosen:
        listed = [host for host in listed if host.host in chosen.hosts]
    address = {host.host: link("sources", show="ledger", host=host.host) for host in listed}
    with st.container(border=True, key="card-sources-hosts"):
        pressed = draw(
            "sources.hosts",
            [
                el(
                    "div",
                    el("h3", of_sources("hosts_title")),
                    el("span", of_sources("hosts_help"), cls="faint"),
                    cls="block-head",
                ),
                el("div", manners_boards.hosts(listed, address, now), cls="scroll"),
                manners_boards.history(switching.history(read.store()), now),
            ],
        )
    if pressed:
        # The dialog belongs to the page: a block that refreshes itself would draw over it.
        st.session_state["sources.asked"] = pressed
        st.rerun()


def _switch(pressed: str) -> None:
    """Ask for the reason, then stop a host or allow it again."""
    what, _, host = pressed.partition(":")
    if what not in ("stop", "allow") or not host:
        return
    title = of_sources(f"{what}_host", host=host[:60])

    @st.dialog(_plain(title))
    def asking() -> None:
        draw(f"switch.{what}.effect", _effect(what, host))
        with st.form(f"switch.{what}.form", border=False):
            why = st.text_area(
                of_sources(f"why_{what}"), key=f"switch.{what}.why", max_chars=switching.LONGEST, height=90
            )
            name = acting.name() or st.text_input(
                t("your_name"), key=f"switch.{what}.name", max_chars=acting.MAX_NAME
            )
            sent = st.form_submit_button(of_sources(what), type="primary")
        if sent and _complete(why, name, what):
            act = switching.stop if what == "stop" else switching.allow
            done = of_sources("stopped_now" if what == "stop" else "allowed_now", host=host)
            if acting.perform(lambda store, by, at: act(store, host, why, by, at), _plain(done)):
                st.rerun()
            draw(f"switch.{what}.refused", [el("div", acting.refused(), cls="notice bad", role="alert")])

    asking()


def _effect(what: str, host: str) -> list[Node]:
    touched = [
        source.name for source in heard.sources() if any(covers(host, asked) for asked in source.hosts)
    ]
    named = of_sources("stops_sources", names="、".join(touched)) if touched else of_sources("stops_none")
    return [el("p", of_sources(f"{what}_effect", host=host)), el("p", named, cls="faint")]


def _complete(why: str, name: str, what: str) -> bool:
    missing = ""
    if not why.strip():
        missing = t("reason_needed")
    elif not acting.name() and not acting.remember(name):
        missing = t("name_needed")
    if missing:
        draw(f"switch.{what}.missing", [el("div", missing, cls="notice bad", role="alert")])
    return not missing


def _plain(shown: str) -> str:
    """A title without signs that Markdown reads; a host keeps its dots and colons."""
    return "".join(sign if sign.isalnum() or sign in " .:-" else " " for sign in shown)
