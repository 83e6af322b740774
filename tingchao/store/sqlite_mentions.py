"""Write mentions into the tables, inside a transaction that the caller holds.

Rows go in seat by seat: the full-text index flushes whenever a seat is lower than the one before.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, TypeVar

import apsw
import numpy as np

from tingchao.folding import Place
from tingchao.mention import Mention
from tingchao.store.rules import folded_url, given_back, kept, refolded, revised
from tingchao.store.sqlite_rows import HOUR, ID_BITS, Trait, marks, origin, seat, trait
from tingchao.text import index_form

T = TypeVar("T")

_AT_ONCE = 5_000
"""Parameters of one statement; SQLite takes 32,766."""

_LARGE = 8 * 1024
"""Bytes by which one hour's tally grows until it is summed up, so that each code is in it once."""

_INSERT_WORDS = "INSERT INTO words(rowid, title, text, marks) VALUES (?,?,?,?)"
_TALLY = (
    "INSERT INTO tally VALUES (?,?) ON CONFLICT DO UPDATE SET counts = CAST(counts || excluded.counts AS BLOB) "
    "RETURNING hour, length(counts)"
)
_CODE = (
    "SELECT code FROM trait WHERE source=? AND kind=? AND label=? AND region=? AND lang=? AND has=? "
    "AND topics=? AND risks=?"
)

WordsRow = tuple[int, str, str, str]
"""A row of `words`: seat, title, text, marks."""

Tally = Counter[tuple[int, int]]
"""How many more mentions there are by hour and code; fewer are negative."""


class Row(NamedTuple):
    """A mention to be written."""

    mention: Mention
    wire: bytes
    traits: Trait


@dataclass(frozen=True, slots=True)
class Stored:
    """A mention that is there, where it is, and the code of its traits."""

    seat: int
    code: int
    mention: Mention


class Codes:
    """The codes of traits, remembered for one connection. Codes count from 1 without a hole and never change."""

    ROOM = 50_000

    def __init__(self) -> None:
        self._known: dict[Trait, int] = {}

    def of(self, database: apsw.Connection, traits: Iterable[Trait]) -> dict[Trait, int]:
        """The code of each trait; new ones are written. Only what was committed before is remembered, for this
        transaction may yet be rolled back."""
        last = database.execute("SELECT coalesce(max(code), 0) FROM trait").get
        if len(self._known) < last <= self.ROOM:
            newer = database.execute("SELECT * FROM trait WHERE code > ? ORDER BY code", (len(self._known),))
            self._known.update((row[1:], row[0]) for row in newer)
        known = self._known
        found: dict[Trait, int] = {}
        new: list[tuple[int | str, ...]] = []
        for one in dict.fromkeys(traits):
            code = known.get(one)
            if code is None and last > len(known):
                code = database.execute(_CODE, one).get
            if code is None:
                code = last + len(new) + 1
                new.append((code, *one))
            found[one] = code
        database.executemany("INSERT INTO trait VALUES (?,?,?,?,?,?,?,?,?)", new)
        return found


def stored(database: apsw.Connection, ids: Iterable[str]) -> dict[str, Stored]:
    """Which of `ids` are there."""
    found: dict[str, Stored] = {}
    for some in _portions([bytes.fromhex(id) for id in dict.fromkeys(ids)]):
        marks = ",".join("?" * len(some))
        rows = database.execute(
            "SELECT m.id, m.seat, f.trait, m.wire, m.fold, m.folded, f.origin FROM mention m CROSS JOIN fact f USING (seat) "
            f"WHERE m.id IN ({marks})",
            some,
        )
        found.update((id.hex(), Stored(at, code, given_back(*rest))) for id, at, code, *rest in rows)
    return found


