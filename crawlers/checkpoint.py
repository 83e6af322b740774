"""Where a source's query was left: what has been seen, and which posts' comments are to be visited again.

Kept in the store as a document (kind `checkpoint`) and moved only after what was found is on the bus, so that
a crawler which dies asks again rather than leaves a hole.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.parsers import Ask, Follow

KIND = "checkpoint"
MOST_SEEN = 500
MOST_THREADS = 300
YOUNG = timedelta(days=2)
"""Comments of older posts are visited only when a list shows that there are new ones."""


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


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`seen` are keys of list entries, the newest first; `threads` are by id."""

    seen: tuple[str, ...] = ()
    threads: dict[str, Thread] = {}


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


def visited(
    checkpoint: Checkpoint, follow: Follow, now: datetime, resume: str, *, pending: bool = False
) -> Checkpoint:
    """With this thread visited now, or put off; the oldest threads give way."""
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
        kept = sorted(threads, key=lambda name: threads[name].born, reverse=True)[:MOST_THREADS]
        threads = {name: threads[name] for name in kept}
    return replace(checkpoint, threads=threads)


def due(checkpoint: Checkpoint, found: Iterable[Follow], now: datetime, interval: timedelta) -> list[Follow]:
    """What to follow now: what a list just showed with another mark than last time, then what was put off, and
    young posts not visited for a quarter of their age."""
    fresh = {follow.id: follow for follow in found}
    changed = [
        follow
        for follow in fresh.values()
        if follow.id not in checkpoint.threads or checkpoint.threads[follow.id].mark != follow.mark
    ]
    again = [
        Follow(name, Ask(thread.url, thread.parser, thread.context), thread.mark, thread.born)
        for name, thread in checkpoint.threads.items()
        if name not in {follow.id for follow in changed} and _again(thread, now, interval)
    ]
    return changed + sorted(again, key=lambda follow: checkpoint.threads[follow.id].visited)


def _again(thread: Thread, now: datetime, interval: timedelta) -> bool:
    age = now - thread.born
    return thread.pending or (age < YOUNG and now - thread.visited >= max(interval, age / 4))
