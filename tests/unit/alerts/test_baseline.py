from collections.abc import Callable

import pytest

from tingchao.alerts.baseline import (
    QUARTERS_IN_DAY,
    QUARTERS_IN_HOUR,
    QUARTERS_IN_WEEK,
    Count,
    Ground,
    usual,
    z_score,
)

NOW = 200 * QUARTERS_IN_WEEK
ALWAYS = range(NOW)
"""Every hour holds a mention."""


def hours(since: int, until: int = NOW) -> range:
    """The hours between two quarters."""
    return range(since // QUARTERS_IN_HOUR, until // QUARTERS_IN_HOUR)


def always(mentions: int, negative: int) -> Callable[[int], Count]:
    return lambda quarter: Count(mentions, negative)


@pytest.mark.parametrize(
    ("known_for", "ground"),
    [
        (None, Ground.GUESS),
        (3, Ground.GUESS),
        (8, Ground.RECENT),
        (2 * QUARTERS_IN_DAY, Ground.RECENT),
        (2 * QUARTERS_IN_DAY + 12, Ground.DAYS),
        (2 * QUARTERS_IN_WEEK, Ground.DAYS),
        (2 * QUARTERS_IN_WEEK + 12, Ground.WEEKS),
    ],
)
def test_rests_on_the_best_that_is_known(known_for: int | None, ground: Ground) -> None:
    since = None if known_for is None else NOW - known_for

    assert usual(always(10, 2), hours(since or NOW), since, NOW).ground is ground


def test_old_posts_that_are_met_again_make_nothing_known() -> None:
    pinned = {NOW // QUARTERS_IN_HOUR - 24 * days for days in range(1, 29)}

    assert usual(always(0, 0), pinned, NOW - 3, NOW).ground is Ground.GUESS


def test_a_day_with_a_gap_is_left_out() -> None:
    gap = hours(NOW - 5 * QUARTERS_IN_DAY, NOW - 1 * QUARTERS_IN_DAY - 48)

    found = usual(
        lambda quarter: Count(0, 0) if quarter // QUARTERS_IN_HOUR in gap else Count(20, 10),
        {hour for hour in hours(NOW - 9 * QUARTERS_IN_DAY) if hour not in gap},
        NOW - 9 * QUARTERS_IN_DAY,
        NOW,
    )

    assert (found.ground, found.negative) == (Ground.DAYS, 10)


def test_takes_the_same_hour_of_past_weeks() -> None:
    def evenings(quarter: int) -> Count:
        return (
            Count(100, 40)
            if quarter % QUARTERS_IN_DAY in range(NOW % QUARTERS_IN_DAY, NOW % QUARTERS_IN_DAY + 8)
            else Count(2, 0)
        )

    busy = usual(evenings, ALWAYS, NOW - 4 * QUARTERS_IN_WEEK, NOW + 4)
    calm = usual(evenings, ALWAYS, NOW - 4 * QUARTERS_IN_WEEK, NOW + 40)

    assert (busy.negative, busy.mentions) == (40, 100)
    assert (calm.negative, calm.mentions) == (0, 2)


def test_a_crisis_last_week_does_not_make_crises_normal() -> None:
    crisis = range(NOW - QUARTERS_IN_WEEK - 4, NOW - QUARTERS_IN_WEEK + 4)

    found = usual(
        lambda quarter: Count(900, 500) if quarter in crisis else Count(10, 2),
        ALWAYS,
        NOW - 4 * QUARTERS_IN_WEEK,
        NOW,
    )

    assert found.negative < 4


def test_the_quarter_itself_and_the_one_before_are_never_looked_at() -> None:
    def count(quarter: int) -> Count:
        assert quarter < NOW - 1
        return Count(1, 0)

    for known_for in (1, 20, 300, 3000):
        usual(count, hours(NOW - known_for), NOW - known_for, NOW)


def test_zero_to_three_of_a_small_brand_is_quiet() -> None:
    small = usual(always(0, 0), ALWAYS, NOW - 4 * QUARTERS_IN_WEEK, NOW)

    assert z_score(3, small.negative, small.negative_spread) <= 3


def test_three_thousand_to_three_thousand_six_hundred_of_a_large_one_is_quiet() -> None:
    large = usual(always(9000, 3000), ALWAYS, NOW - 4 * QUARTERS_IN_WEEK, NOW)

    assert z_score(3600, large.negative, large.negative_spread) < 2


def test_a_half_on_average_is_not_called_zero() -> None:
    found = usual(lambda quarter: Count(2, quarter % 2), ALWAYS, NOW - QUARTERS_IN_DAY, NOW)

    assert found.negative == pytest.approx(0.5)


def test_without_history_it_guesses_modestly() -> None:
    found = usual(always(0, 0), (), None, NOW)

    assert (found.negative, found.negative_spread, found.share) == (1.0, pytest.approx(1.01, abs=0.01), 0.2)


def test_what_was_not_read_is_a_mention_and_in_no_share() -> None:
    known = NOW - 2 * QUARTERS_IN_DAY

    plain = usual(always(10, 5), ALWAYS, known, NOW)
    thinned = usual(lambda quarter: Count(30, 5, unread=20), ALWAYS, known, NOW)

    assert thinned.share == plain.share
    assert (thinned.negative, thinned.mentions) == (plain.negative, 30)
