import random
from datetime import datetime, timedelta

import msgspec
import pytest

from stream.alert import Alerting, AlertNews
from tests.unit.alerts.observing import NOON, burst, quiet_days, seen
from tingchao.alerts import desk
from tingchao.alerts.alert import Raised, State
from tingchao.bus import OBSERVATIONS, Message
from tingchao.mention import Observation, encode
from tingchao.store import Store, open_store

STORY = [*quiet_days(2), *burst(60, seconds=4), *burst(8, NOON + timedelta(hours=4), first=100)]


def on_bus(observations: list[Observation]) -> list[Message]:
    return [Message(OBSERVATIONS, each.topic, encode(each), 0, n) for n, each in enumerate(observations)]


class Clock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def worker(store: Store, *, wall: bool = False, clock: Clock | None = None) -> Alerting:
    return Alerting(store, {"nova": "新星"}.__getitem__, wall=wall, now=clock or Clock())


def log_of(store: Store) -> list[tuple[str, bytes]]:
    """Every event of every alert, in the bytes that lie in the store."""
    return [
        (alert.id, msgspec.json.encode([record.event for record in store.read(f"alert:{alert.id}")]))
        for alert in desk.alerts(store)
    ]


def test_a_burst_becomes_an_alert_and_a_message_about_each_event(store: Store) -> None:
    output = worker(store).handle(on_bus(STORY))

    news = [msgspec.json.decode(value, type=AlertNews) for _, _, value in output.messages]
    older = desk.alerts(store)[1]
    assert (older.topic, older.topic_name, older.state) == ("nova", "新星", State.RESOLVED)
    assert [each.event for each in news if each.alert == older.id][:2] == ["raised", "updated"]
    assert [each.version for each in news if each.alert == older.id] == list(range(1, older.version + 1))
    assert desk.alerts(store)[0].state is State.OPEN


def test_the_time_of_recording_is_kept_beside_the_time_of_the_event(store: Store) -> None:
    worker(store, clock=Clock(NOON + timedelta(days=9))).handle(on_bus(STORY))

    (first, *_) = desk.ALERTS.events(store, desk.alerts(store)[1].id)
    assert isinstance(first, Raised)
    assert first.at < NOON + timedelta(minutes=5)
    assert first.recorded_at == NOON + timedelta(days=9)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_the_logs_are_the_same_byte_for_byte(store: Store, tmp_path, seed: int) -> None:  # type: ignore[no-untyped-def]
    worker(store).handle(on_bus(STORY))
    chance = random.Random(seed)
    messages = on_bus(STORY)
    with open_store(f"sqlite:///{tmp_path / 'killed.db'}") as other:
        running, place, committed = worker(other), 0, 0
        while place < len(messages):
            size = chance.randint(1, 60)
            running.handle(messages[place : place + size])
            place += size
            fate = chance.random()
            if fate < 0.3:
                running, place = worker(other), committed
            elif fate < 0.6:
                running.checkpoint()
                running, place = worker(other), committed
            else:
                running.checkpoint()
                committed = place

        assert log_of(other) == log_of(store)


def test_every_message_three_times_shuffled_changes_nothing(store: Store) -> None:
    running = worker(store)
    running.handle(on_bus(STORY))
    before = log_of(store)
    again = [each for each in STORY for _ in range(3)]
    random.Random(5).shuffle(again)

    output = running.handle(
        [Message(OBSERVATIONS, each.topic, encode(each), 0, len(STORY) + n) for n, each in enumerate(again)]
    )

    assert output.messages == []
    assert log_of(store) == before


def test_by_the_wall_clock_a_silent_topic_calms_down_also_after_a_restart(store: Store) -> None:
    clock = Clock(NOON + timedelta(minutes=2))
    first = worker(store, wall=True, clock=clock)
    first.handle(on_bus([*quiet_days(2), *burst(10)]))
    first.checkpoint()
    running = worker(store, wall=True, clock=clock)

    def tick(after: timedelta) -> list[str]:
        clock.now += after
        return [msgspec.json.decode(value)["event"] for _, _, value in running.tick(clock.now).messages]

    assert tick(timedelta()) == []
    assert tick(timedelta(hours=1)) == []
    assert tick(timedelta(hours=2)) == ["resolved"]
    assert tick(timedelta(hours=2)) == []


def test_by_the_clock_of_events_only_events_pass_time(store: Store) -> None:
    running = worker(store)
    running.handle(on_bus([*quiet_days(2), *burst(10)]))

    assert running.tick(NOON + timedelta(days=30)).messages == ()
    assert desk.alerts(store)[0].is_open


