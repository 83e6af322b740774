"""What `index` knows when it starts: who says the same as whom, read from the store.

The mentions of the last weeks are told to a `Folding`, the earliest first, an hour of them at a time. Where the store
shows one otherwise, for a worker ended between two writes, it is put right: a copy that stands alone is folded, and one
whose origin should be there and is not is shown. What is folded under something older stays as it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

import structlog

from tingchao.folding import ROOM, Folding, Place, saying
from tingchao.mention import Mention
from tingchao.store import Scope, Store

log = structlog.get_logger("index")

SINCE = timedelta(days=30)
STEP = timedelta(hours=1)
AHEAD = timedelta(days=1)
"""How far the clocks of sources may go before ours."""
TOLD_EVERY = 50_000
"""Mentions read between two lines of the log."""


class Hour(NamedTuple):
    """A stretch of time that is read, and how many of its newest mentions."""

    since: datetime
    until: datetime
    most: int


def remembered(store: Store, now: datetime, room: int = ROOM) -> Folding:
    """A `Folding` of the newest `room` mentions published in the last 30 days before `now`, or before the newest one
    where that is older. Raises `StoreUnavailable`."""
    folding = Folding(room=room)
    read = 0
    hours = _hours(store, now, room)
    for since, until, most in hours:
        mentions = list(islice(store.export(Scope(since=since, until=until)), most))[::-1]
        places = folding.add(saying(mention) for mention in mentions)
        store.refold(_wrong(mentions, places, hours[0].since))
        if (read + len(mentions)) // TOLD_EVERY > read // TOLD_EVERY:
            log.info("reading what was said", mentions=read + len(mentions), of=room)
        read += len(mentions)
    if read:
        log.info("knows what was said", mentions=read)
    return folding


def _hours(store: Store, now: datetime, room: int) -> Sequence[Hour]:
    """The hours with something in them, the earliest first."""
    newest = store.search(Scope(until=now + AHEAD), limit=1).hits
    if not newest:
        return []
    # A replayed history may end years ago: no more hours are looked at than those that are read.
    until = min(newest[0].published_at + STEP, now + AHEAD)
    since = newest[0].published_at - SINCE
    hours: list[Hour] = []
    for bucket in reversed(store.timeline(Scope(since=since, until=until), STEP)):
        if bucket.total and room > 0:
            end = min(bucket.at + STEP, until)
            hours.append(Hour(max(bucket.at, since), end, min(bucket.total, room)))
            room -= bucket.total
    return hours[::-1]


def _wrong(mentions: Sequence[Mention], places: Sequence[Place], first: datetime) -> list[Place]:
    """The places that the store does not show, of mentions read since `first`."""
    shown = {mention.id: mention for mention in mentions}
    wrong: list[Place] = []
    for place in places:
        mention = shown.get(place.id)
        if mention is None:
            wrong.append(place)
            continue
        stays = mention.origin_at is not None and mention.origin_at < first
        if not stays and (mention.fold, mention.folded) != (place.fold, place.why or ""):
            wrong.append(place)
    return wrong
