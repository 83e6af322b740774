"""Gaps: stretches of a source that it was promised to hear and nobody has read, with from, to and why.

A gap is a document (kind `gap`). It opens where two visits cannot be proved to meet, closes when a later visit has
read what lay between, and is lost when the source can no longer be asked for it, or not within `PATIENCE`. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.visits.checkpoint import Checkpoint, Stretch, checkpoint_id, stretched

KIND = "gap"
PATIENCE = timedelta(days=7)
"""How long a stretch is tried, and counts as a gap of now."""
MOST_OVER = 100
"""Gaps of one source that are kept after they were filled or lost."""


class Standing(StrEnum):
    OPEN = "open"
    FILLED = "filled"
    LOST = "lost"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What was not heard of a query of a source between `since` and `until`; `expected` and `got` are entries, where
    the source counts them."""

    source: str
    query: str
    since: datetime | None
    until: datetime
    why: str
    opened: datetime
    standing: Standing = Standing.OPEN
    over: datetime | None = None
    expected: int | None = None
    got: int = 0


def aged(checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    """Without the stretches that were tried for too long."""
    kept = [stretch for stretch in checkpoint.stretches if now - stretch.opened < PATIENCE or not stretch.gap]
    return checkpoint if len(kept) == len(checkpoint.stretches) else stretched(checkpoint, kept)


def open_gaps(checkpoints: Iterable[Checkpoint]) -> int:
    """How many gaps there are now."""
    return sum(len({stretch.gap for stretch in each.stretches if stretch.gap}) for each in checkpoints)


def told(
    before: Checkpoint, after: Checkpoint, source: str, query: str, now: datetime, *, anew: bool = False
) -> dict[str, Gap]:
    """The gaps whose documents, by id, are to be written because a visit led from one checkpoint to the other.

    `anew`: also those that stayed as they were, which a process that was killed may not have written."""
    was, is_now = _gaps(before, source, query), _gaps(after, source, query)
    found = {id: gap for id, gap in is_now.items() if anew or was.get(id) != gap}
    for id in was.keys() - is_now.keys():
        given_up = now - was[id].opened >= PATIENCE
        standing = Standing.LOST if given_up else Standing.FILLED
        found[id] = replace(was[id], standing=standing, over=now)
    return found


def over_the_limit(documents: Sequence[tuple[str, Gap]], source: str) -> list[str]:
    """The ids of a source's gaps to remove: those that have been over for longest."""
    over = [(gap.over, id) for id, gap in documents if gap.source == source and gap.over]
    return [id for _, id in sorted(over, reverse=True)[MOST_OVER:]]


def to_body(gap: Gap) -> Mapping[str, Any]:
    """As a document."""
    body: Mapping[str, Any] = msgspec.to_builtins(gap)
    return body


def from_body(body: Mapping[str, Any]) -> Gap | None:
    """From a document; None where it cannot be read."""
    try:
        return msgspec.convert(body, Gap)
    except msgspec.ValidationError:
        return None


def _gaps(checkpoint: Checkpoint, source: str, query: str) -> dict[str, Gap]:
    by_gap: dict[str, list[Stretch]] = {}
    for stretch in checkpoint.stretches:
        if stretch.gap:
            by_gap.setdefault(stretch.gap, []).append(stretch)
    prefix = checkpoint_id(source, query)
    return {f"{prefix}.{name}": _gap(stretches, source, query) for name, stretches in by_gap.items()}


def _gap(stretches: Sequence[Stretch], source: str, query: str) -> Gap:
    """The gap that these stretches are what is left of."""
    sinces = [stretch.since for stretch in stretches if stretch.since]
    expected = [stretch.expected for stretch in stretches if stretch.expected is not None]
    return Gap(
        source=source,
        query=query,
        since=min(sinces) if sinces else None,
        until=max(stretch.until for stretch in stretches),
        why=stretches[0].why.value,
        opened=min(stretch.opened for stretch in stretches),
        expected=sum(expected) if expected else None,
        got=sum(stretch.got for stretch in stretches),
    )
