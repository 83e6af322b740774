"""Who acts, and how an act is done: there are no accounts yet, so each write carries the name a person gave."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import streamlit as st
import structlog

from dashboard import read
from dashboard.paper import draw, el
from dashboard.words import clock, t
from tingchao.errors import BadInput, StaleVersion, Unavailable
from tingchao.playbook.incident import INCIDENTS
from tingchao.store import Store

log = structlog.get_logger("dashboard")
COOKIE = "tingchao_name"
MAX_NAME = 40

Act = Callable[[Store, str, datetime], object]
"""A command with the store, who does it, and when."""


def name() -> str:
    """Who works in this session; empty if nobody has said."""
    if "who" not in st.session_state:
        st.session_state["who"] = _clean(unquote(st.context.cookies.get(COOKIE, "")))
    return str(st.session_state["who"])


def remember(typed: str) -> bool:
    """Take a name for this session and, by a cookie, for the next; False if there is nothing in it."""
    cleaned = _clean(typed)
    if cleaned:
        st.session_state["who"] = cleaned
        st.session_state["who.cookie"] = f"{COOKIE}={quote(cleaned)}"
    return bool(cleaned)


def keep_cookie() -> None:
    """Hand the browser the cookie of a name just given."""
    if cookie := st.session_state.pop("who.cookie", ""):
        draw("who.cookie", [], cookie=cookie)


def perform(act: Act, done: str, *, incident: str = "") -> bool:
    """Do an act in the session's name. Without a name: ask for it, then do the act.

    What went wrong is said where the person looks; False then, and what was typed stays.
    """
    if not name():
        st.session_state["pending"] = (act, done, incident)
        return False
    try:
        act(read.store(), name(), datetime.now(UTC))
    except StaleVersion:
        _refuse(_who_was_faster(incident))
    except BadInput as error:
        _refuse(t("not_possible", why=str(error)))
    except Unavailable as error:
        log.error("act failed", error=str(error))
        _refuse(t("not_saved"))
    else:
        read.forget()
        st.session_state["said"] = done
        return True
    read.forget()
    return False


def press(act: Act, done: str) -> None:
    """`perform` for a button of a page."""
    perform(act, done)


def ask_if_pending() -> None:
    """Show the dialog for a name where an act waits for one, and what the last act said."""
    if "pending" in st.session_state:
        _ask()
    if said := st.session_state.pop("said", ""):
        st.toast(said, icon=":material/check:")
    if refused := st.session_state.pop("refused", ""):
        say_refused(refused)


def say_refused(words: str) -> None:
    draw("refused", [el("div", words, cls="notice bad", role="alert")])


def refused() -> str:
    """What the last act in a dialog met, taken once."""
    return str(st.session_state.pop("refused", ""))


def _refuse(words: str) -> None:
    st.session_state["refused"] = words


def _who_was_faster(incident: str) -> str:
    if not incident:
        return t("changed_meanwhile")
    now = INCIDENTS.read(read.store(), incident)
    return t("changed_by", who=now.last_by, at=clock(now.last_at, datetime.now(UTC)))


def _ask() -> None:
    @st.dialog(t("who_are_you"), on_dismiss=lambda: st.session_state.pop("pending", None))
    def asking() -> None:
        st.text(t("who_help"))
        with st.form("who.form", border=False):
            typed = st.text_input(t("your_name"), max_chars=MAX_NAME, key="who.typed", autocomplete="name")
            if st.form_submit_button(t("save_and_go_on"), type="primary") and remember(typed):
                act, done, incident = st.session_state.pop("pending")
                perform(act, done, incident=incident)
                st.rerun()

    asking()


def _clean(typed: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in typed[:200]).split())[:MAX_NAME]
