"""Write mentions into the tables, inside a transaction that the caller holds.

Rows go in seat by seat: the full-text index flushes whenever a seat is lower than the one before.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

import apsw

from tingchao.mention import Mention, decode_mention, encode
from tingchao.store.rules import folded_url, revised
from tingchao.store.sqlite_rows import Cell, cells, facts, seat, tags
from tingchao.text import index_form

T = TypeVar("T")

_AT_ONCE = 5_000
"""Parameters of one statement; SQLite takes 32,766."""

_INSERT_FACT = "INSERT INTO fact VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_UPDATE_FACT = "UPDATE fact SET source=?, kind=?, label=?, region=?, lang=?, author=?, has=?, topics=?, risks=? WHERE seat=?"
_ROLL_UP = "INSERT INTO rollup VALUES (?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET n = n + excluded.n"


def stored(database: apsw.Connection, ids: Iterable[str]) -> dict[str, tuple[int, Mention]]:
    """Which of `ids` are there: seat and mention of each."""
    sought = list(dict.fromkeys(ids))
    found: dict[str, tuple[int, Mention]] = {}
    for some in _portions(sought):
        marks = ",".join("?" * len(some))
        rows = database.execute(
            f"SELECT f.id, f.seat, m.wire FROM fact f JOIN mention m USING (seat) WHERE f.id IN ({marks})",
            [bytes.fromhex(id) for id in some],
        )
        found.update((id.hex(), (at, decode_mention(wire))) for id, at, wire in rows)
    return found


def write(database: apsw.Connection, arrivals: Sequence[tuple[Mention, bytes]]) -> tuple[int, int, int]:
    """Write mentions with their wire forms; returns how many were created, updated, unchanged."""
    known = stored(database, (mention.id for mention, _ in arrivals))
    now: dict[str, Mention] = {id: mention for id, (_, mention) in known.items()}
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
        wires[mention.id] = encode(after)
    rolled: Counter[Cell] = Counter()
    _insert(database, [(now[id], wire) for id, wire in wires.items() if id not in known], rolled)
    _update(database, [(*known[id], now[id], wire) for id, wire in wires.items() if id in known], rolled)
    _roll_up(database, rolled)
    return created, updated, unchanged


def erase(database: apsw.Connection, ids: Sequence[str]) -> int:
    """Remove mentions from every table; returns how many were there."""
    there = stored(database, ids)
    seats = sorted((at,) for at, _ in there.values())
    rolled: Counter[Cell] = Counter()
    for _, mention in there.values():
        rolled.subtract(cells(mention))
    for table, column in (("words", "rowid"), ("fact", "seat"), ("mention", "seat")):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", seats)
    database.executemany(
        "DELETE FROM tag WHERE name = ? AND seat = ?",
        [(name, at) for at, mention in there.values() for name in tags(mention)],
    )
    _roll_up(database, rolled)
    return len(there)


def _insert(database: apsw.Connection, new: Sequence[tuple[Mention, bytes]], rolled: Counter[Cell]) -> None:
    rows = sorted(
        ((seat(int(mention.published_at.timestamp()), mention.id), mention, wire) for mention, wire in new),
        key=lambda row: (row[0], row[1].id),
    )
    rows = _seated(database, rows)
    database.executemany(
        _INSERT_FACT, [(at, bytes.fromhex(mention.id), *facts(mention)) for at, mention, _ in rows]
    )
    database.executemany(
        "INSERT INTO mention VALUES (?,?,?)",
        [(at, folded_url(mention.url), wire) for at, mention, wire in rows],
    )
    database.executemany(
        "INSERT INTO words(rowid, title, text) VALUES (?,?,?)",
        [
            (at, index_form(mention.title) if mention.title else "", index_form(mention.text))
            for at, mention, _ in rows
        ],
    )
    database.executemany(
        "INSERT INTO tag VALUES (?,?)",
        sorted((name, at) for at, mention, _ in rows for name in tags(mention)),
    )
    for _, mention, _ in rows:
        for cell in cells(mention):
            rolled[cell] += 1


def _seated(
    database: apsw.Connection, rows: list[tuple[int, Mention, bytes]]
) -> list[tuple[int, Mention, bytes]]:
    """The rows with no seat taken twice: whoever finds his taken moves on to the next free one."""
    taken = {at for some in _portions([row[0] for row in rows]) for at in _taken(database, some)}
    if not taken and len({row[0] for row in rows}) == len(rows):
        return rows
    placed = []
    for at, mention, wire in rows:
        free = at
        while free in taken or _taken(database, [free]):
            free += 1
        taken.add(free)
        placed.append((free, mention, wire))
    return sorted(placed, key=itemgetter(0))


def _taken(database: apsw.Connection, seats: Sequence[int]) -> list[int]:
    marks = ",".join("?" * len(seats))
    return [at for (at,) in database.execute(f"SELECT seat FROM fact WHERE seat IN ({marks})", seats)]


def _update(
    database: apsw.Connection, changes: Sequence[tuple[int, Mention, Mention, bytes]], rolled: Counter[Cell]
) -> None:
    """Write revisions. The full text never changes, for the first text is kept."""
    for at, before, after, wire in changes:
        database.execute(
            "UPDATE mention SET url = ?, wire = ? WHERE seat = ?", (folded_url(after.url), wire, at)
        )
        database.execute(_UPDATE_FACT, (*facts(after), at))
        gone, come = set(tags(before)) - set(tags(after)), set(tags(after)) - set(tags(before))
        database.executemany("DELETE FROM tag WHERE name = ? AND seat = ?", [(name, at) for name in gone])
        database.executemany("INSERT INTO tag VALUES (?,?)", [(name, at) for name in come])
        rolled.subtract(cells(before))
        rolled.update(cells(after))


def _roll_up(database: apsw.Connection, rolled: Mapping[Cell, int]) -> None:
    changed = sorted((*cell, count) for cell, count in rolled.items() if count)
    database.executemany(_ROLL_UP, changed)
    emptied = [row[:-1] for row in changed if row[-1] < 0]
    database.executemany(
        "DELETE FROM rollup WHERE topic=? AND hour=? AND source=? AND kind=? AND label=? AND topics=? AND n=0",
        emptied,
    )


def _portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]
