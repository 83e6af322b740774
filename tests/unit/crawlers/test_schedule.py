"""When a query is asked next: within its bounds, sooner where more comes, and never all at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.visits.schedule import (
    LOAD,
    Limits,
    Pace,
    alerted_words,
    is_alerted,
    limits,
    paced,
    tried,
    waits,
)

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
seconds = st.floats(0.1, 86_400)
counts = st.integers(0, 5_000)


@st.composite
def bounds(draw):
    ceiling = draw(seconds)
    return limits(ceiling, draw(st.floats(0, 86_400)))


@st.composite
def paces(draw):
    return Pace(
        interval=draw(st.floats(0, 1e6)),
        usual=draw(st.floats(0, 100)),
        requests=draw(st.floats(1, 100)),
        visited=draw(st.none() | st.floats(-1e6, 1e6).map(lambda ago: NOW - timedelta(seconds=ago))),
    )


@given(paces(), bounds(), counts, counts, st.floats(0, 1), st.booleans())
def test_never_below_the_floor_and_never_above_the_ceiling(pace, bounds, new, shown, chance, alerted):
    after = paced(pace, bounds, now=NOW, new=new, shown=shown, requests=3)
    due = tried(after, bounds, NOW, chance, alerted=alerted).due

    assert bounds.floor <= after.interval <= bounds.ceiling
    microsecond = 1e-6
    assert bounds.floor - microsecond <= (due - NOW).total_seconds() <= bounds.ceiling + microsecond


@given(paces(), bounds(), counts, counts, counts)
def test_the_more_comes_the_sooner_it_is_asked_again(pace, bounds, one, other, shown):
    few, many = sorted((one, other))

    after_few, after_many = (
        paced(pace, bounds, now=NOW, new=new, shown=shown, requests=1) for new in (few, many)
    )

    assert after_many.interval <= after_few.interval
    assert after_many.usual >= after_few.usual


@given(bounds(), st.floats(0, 3_600), st.floats(0, 3_600))
def test_a_host_with_more_to_do_is_not_asked_sooner(bounds, one, other):
    few, many = sorted((one, other))

    assert limits(bounds.ceiling, few).floor <= limits(bounds.ceiling, many).floor <= bounds.ceiling


def test_a_quiet_query_goes_back_to_its_interval():
    pace, bounds, now = Pace(interval=150.0, visited=NOW), Limits(150, 600), NOW
    for _ in range(10):
        now += timedelta(seconds=pace.interval)
        pace = paced(pace, bounds, now=now, new=0, shown=30, requests=1)

    assert pace.interval == 600


def test_a_burst_is_followed_and_a_list_is_asked_again_before_half_of_it_is_new():
    pace, bounds = Pace(interval=600.0, visited=NOW - timedelta(seconds=600)), Limits(150, 600)

    burst = paced(pace, bounds, now=NOW, new=6, shown=30, requests=1)
    flood = paced(pace, bounds, now=NOW, new=30, shown=30, requests=1)

    assert burst.interval == 300
    assert flood.interval == 300
    later = paced(flood, bounds, now=NOW + timedelta(seconds=300), new=30, shown=30, requests=1)
    assert later.interval == 150


def test_what_a_source_held_before_it_was_first_heard_is_no_burst():
    first = paced(Pace(), Limits(150, 600), now=NOW, new=500, shown=30, requests=5)

    assert (first.interval, first.usual, first.requests) == (600, 0.0, 5.0)


def test_an_alert_hastens_a_query_that_already_waits():
    bounds = Limits(150, 600)
    pace = tried(Pace(interval=600.0, visited=NOW), bounds, NOW, 0.0)

    assert waits(pace, bounds, NOW) == 600
    assert waits(pace, bounds, NOW + timedelta(seconds=100), alerted=True) == 50
    assert waits(pace, bounds, NOW + timedelta(seconds=200), alerted=True) == 0


def test_a_shorter_interval_and_a_clock_that_was_wrong_keep_nobody_waiting():
    late = tried(Pace(interval=9e9), Limits(1, 86_400), NOW, 0.0)

    assert waits(late, Limits(1, 60), NOW) == 60
    assert waits(tried(Pace(), Limits(1, 60), NOW + timedelta(days=400), 0.0), Limits(1, 60), NOW) == 0
    assert waits(Pace(), Limits(1, 60), NOW) == 0


def test_queries_that_met_once_do_not_meet_again():
    bounds = Limits(150, 600)

    dues = {tried(Pace(interval=600.0), bounds, NOW, chance / 10).due for chance in range(11)}

    assert len(dues) == 11
    assert max(dues) - min(dues) == timedelta(seconds=60)


def test_a_host_is_busy_for_at_most_half_of_the_time():
    assert limits(600, 200).floor == LOAD * 200
    assert limits(600, 1).floor == 150
    assert limits(600, 9_000).floor == 600


WATCHLIST = {
    "topics": [
        {
            "id": "lark",
            "name": "云雀电器",
            "role": "brand",
            "aliases": ["云雀"],
            "query": "云雀 AND (炸锅 OR 冒烟)",
        },
        {"id": "other", "name": "灰鹤", "role": "competitor"},
    ]
}


@pytest.mark.parametrize(
    ("query", "alerted"),
    [("雲雀 空气炸锅", True), ("#云雀", True), ("冒烟", True), ("灰鹤", False), ("手机", False), ("", True)],
)
def test_a_query_with_a_word_of_the_alerted_topic_is_under_alert(query, alerted):
    words = alerted_words(
        WATCHLIST, [{"topic": "lark", "state": "open"}, {"topic": "other", "state": "resolved"}]
    )

    assert is_alerted(query, words) is alerted


def test_without_an_alert_or_a_watchlist_nothing_is_under_alert():
    assert not is_alerted("", alerted_words(WATCHLIST, [{"topic": "lark", "state": "resolved"}]))
    assert not is_alerted("云雀", alerted_words({"topics": "x"}, [{"topic": "lark", "state": "open"}]))
