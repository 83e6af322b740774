"""The store: mentions that can be searched, event streams, and small documents that people edit.

`Store` is the door; `elasticsearch.py` and `sqlite.py` stand behind it, and one contract suite
(`tests/contract/test_store*.py`) demands the same hits in the same order from both. `open_store`
chooses by address. A query is always a parsed `tingchao.query.Query`: text never reaches a store's own syntax.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self

from tingchao.errors import BadSetting, without_password
from tingchao.folding import Place
from tingchao.mention import Mention
from tingchao.query import EVERYTHING, Query


@dataclass(frozen=True, slots=True)
class Refused:
    """A mention that the store will never take, and why: it belongs on the dead-letter shelf."""

    mention_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Upserted:
    """The outcome of `upsert`, in numbers: new, updated by a newer revision, already there or older."""

    created: int
    updated: int
    unchanged: int
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which mentions: those that match `query` and were published in [since, until).

    Without `unfolded` those are left out that are shown under another one, if that was published in this time and in
    that of the query's own `since:` and `until:`.
    """

    query: Query = EVERYTHING
    since: datetime | None = None
    until: datetime | None = None
    unfolded: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, newest first; `total` is exact; `next` continues after the last hit, None at the end."""

    hits: tuple[Mention, ...]
    total: int
    next: str | None


class Facet(StrEnum):
    """What mentions can be counted by."""

    SOURCE = "source"
    KIND = "kind"
    SENTIMENT = "sentiment"
    TOPIC = "topic"
    RISK = "risk"
    REGION = "region"
    LANG = "lang"
    HAS = "has"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Mentions published in one step of a timeline, by label; `unscored` have no sentiment."""

    at: datetime
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unscored: int = 0

    @property
    def total(self) -> int:
        return self.negative + self.neutral + self.positive + self.unscored


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it lies in a stream; versions count from 1 without a hole."""

    stream: str
    version: int
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A small document that people or workers edit; the version rises by one with each write."""

    kind: str
    id: str
    version: int
    body: Mapping[str, Any]


class Store(Protocol):
    """The door. Safe to share between threads. Vendor errors come out as `StoreUnavailable`."""

    # --- mentions

    def upsert(self, mentions: Sequence[Mention]) -> Upserted:
        """Write mentions; durable on return, visible to `search` within a second (`refresh` forces it).

        A mention whose id is known is a revision: the newer `captured_at` wins for engagement, author and
        enrichment; the first text, title, published_at and fold seen are kept. An older or equal revision changes
        nothing.
        """
        ...

    def refold(self, places: Sequence[Place]) -> int:
        """Show mentions elsewhere: `fold`, `folded` and `origin_at`, and nothing else of them. Returns how many were
        shown elsewhere before; those that are not there are passed over."""
        ...

    def get(self, ids: Sequence[str]) -> list[Mention]:
        """The mentions with these ids, in this order, without those that are not there."""
        ...

    def search(self, scope: Scope, *, limit: int = 50, after: str | None = None) -> Page:
        """Newest first by (published_at, id). `after` is a page's `next`: paging shows each mention once
        even while writes go on. Raises `BadInput` for an `after` that no page gave."""
        ...

    def count(self, scope: Scope) -> int: ...

    def timeline(self, scope: Scope, step: timedelta) -> list[Bucket]:
        """Counts per step, oldest first, empty steps included between the first and the last with any
        (or between since and until where given). Steps are whole minutes, aligned to Asia/Shanghai midnight."""
        ...

    def facet(self, scope: Scope, by: Facet, *, size: int = 20) -> list[tuple[str, int]]:
        """The most frequent values with their counts, most first, ties by value."""
        ...

    def export(self, scope: Scope) -> Iterator[Mention]:
        """Everything in scope, newest first, without holding it in memory."""
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Remove mentions for good; returns how many were there."""
        ...

    def refresh(self) -> None:
        """Make every finished write visible to `search`."""
        ...

    # --- event streams

    def append(self, stream: str, expected_version: int, events: Sequence[Mapping[str, Any]]) -> int:
        """Add events after `expected_version` (0 for a new stream), all or none; returns the new version.
        Raises `StaleVersion`."""
        ...

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        """Events after a version, in order; sees every finished append."""
        ...

    # --- documents

    def put(self, kind: str, id: str, body: Mapping[str, Any], expected_version: int | None = None) -> int:
        """Write a document; with `expected_version` (0: must not exist) only if that is the version there.
        Returns the new version; raises `StaleVersion`. Any JSON body up to 1 MB; it is not searchable."""
        ...

    def find(self, kind: str, id: str) -> Document | None: ...

    def documents(self, kind: str) -> list[Document]:
        """All documents of a kind, by id; sees every finished `put`."""
        ...

    def remove(self, kind: str, id: str) -> bool: ...

    # --- the thing itself

    def ping(self) -> str:
        """Name, version and size in one line, for `doctor`; raises `StoreUnavailable`."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_store(address: str) -> Store:
    """Open the store at `sqlite:///PATH` or `http[s]://[USER:PASSWORD@]HOST:9200[/PREFIX]`, making its tables.

    Raises `BadSetting` for another address, `StoreUnavailable` if nobody answers within 10 seconds.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "sqlite" and rest.strip("/"):
        from tingchao.store.sqlite import SqliteStore

        return SqliteStore(rest.removeprefix("/"))
    if separator and scheme in {"http", "https"} and rest:
        from tingchao.store.elasticsearch import ElasticsearchStore

        return ElasticsearchStore(address)
    raise BadSetting(
        f"TINGCHAO_STORE={without_password(address)!r}: no store speaks {scheme!r}. Use sqlite:///PATH or https://HOST:9200"
    )
