"""Count what a selection holds, once for its total, its timeline and its facets.

Whoever asks for one of them soon asks for the others: a dashboard draws a timeline and several facets of the same
scope. So the moments and codes of a selection are gathered into arrays, and kept until mentions are written. A query
for traits alone is gathered from the hourly tallies, but for the broken hours at both ends; any other by a scan.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import apsw
import numpy as np
import numpy.typing as npt

from tingchao.query import HAS
from tingchao.store import Facet
from tingchao.store.rules import SHANGHAI
from tingchao.store.sqlite_query import EVERYTHING, Selection
from tingchao.store.sqlite_rows import HOUR, unlisted

_COLUMN = {
    Facet.SOURCE: "source",
    Facet.KIND: "kind",
    Facet.SENTIMENT: "label",
    Facet.REGION: "region",
    Facet.LANG: "lang",
    Facet.TOPIC: "topics",
    Facet.RISK: "risks",
    Facet.HAS: "has",
}

KEPT = 2_000_000
"""Elements of the arrays that are kept, 16 bytes each, by one store."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Mentions by moment of publication (or the hour's start) in seconds, and code of their traits."""

    at: Integers
    code: npt.NDArray[np.int32]
    n: npt.NDArray[np.int32]

    def total(self) -> int:
        return int(self.n.sum())

    def by_code(self) -> Integers:
        """Mentions by code."""
        return np.bincount(self.code, weights=self.n).astype(np.int64)