def write(
    database: apsw.Connection, arrivals: Sequence[tuple[Mention, bytes]], codes: Codes
) -> tuple[int, int, int]:
    """Write mentions with their wire forms; returns how many were created, updated, unchanged."""
    known = stored(database, [mention.id for mention, _ in arrivals])
    now: dict[str, Mention] = {id: there.mention for id, there in known.items()}
    wires: dict[str, bytes] = {}
    created = updated = unchanged = 0
    for mention, wire in arrivals:
        before = now.get(mention.id)
        if before is None:
            created += 1
            now[mention.id], wires[mention.id] = mention, wire
            continue
        after = revised(before, mention)
        if after is None:
            unchanged += 1
            continue
        updated += 1
        now[mention.id] = after
        wires[mention.id] = kept(after)
    if wires:
        rows = [Row(now[id], wire, trait(now[id])) for id, wire in wires.items()]
        code_of = codes.of(database, [row.traits for row in rows])
        tally: Tally = Counter()
        words = _insert(database, [row for row in rows if row.mention.id not in known], code_of, tally)
        revisions = [(known[row.mention.id], row) for row in rows if row.mention.id in known]
        changed = _update(database, revisions, code_of, tally)
        _count(database, tally)
        # Last, for the full-text index flushes what it collected when another table's statement may need undoing.
        database.executemany("DELETE FROM words WHERE rowid = ?", [row[:1] for row in changed])
        database.executemany(_INSERT_WORDS, sorted(words + changed))
    return created, updated, unchanged


def refold(database: apsw.Connection, places: Sequence[Place], codes: Codes) -> int:
    """Write where mentions are shown; returns how many moved. The full text has no part in it."""
    place_of = {place.id: place for place in places}
    known = stored(database, place_of)
    moved = [
        (there, Row(after, b"", trait(after)))
        for id, there in known.items()
        if (after := refolded(there.mention, place_of[id])) is not None
    ]
    if moved:
        code_of = codes.of(database, [row.traits for _, row in moved])
        tally: Tally = Counter()
        database.executemany(
            "UPDATE mention SET fold = ?, folded = ? WHERE seat = ?",
            [(row.mention.fold, row.mention.folded, before.seat) for before, row in moved],
        )
        _recode(database, moved, code_of, tally)
        _count(database, tally)
    return len(moved)


def erase(database: apsw.Connection, ids: Sequence[str]) -> int:
    """Remove mentions from every table; returns how many were there."""
    there = stored(database, ids)
    seats = sorted((one.seat,) for one in there.values())
    if there:
        tally: Tally = Counter()
        tally.subtract((_hour(one.seat), one.code) for one in there.values())
        _count(database, tally)
    for table, column in (("fact", "seat"), ("mention", "seat"), ("words", "rowid")):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", seats)
    return len(there)


def _insert(
    database: apsw.Connection, new: Sequence[Row], code_of: Mapping[Trait, int], tally: Tally
) -> list[WordsRow]:
    """Write new mentions, all but their words, which are returned."""
    rows = _seated(
        database,
        sorted(
            [(seat(int(row.mention.published_at.timestamp()), row.mention.id), row) for row in new],
            key=_by_seat,
        ),
    )
    facts = [(at, code_of[row.traits], origin(row.mention)) for at, row in rows]
    database.executemany("INSERT INTO fact VALUES (?,?,?)", facts)
    database.executemany(
        "INSERT INTO mention VALUES (?,?,?,?,?,?)",
        [
            (at, bytes.fromhex(mention.id), folded_url(mention.url), wire, mention.fold, mention.folded)
            for at, (mention, wire, _) in rows
        ],
    )
    tally.update([(_hour(at), code) for at, code, _ in facts])
    return [_words(at, row) for at, row in rows]


def _words(seat: int, row: Row) -> WordsRow:
    mention = row.mention
    title = mention.title
    return (
        seat,
        index_form(title) if title else "",
        index_form(mention.text),
        marks(row.traits, mention.author.key),
    )


def _by_seat(placed: tuple[int, Row]) -> tuple[int, str]:
    return placed[0], placed[1].mention.id


