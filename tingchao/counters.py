"""What a worker tells about itself: counters, kept in the store as a document (kind `worker`, id its name).

The loop that runs a worker counts; a reporter writes every two seconds; the dashboard and `tingchao status`
read. Counters start at zero with the process, and `since` says when that was.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

KIND = "worker"
RATE_OVER = 10.0


class State(StrEnum):
    """Where a worker stands. WAITING: the bus or the store does not answer, and it tries again."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(slots=True)
class Counters:
    """Written by the one thread that runs the worker, read by the reporter."""

    name: str
    since: datetime
    state: State = State.STARTING
    seen: int = 0
    published: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    dead: int = 0
    errors: int = 0
    last_error: str = ""
    last_batch_at: datetime | None = None
    lag: int | None = None
    _ticks: deque[tuple[float, int]] = field(default_factory=deque)

    def batch(self, seen: int, published: int, dropped: Mapping[str, int], dead: int, at: datetime) -> None:
        """One batch is done: how many messages it had and what became of them."""
        self.state = State.RUNNING
        self.seen += seen
        self.published += published
        self.dropped.update(dropped)
        self.dead += dead
        if seen:
            self.last_batch_at = at

    def failed(self, reason: str, state: State = State.WAITING) -> None:
        """The bus or the store did not answer, or the worker gave up."""
        self.errors += 1
        self.last_error = reason
        self.state = state

    def body(self, now: datetime, monotonic: float) -> dict[str, Any]:
        """The document's body; `per_second` is of the last ten seconds of calls."""
        self._ticks.append((monotonic, self.seen))
        while len(self._ticks) > 2 and monotonic - self._ticks[1][0] >= RATE_OVER:
            self._ticks.popleft()
        then, seen = self._ticks[0]
        return {
            "state": self.state.value,
            "since": self.since.isoformat(),
            "at": now.isoformat(),
            "seen": self.seen,
            "published": self.published,
            "dropped": sum(self.dropped.values()),
            "dropped_by": dict(self.dropped),
            "dead": self.dead,
            "errors": self.errors,
            "last_error": self.last_error,
            "last_batch_at": self.last_batch_at.isoformat() if self.last_batch_at else None,
            "lag": self.lag,
            "per_second": round((self.seen - seen) / (monotonic - then), 1) if monotonic > then else 0.0,
        }
