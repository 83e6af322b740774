"""The figures that a model is judged by, and where each is found among the results."""

from collections.abc import Mapping
from typing import NamedTuple

from models import Scorer
from models.evaluate import dev
from models.evaluate.judge import Judge
from models.evaluate.own import own
from models.evaluate.results import Part, Results, figure
from models.evaluate.sets import COMPLAINTS, HEADLINES, Sets


class Path(NamedTuple):
    """Where a figure stands."""

    part: str
    table: str
    line: str
    column: str


_ALARM = f"negatives of social posts at precision {dev.ALARM_PRECISION}"

MAIN: Mapping[str, Path] = {
    "social posts, mean macro-F1": Path("sentiment", "means", "social posts", "macro-F1"),
    "three-class sets, mean macro-F1": Path("sentiment", "means", "three-class sets", "macro-F1"),
    "all multi-class sets, mean macro-F1": Path("sentiment", "means", "all multi-class sets", "macro-F1"),
    "real neutral posts, mean macro-F1": Path("sentiment", "means", "real neutral posts", "macro-F1"),
    "real neutral posts, negative precision": Path(
        "sentiment", "means", "real neutral posts", "negative precision"
    ),
    "complaints, negative recall": Path("sentiment", "complaints and calm headlines", COMPLAINTS, "recall"),
    "calm headlines, neutral recall": Path("sentiment", "complaints and calm headlines", HEADLINES, "recall"),
    "alarm, recall at precision 0.85": Path("sentiment", "alarm", _ALARM, "recall"),
    "target, mean macro-F1": Path("target", "by source", "mean of sources", "macro-F1"),
    "emotion, SMP 2020 daily life, macro-F1": Path("others", "emotion", "smp2020_usual", "macro-F1"),
    "emotion, Covid-19, macro-F1": Path("others", "emotion", "covid7", "macro-F1"),
    "irony, macro-F1": Path("others", "irony", "tosarcasm", "macro-F1"),
    "offensive, macro-F1": Path("others", "offensive", "cold", "macro-F1"),
    "complaint intensity, Pearson": Path("others", "complaint", "complaint_intensity", "Pearson"),
    "crisis, micro-F1": Path("others", "crisis", "ccks2019_event", "micro-F1"),
    "own sentences, whole, macro-F1": Path("own", "whole text", "all kinds", "macro-F1"),
    "own sentences, towards a brand, macro-F1": Path("own", "towards a brand", "all kinds", "macro-F1"),
    "own sentences, two brands, macro-F1": Path("own", "towards a brand", "two_brands", "macro-F1"),
}
"""The main sets: a new model must not lose on any of them. Higher is better in all."""


def headline(results: Results) -> dict[str, float]:
    """The main figures that there are."""
    found = {name: figure(results, *where) for name, where in MAIN.items()}
    return {name: value for name, value in found.items() if value is not None}


def measured(sets: Sets, scorer: Scorer, sample: int = 0) -> dict[str, float]:
    """The main figures of a model, now."""
    judge = Judge(scorer)
    tables = {
        "sentiment": dev.sentiment(sets, judge),
        "target": dev.target(sets, judge),
        "others": dev.others(sets, judge),
        "own": own(judge, sample),
    }
    return headline({name: Part(scorer.name, "", "", sample, 0, found) for name, found in tables.items()})