def _hour(seat: int) -> int:
    return (seat >> ID_BITS) // HOUR


def _seated(database: apsw.Connection, rows: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """The rows with no seat taken twice: whoever finds his taken moves on to the next free one."""
    taken = {at for some in _portions([at for at, _ in rows]) for at in _taken(database, some)}
    if not taken and len({at for at, _ in rows}) == len(rows):
        return rows
    placed = []
    for at, row in rows:
        free = at
        while free in taken or _taken(database, [free]):
            free += 1
        taken.add(free)
        placed.append((free, row))
    return sorted(placed, key=itemgetter(0))


def _taken(database: apsw.Connection, seats: Sequence[int]) -> list[int]:
    if database.execute("SELECT 1 FROM fact WHERE seat >= ? LIMIT 1", (min(seats),)).get is None:
        return []
    marks = ",".join("?" * len(seats))
    return [at for (at,) in database.execute(f"SELECT seat FROM fact WHERE seat IN ({marks})", seats)]


def _update(
    database: apsw.Connection,
    revisions: Sequence[tuple[Stored, Row]],
    code_of: Mapping[Trait, int],
    tally: Tally,
) -> list[WordsRow]:
    """Write revisions, all but their words, which are returned where they change: the text is kept as first seen,
    so they change only with the marks."""
    database.executemany(
        "UPDATE mention SET url = ?, wire = ?, fold = ?, folded = ? WHERE seat = ?",
        [
            (folded_url(row.mention.url), row.wire, row.mention.fold, row.mention.folded, before.seat)
            for before, row in revisions
        ],
    )
    _recode(database, revisions, code_of, tally)
    return [
        _words(before.seat, row)
        for before, row in revisions
        if marks(trait(before.mention), before.mention.author.key)
        != marks(row.traits, row.mention.author.key)
    ]


def _recode(
    database: apsw.Connection,
    changes: Sequence[tuple[Stored, Row]],
    code_of: Mapping[Trait, int],
    tally: Tally,
) -> None:
    """Write the codes and origins of mentions that are there."""
    recoded = [
        (code_of[row.traits], origin(row.mention), before)
        for before, row in changes
        if code_of[row.traits] != before.code or row.mention.origin_at != before.mention.origin_at
    ]
    database.executemany(
        "UPDATE fact SET trait = ?, origin = ? WHERE seat = ?",
        [(code, at, before.seat) for code, at, before in recoded],
    )
    for code, _, before in recoded:
        tally[_hour(before.seat), code] += 1
        tally[_hour(before.seat), before.code] -= 1


def _count(database: apsw.Connection, tally: Tally) -> None:
    """Add to the tallies of the hours, and to the number of changes."""
    hours: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for (hour, code), n in tally.items():
        if n:
            hours[hour][code] = n
    added = {hour: _pairs(codes.items()) for hour, codes in sorted(hours.items())}
    sizes = list(database.executemany(_TALLY, added.items()))
    for hour, size in sizes:
        if size // _LARGE > (size - len(added[hour])) // _LARGE:
            _sum_up(database, hour)
    database.execute("UPDATE change SET n = n + 1")


def _sum_up(database: apsw.Connection, hour: int) -> None:
    pairs = np.frombuffer(database.execute("SELECT counts FROM tally WHERE hour = ?", (hour,)).get, "<i4")
    sums: Counter[int] = Counter()
    for code, n in pairs.reshape(-1, 2).tolist():
        sums[code] += n
    kept = _pairs((code, n) for code, n in sums.items() if n)
    database.execute("UPDATE tally SET counts = ? WHERE hour = ?", (kept, hour))


def _pairs(counts: Iterable[tuple[int, int]]) -> bytes:
    """Numbers by code as `tally` holds them: pairs of 32-bit integers, summed by whoever reads them."""
    return np.fromiter(chain.from_iterable(counts), "<i4").tobytes()


def _portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]
