"""Our own sentences, the half that training never reads, with made-up names filled in: by kind, whole and towards."""

import random
from collections.abc import Sequence

from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.measures import quality
from models.evaluate.results import Line, Table, Tables
from models.evaluate.sets import Row
from models.train.sentences import Filled, Sentence, fill, for_testing

SEED = 2026
PAIRS = "minimal pairs, all of a pair right"


def held_out(most: int = 0) -> list[Sentence]:
    """The test half; `most`: no more of each kind (0: all)."""
    found: dict[str, list[Sentence]] = {}
    for sentence in for_testing():
        found.setdefault(sentence.kind, []).append(sentence)
    return [sentence for kind in found.values() for sentence in kind[: most or None]]


def own(judge: Judge, sample: int = 0) -> Tables:
    random_numbers = random.Random(SEED)
    asked = [
        (sentence, each)
        for sentence in held_out(sample)
        for each in fill(sentence, random_numbers, real=False)
    ]
    got = said.labels(judge([row_of(each) for _, each in asked], ("target", "context")))
    whole = [place for place, (_, each) in enumerate(asked) if not each.target]
    towards = [place for place, (_, each) in enumerate(asked) if each.target]
    return {
        "whole text": _by_kind(asked, got, whole),
        "towards a brand": _by_kind(asked, got, towards),
    }


def row_of(asked: Filled) -> Row:
    return Row(asked.text, asked.label, asked.kind, target=asked.target, context=asked.context)


def _by_kind(asked: Sequence[tuple[Sentence, Filled]], got: Sequence[str], places: Sequence[int]) -> Table:
    kinds = sorted({asked[place][1].kind for place in places})
    table: Table = {
        kind: _line(asked, got, [place for place in places if asked[place][1].kind == kind]) for kind in kinds
    }
    if places:
        table["all kinds"] = _line(asked, got, places)
        table[PAIRS] = _pairs(asked, got, places)
    return table


def _line(asked: Sequence[tuple[Sentence, Filled]], got: Sequence[str], places: Sequence[int]) -> Line:
    found = quality([asked[place][1].label for place in places], [got[place] for place in places])
    return {"n": found.rows, "accuracy": found.accuracy, "macro-F1": found.macro_f1}


def _pairs(asked: Sequence[tuple[Sentence, Filled]], got: Sequence[str], places: Sequence[int]) -> Line:
    """One changed word changes the label: a group counts when all of its questions are answered rightly."""
    groups: dict[str, list[bool]] = {}
    for place in places:
        sentence, each = asked[place]
        if sentence.group:
            groups.setdefault(sentence.group, []).append(each.label == got[place])
    several = [rights for rights in groups.values() if len(rights) > 1]
    return {"n": len(several), "accuracy": sum(map(all, several)) / len(several) if several else None}
