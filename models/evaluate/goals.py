"""What the model is to reach on sealed sets, beside its counterpart on our dev rows.

The sealed figures are a reviewer's, on texts and sources that are not here. A dev figure is of known sources and is no
substitute; it shows where to look.
"""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from models.evaluate.headline import MAIN, Path
from models.evaluate.results import Results, figure
from models.evaluate.speed import REPLAYS


class Goal(NamedTuple):
    """A figure of the sealed sets: what was given (a character model in brackets), what to reach, what to aim at."""

    figure: str
    given: str
    reach: str
    aim: str
    counterpart: str
    dev: Callable[[Results], list[float | None]]


def _at(*paths: Path) -> Callable[[Results], list[float | None]]:
    return lambda results: [figure(results, *path) for path in paths]


def _main(*names: str) -> Callable[[Results], list[float | None]]:
    return _at(*(MAIN[name] for name in names))


def _against_naive(results: Results) -> list[float | None]:
    found = [figure(results, "speed", "replays", name, "times as fast, CPU") for name in REPLAYS]
    there = [each for each in found if each is not None]
    return [median(there) if there else None]


def _lost_to_teacher(results: Results) -> list[float | None]:
    there = results.get("against")
    lines = there.tables.get("main figures", {}) if there else {}
    lost = [
        line["lost to the best"]
        for name, line in lines.items()
        if "mean" in name and isinstance(line.get("lost to the best"), float)
    ]
    return [100 * max(float(each) for each in lost if isinstance(each, float))] if lost else [None]


def _own(table: str, *kinds: str) -> Callable[[Results], list[float | None]]:
    return _at(*(Path("own", table, kind, "macro-F1") for kind in kinds))


def _rest(*lines: str) -> Callable[[Results], list[float | None]]:
    return _at(*(Path("speed", "at rest", line, "got") for line in lines))


def _speed(*peers: str) -> Callable[[Results], list[float | None]]:
    return _at(*(Path("speed", "distinct texts", peer, "times as fast, CPU") for peer in peers))


_TARGET = ("target", "by source", "mean of sources")

GOALS = (
    Goal(
        "sealed social posts, five sets, mean macro-F1", "0.805 (0.763)", "0.815", "0.83",
        "four sets", _main("social posts, mean macro-F1"),
    ),
    Goal(
        "sealed three-class sets, six, mean", "0.653 (0.628)", "0.675", "0.69",
        "six sets", _main("three-class sets, mean macro-F1"),
    ),
    Goal(
        "sealed sources never seen in training, four, mean", "0.664 (0.635)", "0.68", "0.70",
        "none: every source was seen", _at(Path("unseen", "encoder", "mean of sources", "macro-F1")),
    ),
    Goal(
        "all sealed multi-class sets, mean", "0.790 (0.772)", "0.80", "0.81",
        "all sets with two classes or three", _main("all multi-class sets, mean macro-F1"),
    ),
    Goal(
        "sealed real neutral posts, three sets: mean macro-F1; negative precision",
        "0.579; 0.33-0.61 (0.632 with that data)", "0.70; 0.60", "0.73; 0.65", "three sets",
        _main("real neutral posts, mean macro-F1", "real neutral posts, negative precision"),
    ),
    Goal(
        "complaints' negative recall and calm headlines' neutral recall, same threshold", "0.992, 0.738", "0.985, 0.82",
        "0.985, 0.88", "auto_complaints, thucnews_headline",
        _main("complaints, negative recall", "calm headlines, neutral recall"),
    ),
    Goal(
        "sealed target sets, seven, mean macro-F1; gain over the same model blind to the target",
        "0.532 blind (0.587 with target)", "0.66; 0.06", "0.70; 0.10", "six sets",
        _at(Path(*_TARGET, "macro-F1"), Path(*_TARGET, "gain")),
    ),
    Goal(
        "a product never seen in training (stance)", "0.559 blind", "0.62", "0.67",
        "none", lambda _: [None],
    ),
    Goal(
        "sealed hand-written: two brands in a sentence; irony, slang, questions", "0.45; 0.65", "0.85 each", "0.92",
        "our own test half: two brands towards each; irony, slang, questions whole",
        lambda results: [
            *_own("towards a brand", "two_brands")(results), *_own("whole text", "irony", "slang", "question")(results),
        ],
    ),
    Goal(
        "emotion, two sealed sets; irony; complaint intensity (Pearson)", "(0.709, 0.588; 0.650; 0.651)",
        "0.73, 0.63; 0.69; 0.70", "0.75, 0.67; 0.73; 0.74",
        "smp2020_usual, covid7; tosarcasm; a held-out tenth",
        _main("emotion, SMP 2020 daily life, macro-F1", "emotion, Covid-19, macro-F1", "irony, macro-F1",
              "complaint intensity, Pearson"),
    ),
    Goal(
        "ECE: sealed social; sealed unseen sources", "0.021; 0.063", "0.03; 0.05", "0.02; 0.04",
        "social posts; none", _at(Path("sureness", "calibration", "social posts", "ECE")),
    ),
    Goal(
        "alarm: recall of negatives at precision ≥ 0.85, sealed social posts", "0.83", "0.85", "0.88",
        "four sets", _main("alarm, recall at precision 0.85"),
    ),
    Goal(
        "shipped model against the best teacher, points lost on a mean", "–", "≤ 1.0", "0.5",
        "the mean on which it loses most", _lost_to_teacher,
    ),
    Goal(
        "texts/s on the replays ÷ naive onnxruntime with the 12-layer teacher", "1", "5", "12",
        "median of four replays, CPU", _against_naive,
    ),
    Goal(
        "texts/s on distinct texts ÷ BERT-base shape in torch fp32; ÷ snownlp", "9-12; 1.5-2.3", "20; 4", "30; 6",
        "CPU", _speed("BERT-base shape, torch, 32-bit floats", "snownlp"),
    ),
    Goal(
        "bundle, MB; memory, MB; start, s", "30 MB", "40; 350; 1.5", "20; 250; 0.8", "this machine",
        _rest("bundle, MB", "memory of a process that scores long texts, MB", "start with checksum and self-test, s"),
    ),
)  # fmt: skip
