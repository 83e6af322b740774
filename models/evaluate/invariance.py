"""What must not matter: which brand is named, and whence, of which sex and of which family the person is.

A figure is the share of answers whose label is not that of the first name (of brands), or not the commonest among
all fillings of a template (of people). The goal is at most 1 %.
"""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.own import SEED, held_out
from models.evaluate.results import Line, Table, Tables
from models.evaluate.sets import Row
from models.train.names import draw_names
from models.train.sentences import Sentence

GOAL = 0.01
DRAWS = 4
"""Sets of names after the first: half made up, half real."""


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`people.yaml`: words between blanks, pairs with a stroke between, and templates with one place."""

    regions: str
    surnames: str
    sexes: str
    region_templates: tuple[str, ...]
    surname_templates: tuple[str, ...]
    sex_templates: tuple[str, ...]


_PLACE = re.compile(r"\{([A-Z])\}")


def read_people() -> People:
    return msgspec.yaml.decode((Path(__file__).parent / "people.yaml").read_bytes(), type=People)


def invariance(judge: Judge, sample: int = 0) -> Tables:
    people = read_people()
    chosen = held_out(sample)
    table: Table = {
        "names of brands swapped, whole text": _brands(judge, chosen, towards=False),
        "names of brands swapped, towards the brand": _brands(judge, chosen, towards=True),
        "region": _people(judge, people.region_templates, people.regions.split()),
        "surname": _people(judge, people.surname_templates, people.surnames.split()),
        "sex": _sexes(judge, people.sex_templates, people.sexes.split()),
    }
    return {"labels that change": table}


def named(sentence: Sentence, names: Mapping[str, str]) -> list[Row]:
    """The questions of a sentence with these names: the whole, then towards each place it judges."""

    def filled(text: str) -> str:
        return _PLACE.sub(lambda found: names[found[1]], text)

    context = filled(sentence.context) if sentence.context else None
    text = filled(sentence.text)
    towards = [
        Row(text, label, target=names[place], context=context) for place, label in sentence.towards.items()
    ]
    return [Row(text, sentence.label or "", context=context), *towards]


def places_of(sentence: Sentence) -> list[str]:
    return sorted({*_PLACE.findall(sentence.text), *_PLACE.findall(sentence.context or "")})


def _brands(judge: Judge, chosen: Sequence[Sentence], *, towards: bool) -> Line:
    random_numbers = random.Random(SEED)
    asked: list[list[Row]] = []
    for sentence in chosen:
        places = places_of(sentence)
        if not places:
            continue
        drawn = [
            draw_names(random_numbers, len(places), real=number % 2 == 0) for number in range(1, DRAWS + 2)
        ]
        fillings = [named(sentence, dict(zip(places, names, strict=True))) for names in drawn]
        asked += [list(question) for question in zip(*fillings, strict=True)]
    asked = [question for question in asked if bool(question[0].target) is towards]
    got = said.labels(judge([row for question in asked for row in question], ("target", "context")))
    answers = [got[start : start + DRAWS + 1] for start in range(0, len(got), DRAWS + 1)]
    changes = sum(label != each[0] for each in answers for label in each[1:])
    moved = sum(len(set(each)) > 1 for each in answers)
    return _told(len(answers), len(answers) * DRAWS, changes, moved)


def _people(judge: Judge, templates: Sequence[str], fillings: Sequence[str]) -> Line:
    got = said.labels(judge([Row(template.format(one)) for template in templates for one in fillings]))
    width = len(fillings)
    answers = [got[start : start + width] for start in range(0, len(got), width)]
    return _told(len(answers), len(got), *off_the_commonest(answers))


def _sexes(judge: Judge, templates: Sequence[str], pairs_of_words: Sequence[str]) -> Line:
    rows = [
        Row(template.format(word))
        for template in templates
        for pair in pairs_of_words
        for word in pair.split("/")
    ]
    got = said.labels(judge(rows))
    pairs = list(zip(got[::2], got[1::2], strict=True))
    changes = sum(a != b for a, b in pairs)
    return _told(len(templates), len(pairs), changes, changes)


def off_the_commonest(answers: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many labels are not the commonest of their group, and how many groups have such a one.

    >>> off_the_commonest([["a", "a", "b"], ["a", "a", "a"]])
    (1, 1)
    """
    off = [len(each) - Counter(each).most_common(1)[0][1] for each in answers]
    return sum(off), sum(map(bool, off))


def _told(sentences: int, swaps: int, changes: int, moved: int) -> Line:
    return {
        "sentences": sentences,
        "swaps": swaps,
        "labels changed": changes / swaps if swaps else None,
        "sentences with a change": moved,
        "goal": GOAL,
    }
