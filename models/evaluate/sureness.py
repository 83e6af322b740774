"""How well the model knows when it is right: calibration, what abstaining brings, and what temperature would help.

A temperature is fitted on all sources but one and judged on that one: fitted and judged on the same sources it looks
better than it is. It is advice; nothing here changes a model.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models import Reading
from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.measures import (
    Floats,
    coverage,
    ece,
    fit_temperature,
    log_loss,
    mean,
    reliability,
    tempered,
)
from models.evaluate.results import Line, Table, Tables
from models.evaluate.sets import ASPECTS, NOT_NEGATIVE, SOCIAL, Row, Sets, by_source
from models.heads import LABELS
from models.reading import EMOTIONS

_LIMITS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)
_FEWEST = 30


def sureness(sets: Sets, judge: Judge) -> Tables:
    rows = sets.dev("sentiment", "sentiment_more")
    readings = judge(rows)
    sure, right = np.array(said.confidences(readings)), np.array(said.rights(rows, readings))
    social = np.array([row.source in SOCIAL for row in rows])
    return {
        "calibration": _calibration(rows, sure, right),
        "reliability": {
            f"{each.confidence:.3f}": {"n": each.rows, "sure": each.confidence, "right": each.accuracy}
            for each in reliability(sure[social].tolist(), right[social].tolist())
        },
        "abstaining": _abstaining(sure, right, social, judge.scorer.unsure_below),
        "temperature": _temperatures(sets, judge, rows, readings),
    }


def _calibration(rows: Sequence[Row], sure: NDArray[np.float64], right: NDArray[np.bool_]) -> Table:
    groups: dict[str, list[int]] = {
        "all rows": list(range(len(rows))),
        "social posts": [place for place, row in enumerate(rows) if row.source in SOCIAL],
    }
    groups |= by_source(rows)
    return {
        name: {
            "n": len(places),
            "sure": float(sure[places].mean()),
            "right": float(right[places].mean()),
            "ECE": ece(sure[places].tolist(), right[places].tolist()),
        }
        for name, places in groups.items()
        if places
    }


def _abstaining(
    sure: NDArray[np.float64], right: NDArray[np.bool_], social: NDArray[np.bool_], own: float
) -> Table:
    """What is left, and how right it is, when answers less sure than the limit go to a person."""
    table: Table = {}
    for limit in sorted({*_LIMITS, own}):
        kept, accuracy = coverage(sure.tolist(), right.tolist(), limit)
        kept_social, accuracy_social = coverage(sure[social].tolist(), right[social].tolist(), limit)
        table[f"{limit:.2f}{' (this model)' if limit == own else ''}"] = {
            "kept": kept,
            "accuracy": accuracy,
            "kept, social posts": kept_social,
            "accuracy, social posts": accuracy_social,
        }
    return table


def _temperatures(sets: Sets, judge: Judge, rows: Sequence[Row], readings: Sequence[Reading]) -> Table:
    heads: dict[str, tuple[Sequence[Row], Floats, Sequence[str]]] = {
        "sentiment": (rows, said.probabilities(readings), LABELS)
    }
    if "target" in judge.scorer.heads:
        aimed = [row for row in sets.dev("target") if row.source not in (NOT_NEGATIVE, ASPECTS)]
        heads["target"] = aimed, said.probabilities(judge(aimed, ("target", "context"))), LABELS
    if "emotion" in judge.scorer.heads:
        asked = sets.dev("emotion")
        pairs = [(row, each.emotion) for row, each in zip(asked, judge(asked), strict=True) if each.emotion]
        p = np.array([each for _, each in pairs], float).reshape(-1, len(EMOTIONS))
        heads["emotion"] = [row for row, _ in pairs], p, EMOTIONS
    return {name: _advice(*each) for name, each in heads.items() if each[0]}


def _advice(rows: Sequence[Row], p: Floats, names: Sequence[str]) -> Line:
    """The temperature that all sources want, and whether one fitted without a source helps that source."""
    places = by_source(rows)
    numbers = np.array([names.index(row.label) for row in rows])
    losses, errors = _held_out(places, p, numbers)
    line: Line = {"n": len(rows), "fitted on all": fit_temperature(p, numbers)}
    for column, found in (("log loss", losses), ("ECE", errors)):
        line[f"{column} as it is"] = mean([before for before, _ in found])
        line[f"{column} with one fitted elsewhere"] = mean([after for _, after in found])
    return line


def _held_out(
    places: Mapping[str, Sequence[int]], p: Floats, numbers: NDArray[np.int64]
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    losses, errors = [], []
    for own in places.values():
        rest = np.setdiff1d(np.arange(len(p)), own)
        if len(own) < _FEWEST or len(rest) < _FEWEST:
            continue
        wanted = numbers[list(own)]
        before = p[list(own)]
        after = tempered(before, fit_temperature(p[rest], numbers[rest]))
        losses.append((log_loss(before, wanted), log_loss(after, wanted)))
        errors.append((_ece(before, wanted), _ece(after, wanted)))
    return losses, errors


def _ece(p: Floats, numbers: NDArray[np.int64]) -> float:
    return ece(p.max(axis=1).tolist(), (p.argmax(axis=1) == numbers).tolist())
