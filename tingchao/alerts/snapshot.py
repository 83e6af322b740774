"""The memory of a topic as documents, and back: what lets `alert` be killed at any point.

All documents of a topic have the kind `alert_state:TOPIC`. The one called `now` holds everything but the ids of
quiet buckets and is written in one piece, so it is never half of a state. A bucket's ids move to a document
of their own (its number is the name) once it was not touched since the last snapshot: only then does `now`,
as it lies in the store, name them all already.
"""

import base64
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tingchao.alerts.baseline import BUCKETS_IN_QUARTER, QUARTERS_IN_HOUR, Count
from tingchao.alerts.state import Bucket, Episode, TopicState
from tingchao.mention import Role
from tingchao.store import Document

NOW = "now"
MOST_IDS = 60_000
"""Ids in one document; beyond it (200 mentions a second) a repeat after a crash can count twice."""


class Counted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A bucket as it is kept; `ids` are the packed 64-bit ids that lie in no document of their own."""

    number: int
    mentions: int
    negative: int
    sources: list[str]
    risks: dict[str, int] = {}
    first: tuple[int, str] | None = None
    ids: str = ""
    unread: int = 0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The document `now`. `quarters` is flat: number, mentions, negative, number, ... So is `unread`: number, mentions that
    the model did not read, number, ... where there are any."""

    role: Role
    watermark: int
    listening_since: int | None = None
    born: int | None
    not_before: int
    episode: Episode | None
    quarters: list[int]
    unread: list[int] = []
    buckets: list[Counted]
    lately: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Documents to write, in this order, and then to remove."""

    puts: tuple[tuple[str, Mapping[str, Any]], ...]
    removes: tuple[str, ...]


def kind_of(topic: str) -> str:
    """The kind of all documents of a topic."""
    return f"alert_state:{topic}"


def snapshot(state: TopicState, stored: set[int]) -> Snapshot:
    """What to write of `state`; `stored` are the buckets whose ids have a document, and is brought up to date."""
    settled = [
        (number, bucket)
        for number, bucket in sorted(state.buckets.items())
        if bucket.fresh and number not in state.touched and len(bucket) <= MOST_IDS
    ]
    for number, bucket in settled:
        bucket.pack()
        stored.add(number)
    gone = sorted(stored - state.buckets.keys())
    stored.difference_update(gone)
    state.touched.clear()
    room = MOST_IDS
    buckets = []
    for number, bucket in sorted(state.buckets.items(), reverse=True):
        fresh = sorted(bucket.fresh) if len(bucket.fresh) <= room else []
        room -= len(fresh)
        buckets.append(
            Counted(
                number=number,
                mentions=bucket.mentions,
                negative=bucket.negative,
                sources=sorted(bucket.sources),
                risks=dict(bucket.risks),
                first=bucket.first,
                ids=_text(fresh),
                unread=bucket.unread,
            )
        )
    kept = Kept(
        role=state.role,
        watermark=state.watermark,
        listening_since=state.listening_since,
        born=state.born,
        not_before=state.not_before,
        episode=state.episode,
        quarters=[
            each
            for quarter, count in sorted(state.quarters.items())
            for each in (quarter, count.mentions, count.negative)
        ],
        unread=[
            each
            for quarter, count in sorted(state.quarters.items())
            if count.unread
            for each in (quarter, count.unread)
        ],
        buckets=buckets,
        lately=_text(state.lately) if state.is_learning else "",
    )
    ids = tuple((str(number), {"ids": _text(bucket.packed)}) for number, bucket in settled)
    return Snapshot((*ids, (NOW, msgspec.to_builtins(kept))), tuple(str(number) for number in gone))


def restored(topic: str, documents: Iterable[Document]) -> tuple[TopicState, set[int]] | None:
    """The state as it was at the last snapshot, and the buckets that have a document; None: there is none."""
    found = {document.id: document.body for document in documents}
    if NOW not in found:
        return None
    kept = msgspec.convert(found[NOW], Kept)
    state = TopicState(topic, kept.role)
    state.watermark, state.listening_since, state.born = kept.watermark, kept.listening_since, kept.born
    state.lately = dict.fromkeys(_ids(kept.lately))
    state.not_before, state.episode = kept.not_before, kept.episode
    numbers = iter(kept.quarters)
    unread = dict(zip(*[iter(kept.unread)] * 2, strict=True))
    state.quarters = {
        quarter: Count(mentions, negative, unread.get(quarter, 0))
        for quarter, mentions, negative in zip(*[numbers] * 3, strict=True)
    }
    stored = set()
    for counted in kept.buckets:
        bucket = Bucket()
        bucket.mentions, bucket.negative, bucket.unread = counted.mentions, counted.negative, counted.unread
        bucket.sources, bucket.risks = set(counted.sources), Counter(counted.risks)
        bucket.first = counted.first
        if own := found.get(str(counted.number)):
            bucket.packed = _ids(own["ids"])
            stored.add(counted.number)
        bucket.fresh = set(_ids(counted.ids)).difference(bucket.packed)
        state.buckets[counted.number] = bucket
    state.heard = {quarter // QUARTERS_IN_HOUR for quarter in state.quarters}
    state.heard |= {number // BUCKETS_IN_QUARTER // QUARTERS_IN_HOUR for number in state.buckets}
    return state, stored


def _text(ids: Iterable[int]) -> str:
    return base64.b64encode(array("Q", ids).tobytes()).decode("ascii")


def _ids(text: str) -> "array[int]":
    ids = array("Q")
    ids.frombytes(base64.b64decode(text))
    return ids
