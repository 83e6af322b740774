"""The circuit breaker of a host: one that refuses is left alone, then asked once, and only then as before. Pure.

closed → (a refusal) → open → (its rest is over) → half-open, one probe → (an answer) closed, or (a refusal) open
for twice as long. Refusals are remembered for `FORGIVEN` after the host answered again, so that one which answers a
single page and then refuses anew is asked less and less.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crawlers.manners.rests import LONGEST_ASKED, Rest, refused

REFUSING = frozenset({401, 403, 418, 429, 432, 451, 461, 471})
"""Statuses by which a host says that it does not want us, or not now."""
FORGIVEN = timedelta(hours=6)
PROBE_FOR = timedelta(minutes=3)
"""A probe of which nothing more was heard for so long is given up: another may go."""
LOOK_AGAIN = timedelta(seconds=15)
"""After what time the others ask again whether a probe came back."""
_ABOUT_ONE_THING = (b'"commentsDisabled"',)
"""Words in a 403 that is about what was asked for and not about who asks (YouTube Data API)."""


class Circuit(StrEnum):
    """CLOSED: it may be asked. OPEN: it rests. HALF_OPEN: one request may find out whether it wants us again."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """`rest` counts refusals and says until when; `reason` is the last one."""

    rest: Rest = Rest()  # noqa: RUF009 (immutable)
    reason: str = ""
    well_since: datetime | None = None
    probing_since: datetime | None = None


def circuit(breaker: Breaker, now: datetime) -> Circuit:
    """Where it stands."""
    if breaker.rest.until is None:
        return Circuit.CLOSED
    return Circuit.OPEN if breaker.rest.until > now else Circuit.HALF_OPEN


def refusing(status: int, body: bytes) -> bool:
    """Whether an answer refuses us."""
    return status in REFUSING and not (
        status == 403 and any(words in body[:10_000] for words in _ABOUT_ONE_THING)
    )


def waits(breaker: Breaker, now: datetime) -> datetime | None:
    """Until when nothing may be asked; None where a request may go, be it as the probe."""
    match circuit(breaker, now):
        case Circuit.OPEN:
            return breaker.rest.until
        case Circuit.HALF_OPEN if breaker.probing_since and now - breaker.probing_since < PROBE_FOR:
            return min(breaker.probing_since + PROBE_FOR, now + LOOK_AGAIN)
    return None


def asked(breaker: Breaker, now: datetime) -> Breaker:
    """A request goes out; while half-open it is the probe. Only where `waits` is None."""
    return replace(breaker, probing_since=now) if circuit(breaker, now) is Circuit.HALF_OPEN else breaker


def unsent(breaker: Breaker) -> Breaker:
    """The request did not go out, or nothing came back: another may be the probe."""
    return replace(breaker, probing_since=None) if breaker.probing_since else breaker


def answered(breaker: Breaker, now: datetime) -> Breaker:
    """The host answered and did not refuse. While open that is what was under way when it refused: it stays open."""
    if circuit(breaker, now) is not Circuit.HALF_OPEN:
        return breaker
    return Breaker(Rest(breaker.rest.times), "", well_since=now)


def opened(breaker: Breaker, now: datetime, reason: str, wanted: float | None, chance: float) -> Breaker:
    """The host refused, and `wanted` so many seconds of rest (None: it did not say). While open that is no new
    refusal, but it may make the rest longer."""
    if circuit(breaker, now) is Circuit.OPEN:
        until = now + timedelta(seconds=min(wanted or 0.0, LONGEST_ASKED))
        longer = breaker.rest.until is not None and until > breaker.rest.until
        return replace(breaker, rest=replace(breaker.rest, until=until)) if longer else breaker
    well = breaker.well_since is not None and now - breaker.well_since >= FORGIVEN
    return Breaker(refused(Rest() if well else breaker.rest, now, wanted, chance), reason)
