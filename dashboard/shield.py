"""What a person sees when something fails: what, since when, what still works, whom to tell, an id to quote."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import streamlit as st
import structlog

from dashboard.paper import draw, el
from dashboard.words import t
from tingchao.errors import TingchaoError, Unavailable
from tingchao.ledger import NotThere
from tingchao.logs import configure
from tingchao.times import shanghai

log = structlog.get_logger("dashboard")


@cache
def log_to(file: Path) -> None:
    """Send this process's log lines, secrets masked, to `file`; a second call does nothing."""
    configure(file, name="dashboard")


class _Failing:
    """Since when each block fails, over all sessions."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def mark(self, block: str) -> float:
        with self._lock:
            return self._since.setdefault(block, time.time())

    def clear(self, block: str) -> None:
        with self._lock:
            self._since.pop(block, None)


_failing = _Failing()


@contextmanager
def shield(block: str) -> Iterator[None]:
    """Run one block of a page: if it fails, say so in its place; the rest of the page goes on."""
    try:
        yield
    except NotThere as error:
        _say(block, t("not_there"), str(error), t("not_there_help"), None)
    except Unavailable as error:
        _say(block, t("store_down"), "", t("store_down_help"), _recorded(block, error))
    except TingchaoError as error:
        _say(block, t("cannot_show"), str(error), t("cannot_show_help"), _recorded(block, error))
    except Exception as error:  # noqa: BLE001  the page's edge: a bug must not take the other blocks with it
        _say(block, t("broken"), "", t("broken_help"), _recorded(block, error))
    else:
        _failing.clear(block)


def shielded(block: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """The same for a whole function."""

    def wrap(function: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with shield(block):
                function()

        run.__name__ = run.__qualname__ = f"{function.__module__}.{function.__qualname__}"
        return run

    return wrap


def _recorded(block: str, error: Exception) -> str:
    """Write the failure to the log under an id that a person can quote."""
    id = secrets.token_hex(4)
    log.error("block failed", id=id, block=block, error=str(error), exc_info=error)
    return id


def _say(block: str, what: str, detail: str, help: str, id: str | None) -> None:
    since = shanghai(datetime.fromtimestamp(_failing.mark(block), UTC)) if id else None
    draw(
        f"shield.{block}",
        [
            el(
                "div",
                el("b", what),
                el("p", detail) if detail else None,
                el("p", help, cls="faint"),
                el("p", t("error_id", id=id, since=f"{since:%H:%M:%S}"), cls="mono faint")
                if id and since
                else None,
                cls="card failed",
                role="alert",
            )
        ],
    )
    st.session_state[f"failed.{block}"] = id
