"""Documents that count messages, each message once, whatever is delivered again or whoever else counts; and the worker
that keeps them.

A document and how far it has counted are one body, written by compare-and-set: a message below the offset that is
kept for its partition was counted, unless it is `FAR` below, for then the bus was made anew. `enrich` itself may publish a
mention twice (it was killed before its commit); the second comes soon, so the latest mentions are kept too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog

from stream.loop import Output, Worker
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


Group = TypeVar("Group")
"""What a document is about: a source, or a pair of models."""


class Counting(Worker, Generic[Group, One]):
    """A worker that only counts: it publishes nothing, and keeps a document of `kind` for each group of what it saw.

    What waits for the next checkpoint is in memory, and comes again if the process dies.
    """

    kind: str

    def __init__(self, store: Store) -> None:
        self._store = store
        self._repeated = 0
        self.reset()

    def id_of(self, group: Group) -> str:
        """The id of a group's document."""
        raise NotImplementedError

    def counted(self, group: Group, seen: Sequence[One], body: Body | None) -> tuple[Body, int]:
        """The document's body (None: there is none) with what was `seen`, and how many of it are new."""
        raise NotImplementedError

    def count(self, group: Group, one: One) -> None:
        """Take it into the document at the next checkpoint."""
        self._waiting[group].append(one)

    def reset(self) -> None:
        self._waiting: defaultdict[Group, list[One]] = defaultdict(list)

    def tick(self, now: datetime) -> Output:  # noqa: ARG002
        repeated, self._repeated = self._repeated, 0
        return Output(dropped={REPEATED: repeated} if repeated else {})

    def checkpoint(self) -> None:
        for group, seen in self._waiting.items():
            new = keep(self._store, self.kind, self.id_of(group), partial(self.counted, group, seen))
            self._repeated += len(seen) - new
        self._waiting.clear()
