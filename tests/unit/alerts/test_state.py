import gzip
import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.observing import NOON, burst, quiet_days, seen
from tingchao.alerts.alert import Grade, Raised, Resolved, Updated
from tingchao.alerts.baseline import Ground
from tingchao.alerts.state import Decision, Taken, TopicState
from tingchao.mention import Observation, Precision, Role


def flow(state: TopicState, observations: Iterable[Observation]) -> list[Decision]:
    """What a topic decides on the way; time passes with its own mentions."""
    decided: list[Decision] = []
    for each in observations:
        decided += state.take(each)[1]
        decided += state.pass_time(state.watermark)
    return decided


def kinds(decided: list[Decision]) -> list[str]:
    return [type(event).__name__ for _, event in decided]


def nova() -> TopicState:
    return TopicState("nova", Role.BRAND)


def test_quiet_days_raise_nothing() -> None:
    assert flow(nova(), quiet_days(9)) == []


def test_a_burst_is_raised_within_a_minute_after_quiet_days() -> None:
    decided = flow(nova(), [*quiet_days(3), *burst(30)])

    _, raised = decided[0]
    assert isinstance(raised, Raised)
    assert raised.at <= NOON + timedelta(minutes=1)
    assert raised.negative == 6
    assert raised.first_published_at is not None
    assert raised.since <= raised.first_published_at < raised.until
    assert raised.reasons[0].signal == "negative"


def test_a_burst_of_a_topic_without_any_history_is_raised_too() -> None:
    decided = flow(nova(), burst(30))

    assert kinds(decided)[0] == "Raised"


def test_an_alert_is_updated_when_the_grade_rises_or_the_numbers_grow_by_half() -> None:
    decided = flow(nova(), [*quiet_days(3), *burst(200, seconds=1)])

    assert kinds(decided)[0] == "Raised"
    assert set(kinds(decided)[1:]) == {"Updated"}
    assert len({id for id, _ in decided}) == 1
    before = decided[0][1]
    for _, update in decided[1:]:
        assert isinstance(before, Raised | Updated)
        assert isinstance(update, Updated)
        assert update.grade > before.grade or update.negative >= 1.5 * before.negative
        assert update.grade >= before.grade
        before = update
    assert isinstance(before, Updated)
    assert before.grade >= Grade.YELLOW


def test_several_injuries_are_orange_at_once() -> None:
    decided = flow(nova(), [*quiet_days(3), *burst(8, risk="injury")])

    assert isinstance(decided[0][1], Raised)
    assert decided[0][1].grade is Grade.ORANGE


def test_an_alert_ends_after_two_calm_hours_and_a_later_burst_is_another_one() -> None:
    state = nova()
    decided = flow(state, [*quiet_days(3), *burst(10)])

    assert state.pass_time(int((NOON + timedelta(hours=2)).timestamp())) == []
    ended = state.pass_time(int((NOON + timedelta(hours=2, minutes=40)).timestamp()))
    again = flow(state, burst(10, NOON + timedelta(hours=5), first=100))

    assert kinds(ended) == ["Resolved"]
    assert isinstance(ended[0][1], Resolved)
    assert ended[0][1].at <= NOON + timedelta(hours=2, minutes=30)
    assert kinds(again)[0] == "Raised"
    assert again[0][0] != decided[0][0]


def test_a_burst_in_the_calm_starts_the_two_hours_again() -> None:
    state = nova()
    flow(state, [*quiet_days(3), *burst(10)])
    more = flow(state, burst(10, NOON + timedelta(hours=1, minutes=50), first=100))

    assert "Resolved" not in kinds(more)
    assert state.pass_time(int((NOON + timedelta(hours=3)).timestamp())) == []
    assert kinds(state.pass_time(int((NOON + timedelta(hours=5)).timestamp()))) == ["Resolved"]


@pytest.mark.parametrize(
    ("observations", "taken"),
    [
        (burst(50, late=timedelta(minutes=31)), Taken.BACKFILL),
        (burst(50, NOON + timedelta(days=400), late=timedelta(days=-400)), Taken.FUTURE),
        (burst(50, precision=Precision.NONE), Taken.UNDATED),
        (burst(50, precision=Precision.DAY), Taken.UNDATED),
    ],
    ids=["backfill", "future", "undated", "a day only"],
)
def test_what_is_not_about_now_never_raises(observations: list[Observation], taken: Taken) -> None:
    state = nova()

    found = [state.take(each) for each in observations]

    assert {kind for kind, _ in found} == {taken}
    assert not any(decided for _, decided in found)


def test_backfill_teaches_what_is_usual() -> None:
    crowded = [
        seen(f"b{n}", NOON - timedelta(minutes=3 * n), late=timedelta(minutes=3 * n)) for n in range(11, 3000)
    ]
    taught, untaught = nova(), nova()
    flow(taught, crowded)

    assert kinds(flow(untaught, burst(10)))[0] == "Raised"
    assert flow(taught, burst(10)) == []


