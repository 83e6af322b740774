"""Documents that count messages, each message once, whatever is delivered again or whoever else counts.

A document and how far it has counted are one body, written by compare-and-set: a message below the offset that is
kept for its partition was counted, unless it is `FAR` below, for then the bus was made anew. `enrich` itself may publish a
mention twice (it was killed before its commit); the second comes soon, so the latest mentions are kept too.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from tingchao.errors import StaleVersion
from tingchao.store import Store

log = structlog.get_logger("counting")

TRIES = 20
REPEATED = "counted before"
"""Why a message is not counted that comes again, or whose mention `enrich` published twice."""

RECENT = 1_000
"""Mentions that a document remembers; `enrich` publishes at most a batch of 200 again."""

FAR = 200_000
"""Messages: more than any worker reads between two commits, so one that comes again is never that far behind."""

_SHORT = 12


class Counted(Protocol):
    """What is counted: where its message lay, and which mention it is of."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def mention(self) -> str: ...


One = TypeVar("One", bound=Counted)


class Marks(msgspec.Struct, frozen=True):
    """How far a document has counted: the next offset of each partition, and the mentions it counted last."""

    next: dict[str, int] = {}
    recent: tuple[str, ...] = ()

    def new(self, seen: Iterable[One]) -> tuple[list[One], "Marks"]:
        """Those of `seen` that were not counted, and the marks once they are."""
        ahead = dict(self.next)
        recent = dict.fromkeys(self.recent)
        found: list[One] = []
        for one in seen:
            partition, short = str(one.partition), one.mention[:_SHORT]
            mark = ahead.get(partition, 0)
            if mark - FAR < one.offset < mark:
                continue
            if one.offset < mark:
                log.warning("the bus was made anew", partition=partition, offset=one.offset, counted_to=mark)
            ahead[partition] = one.offset + 1
            if short not in recent:
                found.append(one)
            recent.pop(short, None)
            recent[short] = None
        return found, Marks(ahead, tuple(recent)[-RECENT:])


Body = Mapping[str, Any]


def keep(store: Store, kind: str, id: str, change: Callable[[Body | None], tuple[Body, int]]) -> int:
    """Write the body that `change` makes of the one that is there (None: there is none), and return the number that it
    gives beside; look again if somebody was faster. Raises `StaleVersion` if somebody always is, and what the store
    raises."""
    tries = 0
    while True:
        tries += 1
        document = store.find(kind, id)
        body, number = change(document.body if document else None)
        try:
            store.put(kind, id, body, document.version if document else 0)
        except StaleVersion:
            if tries == TRIES:
                raise
        else:
            return number
