"""The bar on top of every page: open alerts by grade, how fresh the figures are, who works here, the language."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import acting, boards, read, url
from dashboard.paper import draw
from dashboard.shield import shielded
from dashboard.window import CUSTOM, DEFAULT, LAST, Window, window_of
from dashboard.words import t
from tingchao.times import shanghai

REFRESH = 10


def bar() -> None:
    """Draw the bar."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bar"):
        _standing()
        _person()


def window() -> Window:
    """The control of the time window, and the window it says."""
    address = {name: url.value(name) for name in ("last", "from", "to")}
    now = read.now()
    chosen = window_of(address, now)
    if chosen.name == CUSTOM:
        label = f"{shanghai(chosen.since):%m-%d %H:%M} – {shanghai(chosen.until):%m-%d %H:%M}"
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
            st.button(f"{label} ✕", key="window.custom", on_click=_forget_custom, help=t("window_clear"))
        return chosen
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        url.one_of("last", t("window"), tuple(LAST), lambda name: t(f"last_{name}"), DEFAULT)
        with st.popover(t("last_custom"), type="tertiary"), st.form("window.form", border=False):
            since = st.datetime_input(
                t("window_from"), value=shanghai(chosen.since).replace(tzinfo=None), key="window.since"
            )
            until = st.datetime_input(
                t("window_to"), value=shanghai(chosen.until).replace(tzinfo=None), key="window.until"
            )
            if st.form_submit_button(t("apply"), type="primary") and since and until and since < until:
                url.put("last", None)
                st.query_params["from"] = f"{since:%Y-%m-%dT%H:%M}"
                st.query_params["to"] = f"{until:%Y-%m-%dT%H:%M}"
                st.rerun()
    return chosen


def _forget_custom() -> None:
    url.put("from", None)
    url.put("to", None)


@st.fragment(run_every=REFRESH)
@shielded("bar")
def _standing() -> None:
    now = datetime.now(UTC)
    draw(
        "bar.standing",
        [boards.standing(read.alerts(), now, REFRESH, boards.trouble(read.documents("worker"), now))],
        now=now.timestamp(),
    )


def _person() -> None:
    who = acting.name()
    with st.popover(who or t("nobody_yet"), icon=":material/person:", type="tertiary", key="bar.person"):
        with st.form("bar.who", border=False):
            typed = st.text_input(t("your_name"), value=who, max_chars=acting.MAX_NAME, key="bar.name")
            if st.form_submit_button(t("save")) and acting.remember(typed):
                st.rerun()
        other = "zh" if st.session_state.get("language") == "en" else "en"
        if st.button("中文" if other == "zh" else "English", key="bar.language", icon=":material/translate:"):
            st.session_state["language"] = other
            st.rerun()
