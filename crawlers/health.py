"""How a source is doing: a document (kind `source`, id the source's) that the dashboard and `status` show."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.manners import Rest
from crawlers.parsers import Outcome
from crawlers.visiting import Tally
from tingchao.times import iso

KIND = "source"


class State(StrEnum):
    """OK; LATE: its last visits failed; LOST: nothing for ten intervals; REFUSED: it does not want us."""

    OK = "ok"
    LATE = "late"
    LOST = "lost"
    REFUSED = "refused"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers add up since the source was added. `stopped` is `pages` where older mentions may have been missed,
    `missing` are fields that the last visit's records lacked."""

    name: str
    state: State = State.OK
    last_success: datetime | None = None
    last_try: datetime | None = None
    fetched: int = 0
    parsed: int = 0
    published: int = 0
    refused: int = 0
    outcome: str = ""
    stopped: str = ""
    missing: tuple[str, ...] = ()
    error: str = ""
    interval: float = 0.0
    retry_at: datetime | None = None


def succeeded(health: Health, tally: Tally, now: datetime) -> Health:
    """After a visit that went through."""
    return replace(
        _counted(health, tally, now),
        state=State.OK,
        last_success=now,
        outcome=tally.outcome.value,
        stopped=tally.stopped,
        error=tally.trouble,
        retry_at=None,
    )


def was_refused(
    health: Health, tally: Tally, now: datetime, outcome: Outcome, reason: str, rest: Rest
) -> Health:
    """After a refusal: left alone until `rest` is over."""
    return replace(
        _counted(health, tally, now),
        state=State.REFUSED,
        refused=health.refused + 1,
        outcome=outcome.value,
        error=reason,
        retry_at=rest.until,
    )


def failed(health: Health, tally: Tally, now: datetime, reason: str) -> Health:
    """After a visit that did not go through, though nobody refused."""
    patience = max(timedelta(seconds=10 * health.interval), timedelta(minutes=10))
    since = health.last_success
    return replace(
        _counted(health, tally, now),
        state=State.LATE if since and now - since < patience else State.LOST,
        outcome=(tally.outcome if tally.outcome is Outcome.CHANGED else Outcome.ERROR).value,
        error=reason,
    )


def _counted(health: Health, tally: Tally, now: datetime) -> Health:
    return replace(
        health,
        last_try=now,
        fetched=health.fetched + tally.fetched,
        parsed=health.parsed + tally.parsed,
        published=health.published + tally.published,
        missing=tuple(sorted(tally.missing)),
    )


def to_body(health: Health) -> Mapping[str, Any]:
    """As a document; times are ISO 8601 in UTC."""
    body: dict[str, Any] = msgspec.to_builtins(health)
    for name in ("last_success", "last_try", "retry_at"):
        at: datetime | None = getattr(health, name)
        body[name] = iso(at) if at else None
    return body


def from_body(body: Mapping[str, Any], name: str, interval: float) -> Health:
    """From a document, with today's name and interval; an unreadable one starts anew."""
    try:
        return replace(msgspec.convert(body, Health), name=name, interval=interval)
    except msgspec.ValidationError:
        return Health(name=name, interval=interval)
