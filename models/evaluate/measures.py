"""Figures of labels and probabilities: pure, each from its textbook definition.

A figure that has no meaning for its rows (precision where nothing was named) is None, never 0.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well labels fit. `macro_f1` is over the classes that occur in what is wanted."""

    rows: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two scorers give the same: share of equal labels, largest and mean difference of a probability."""

    same_label: float
    largest: float
    mean: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence: how many, how sure on average, how often right."""

    rows: int
    confidence: float
    accuracy: float


def quality(want: Sequence[str], got: Sequence[str]) -> Quality:
    """Raises `ValueError` without rows."""
    if not want:
        raise ValueError("no rows to measure")
    right = sum(map(str.__eq__, want, got))
    scores = [f1(want, got, label) for label in sorted(set(want))]
    return Quality(len(want), right / len(want), sum(scores) / len(scores))


def f1(want: Sequence[str], got: Sequence[str], label: str) -> float:
    """2·hits / (wanted + named); 0 if the label neither occurs nor is named."""
    named = sum(each == label for each in want) + sum(each == label for each in got)
    return 2 * _hits(want, got, label) / named if named else 0.0


def precision(want: Sequence[str], got: Sequence[str], label: str) -> float | None:
    named = sum(each == label for each in got)
    return _hits(want, got, label) / named if named else None


def recall(want: Sequence[str], got: Sequence[str], label: str) -> float | None:
    there = sum(each == label for each in want)
    return _hits(want, got, label) / there if there else None


def micro_f1(want: Sequence[Collection[str]], got: Sequence[Collection[str]]) -> float | None:
    """Of several labels a row: over all labels of all rows together."""
    hits = sum(len(set(a) & set(b)) for a, b in zip(want, got, strict=True))
    named = sum(len(set(each)) for each in (*want, *got))
    return 2 * hits / named if named else None


def recall_at_precision(
    p: Sequence[float], is_there: Sequence[bool], least: float
) -> tuple[float, float] | None:
    """The highest recall whose precision is at least `least`, and the limit on `p` that gives it; None: no limit does.

    Rows of equal `p` are taken together, since no limit parts them.
    """
    order = np.argsort(-np.asarray(p, float), kind="stable")
    sorted_p, there = np.asarray(p, float)[order], np.asarray(is_there, bool)[order]
    hits = np.cumsum(there)
    last = np.append(sorted_p[1:] != sorted_p[:-1], True) if len(order) else np.zeros(0, bool)
    good = last & (hits >= least * np.arange(1, len(order) + 1)) & (hits > 0)
    if not good.any():
        return None
    best = int(np.flatnonzero(good)[-1])
    return float(hits[best] / there.sum()), float(sorted_p[best])


def pearson(one: Sequence[float], other: Sequence[float]) -> float | None:
    a, b = np.asarray(one, float), np.asarray(other, float)
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def reliability(confidence: Sequence[float], right: Sequence[bool], bins: int = 15) -> list[Bin]:
    """The bins of equal width that hold something (Guo et al. 2017)."""
    sure, good = np.asarray(confidence, float), np.asarray(right, float)
    place = np.clip((sure * bins).astype(int), 0, bins - 1)
    return [
        Bin(int((place == one).sum()), float(sure[place == one].mean()), float(good[place == one].mean()))
        for one in np.unique(place)
    ]


def ece(confidence: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """Expected calibration error: the mean distance between how sure and how often right, by rows (Guo et al. 2017)."""
    found = reliability(confidence, right, bins)
    return sum(each.rows * abs(each.confidence - each.accuracy) for each in found) / max(len(confidence), 1)


def coverage(confidence: Sequence[float], right: Sequence[bool], least: float) -> tuple[float, float | None]:
    """Share of the rows that are at least so sure, and the accuracy among them."""
    sure = np.asarray(confidence, float) >= least
    good = np.asarray(right, float)[sure]
    return float(sure.mean()), float(good.mean()) if len(good) else None


def tempered(p: Floats, temperature: float) -> Floats:
    """Probabilities (rows, classes) as they are with their logits divided by `temperature`."""
    logits = np.log(np.clip(p, 1e-12, None)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_loss(p: Floats, classes: NDArray[np.int64]) -> float:
    """Mean negative logarithm of what the right class was given."""
    return float(-np.log(np.clip(p[np.arange(len(p)), classes], 1e-12, None)).mean())


def fit_temperature(p: Floats, classes: NDArray[np.int64]) -> float:
    """The temperature from 0.3 to 3 with the least log loss, to about 1 %: golden section, for the loss has one valley."""
    low, high, ratio = np.log(0.3), np.log(3.0), (5**0.5 - 1) / 2

    def loss(at: float) -> float:
        return log_loss(tempered(p, float(np.exp(at))), classes)

    while high - low > 0.01:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


def agreement(ours: Floats, other: Floats) -> Agreement:
    """Of probabilities (rows, classes)."""
    same = float((ours.argmax(axis=1) == other.argmax(axis=1)).mean())
    apart = np.abs(ours - other)
    return Agreement(same, float(apart.max()), float(apart.mean()))


def mean(figures: Collection[float | None]) -> float | None:
    """Of those that are there; None if none is."""
    there = [each for each in figures if each is not None]
    return sum(there) / len(there) if there else None


def _hits(want: Sequence[str], got: Sequence[str], label: str) -> int:
    return sum(a == label == b for a, b in zip(want, got, strict=True))
