"""Does a model still see what it saw for weeks? Counts of a source, the newest against those before. Pure.

Of each source and day are counted: the labels, how sure the model was, and what it could not read. The share of
unknown tokens is not told by a scorer, so that of texts without any known token, or in another language, stands for it.

One text more or less says nothing, posts come in bursts, and a thousand sources are looked at every day. So four things
must hold before somebody is told: enough texts on both sides; a chi-square test (with the number of looks allowed for,
Bonferroni) that chance does not explain; a Jensen-Shannon distance that matters; and one well above what the same source
showed between its own days or weeks before. Days on which another model scored are not compared.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from models.heads import LABELS
from models.reading import Abstain
from tingchao.mention import Mention

WINDOWS = (1, 7)
"""Days that are looked at, besides the one that has not ended."""
BEFORE = 28
"""Days before those, with which they are compared."""
KEPT = max(WINDOWS) + BEFORE + 1

LEAST_NOW, LEAST_BEFORE, LEAST_DAYS = 200, 1_000, 7
FAR = 0.1
"""A Jensen-Shannon distance that matters: 20 % of something have become 30 %."""
UNUSUAL = 1.5
"""Times the largest distance that there was before."""
CHANCE = 0.001
"""How often stable sources, all together, may look drifted by chance."""

_SURE = (0.5, 0.6, 0.7, 0.8, 0.9)


class Measure(StrEnum):
    LABELS = "labels"
    CONFIDENCE = "confidence"
    READING = "reading"


CLASSES: Mapping[Measure, tuple[str, ...]] = {
    Measure.LABELS: tuple(LABELS),
    Measure.CONFIDENCE: (
        "below 0.5",
        "0.5 to 0.6",
        "0.6 to 0.7",
        "0.7 to 0.8",
        "0.8 to 0.9",
        "0.9 and above",
    ),
    Measure.READING: ("sure", "unsure", "unknown or foreign", "nothing to read"),
}
"""What is counted; labels and confidence of those texts only that were read."""

_READING = {"": 0, Abstain.UNSURE: 1, Abstain.UNKNOWN: 2, Abstain.LANGUAGE: 2}

Counts = tuple[int, ...]


class Seen(msgspec.Struct, frozen=True):
    """What a mention adds: the place among the `CLASSES` of each measure, None where it was not read."""

    label: int | None
    confidence: int | None
    reading: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What one model said of one source on one day, counted by `CLASSES`."""

    day: date
    model: str
    labels: Counts = (0,) * len(CLASSES[Measure.LABELS])
    confidence: Counts = (0,) * len(CLASSES[Measure.CONFIDENCE])
    reading: Counts = (0,) * len(CLASSES[Measure.READING])

    def counts(self, measure: Measure) -> Counts:
        match measure:
            case Measure.LABELS:
                return self.labels
            case Measure.CONFIDENCE:
                return self.confidence
            case Measure.READING:
                return self.reading

    def plus(self, seen: Seen) -> "Day":
        """The day with one mention more."""
        return Day(
            day=self.day,
            model=self.model,
            labels=_one_more(self.labels, seen.label),
            confidence=_one_more(self.confidence, seen.confidence),
            reading=_one_more(self.reading, seen.reading),
        )


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Something has moved: `measure`, over the last `window` days; shares are by `CLASSES`."""

    measure: Measure
    window: int
    model: str
    now: tuple[float, ...]
    before: tuple[float, ...]
    texts_now: int
    texts_before: int
    distance: float
    usual: float

    @property
    def moved(self) -> tuple[str, float, float]:
        """The class that has grown most, with its share before and now."""
        at = max(range(len(self.now)), key=lambda each: self.now[each] - self.before[each])
        return CLASSES[self.measure][at], self.before[at], self.now[at]


def seen_in(mention: Mention) -> Seen:
    """What a mention adds to its day. Raises `ValueError` for one that no model was asked about."""
    reading = _READING.get(mention.abstain, 3)
    if reading > 1:
        return Seen(None, None, reading)
    if mention.sentiment is None:
        raise ValueError(f"mention {mention.id} has no sentiment")
    confidence = mention.sentiment.confidence
    return Seen(LABELS.index(mention.sentiment.label), sum(confidence >= edge for edge in _SURE), reading)


def counted(days: Iterable[Day], seen: Iterable[tuple[date, str, Seen]]) -> list[Day]:
    """The days, oldest first, with what was seen (day, model, what); the newest `KEPT` days are kept."""
    found = {(each.day, each.model): each for each in days}
    for day, model, one in seen:
        found[day, model] = found.get((day, model), Day(day=day, model=model)).plus(one)
    newest = max((day for day, _ in found), default=date.min)
    return [found[key] for key in sorted(found) if (newest - key[0]).days < KEPT]


def drifts(days: Sequence[Day], today: date, *, sources: int = 1) -> list[Drift]:
    """What has moved in a source by `today`, each measure once, in the shortest window; `sources` are looked at in all."""
    chance = CHANCE / (max(sources, 1) * len(WINDOWS) * len(Measure))
    found: dict[Measure, Drift] = {}
    for window in WINDOWS:
        for drift in _in_window(days, today, window, chance):
            found.setdefault(drift.measure, drift)
    return list(found.values())


def _in_window(days: Sequence[Day], today: date, window: int, chance: float) -> Iterator[Drift]:
    first = today - timedelta(days=window)
    recent = [each for each in days if first <= each.day <= today]
    if not recent:
        return
    model = max(recent, key=lambda each: (each.day, sum(each.reading))).model
    recent = [each for each in recent if each.model == model]
    before = [
        each
        for each in days
        if each.model == model and timedelta() < first - each.day <= timedelta(days=BEFORE)
    ]
    if len(before) < LEAST_DAYS:
        return
    blocks: dict[int, list[Day]] = {}
    for each in before:
        blocks.setdefault(((first - each.day).days - 1) // window, []).append(each)
    for measure in Measure:
        now, then = _sum(recent, measure), _sum(before, measure)
        if sum(now) < LEAST_NOW or sum(then) < LEAST_BEFORE:
            continue
        far = distance(now, then)
        if far < FAR or chance_of(now, then) > chance:
            continue
        usual = _usual([_sum(block, measure) for block in blocks.values()], then)
        if far >= UNUSUAL * usual:
            yield Drift(
                measure=measure,
                window=window,
                model=model,
                now=_shares(now),
                before=_shares(then),
                texts_now=sum(now),
                texts_before=sum(then),
                distance=far,
                usual=usual,
            )


def _usual(blocks: Sequence[Counts], whole: Counts) -> float:
    """The largest distance of a block from all others; blocks with few texts say nothing."""
    far = 0.0
    for block in blocks:
        others = tuple(a - b for a, b in zip(whole, block, strict=True))
        if sum(block) >= LEAST_NOW // 2 and sum(others) > 0:
            far = max(far, distance(block, others))
    return far


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The Jensen-Shannon distance of two distributions, given as counts or shares: 0 the same, 1 nothing in common.

    Endres and Schindelin, A new metric for probability distributions, 2003; with logarithms to base 2.

    >>> distance([1, 0], [0, 3]), distance([1, 2], [2, 4])
    (1.0, 0.0)
    """
    p, q = _shares(one), _shares(other)
    half = sum(_bits(a, b) + _bits(b, a) for a, b in zip(p, q, strict=True)) / 2
    return math.sqrt(max(half, 0.0))


