from itertools import pairwise

import pytest

from tingchao.alerts.alert import Grade
from tingchao.alerts.baseline import Ground, Usual
from tingchao.alerts.detect import LEAST_RISKY, Window, calm, fires, judge
from tingchao.mention import Role

QUIET = Usual(Ground.WEEKS, 1.0, 1.0, 6.0, 2.5, 0.15)
BUSY = Usual(Ground.WEEKS, 100.0, 18.0, 600.0, 93.0, 0.15)


@pytest.mark.parametrize(
    ("negative", "usual", "fired", "because"),
    [
        (4, QUIET, False, "four are too few to wake anybody"),
        (6, QUIET, True, "six where one is usual"),
        (5, QUIET, False, "five are only four spreads above"),
        (150, BUSY, False, "half more than usual is a busy day"),
        (195, BUSY, False, "it must at least double"),
        (210, BUSY, True, "twice the usual and six spreads"),
    ],
)
def test_fires_above_both_spread_and_floor(negative: int, usual: Usual, fired: bool, because: str) -> None:
    assert fires(negative, usual) is fired, because


@pytest.mark.parametrize(
    ("negative", "usual", "is_calm"),
    [(4, QUIET, True), (6, QUIET, False), (130, BUSY, True), (140, BUSY, False)],
)
def test_is_calm_well_below_where_it_fires(negative: int, usual: Usual, is_calm: bool) -> None:
    assert calm(negative, usual) is is_calm


@pytest.mark.parametrize(
    ("window", "grade", "because"),
    [
        (Window(20, 6, 2, 1, {}), Grade.BLUE, "a cluster on one platform"),
        (Window(60, 30, 12, 2, {}), Grade.YELLOW, "tens, on two platforms"),
        (Window(250, 100, 45, 3, {}), Grade.ORANGE, "a hundred, and fast"),
        (Window(900, 700, 400, 6, {}), Grade.RED, "hundreds, everywhere, faster and faster"),
        (Window(20, 6, 2, 1, {"injury": LEAST_RISKY}), Grade.ORANGE, "several speak of an injury"),
        (Window(20, 6, 2, 1, {"injury": LEAST_RISKY - 1}), Grade.BLUE, "two are not several"),
        (Window(20, 6, 2, 1, {"regulator": 5}), Grade.YELLOW, "an authority is named"),
        (Window(20, 6, 2, 1, {"boycott": 9}), Grade.BLUE, "a danger without a floor"),
    ],
)
def test_grades_by_size_speed_share_reach_and_danger(window: Window, grade: Grade, because: str) -> None:
    assert judge(window, QUIET).grade is grade, because


def test_a_danger_in_an_industry_is_one_grade_lower_than_in_a_brand() -> None:
    assert judge(Window(20, 6, 2, 1, {"injury": 3}), QUIET, Role.INDUSTRY).grade is Grade.YELLOW


def test_every_number_of_the_grade_is_a_reason() -> None:
    verdict = judge(Window(20, 6, 2, 1, {"fire": 4}), QUIET)

    assert [reason.signal for reason in verdict.reasons] == [
        "negative", "negative_share", "volume", "speed", "sources", "risk_fire",
    ]  # fmt: skip
    first = verdict.reasons[0]
    assert (first.now, first.usual, first.spread, first.z) == (6, 1, 1, 5)


def test_more_of_anything_never_lowers_the_score() -> None:
    scores = [judge(Window(4 * n, n, n // 3, 1 + n // 50, {}), QUIET).score for n in range(6, 600, 6)]

    assert all(later >= earlier - 0.03 for earlier, later in pairwise(scores))


def test_what_was_not_read_does_not_thin_out_the_share_of_the_negative():
    read, thinned = (judge(Window(20 + n, 6, 2, 1, {}, unread=n), QUIET).reasons for n in (0, 500))

    assert thinned[1] == read[1]
    assert (thinned[1].signal, thinned[2].now) == ("negative_share", 520)
