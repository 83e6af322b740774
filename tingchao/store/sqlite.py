"""The embedded store: one SQLite file with full text, facets and roll-ups, shared by threads and processes.

Read in this order: `rules` (what every store does alike), `sqlite_rows` (the tables), `sqlite_mentions` (writing),
`sqlite_query` (a scope as SQL), `sqlite_counts` (totals, timelines, facets), `sqlite_books` (streams, documents).
What a call wrote survives the end of any process and a power cut, for the bus forgets a message once it is here.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw

from tingchao import sqlite
from tingchao.errors import BadRecord, StoreUnavailable
from tingchao.folding import Place
from tingchao.mention import Mention, decode_mention
from tingchao.query import Query, Subject, match, near
from tingchao.store import Bucket, Document, Facet, Page, Recorded, Refused, Scope, Upserted, rules
from tingchao.store import sqlite_books as books
from tingchao.store import sqlite_mentions as mentions_of
from tingchao.store.sqlite_counts import Counted
from tingchao.store.sqlite_query import Selection, compiled
from tingchao.store.sqlite_rows import OWNER, TABLES, UPGRADES, VERSION, seat

_PORTION = 1_000
"""Mentions of one transaction: other writers get their turn in between."""

_EXPORTED = 500

_FEW = 500
"""Hits that are looked for from the oldest on, before it is tried from the newest."""


class SqliteStore:
    """`tingchao.store.Store` in one file."""

    def __init__(self, path: str) -> None:
        """Raises `BadSetting` for a file of something else, `StoreUnavailable` for one that cannot be used."""
        self._path = Path(path)
        self._local = threading.local()
        self._opened: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._closed = False
        self._counted = Counted()
        with sqlite.translated(self._path, StoreUnavailable):
            sqlite.make_schema(
                self._database(),
                self._path,
                owner=OWNER,
                version=VERSION,
                statements=TABLES,
                upgrades=UPGRADES,
            )

    # --- mentions

    def upsert(self, mentions: Sequence[Mention]) -> Upserted:
        arrivals: list[tuple[Mention, bytes]] = []
        refused: list[Refused] = []
        for mention in mentions:
            try:
                arrivals.append((mention, rules.wire_of(mention)))
            except BadRecord as error:
                refused.append(Refused(mention.id, str(error)))
        created = updated = unchanged = 0
        for at in range(0, len(arrivals), _PORTION):
            with self._writing() as database:
                done = mentions_of.write(database, arrivals[at : at + _PORTION], self._local.codes)
            created, updated, unchanged = created + done[0], updated + done[1], unchanged + done[2]
        return Upserted(created, updated, unchanged, tuple(refused))

    def refold(self, places: Sequence[Place]) -> int:
        known = [place for place in places if rules.is_id(place.id)]
        moved = 0
        for at in range(0, len(known), _PORTION):
            with self._writing() as database:
                moved += mentions_of.refold(database, known[at : at + _PORTION], self._local.codes)
        return moved

    def get(self, ids: Sequence[str]) -> list[Mention]:
        with self._reading() as database:
            found = mentions_of.stored(database, filter(rules.is_id, ids))
        return [found[id].mention for id in ids if id in found]

    def search(self, scope: Scope, *, limit: int = 50, after: str | None = None) -> Page:
        limit = rules.page_size(limit)
        chosen = compiled(scope)
        with self._reading() as database:
            hits, total = _newest(database, chosen, limit + 1, after)
            if total is None or after is not None:
                total = self._counted.total(database, chosen)
        shown = hits[:limit]
        return Page(tuple(shown), total, rules.bookmark(shown[-1]) if len(hits) > limit else None)

    def count(self, scope: Scope) -> int:
        with self._reading() as database:
            return self._counted.total(database, compiled(scope))

    def timeline(self, scope: Scope, step: timedelta) -> list[Bucket]:
        length = rules.step_seconds(step)
        with self._reading() as database:
            return rules.buckets(self._counted.by_step(database, compiled(scope), length), scope, length)

    def facet(self, scope: Scope, by: Facet, *, size: int = 20) -> list[tuple[str, int]]:
        with self._reading() as database:
            return rules.most(self._counted.by_value(database, compiled(scope), by), size)

    def export(self, scope: Scope) -> Iterator[Mention]:
        chosen = compiled(scope)
        after = None
        while True:
            with self._reading() as database:
                hits, _ = _newest(database, chosen, _EXPORTED, after)
            yield from hits
            if len(hits) < _EXPORTED:
                return
            after = rules.bookmark(hits[-1])

    def delete(self, ids: Sequence[str]) -> int:
        with self._writing() as database:
            return mentions_of.erase(database, [id for id in ids if rules.is_id(id)])

    def refresh(self) -> None:
        """Nothing to do: a finished write is visible at once."""

    # --- event streams

    def append(self, stream: str, expected_version: int, events: Sequence[Mapping[str, Any]]) -> int:
        rules.check_names(stream)
        rules.check_events(stream, events)
        with self._writing() as database:
            return books.append(database, stream, expected_version, events)

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        rules.check_names(stream)
        with self._reading() as database:
            return books.read(database, stream, after)

    # --- documents

    def put(self, kind: str, id: str, body: Mapping[str, Any], expected_version: int | None = None) -> int:
        rules.check_names(kind, id)
        kept = rules.json_of(body)
        with self._writing() as database:
            return books.put(database, kind, id, kept, expected_version)

    def find(self, kind: str, id: str) -> Document | None:
        rules.check_names(kind, id)
        with self._reading() as database:
            return books.find(database, kind, id)

    def documents(self, kind: str) -> list[Document]:
        rules.check_names(kind)
        with self._reading() as database:
            return books.documents(database, kind)

    def remove(self, kind: str, id: str) -> bool:
        rules.check_names(kind, id)
        with self._writing() as database:
            return books.remove(database, kind, id)

    # --- the thing itself

    def ping(self) -> str:
        with self._reading() as database:
            stored = self._counted.total(database, compiled(Scope()))
        size = self._path.stat().st_size / 2**20
        return f"SQLite {apsw.sqlite_lib_version()}, {self._path}, {stored:,} mentions, {size:,.1f} MiB"

    def close(self) -> None:
        self._closed = True
        for database in list(self._opened):
            database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- connections

    def _database(self) -> apsw.Connection:
        """The connection of this thread."""
        if self._closed:
            raise StoreUnavailable(f"{self._path}: this store was closed; open it again")
        database: apsw.Connection | None = getattr(self._local, "database", None)
        if database is None:
            database = sqlite.connect(self._path, StoreUnavailable, cache_mib=32)
            database.create_scalar_function("apart", _apart, 4, deterministic=True)
            self._local.database = database
            self._local.codes = mentions_of.Codes()
            self._opened.add(database)
        return database

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        database = self._database()
        with sqlite.translated(self._path, StoreUnavailable), sqlite.transaction(database, writes=False):
            yield database

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        database = self._database()
        with sqlite.translated(self._path, StoreUnavailable), sqlite.transaction(database):
            yield database


def _newest(
    database: apsw.Connection, chosen: Selection, limit: int, after: str | None
) -> tuple[list[Mention], int | None]:
    """The first `limit` of a selection after a bookmark, newest first, and how many there are after it if known.

    The full-text index is several times slower backwards than forwards, where what is sought is rare: so all hits are
    taken forwards, unless they turn out to be many.
    """
    before = None if after is None else _seat_of(database, after)
    bound, bounds = ("", ()) if before is None else ("AND {seat} < ? ", (before,))
    if chosen.text is not None:
        sql, values = chosen.statement("{seat}", fact=False, tail=f"{bound}LIMIT ?")
        seats = sorted((at for (at,) in database.execute(sql, (*values, *bounds, _FEW))), reverse=True)
        if len(seats) < _FEW:
            return _at(database, seats[:limit]), len(seats)
    sql, values = chosen.statement("{seat}", fact=False, tail=f"{bound}ORDER BY {{seat}} DESC LIMIT ?")
    seats = [at for (at,) in database.execute(sql, (*values, *bounds, limit))]
    return _at(database, seats), len(seats) if len(seats) < limit else None


def _at(database: apsw.Connection, seats: Sequence[int]) -> list[Mention]:
    """The mentions at `seats`, newest first."""
    marks = ",".join("?" * len(seats))
    rows = database.execute(
        "SELECT m.wire, m.fold, m.folded, f.origin FROM mention m CROSS JOIN fact f USING (seat) "
        f"WHERE m.seat IN ({marks}) ORDER BY m.seat DESC",
        seats,
    )
    return [rules.given_back(*row) for row in rows]


def _seat_of(database: apsw.Connection, after: str) -> int:
    """The seat of the hit at a bookmark, or where it would be if it is gone."""
    published, id = rules.read_bookmark(after)
    found = database.execute("SELECT seat FROM mention WHERE id = ?", (bytes.fromhex(id),)).get
    return seat(published, id) if found is None else int(found)


def _apart(*given: Any) -> bool:
    """Whether the two are near each other without sharing a character: FTS5 alone cannot tell."""
    wire, left, right, within = given
    return match(Query("", near(left, right, within)), Subject.of(decode_mention(wire))) is not None
