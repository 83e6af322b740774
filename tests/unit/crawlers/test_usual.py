"""What is usual for a source, when it is silent, and which fields it has lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.visits.usual import (
    KEPT,
    Usual,
    an_hour,
    blind_to,
    chance_of_at_most,
    heard,
    judged,
    lately,
    seen,
)

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def listened(days, per_hour, start=MONDAY):
    usual = Usual()
    for hour in range(int(days * 24)):
        at = start + hour * HOUR
        for new in per_hour(at):
            usual = judged(heard(usual, new, at + timedelta(minutes=30)), at)
    return usual, start + int(days * 24) * HOUR


def by_day(at):
    return [3, 3] if 0 <= at.hour < 14 else [0]


def test_what_is_usual_depends_on_the_hour_and_is_unknown_at_first():
    usual, now = listened(7, by_day)

    assert len(usual.hours) == KEPT
    assert an_hour(usual, now.replace(hour=6)) == 6
    assert an_hour(usual, now.replace(hour=18)) == 0
    assert an_hour(listened(0.5, by_day)[0], MONDAY + 13 * HOUR) is None


def test_a_source_that_falls_silent_is_told_and_that_it_is_back():
    usual, now = listened(5, by_day)
    for minute in range(0, 121, 10):
        usual = judged(heard(usual, 0, now + timedelta(minutes=minute)), now + timedelta(minutes=minute))
    since = usual.silent

    assert timedelta(hours=1) < since - now <= timedelta(hours=2)
    assert lately(usual, now + 2 * HOUR) == 0
    for hour in range(3, 5):
        usual = judged(heard(usual, 6, now + hour * HOUR), now + hour * HOUR + timedelta(minutes=50))
    assert usual.silent is None


def test_a_quiet_night_is_no_silence():
    usual, now = listened(5, by_day, start=MONDAY + 14 * HOUR)
    for minute in range(0, 9 * 60, 10):
        usual = judged(heard(usual, 0, now + timedelta(minutes=minute)), now + timedelta(minutes=minute))

    assert usual.silent is None


def test_hours_in_which_nobody_listened_are_no_silence():
    usual, now = listened(5, lambda _: [4])

    assert judged(heard(usual, 4, now + 30 * HOUR), now + 30 * HOUR + timedelta(minutes=59)).silent is None


def test_what_gathered_before_is_not_taken_for_the_yield_of_an_hour():
    usual = heard(Usual(), 5_000, MONDAY, counts=False)

    assert lately(heard(usual, 2, MONDAY), MONDAY) == 2


@given(st.integers(0, 500), st.floats(0.1, 1_000))
def test_the_bound_is_a_probability_that_falls_with_the_mean(found, mean):
    assert 0 <= chance_of_at_most(found, mean * 2) <= chance_of_at_most(found, mean) <= 1


@pytest.mark.parametrize(("found", "mean", "exact"), [(0, 5, 0.00673), (2, 10, 0.00277), (10, 40, 6.2e-8)])
def test_the_bound_is_never_below_the_poisson_tail(found, mean, exact):
    assert exact <= chance_of_at_most(found, mean) < exact * 20 + 0.01


def records(usual, times, *, lacking, at=MONDAY):
    for _ in range(times):
        usual = seen(usual, lacking, 10, at)
    return usual


def test_a_field_that_was_there_and_is_not_makes_a_source_blind_once():
    usual = records(Usual(), 20, lacking={"views": 1.0, "region": 0.5})
    assert blind_to(usual) == ()

    usual = records(usual, 10, lacking={"views": 1.0, "region": 0.5, "published_at": 1.0})
    assert blind_to(usual) == ("published_at",)
    since = usual.lacks["published_at"].since
    usual = records(usual, 500, lacking={"published_at": 1.0}, at=MONDAY + HOUR)
    assert (blind_to(usual), usual.lacks["published_at"].since) == (("published_at",), since)

    usual = records(usual, 10, lacking={})
    assert blind_to(usual) == ()


def test_a_source_of_which_little_is_known_is_not_called_blind():
    usual = seen(seen(Usual(), {}, 10, MONDAY), {"url": 1.0}, 19, MONDAY)

    assert blind_to(usual) == ()


def test_no_records_say_nothing():
    usual = records(Usual(), 20, lacking={})

    assert seen(usual, {"url": 1.0}, 0, MONDAY) == usual