def _bits(a: float, b: float) -> float:
    return a * math.log2(2 * a / (a + b)) if a else 0.0


def chance_of(one: Sequence[int], other: Sequence[int]) -> float:
    """The probability that two samples of one distribution differ at least so much (Pearson's chi-square test of
    homogeneity). Classes of which fewer than five are expected are taken together.

    >>> round(chance_of([30, 70], [50, 50]), 4)
    0.0039
    """
    n, m = sum(one), sum(other)
    if not n or not m:
        return 1.0
    rare = [0, 0]
    rows: list[tuple[int, int]] = []
    for a, b in zip(one, other, strict=True):
        if (a + b) * min(n, m) / (n + m) < 5:
            rare = [rare[0] + a, rare[1] + b]
        else:
            rows.append((a, b))
    if sum(rare):
        rows.append((rare[0], rare[1]))
    square = sum((a * m - b * n) ** 2 / (n * m * (a + b)) for a, b in rows)
    return tail(square, len(rows) - 1)


def tail(square: float, freedom: int) -> float:
    """P(chi-square with `freedom` degrees > `square`), by the closed forms for whole degrees (Abramowitz and Stegun 26.4).

    >>> [round(tail(x, k), 4) for x, k in ((3.8415, 1), (5.9915, 2), (7.8147, 3), (11.0705, 5))]
    [0.05, 0.05, 0.05, 0.05]
    """
    if freedom < 1:
        return 1.0
    half = square / 2
    if freedom % 2:
        term, whole = math.sqrt(square) * math.exp(-half) * math.sqrt(2 / math.pi), math.erfc(math.sqrt(half))
        steps = range(3, freedom + 1, 2)
    else:
        term, whole = math.exp(-half), 0.0
        steps = range(2, freedom + 1, 2)
    for step in steps:
        whole += term
        term *= square / step
    return min(whole, 1.0)


def _one_more(counts: Counts, at: int | None) -> Counts:
    return counts if at is None else (*counts[:at], counts[at] + 1, *counts[at + 1 :])


def _sum(days: Iterable[Day], measure: Measure) -> Counts:
    return tuple(map(sum, zip(*(each.counts(measure) for each in days), strict=True)))


def _shares(counts: Sequence[float]) -> tuple[float, ...]:
    total = sum(counts) or 1
    return tuple(each / total for each in counts)
