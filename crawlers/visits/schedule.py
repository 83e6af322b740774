"""When a query of a source is asked next. Pure: time and chance come in, and the pace is kept with the checkpoint,
so that any process can go on from it.

A query is never asked later than its source's interval, nor sooner than its share of the host's pace. In between, a
visit that found more than usual brings the next one closer, and so does one whose list was more than half new: the
lists of two visits must overlap, or nothing proves that they lie without a gap. Quiet visits lead back to the interval.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tingchao.errors import BadWatchlist, TingchaoError
from tingchao.query import parse, terms
from tingchao.text import fold
from tingchao.watchlist import from_document

SOONER = 0.25
"""A query may be asked up to four times as often as its source's interval says."""
HASTE, EASE = 0.5, 1.25
"""A visit changes the interval by these factors at most."""
HALF = 0.5
"""The share of a list that may be new when it is asked again."""
LOAD = 2.0
"""A host is kept busy for at most one second in `LOAD`."""
MEMORY = 6 * 3_600.0
"""Seconds over which what is usual is learnt."""
JITTER = 0.1
MOST_WORDS = 5_000


class Limits(msgspec.Struct, frozen=True):
    """Seconds between two visits: `floor` at least, `ceiling` at most."""

    floor: float
    ceiling: float


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a query is asked: `interval` seconds now, `usual` new entries a second, `requests` that a visit takes; when it
    was `visited` last, when that was `tried`, and when it is `due` next."""

    interval: float = 0.0
    usual: float = 0.0
    requests: float = 1.0
    visited: datetime | None = None
    tried: datetime | None = None
    due: datetime | None = None


def limits(interval: float, host_seconds: float) -> Limits:
    """For a source's `interval` on a host that needs `host_seconds` for one visit to each of its queries."""
    return Limits(min(interval, max(interval * SOONER, LOAD * host_seconds)), interval)


def paced(pace: Pace, limits: Limits, *, now: datetime, new: int, shown: int, requests: int) -> Pace:
    """After a visit that found `new` entries, where one page shows `shown`. What is next is told by `tried`."""
    elapsed = (now - pace.visited).total_seconds() if pace.visited else 0.0
    before = _within(pace.interval or limits.ceiling, limits)
    if elapsed <= 0:
        # All that a source held before it was first heard says nothing about how much comes.
        return msgspec.structs.replace(pace, interval=before, visited=now, requests=float(max(requests, 1)))
    surprise = (new + 1) / (pace.usual * elapsed + 1)
    interval = before * min(max(EASE / surprise, HASTE), EASE)
    if new:
        interval = min(interval, HALF * max(shown, 1) * elapsed / new)
    weight = 1 - math.exp(-elapsed / MEMORY)
    return msgspec.structs.replace(
        pace,
        interval=_within(interval, limits),
        usual=pace.usual + weight * (new / elapsed - pace.usual),
        requests=pace.requests + (max(requests, 1) - pace.requests) / 4,
        visited=now,
    )


def tried(pace: Pace, limits: Limits, now: datetime, chance: float, *, alerted: bool = False) -> Pace:
    """With the next visit due up to a tenth before the interval ends, by `chance` (0..1), so that queries which once
    met do not meet again; after the floor while the query is under alert."""
    interval = limits.floor if alerted else _within(pace.interval or limits.ceiling, limits)
    seconds = max(limits.floor, interval * (1 - JITTER * chance))
    return msgspec.structs.replace(pace, tried=now, due=now + timedelta(seconds=seconds))


def waits(pace: Pace, limits: Limits, now: datetime, *, alerted: bool = False) -> float:
    """Seconds until the visit is due, 0 when it is; under alert, until the floor is over.

    What was written down under a longer interval, or by a clock that went wrong, keeps nobody waiting for longer."""
    if pace.due is None or pace.tried is None or pace.tried > now:
        return 0.0
    longest = pace.tried + timedelta(seconds=limits.floor if alerted else limits.ceiling)
    return max(0.0, (min(pace.due, longest) - now).total_seconds())


def alerted_words(watchlist: Mapping[str, Any], alerts: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The words of the topics whose alerts are not over, folded: names, aliases, people and the words of their
    queries. From documents of kind `watchlist` and `alert`; what cannot be read counts as no alert."""
    topics = {str(alert.get("topic")) for alert in alerts if alert.get("state") in ("open", "acknowledged")}
    if not topics:
        return frozenset()
    try:
        known = from_document(watchlist).topics
    except BadWatchlist:
        return frozenset()
    words: list[str] = []
    for topic in known:
        if topic.id in topics:
            words += [topic.name, *topic.aliases, *topic.people, *_terms(topic.query)]
    return frozenset(folded for word in words[:MOST_WORDS] if (folded := fold(word).text.strip()))


def is_alerted(query: str, words: frozenset[str]) -> bool:
    """Whether a query belongs to a topic under alert: one of the topic's words stands in it, or it in one of them.
    A source without queries speaks of every topic, so any alert counts."""
    asked = fold(query).text.strip().lstrip("#")
    if not asked:
        return bool(words)
    return any(word in asked or asked in word for word in words)


def _terms(query: str) -> tuple[str, ...]:
    try:
        return terms(parse(query, language="en")) if query.strip() else ()
    except (TingchaoError, ValueError):
        return ()


def _within(interval: float, limits: Limits) -> float:
    return min(max(interval, limits.floor), limits.ceiling)
