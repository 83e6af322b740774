"""Which spans moved a score: places in the original text, the strongest first, and bounded work."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.explain import PIECES, SHOWN, Moved, explain, gathered


class Words:
    """Scores a text by the words in it that it knows; counts what it is asked."""

    def __init__(self, **weights: float) -> None:
        self.weights = weights
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> list[float]:
        self.asked += len(texts)
        return [sum(weight for word, weight in self.weights.items() if word in text) for text in texts]


def test_the_word_that_moved_the_score_is_found_with_its_place() -> None:
    found = explain("送得很快，昨天又冒烟了，不买了", Words(冒烟=0.5))

    assert found == [Moved(8, 10, "冒烟", 0.5)]


def test_spans_for_and_against_are_told_the_strongest_first() -> None:
    found = explain("包装好看，冒烟了，服务热情", Words(冒烟=0.6, 热情=-0.2))

    assert [(each.text, each.effect) for each in found] == [("冒烟", 0.6), ("服务热情", -0.2)]


def test_places_count_in_the_original_with_its_blanks_and_emoji() -> None:
    text = "  \u200b😡😡 ，冒烟！"

    (found,) = explain(text, Words(冒烟=0.6))

    assert text[found.start : found.end] == found.text == "冒烟"


def test_the_name_of_the_target_is_never_taken_out() -> None:
    found = explain("新星奶茶冒烟", Words(新星奶茶=0.9, 冒烟=0.3), target="新星奶茶")

    assert [each.text for each in found] == ["冒烟"]


@pytest.mark.parametrize(
    ("text", "target", "kept", "why"),
    [
        ("family fire", "MI", "", "not within a longer word"),
        ("mi fire", "MI", "mi", "in either case"),
        ("ｍｉ fire", "mi", "ｍｉ", "in any width"),
        ("龍星 fire", "龙星", "龍星", "in Traditional characters"),
        ("大众点评 fire", "大众", "大众", "of Chinese characters anywhere"),
        ("fire", "​", "", "a name without a letter is nowhere"),
    ],
)
def test_a_name_stands_where_the_matcher_finds_it(text: str, target: str, kept: str, why: str) -> None:
    asked: list[str] = []

    def score(texts: Sequence[str]) -> list[float]:
        asked.extend(texts)
        return [0.5 * ("fire" in each) for each in texts]

    explain(text, score, target=target)

    without = asked[1:]
    assert all(kept in each for each in without), why
    assert kept or any("family" not in each for each in without), why


def test_a_text_that_nothing_moves_has_no_spans() -> None:
    assert explain("今天天气", Words()) == []
    assert explain("", Words()) == []


@given(st.text(max_size=200), st.none() | st.text(max_size=3))
def test_any_text_is_explained_by_spans_of_it_within_bounded_work(text: str, target: str | None) -> None:
    score = Words(a=0.2, e=-0.1)

    found = explain(text, score, target)

    assert len(found) <= SHOWN
    assert score.asked <= 1 + 2 * PIECES
    assert all(text[each.start : each.end] == each.text for each in found)


def test_a_long_text_costs_no_more_than_a_short_one() -> None:
    score = Words(冒烟=0.5)

    explain("好，" * 100_000, score)

    assert score.asked <= 1 + 2 * PIECES


@given(st.lists(st.integers(1, 9), max_size=100))
def test_spans_are_joined_without_a_gap(lengths: list[int]) -> None:
    ends = [sum(lengths[: at + 1]) for at in range(len(lengths))]
    spans = list(zip([0, *ends], ends, strict=False))

    joined = gathered(spans)

    assert len(joined) <= PIECES
    assert [each for span in joined for each in range(*span)] == list(range(sum(lengths)))
