"""Workers with their counters, as trees for `paper`. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboard.boards import grid, moment, part
from dashboard.paper import Node, el
from dashboard.words import clock, t
from tingchao.store import Document


def workers(listed: Sequence[Document], now: datetime) -> Node:
    """One line a worker: state, counters since its start, lag."""
    names = (
        "worker",
        "state",
        "worker_seen",
        "worker_published",
        "worker_dropped",
        "worker_dead",
        "worker_errors",
        "worker_lag",
        "worker_rate",
        "worker_at",
    )
    return grid(
        [el("th", t(name), cls="n" if name.startswith("worker_") else None) for name in names],
        [_worker(each, now) for each in listed],
    )


def _worker(worker: Document, now: datetime) -> Node:
    body = worker.body
    state, at = str(body.get("state", "?")), moment(body.get("at"))
    silent = state in ("running", "starting") and at is not None and now - at > timedelta(seconds=15)
    shown = "silent" if silent else state
    dropped = body.get("dropped_by")
    by = (
        "\n".join(f"{name}: {count}" for name, count in dropped.items())
        if isinstance(dropped, Mapping)
        else ""
    )
    return el(
        "tr",
        el("td", el("b", part(worker.id))),
        el(
            "td",
            el(
                "span",
                "",
                cls=f"dot {'ok' if shown == 'running' else 'late' if shown in ('starting', 'waiting') else 'lost'}",
            ),
            _state_word(shown),
        ),
        _count(body.get("seen")),
        _count(body.get("published")),
        el("td", _plain(body.get("dropped")), cls="n", title=by or None),
        _count(body.get("dead"), bad=True),
        el(
            "td",
            _plain(body.get("errors")),
            cls="n bad" if body.get("errors") else "n",
            title=str(body.get("last_error", ""))[:500] or None,
        ),
        _count(body.get("lag")),
        el(
            "td",
            f"{body['per_second']:.1f}/s" if isinstance(body.get("per_second"), (int, float)) else "—",
            cls="n",
        ),
        el("td", clock(at, now) if at else "—", cls="n faint"),
    )


def _state_word(state: str) -> str:
    if state == "silent":
        return t("worker_silent_state")
    return t(f"worker_{state}") if state in ("running", "starting", "waiting", "stopped", "failed") else state


def _count(value: Any, *, bad: bool = False) -> Node:
    return el("td", _plain(value), cls="n bad" if bad and value else "n")


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "—"
