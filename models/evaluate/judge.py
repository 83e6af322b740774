"""Put rows before a scorer, portion by portion, and tell how far it is; no passage is scored twice."""

import sys
import time
from collections.abc import Sequence

import numpy as np

from models import Reading, Scorer
from models.cache import CachedScorer
from models.evaluate.measures import Floats
from models.evaluate.sets import Row
from models.heads import LABELS

_PORTION = 512
_EVERY = 5.0
"""Seconds between two words on progress."""


class Judge:
    """`judge(rows, told=("target", "context"))`: what the model says when told no more than that of each row."""

    def __init__(self, scorer: Scorer, *, quiet: bool = False) -> None:
        self.scorer = scorer
        self._cached = CachedScorer(scorer, entries=300_000)
        self._quiet = quiet

    def __call__(self, rows: Sequence[Row], told: Sequence[str] = ()) -> list[Reading]:
        found: list[Reading] = []
        said = time.monotonic()
        for start in range(0, len(rows), _PORTION):
            part = rows[start : start + _PORTION]
            texts = [row.text for row in part]
            targets = [row.target for row in part] if "target" in told else None
            contexts = [row.context for row in part] if "context" in told else None
            found += self._cached.score(texts, targets, contexts)
            if not self._quiet and time.monotonic() - said > _EVERY:
                said = time.monotonic()
                print(f"  {len(found):,} of {len(rows):,}", file=sys.stderr, flush=True)
        return found


def labels(readings: Sequence[Reading]) -> list[str]:
    return [str(reading.sentiment.label) for reading in readings]


def probabilities(readings: Sequence[Reading]) -> Floats:
    """P(negative, neutral, positive) of each, shape (rows, 3)."""
    three = [
        (each.sentiment.p_negative, each.sentiment.p_neutral, each.sentiment.p_positive) for each in readings
    ]
    return np.array(three, float).reshape(-1, len(LABELS))


def confidences(readings: Sequence[Reading]) -> list[float]:
    return [reading.confidence for reading in readings]


def rights(rows: Sequence[Row], readings: Sequence[Reading]) -> list[bool]:
    return [row.label == reading.sentiment.label for row, reading in zip(rows, readings, strict=True)]
