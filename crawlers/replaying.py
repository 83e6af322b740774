"""Replay recorded posts: one JSON object a line, in order of time, at their own times or shifted to now.

The fields of a row are `id, platform, kind, parent_id, time, user, text, reposts, comments, likes` and, where known,
`title, verified, followers, topics`. Names in such corpora are hashes already; they are hashed once more here.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from crawlers.imports import FLUSH_EVERY, Progress, Report, lines, opened
from crawlers.parsers.shapes import NotJson, count, ident, tree, words
from tingchao.bus import RAW, Bus
from tingchao.errors import BadInput, BadRecord
from tingchao.mention import Kind, Mention, Robots, encode
from tingchao.privacy import RawPost, Secret, seal
from tingchao.times import OLDEST_YEAR, when

RECORDED = Robots(allowed=True, rule="recorded corpus")


def replay(
    path: Path,
    bus: Bus,
    secret: Secret,
    *,
    speed: float | None = None,
    shift: bool = False,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    progress: Progress = lambda _: None,
) -> Report:
    """Publish the posts of a corpus. `speed` 60 plays an hour in a minute; None plays as fast as it goes.

    Each post keeps its time and counts as captured then (the event clock); with `shift` the first post falls
    on now, and the gaps after it are divided by `speed`. Ids derive from the corpus's ids, so that a second
    replay at original times changes nothing. Raises `BadInput` for a file that is no such corpus and for `shift`
    without `speed` (all but the first post would lie in the future), `BusUnavailable`.
    """
    if shift and speed is None:
        raise BadInput("--shift needs a speed: give --speed N, such as --speed 60, or leave --shift out")
    report = Report()
    start = now()
    origin: datetime | None = None
    with opened(path) as stream:
        for number, line in lines(stream, path):
            report.read = number
            progress(number)
            try:
                row = _row(line)
                at = _time(row, start)
                origin = origin or at
                gap = (at - origin) / (speed or 1.0)
                mention = _mention(row, start + gap if shift else at, secret, line)
            except BadRecord as error:
                report.refuse(number, str(error))
                if report.published == 0 and report.refused >= FLUSH_EVERY:
                    raise BadInput(f"{path}: no replay corpus; {report.problems[0]}") from None
                continue
            if speed and (wait := (start + gap - now()).total_seconds()) > 0:
                bus.flush()
                sleep(wait)
            bus.publish(RAW, mention.id, encode(mention))
            report.took(mention)
            report.published += 1
            if report.published % FLUSH_EVERY == 0:
                bus.flush()
    bus.flush()
    if report.read and not report.published:
        raise BadInput(f"{path}: no replay corpus; {report.problems[0]}")
    return report


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = tree(line)
    except NotJson as error:
        raise BadRecord(f"no JSON: {error}") from None
    if not isinstance(row, dict):
        raise BadRecord("no JSON object")
    return row


def _time(row: dict[str, Any], now: datetime) -> datetime:
    shown = row.get("time")
    try:
        at = datetime.fromisoformat(shown) if isinstance(shown, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadRecord(f"time={str(shown)[:40]!r}; a row has a time such as 2022-09-11T18:00:00+08:00")
    if when(shown, now).at is None:
        raise BadRecord(f"time={str(shown)[:40]!r} does not lie between {OLDEST_YEAR} and now")
    return at


def _mention(row: dict[str, Any], at: datetime, secret: Secret, line: bytes) -> Mention:
    try:
        kind = Kind(row.get("kind", Kind.POST))
    except ValueError:
        raise BadRecord(f"kind={str(row.get('kind'))[:40]!r}; kinds are {', '.join(Kind)}") from None
    return seal(
        RawPost(
            source=words(row.get("platform")) or "replay",
            native_id=ident(row.get("id")),
            kind=kind,
            parent_id=ident(row.get("parent_id")) or None,
            root_id=ident(row.get("parent_id")) or None,
            text=words(row.get("text")),
            title=words(row.get("title")),
            published=at.isoformat(),
            captured_at=at,
            author_id=ident(row.get("user")),
            badge="verified" if row.get("verified") is True else "",
            followers=count(row.get("followers")),
            likes=count(row.get("likes")),
            comments=count(row.get("comments")),
            reposts=count(row.get("reposts")),
            robots=RECORDED,
            raw_hash=hashlib.blake2b(line, digest_size=16).hexdigest(),
        ),
        secret,
        kept=_hashed_already,
    )


def _hashed_already(_: str) -> bool:
    """The @names of a corpus are no names any more."""
    return True