def test_a_backlog_is_read_before_the_clock_says_that_all_is_calm(store: Store) -> None:
    clock = Clock(NOON + timedelta(hours=6))
    running = worker(store, wall=True, clock=clock)
    running.tick(clock.now)
    running.handle(on_bus([*quiet_days(2), *burst(10)]))

    assert running.tick(clock.now + timedelta(seconds=59)).messages == ()
    assert len(running.tick(clock.now + timedelta(seconds=61)).messages) == 1


def test_a_worker_that_gets_a_partition_back_reads_what_the_other_learned(store: Store) -> None:
    messages = on_bus([*quiet_days(2), *burst(40)])
    one, other = worker(store), worker(store)
    one.handle(messages[:150])
    one.checkpoint()
    other.handle(messages[150:225])
    other.checkpoint()

    one.handle(messages[225:])
    one.checkpoint()

    assert len(desk.alerts(store)) == 1
    alone = {record.version for record in store.read(f"alert:{desk.alerts(store)[0].id}")}
    assert alone == set(range(1, len(alone) + 1))


def test_a_topic_that_becomes_another_role_keeps_its_memory(store: Store) -> None:
    running = worker(store)
    running.handle(on_bus(quiet_days(2)))
    running.checkpoint()

    again = worker(store)
    again.handle(on_bus(burst(10)))

    assert desk.alerts(store)[0].reasons[0].usual < 1


@pytest.mark.parametrize("end", [desk.dismiss, desk.resolve])
def test_what_a_person_ended_does_not_swallow_a_graver_crisis(store: Store, end) -> None:  # type: ignore[no-untyped-def]
    messages = on_bus(
        [
            *quiet_days(3),
            *burst(12, seconds=5),
            *burst(300, NOON + timedelta(minutes=9), first=100, seconds=1),
        ]
    )
    crisis = len(messages) - 300
    running = worker(store)
    running.handle(messages[:crisis])
    (first,) = desk.alerts(store)
    end(store, first.id, "王", NOON, "是活动")

    output = running.handle(messages[crisis:])
    running.checkpoint()
    before = log_of(store)
    again = worker(store)
    again.handle(messages[crisis:])

    second = desk.alerts(store, State.OPEN)
    assert [alert.topic for alert in second] == ["nova"]
    assert second[0].negative > 100
    assert msgspec.json.decode(output.messages[0][2])["event"] == "raised"
    assert log_of(store) == before


def test_a_crawler_whose_clock_is_ahead_moves_no_time(store: Store) -> None:
    clock = Clock()
    running = worker(store, wall=True, clock=clock)
    ahead = [seen(f"f{n}", NOON + timedelta(hours=1)) for n in range(3)]

    output = running.handle(on_bus([*quiet_days(3), *ahead, *burst(20, NOON - timedelta(minutes=3))]))

    assert output.dropped["future"] == 3
    assert len(desk.alerts(store)) == 1


def test_an_alert_whose_events_are_lost_or_damaged_is_followed_by_another(store: Store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    messages = on_bus(
        [*quiet_days(3), *burst(12), *burst(300, NOON + timedelta(minutes=3), first=100, seconds=1)]
    )
    first = worker(store)
    first.handle(messages[:-300])
    first.checkpoint()
    lost = desk.alerts(store)[0].id
    with open_store(f"sqlite:///{tmp_path / 'other.db'}") as other:
        for document in store.documents("alert_state:nova"):
            other.put(document.kind, document.id, document.body)
        store.append(f"alert:{lost}", desk.find(store, lost).version, [{"event": "of another version"}])

        for each in (store, other):
            worker(each).handle(messages[-300:])

            assert [alert.id != lost for alert in desk.alerts(each, State.OPEN)].count(True) == 1


@pytest.mark.parametrize("body", [{}, {"topic": 7, "state": "open"}, {"topic": "nova", "state": "melted"}])
def test_an_alert_that_cannot_be_read_is_counted_and_stops_nothing(store: Store, body: dict) -> None:  # type: ignore[type-arg]
    store.put("alert", "broken", body)

    output = worker(store).handle(on_bus([*quiet_days(3), *burst(20)]))

    assert output.dropped["an alert that cannot be read"] == 1
    assert "raised" in str(output.messages)


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff"])
def test_an_observation_that_cannot_be_read_is_a_dead_letter(store: Store, value: bytes) -> None:
    output = worker(store).handle([Message(OBSERVATIONS, "nova", value), *on_bus([seen(1)])])

    assert len(output.dead) == 1
