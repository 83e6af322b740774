"""Our own sentences: each line is whole, halves do not touch, names decide nothing."""

import random
import re
from collections import Counter

import pytest

from models.train.names import MADE_UP, draw_names
from models.train.sentences import Sentence, fill, for_testing, joined, sentences

LABELS = {"negative", "neutral", "positive"}
ALL = list(sentences())


def test_there_are_thousands_of_every_label_and_half_are_kept_for_testing() -> None:
    training = sum(sentence.for_training for sentence in ALL)

    assert len(ALL) >= 3_000
    assert 0.45 < training / len(ALL) < 0.55
    for labels in (
        Counter(each.label for each in ALL),
        Counter(to for each in ALL for to in each.towards.values()),
    ):
        assert all(labels[label] >= 600 for label in LABELS)


def test_every_sentence_asks_something_and_every_place_it_judges_is_in_it() -> None:
    for sentence in ALL:
        places = set(re.findall(r"\{([A-Z])\}", sentence.text + (sentence.context or "")))
        assert sentence.label in LABELS or sentence.towards, sentence
        assert set(sentence.towards) <= places, sentence
        assert set(sentence.towards.values()) <= LABELS, sentence


def test_no_sentence_is_there_twice() -> None:
    counted = Counter((each.text, each.context) for each in ALL)

    assert [text for text, times in counted.items() if times > 1] == []


def test_replies_to_one_post_and_minimal_pairs_stay_in_one_half() -> None:
    halves: dict[str, set[bool]] = {}
    for sentence in ALL:
        halves.setdefault(sentence.context or sentence.group or sentence.text, set()).add(
            sentence.for_training
        )

    assert all(len(half) == 1 for half in halves.values())


def test_nothing_that_measures_has_a_twin_that_trains() -> None:
    training = [each for each in ALL if each.for_training]
    groups, texts = {each.group for each in training}, {each.text for each in training}

    assert len(for_testing()) >= 1_500
    assert not any(each.text in texts or (each.group and each.group in groups) for each in for_testing())


def test_a_sentence_asks_of_the_whole_and_towards_each_of_its_names() -> None:
    sentence = Sentence("{A}比{B}强", "two_brands", towards={"A": "positive", "B": "negative"})

    towards_first, towards_second = fill(sentence, random.Random(1), real=False)

    assert towards_first.text == towards_second.text == f"{towards_first.target}比{towards_second.target}强"
    assert (towards_first.label, towards_second.label) == ("positive", "negative")


def test_joined_sentences_keep_each_brand_its_own_label() -> None:
    found = joined(ALL, 200, random.Random(3))

    assert len(found) == 200
    for sentence in found:
        first, second = fill(sentence, random.Random(1), real=False)
        assert first.text == second.text
        assert first.text.count(str(first.target)) == first.text.count(str(second.target)) == 1
        assert [first.label, second.label] == [sentence.towards["A"], sentence.towards["B"]]


@pytest.mark.parametrize("seed", range(20))
def test_drawn_names_differ_and_none_is_part_of_another(seed: int) -> None:
    names = draw_names(random.Random(seed), 4, real=True)

    assert not any(one in other for one in names for other in names if one is not other)
    assert set(draw_names(random.Random(seed), 3, real=False)) <= set(MADE_UP)
