"""When the newest counts of a source are told to an operator, and when they are not."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.drift import (
    BEFORE,
    CLASSES,
    KEPT,
    Day,
    Measure,
    Seen,
    chance_of,
    counted,
    distance,
    drifts,
    seen_in,
    tail,
)
from tests.unit.stream.doors import mention
from tests.unit.stream.second import enriched

TODAY = date(2026, 11, 24)
CALM = (20, 60, 20)
ANGRY = (45, 45, 10)
SURE = (0, 5, 5, 10, 20, 60)
DOUBTFUL = (10, 25, 25, 20, 10, 10)
READ = (90, 8, 1, 1)
FOREIGN = (55, 8, 36, 1)


def split(n: int, shares: Sequence[float], chance: random.Random | None = None) -> tuple[int, ...]:
    """`n` texts by shares; with `chance` drawn one by one."""
    if chance is None:
        return tuple(round(n * share / sum(shares)) for share in shares)
    drawn = chance.choices(range(len(shares)), shares, k=n)
    return tuple(drawn.count(place) for place in range(len(shares)))


def day(ago: int, n: int = 300, *, model: str = "m/1", labels: Sequence[float] = CALM, sure: Sequence[float] = SURE,
        read: Sequence[float] = READ, chance: random.Random | None = None) -> Day:  # fmt: skip
    return Day(
        day=TODAY - timedelta(days=ago),
        model=model,
        labels=split(n, labels, chance),
        confidence=split(n, sure, chance),
        reading=split(n, read, chance),
    )


def weeks(n: int = 300, first: int = 2, **more) -> list[Day]:  # type: ignore[no-untyped-def]
    return [day(ago, n, **more) for ago in range(first, first + BEFORE)]


def measures(days: Sequence[Day]) -> list[Measure]:
    return [drift.measure for drift in drifts(days, TODAY)]


def test_a_source_that_says_what_it_always_said_is_no_news():
    assert drifts([*weeks(), day(1), day(0)], TODAY) == []


@pytest.mark.parametrize(
    ("change", "measure", "moved"),
    [
        ({"labels": ANGRY}, Measure.LABELS, "negative"),
        ({"sure": DOUBTFUL}, Measure.CONFIDENCE, "0.5 to 0.6"),
        ({"read": FOREIGN}, Measure.READING, "unknown or foreign"),
    ],
)
def test_what_moved_in_the_last_day_is_told_with_how_far(change, measure, moved):
    (found,) = drifts([*weeks(), day(1, **change), day(0, **change)], TODAY)

    assert (found.measure, found.window, found.model, found.moved[0]) == (measure, 1, "m/1", moved)
    assert found.distance > 0.1 > found.usual
    assert (found.texts_now, found.texts_before) == (600, 28 * 300)


def test_what_creeps_is_seen_over_a_week():
    quiet = [day(ago, 60, labels=CALM) for ago in range(8, 8 + BEFORE)]
    last = [day(ago, 60, labels=ANGRY) for ago in range(8)]

    (found,) = drifts([*quiet, *last], TODAY)

    assert found.window == 7


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ([*weeks(), day(0, 150, labels=ANGRY)], "few texts now"),
        ([*weeks(30), day(0, labels=ANGRY)], "few texts before"),
        ([day(2, 9_000), day(3, 9_000), day(0, labels=ANGRY)], "few days before"),
        ([day(0, labels=ANGRY)], "nothing before"),
        ([], "nothing at all"),
        (weeks(), "nothing now"),
        ([*weeks(model="m/0"), day(0, labels=ANGRY)], "another model scored what was before"),
        ([*weeks(3_000), day(0, 3_000, labels=(22, 59, 19))], "it is sure, but does not matter"),
        (
            [day(ago, labels=ANGRY if ago % 7 == 0 else CALM) for ago in range(2, 30)]
            + [day(0, labels=ANGRY)],
            "the source does so every week",
        ),
    ],
)
def test_nothing_is_told_where(days, why):
    assert measures(days) == [], why


def test_after_a_switch_days_of_the_former_model_count_for_neither_side():
    days = [*weeks(first=10), *[day(ago, model="m/2", labels=ANGRY) for ago in range(10)]]

    assert measures(days) == []


def test_stable_sources_do_not_cry_though_a_thousand_are_looked_at():
    chance = random.Random(4)
    cries = 0
    for _ in range(60):
        size = chance.choice((40, 110, 250))
        days = [day(ago, size, chance=chance) for ago in range(30)]
        cries += len(drifts(days, TODAY, sources=1_000))

    assert cries == 0


def test_a_mention_adds_its_label_how_sure_the_model_was_and_whether_it_was_read():
    bad, foreign, name = enriched(mention(1, "新星冒烟"), mention(2, "新星 外语"), mention(3, "新星"))

    assert seen_in(bad) == Seen(0, 5, 0)
    assert seen_in(foreign) == Seen(None, None, 2)
    assert seen_in(name) == Seen(None, None, 3)


def test_a_mention_without_sentiment_cannot_be_counted():
    with pytest.raises(ValueError, match="has no sentiment"):
        seen_in(mention(1, "新星"))


def test_days_are_counted_by_model_and_only_the_newest_are_kept():
    seen = [(TODAY - timedelta(days=ago), model, Seen(1, 5, 0)) for ago in range(100) for model in ("a", "b")]

    days = counted(counted([], seen[:120]), seen[120:])

    assert len(days) == 2 * KEPT
    assert {sum(each.labels) for each in days} == {1}
    assert days == sorted(days, key=lambda each: (each.day, each.model))


counts = st.lists(st.integers(0, 500), min_size=4, max_size=4)


@given(counts, counts)
def test_the_distance_is_symmetric_and_from_0_to_1(one, other):
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert 0 <= distance(one, other) <= 1.0000001
    assert distance(one, one) == 0 or distance(one, one) < 1e-6


@given(counts, counts)
def test_the_chance_is_a_probability_and_one_for_the_same(one, other):
    assert 0 <= chance_of(one, other) <= 1
    assert chance_of(one, one) == 1


@pytest.mark.parametrize(
    ("square", "freedom", "p"),
    [(0, 3, 1), (6.635, 1, 0.01), (9.21, 2, 0.01), (15.086, 5, 0.01), (29.588, 10, 0.001)],
)
def test_tails_are_those_of_the_printed_tables(square, freedom, p):
    assert tail(square, freedom) == pytest.approx(p, rel=0.01)


def test_every_measure_has_as_many_counts_as_classes():
    assert all(len(day(0).counts(each)) == len(CLASSES[each]) for each in Measure)