@pytest.mark.parametrize(
    "old", [timedelta(days=20), timedelta(days=400)], ids=["of this month", "a year old"]
)
@pytest.mark.parametrize("imported", [False, True], ids=["crawled now", "imported"])
def test_one_old_post_teaches_nothing(old: timedelta, imported: bool) -> None:
    state = nova()
    state.take(seen("old", NOON - old, late=timedelta() if imported else old))

    flow(state, burst(4, NOON, seconds=1, negative=False, first=900))

    known = state._usual_at(int(NOON.timestamp()) // 300 + 2)
    assert (known.ground, known.negative) == (Ground.GUESS, 1.0)


def busy(hours: float, since: datetime = NOON, first: int = 0) -> list[Observation]:
    """A topic with 12 negative mentions a quarter of an hour, always."""
    return burst(int(hours * 48), since, first=first, seconds=75)


def test_what_was_raised_on_a_guess_is_measured_again_once_there_is_more_than_a_guess() -> None:
    decided = flow(nova(), busy(6))

    assert (kinds(decided)[0], kinds(decided)[-1]) == ("Raised", "Resolved")
    assert decided[-1][1].at <= NOON + timedelta(hours=4)


def test_a_crisis_after_a_first_busy_day_is_an_alert_of_its_own() -> None:
    decided = flow(nova(), [*busy(6), *burst(300, NOON + timedelta(hours=6), first=9_000, seconds=3)])

    assert [kind for kind in kinds(decided) if kind != "Updated"] == ["Raised", "Resolved", "Raised"]
    assert decided[-1][0] != decided[0][0]


def test_an_episode_that_a_person_ended_begins_again_as_another_alert() -> None:
    state = nova()
    first = flow(state, [*quiet_days(3), *burst(20)])
    graver = flow(state, burst(60, NOON + timedelta(minutes=4), first=100, seconds=1))

    again = state.begin_again()

    assert kinds(graver)[0] == "Updated"
    assert kinds(again) == ["Raised"]
    assert again[0][0] != first[0][0]
    assert kinds(flow(state, burst(200, NOON + timedelta(minutes=5), first=200, seconds=1)))[0] == "Updated"


def test_a_post_that_is_crawled_twenty_minutes_late_still_counts_for_its_own_window() -> None:
    late = [seen(n, NOON + timedelta(seconds=n), late=timedelta(minutes=20)) for n in range(12)]

    assert kinds(flow(nova(), [*quiet_days(3), *late]))[0] == "Raised"


def test_regulation_topics_never_raise() -> None:
    state = TopicState("law", Role.REGULATION)

    assert flow(state, burst(50, role=Role.REGULATION)) == []


def test_a_crawl_that_dates_the_same_post_a_minute_apart_counts_it_once() -> None:
    state = nova()
    state.take(seen(1, NOON - timedelta(seconds=1)))

    again, _ = state.take(seen(1, NOON + timedelta(seconds=1), late=timedelta(minutes=9)))

    assert again is Taken.REPEATED


STORY = [*quiet_days(2), *burst(60, seconds=4), *burst(8, NOON + timedelta(hours=4), first=100)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_delivery_three_times_over_gives_the_same_alerts(seed: int) -> None:
    chance = random.Random(seed)
    queue: list[Observation] = []
    for each in STORY:
        queue.append(each)
        if queue[:-1] and chance.random() < 0.5:
            queue += chance.choices(queue, k=2)
    afterwards = [each for each in STORY for _ in range(2)]
    chance.shuffle(afterwards)

    assert flow(nova(), [*queue, *afterwards]) == flow(nova(), STORY)


def test_memory_is_bounded_by_a_day_of_ids_and_four_weeks_of_counts() -> None:
    state = nova()

    flow(state, quiet_days(40, every=timedelta(hours=1)))

    assert len(state.buckets) <= 288
    assert len(state.quarters) <= 29 * 24
    assert sum(count.mentions for count in state.quarters.values()) >= 27 * 24


@pytest.mark.replay
def test_a_real_event_is_raised_within_ten_minutes_and_orange_soon_after(shared: Path) -> None:
    path = shared / "data" / "replay" / "weibo_2022_09_events.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if "李易峰" in row["text"]]
    bad = ("嫖娼", "拘留", "失望", "恶心", "塌房", "违法")
    burst = datetime.fromisoformat("2022-09-11T23:56:00+08:00")

    decided = flow(
        TopicState("nova", Role.BRAND),
        (
            seen(
                row["id"],
                datetime.fromisoformat(row["time"]),
                negative=any(word in row["text"] for word in bad),
            )
            for row in rows
        ),
    )

    _, first = decided[0]
    assert isinstance(first, Raised)
    assert burst <= first.at <= burst + timedelta(minutes=10)
    orange = [event.at for _, event in decided if isinstance(event, Updated) and event.grade >= Grade.ORANGE]
    assert orange
    assert orange[0] <= burst + timedelta(minutes=10)


def test_a_mention_that_was_not_read_is_a_mention_and_in_no_share() -> None:
    state = nova()

    flow(state, [seen(n, read=False) for n in range(40)] + burst(6, first=100))
    flow(state, [seen("later", NOON + timedelta(days=3))])

    (count,) = (each for each in state.quarters.values() if each.mentions > 1)
    assert count == (46, 6, 40)


def test_what_was_not_read_raises_nothing_however_much_there_is() -> None:
    assert flow(nova(), [seen(n, NOON + timedelta(seconds=n), read=False) for n in range(500)]) == []


def test_the_share_of_an_alert_is_of_what_was_read() -> None:
    unread = [seen(n, read=False) for n in range(40)]

    _, raised = flow(nova(), unread + burst(12, first=100))[0]

    assert isinstance(raised, Raised)
    assert (raised.mentions, raised.negative) == (40 + raised.negative, raised.negative)
    assert {each.signal: each.now for each in raised.reasons}["negative_share"] == 1.0
