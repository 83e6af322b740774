"""Channels: how a notice reaches people. One module each; `http` is what they share.

A channel turns a notice into bytes, sends them once, and says what became of it. It never retries and never
raises for what the other side does: `stream.notify` decides what happens next.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tingchao.alerts.notice import Notice


class Result(StrEnum):
    """ACCEPTED: the receiver has it. RETRY: trying again later can help. REFUSED: it will never work like this."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `retry_after` is the least number of seconds the receiver asks to wait."""

    result: Result
    detail: str
    retry_after: float | None = None


class Channel(Protocol):
    """A way to people. `name` is what deliveries are recorded under."""

    name: str

    def send(self, notice: Notice) -> Outcome:
        """Send once, within 15 seconds."""
        ...

    def reserve(self, now: float) -> float:
        """Take a place in the channel's own rate limit; 0: send now, else the seconds to wait before asking
        again. `now` is monotonic."""
        ...
