"""Where a source's query was left: what has been seen, what is still to be read, and which posts' comments are to be
visited again.

Kept in the store as a document (kind `checkpoint`) and moved only after what was found is on the bus, so that
a crawler which dies asks again rather than leaves a hole. It moves with each page: what lies below the page is a
`Stretch` until it has been read.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.parsers import Ask, Follow
from crawlers.visits.schedule import Pace

KIND = "checkpoint"
MOST_SEEN = 500
MOST_THREADS = 300
MOST_STRETCHES = 64
MOST_BELOW = 200
"""Keys by which a stretch's lower end is known again; more than one page holds."""
YOUNG = timedelta(days=2)
"""Comments of older posts are visited only when a list shows that there are new ones."""
AGES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 6 * 60, 24 * 60))
"""Under alert, comments are visited again when their post is this old."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Why(StrEnum):
    """Why a stretch has not been read."""

    UNDER_WAY = "under way"
    """The visit goes on there, or was ended in the middle."""
    PAGES = "pages"
    """The limit of pages came before anything that was seen."""
    WINDOW = "window"
    """All that the source shows is new, and it shows only its newest."""
    CAP = "cap"
    """The source shows only so many results."""
    SHORT = "short"
    """The source counted more than it showed."""
    FORBIDDEN = "forbidden"
    """robots.txt forbids the page where it goes on."""


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A post whose comments were visited: with which mark, when, and at which page to go on. `pending`: they
    were not all read, and are to be at the next visit."""

    url: str
    parser: str
    context: dict[str, str]
    mark: str
    born: datetime
    visited: datetime
    resume: str = ""
    pending: bool = False


class Stretch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list that is still to be read, from `ask` down to an entry of `below` (without any: to its end).

    `gap` names the gap of this query it belongs to, "" where nobody was promised it: on a first visit. In time it
    lies between `since` and `until`. Without `ask` it cannot be read any more. `left` are the pages that may be spent
    on it, None for any number; `sliced` says that `ask` is for this stretch of time alone, `whole` that it is for the
    whole query and not a part of it; `tries` count how often it was read to its end in vain.
    """

    ask: Ask | None
    until: datetime
    why: Why
    since: datetime | None = None
    below: tuple[str, ...] = ()
    gap: str = ""
    opened: datetime = NEVER
    left: int | None = None
    sliced: bool = False
    whole: bool = True
    tries: int = 0
    expected: int | None = None
    got: int = 0


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`seen` are keys of list entries, the newest first; `threads` are by id; `newest` is the latest time of
    publication in a list, `looked` when the list was last read to what was seen before."""

    seen: tuple[str, ...] = ()
    threads: dict[str, Thread] = {}
    stretches: tuple[Stretch, ...] = ()
    newest: datetime | None = None
    looked: datetime | None = None
    pace: Pace = Pace()


def checkpoint_id(source: str, query: str) -> str:
    """The document's id: the query may hold any characters, so its hash stands for it."""
    return f"{source}.{hashlib.blake2b(query.encode(), digest_size=8).hexdigest()}"


def to_body(checkpoint: Checkpoint) -> Mapping[str, Any]:
    """As a document."""
    body: Mapping[str, Any] = msgspec.to_builtins(checkpoint)
    return body


def from_body(body: Mapping[str, Any]) -> Checkpoint:
    """From a document; one that this program cannot read counts as none: asking again is harmless."""
    try:
        return msgspec.convert(body, Checkpoint)
    except msgspec.ValidationError:
        return Checkpoint()


def saw(checkpoint: Checkpoint, keys: Iterable[str]) -> Checkpoint:
    """With these keys, the newest first, before those that were there."""
    return replace(checkpoint, seen=tuple(dict.fromkeys((*keys, *checkpoint.seen)))[:MOST_SEEN])


def saw_below(checkpoint: Checkpoint, keys: Iterable[str]) -> Checkpoint:
    """With these keys, which lie further back, after those that were there."""
    return replace(checkpoint, seen=tuple(dict.fromkeys((*checkpoint.seen, *keys)))[:MOST_SEEN])


def dated(checkpoint: Checkpoint, newest: datetime | None) -> Checkpoint:
    """With this as the latest time of publication, if it is."""
    if newest is None or (checkpoint.newest and newest <= checkpoint.newest):
        return checkpoint
    return replace(checkpoint, newest=newest)


def stretched(checkpoint: Checkpoint, stretches: Iterable[Stretch]) -> Checkpoint:
    """With these stretches; beyond the limit those that lie furthest back are given up."""
    ordered = sorted(stretches, key=lambda stretch: stretch.until, reverse=True)
    return replace(checkpoint, stretches=tuple(ordered[:MOST_STRETCHES]))


def noticed(checkpoint: Checkpoint, follows: Iterable[Follow]) -> Checkpoint:
    """With the threads that a list shows with another mark than before written down as to be visited."""
    for follow in follows:
        known = checkpoint.threads.get(follow.id)
        if known is None:
            checkpoint = visited(checkpoint, follow, NEVER, "", pending=True)
        elif known.mark != follow.mark:
            checkpoint = visited(checkpoint, follow, known.visited, known.resume, pending=True)
    return checkpoint


def visited(
    checkpoint: Checkpoint, follow: Follow, now: datetime, resume: str, *, pending: bool = False
) -> Checkpoint:
    """With this thread visited now, or put off; the oldest threads give way, those first that were read."""
    ask = follow.ask
    thread = Thread(
        url=ask.url,
        parser=ask.parser,
        context=dict(ask.context),
        mark=follow.mark,
        born=follow.born,
        visited=now,
        resume=resume,
        pending=pending,
    )
    threads = {**checkpoint.threads, follow.id: thread}
    if len(threads) > MOST_THREADS:
        kept = sorted(threads.items(), key=lambda each: (each[1].pending, each[1].born), reverse=True)
        threads = dict(kept[:MOST_THREADS])
    return replace(checkpoint, threads=threads)


def due(checkpoint: Checkpoint, now: datetime, interval: timedelta, *, alerted: bool = False) -> list[Follow]:
    """What to follow now: what was noticed or put off, then young posts not visited for a quarter of their age;
    under alert those, too, that have come to one of the `AGES` since. The longest not visited come first."""
    again = [
        (
            thread.visited,
            Follow(name, Ask(thread.url, thread.parser, thread.context), thread.mark, thread.born),
        )
        for name, thread in checkpoint.threads.items()
        if _again(thread, now, interval, alerted)
    ]
    return [follow for _, follow in sorted(again, key=lambda one: one[0])]


def _again(thread: Thread, now: datetime, interval: timedelta, alerted: bool) -> bool:
    if thread.pending:
        return True
    if alerted and any(thread.visited < thread.born + age <= now for age in AGES):
        return True
    age = now - thread.born
    return age < YOUNG and now - thread.visited >= max(interval, age / 4)
