"""Count what a selection holds: from the hourly roll-ups where they know the answer, else by a scan.

A window that does not begin or end at a full hour is counted by roll-ups inside and by scans at its edges.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import apsw

from tingchao.store import Facet
from tingchao.store.rules import SHANGHAI, floor
from tingchao.store.sqlite_query import Selection, Value
from tingchao.store.sqlite_rows import HOUR

_COLUMN = {
    Facet.SOURCE: "t.source",
    Facet.KIND: "t.kind",
    Facet.SENTIMENT: "t.label",
    Facet.REGION: "t.region",
    Facet.LANG: "t.lang",
    Facet.TOPIC: "t.topics",
    Facet.RISK: "t.risks",
}
_ROLLED = {Facet.SOURCE, Facet.KIND, Facet.SENTIMENT, Facet.TOPIC}


def total(database: apsw.Connection, chosen: Selection) -> int:
    """How many mentions there are in the selection."""
    if not chosen.rolled:
        return _scanned_total(database, chosen)
    inside, edges = _hours(chosen)
    return _rolled_total(database, inside) + sum(_scanned_total(database, edge) for edge in edges)


def by_step(database: apsw.Connection, chosen: Selection, step: int) -> Counter[tuple[int, str]]:
    """Mentions by start of their step of `step` seconds, and label ('': unscored)."""
    if not chosen.rolled or step % HOUR:
        return _scanned_steps(database, chosen, step)
    inside, edges = _hours(chosen)
    counts: Counter[tuple[int, str]] = Counter()
    for (hour, label), n in _rolled(database, "t.hour, t.label", inside):
        counts[floor(hour * HOUR, step), label] += n
    for edge in edges:
        counts.update(_scanned_steps(database, edge, step))
    return counts


def by_value(database: apsw.Connection, chosen: Selection, by: Facet) -> Counter[str]:
    """Mentions by the values of a facet; '' stands for none."""
    if not chosen.rolled or by not in _ROLLED:
        return _scanned_values(database, chosen, by)
    inside, edges = _hours(chosen)
    counts = _rolled_values(database, inside, by)
    for edge in edges:
        counts.update(_scanned_values(database, edge, by))
    return counts


def _hours(chosen: Selection) -> tuple[Selection, list[Selection]]:
    """The full hours of a selection, and what lies before and after them."""
    first, end = -(-chosen.low // HOUR) * HOUR, chosen.high // HOUR * HOUR
    if first >= end:
        return _between(chosen, first, first), [chosen]
    edges = [_between(chosen, chosen.low, first), _between(chosen, end, chosen.high)]
    return _between(chosen, first, end), [edge for edge in edges if edge.low < edge.high]


def _between(chosen: Selection, low: int, high: int) -> Selection:
    return Selection(chosen.text, chosen.topic, chosen.rest, low, high, chosen.rolled)


def _rolled_total(database: apsw.Connection, chosen: Selection) -> int:
    return sum(n for _, n in _rolled(database, "t.topic", chosen))


def _rolled_values(database: apsw.Connection, chosen: Selection, by: Facet) -> Counter[str]:
    if by is Facet.TOPIC and chosen.topic is None:
        every = _rolled(database, "t.topic", chosen, of="t.topic <> ''")
        return Counter({topic: n for (topic,), n in every})
    found = _rolled(database, _COLUMN[by], chosen)
    return _split(((value, n) for (value,), n in found), by)


def _rolled(
    database: apsw.Connection, columns: str, chosen: Selection, *, of: str = "t.topic = ?"
) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Sums of the roll-ups by `columns`. The rest of the selection names only columns that `rollup` has too."""
    sql = f"SELECT {columns}, sum(t.n) FROM rollup t WHERE t.hour >= ? AND t.hour < ? AND {of}"
    values: list[Value] = [chosen.low // HOUR, chosen.high // HOUR]
    if "?" in of:
        values.append(chosen.topic or "")
    if chosen.rest is not None:
        sql += f" AND {chosen.rest.sql}"
        values.extend(chosen.rest.values)
    return ((row[:-1], row[-1]) for row in database.execute(f"{sql} GROUP BY {columns}", values))


def _scanned_total(database: apsw.Connection, chosen: Selection) -> int:
    sql, values = chosen.statement("count(*)", fact=False)
    return int(database.execute(sql, values).get)


def _scanned_steps(database: apsw.Connection, chosen: Selection, step: int) -> Counter[tuple[int, str]]:
    start = f"((({{seat}} >> 30) + {SHANGHAI}) / {step}) AS start"
    sql, values = chosen.statement(f"{start}, t.label, count(*)", fact=True, tail="GROUP BY start, t.label")
    found = database.execute(sql, values)
    return Counter({(start * step - SHANGHAI, label): n for start, label, n in found})


def _scanned_values(database: apsw.Connection, chosen: Selection, by: Facet) -> Counter[str]:
    column = _COLUMN[by]
    sql, values = chosen.statement(f"{column}, count(*)", fact=True, tail=f"GROUP BY {column}")
    return _split(database.execute(sql, values), by)


def _split(found: Iterable[tuple[str, int]], by: Facet) -> Counter[str]:
    """Counts by value, where topics and risks come as lists."""
    if by not in (Facet.TOPIC, Facet.RISK):
        return Counter(dict(found))
    counts: Counter[str] = Counter()
    for listed, n in found:
        counts.update(dict.fromkeys(json.loads(listed or "[]"), n))
    return counts