class Counted:
    """Totals, timelines and facets of selections. Threads share what is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._change = -1
        self._kept: OrderedDict[tuple[Selection, bool], Gathered] = OrderedDict()
        self._totals: dict[Selection, int] = {}

    def total(self, database: apsw.Connection, chosen: Selection) -> int:
        """How many mentions there are in the selection."""
        if chosen.traits is not None:
            return self._gathered(database, chosen, whole_hours=True).total()
        change = _change(database)
        with self._lock:
            kept = self._kept.get((chosen, False)) if self._is_now(change) else None
            known = self._totals.get(chosen) if self._is_now(change) else None
        if known is None:
            known = kept.total() if kept else _scanned_total(database, chosen)
            with self._lock:
                if self._is_now(change):
                    self._totals[chosen] = known
        return known

    def by_step(self, database: apsw.Connection, chosen: Selection, step: int) -> Counter[tuple[int, str]]:
        """Mentions by start of their step of `step` seconds, and label ('': unscored)."""
        whole_hours = chosen.traits is not None and step % HOUR == 0
        found = self._gathered(database, chosen, whole_hours=whole_hours)
        counts: Counter[tuple[int, str]] = Counter()
        if not len(found.at):
            return counts
        labels, label_of = _values(database, Facet.SENTIMENT, int(found.code.max()))
        steps = (found.at + SHANGHAI) // step
        begins = (
            np.diff(steps, prepend=steps[0]) != 0
        )  # what is gathered comes by time: a step is a run or a few
        run_of = np.cumsum(begins)
        start_of = steps[np.concatenate([[0], np.flatnonzero(begins)])] * step - SHANGHAI
        sums = np.bincount(run_of * len(labels) + label_of[found.code], weights=found.n)
        for at in np.flatnonzero(sums).tolist():
            run, label = divmod(at, len(labels))
            counts[int(start_of[run]), labels[label]] += int(sums[at])
        return counts

    def by_value(self, database: apsw.Connection, chosen: Selection, by: Facet) -> Counter[str]:
        """Mentions by the values of a facet; '' stands for none."""
        found = self._gathered(database, chosen, whole_hours=chosen.traits is not None).by_code()
        values, value_of = _values(database, by, len(found) - 1)
        sums = np.bincount(value_of[: len(found)], weights=found, minlength=len(values)).astype(np.int64)
        counts: Counter[str] = Counter()
        for value, n in zip(values, sums.tolist(), strict=True):
            for one in _each(value, by):
                counts[one] += n
        return counts

    def _gathered(self, database: apsw.Connection, chosen: Selection, *, whole_hours: bool) -> Gathered:
        change, key = _change(database), (chosen, whole_hours)
        with self._lock:
            if self._is_now(change) and key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        parts = _by_hours(database, chosen) if whole_hours else [_scanned(database, chosen)]
        found = _joined(list(parts))
        with self._lock:
            if self._is_now(change):
                self._kept[key] = found
                while sum(len(one.at) for one in self._kept.values()) > KEPT:
                    self._kept.popitem(last=False)
        return found

    def _is_now(self, change: int) -> bool:
        """Whether what is kept is as of `change`; what is older is dropped. The lock is held."""
        if change > self._change:
            self._change = change
            self._kept.clear()
            self._totals.clear()
        return change == self._change


def _change(database: apsw.Connection) -> int:
    return int(database.execute("SELECT n FROM change").get)


def _scanned_total(database: apsw.Connection, chosen: Selection) -> int:
    sql, values = chosen.statement("count(*)", fact=False)
    return int(database.execute(sql, values).get)


def _scanned(database: apsw.Connection, chosen: Selection) -> Gathered:
    sql, values = chosen.statement("{seat} >> 30, t.trait", fact=True)
    pairs = np.fromiter(chain.from_iterable(database.execute(sql, values)), np.int64).reshape(-1, 2)
    return Gathered(pairs[:, 0].copy(), pairs[:, 1].astype(np.int32), np.ones(len(pairs), np.int32))


def _by_hours(database: apsw.Connection, chosen: Selection) -> Iterator[Gathered]:
    """The full hours of a selection, and the mentions before and after them."""
    first, end = -(-chosen.low // HOUR) * HOUR, chosen.high // HOUR * HOUR
    if first >= end:
        yield _scanned(database, chosen)
        return
    yield _tallied(database, chosen, first // HOUR, end // HOUR)
    for low, high in ((chosen.low, first), (end, chosen.high)):
        if low < high:
            yield _scanned(database, replace(chosen, low=low, high=high))


def _tallied(database: apsw.Connection, chosen: Selection, first: int, end: int) -> Gathered:
    assert chosen.traits is not None
    rows = list(database.execute("SELECT hour, counts FROM tally WHERE hour >= ? AND hour < ?", (first, end)))
    pairs = np.frombuffer(b"".join(counts for _, counts in rows), "<i4").reshape(-1, 2)
    hours = np.array([hour for hour, _ in rows], np.int64) * HOUR
    at = np.repeat(hours, [len(counts) // 8 for _, counts in rows])
    code, n = pairs[:, 0], pairs[:, 1]
    if chosen.traits != EVERYTHING:
        sql = f"SELECT c.code FROM trait c WHERE {chosen.traits.sql}"
        wanted = np.zeros(1 + int(code.max(initial=0)), np.bool_)
        codes = np.fromiter(chain.from_iterable(database.execute(sql, chosen.traits.values)), np.int64)
        wanted[codes[codes < len(wanted)]] = True
        chosen_ones = wanted[code]
        at, code, n = at[chosen_ones], code[chosen_ones], n[chosen_ones]
    return Gathered(at, code.astype(np.int32), n.astype(np.int32))


def _joined(parts: list[Gathered]) -> Gathered:
    if len(parts) == 1:
        return parts[0]
    return Gathered(
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.code for part in parts]),
        np.concatenate([part.n for part in parts]),
    )


def _values(database: apsw.Connection, by: Facet, last: int) -> tuple[list[str], Integers]:
    """The distinct values of a facet, and for each code up to `last` the place of its value among them."""
    place: dict[str, int] = {}
    rows = database.execute(f"SELECT code, CAST({_COLUMN[by]} AS TEXT) FROM trait WHERE code <= ?", (last,))
    found = np.zeros(last + 1, np.int64)
    for code, value in rows:
        found[code] = place.setdefault(value, len(place))
    return list(place) or [""], found


def _each(kept: str, by: Facet) -> list[str]:
    """The values of a facet in one that `trait` keeps."""
    match by:
        case Facet.TOPIC | Facet.RISK:
            return unlisted(kept)
        case Facet.HAS:
            return [name for bit, name in enumerate(HAS) if int(kept or 0) >> bit & 1]
        case _:
            return [kept]
