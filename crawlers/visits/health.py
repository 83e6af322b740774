"""How a source is doing: a document (kind `source`, id the source's) that the dashboard and `status` show.

What is usual for it lies beside it (kind `usual`), because only the crawler reads that.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.manners.rests import Rest
from crawlers.parsers import Outcome
from crawlers.visits.reading import Tally
from crawlers.visits.usual import LATE, Usual, an_hour, blind_to, heard, judged, lately, seen
from tingchao.times import iso

KIND = "source"


class State(StrEnum):
    """OK; LATE: its last visits failed; LOST: nothing for ten intervals; REFUSED: it does not want us; SILENT: it
    answers, and yields far less than usual; BLIND: its records lack a field that they used to have, or are not in the
    shape that the parser knows."""

    OK = "ok"
    SILENT = "silent"
    BLIND = "blind"
    LATE = "late"
    LOST = "lost"
    REFUSED = "refused"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers add up since the source was added. `stopped` is `pages` where older mentions are still to be read,
    `missing` are fields that some of the last visit's records lacked, `blind` those that used to be there.

    `newest` is the latest time of publication seen; `lately` are the new entries of this hour and the last,
    `an_hour` what is usual in one at this time of day (None before that is known); `refusing` is the share of
    visits that are refused, the newer ones counting more; `gaps` are open now. `expected` and `got` are the entries
    that the site counted and showed in the last list that was read to its end. `permission` is by what right a
    closed platform or an official API is asked (`crawlers.rights.permission.record`).
    """

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
    newest: datetime | None = None
    lately: int = 0
    an_hour: float | None = None
    refusing: float = 0.0
    gaps: int = 0
    blind: tuple[str, ...] = ()
    expected: int | None = None
    got: int = 0
    permission: dict[str, str] = {}


NOTHING_YET = Usual()
WEIGHT = 0.1
"""Of one visit in `refusing`."""


def succeeded(
    health: Health,
    tally: Tally,
    now: datetime,
    usual: Usual = NOTHING_YET,
    gaps: int = 0,
) -> Health:
    """After a visit that went through, with what is `usual` after it (see `learnt`)."""
    blind, per_hour = blind_to(usual), an_hour(usual, now)
    state = State.BLIND if blind else State.SILENT if usual.silent else State.OK
    return replace(
        _counted(health, tally, now),
        state=state,
        blind=blind,
        lately=lately(usual, now),
        an_hour=None if per_hour is None else round(per_hour, 2),
        gaps=gaps,
        last_success=now,
        outcome=tally.outcome.value,
        stopped=tally.stopped,
        error=tally.trouble,
        retry_at=None,
    )


def learnt(usual: Usual, health: Health, tally: Tally, now: datetime) -> Usual:
    """What is usual after a visit that went through, when `health` was how the source did before it."""
    on_time = health.last_success is not None and now - health.last_success < LATE
    usual = judged(heard(usual, tally.new, now, counts=on_time and not tally.first), now)
    shares = {name: count / tally.parsed for name, count in tally.lacking.items()} if tally.parsed else {}
    pages = {f"{name} (named by the parser)": count / tally.fetched for name, count in tally.named.items()}
    return seen(usual, shares | pages, tally.parsed, now)


def was_refused(
    health: Health, tally: Tally, now: datetime, outcome: Outcome, reason: str, rest: Rest
) -> Health:
    """After a refusal: left alone until `rest` is over."""
    return replace(
        _counted(health, tally, now),
        state=State.REFUSED,
        refusing=health.refusing * (1 - WEIGHT) + WEIGHT,
        refused=health.refused + 1,
        outcome=outcome.value,
        error=reason,
        retry_at=rest.until,
    )


def held(
    health: Health, tally: Tally, now: datetime, reason: str, until: datetime | None, *, refusing: bool
) -> Health:
    """After a visit that was not made, or not to its end, because the host is left alone: it refused before, its
    budget is used, or a person switched it off. None of it is a failure of the source; `reason` says which."""
    return replace(
        _counted(health, tally, now),
        state=State.REFUSED if refusing else health.state,
        error=reason,
        retry_at=until,
    )


def failed(health: Health, tally: Tally, now: datetime, reason: str) -> Health:
    """After a visit that did not go through, though nobody refused."""
    patience = max(timedelta(seconds=10 * health.interval), timedelta(minutes=10))
    since = health.last_success
    state = State.LATE if since and now - since < patience else State.LOST
    changed = tally.outcome is Outcome.CHANGED
    return replace(
        _counted(health, tally, now),
        state=State.BLIND if changed and since else state,
        blind=("page",) if changed and since else health.blind,
        outcome=(Outcome.CHANGED if changed else Outcome.ERROR).value,
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
        newest=max((at for at in (health.newest, tally.newest) if at), default=None),
        refusing=health.refusing * (1 - WEIGHT),
        expected=health.expected if tally.expected is None else tally.expected,
        got=health.got if tally.expected is None else tally.got,
    )


def to_body(health: Health) -> Mapping[str, Any]:
    """As a document; times are ISO 8601 in UTC."""
    body: dict[str, Any] = msgspec.to_builtins(health)
    for name in ("last_success", "last_try", "retry_at", "newest"):
        at: datetime | None = getattr(health, name)
        body[name] = iso(at) if at else None
    return body


def from_body(body: Mapping[str, Any], name: str, interval: float) -> Health:
    """From a document, with today's name and interval; an unreadable one starts anew."""
    try:
        return replace(msgspec.convert(body, Health), name=name, interval=interval)
    except msgspec.ValidationError:
        return Health(name=name, interval=interval)


USUAL = "usual"


def usual_of(body: Mapping[str, Any]) -> Usual:
    """From a document of kind `usual`; an unreadable one starts anew."""
    try:
        return msgspec.convert(body, Usual)
    except msgspec.ValidationError:
        return Usual()


def usual_body(usual: Usual) -> Mapping[str, Any]:
    """As a document of kind `usual`."""
    body: Mapping[str, Any] = msgspec.to_builtins(usual)
    return body
