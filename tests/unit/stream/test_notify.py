import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from stream.alert import AlertNews
from stream.notify import GIVE_UP_AFTER, KIND, Notify, Sender, pause_after
from tests.unit.alerts.telling import NOON, raised, resolved, updated
from tests.unit.stream.doors import mention
from tingchao.alerts import desk
from tingchao.alerts.alert import Grade
from tingchao.alerts.channels import Outcome, Result
from tingchao.alerts.notice import Notice
from tingchao.bus import ALERTS, Message
from tingchao.store import Store

OK = Outcome(Result.ACCEPTED, "ok")


class Robot:
    """A channel with a list inside; `answers` come first, then it accepts."""

    def __init__(self, name: str = "robot", *answers: Outcome) -> None:
        self.name = name
        self.answers = list(answers)
        self.got: list[Notice] = []
        self.hangs = threading.Event()
        self.hangs.set()
        self.full_for = 0.0

    def send(self, notice: Notice) -> Outcome:
        self.hangs.wait(20)
        self.got.append(notice)
        return self.answers.pop(0) if self.answers else OK

    def reserve(self, now: float) -> float:
        return self.full_for


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self):  # type: ignore[no-untyped-def]
        return self.now


def news(version: int = 1, alert: str = "a1") -> Message:
    return Message(ALERTS, alert, msgspec.json.encode(AlertNews(alert, "raised", version)))


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it did not happen within ten seconds"
        time.sleep(0.01)


class Desk:
    """A notifier whose senders are driven by hand."""

    def __init__(self, store: Store, *robots: Robot) -> None:
        self.store, self.clock = store, Clock()
        self.worker = Notify(store, [], "https://t.example", now=self.clock)
        self.senders = [
            Sender(store, robot, "https://t.example", self.clock, lambda: 0.5) for robot in robots
        ]
        self.worker._senders = self.senders

    def hear(self, *messages: Message) -> None:
        self.output = self.worker.handle(messages)

    def send(self, after: timedelta = timedelta()) -> None:
        self.clock.now += after
        for sender in self.senders:
            sender.send_due()

    def outcomes(self, alert: str = "a1") -> list[tuple[str, str]]:
        return [(each.channel, each.outcome) for each in desk.find(self.store, alert).deliveries]


@pytest.fixture
def alerted(store: Store) -> Store:
    desk.raise_alert(store, "a1", raised())
    return store


def test_each_channel_gets_one_message_and_it_is_on_record(alerted: Store) -> None:
    robots = Robot("one"), Robot("two")
    office = Desk(alerted, *robots)

    office.hear(news())
    office.send()

    assert [len(robot.got) for robot in robots] == [1, 1]
    assert office.outcomes() == [("one", "sent"), ("two", "sent")]
    assert alerted.documents(KIND) == []


def test_the_same_news_three_times_is_one_message(alerted: Store) -> None:
    robot = Robot()
    office = Desk(alerted, robot)

    for _ in range(3):
        office.hear(news(), news())
        office.send()

    assert len(robot.got) == 1


def test_what_fails_is_tried_again_with_growing_pauses_under_the_same_id(alerted: Store) -> None:
    failing = Outcome(Result.RETRY, "HTTP 500")
    robot = Robot("robot", failing, failing)
    office = Desk(alerted, robot)
    office.hear(news())

    office.send()
    office.send(timedelta(seconds=1))
    assert len(robot.got) == 1
    office.send(timedelta(seconds=1))
    office.send(timedelta(seconds=4))

    assert len({notice.id for notice in robot.got}) == 1
    assert office.outcomes() == [("robot", "failed"), ("robot", "failed"), ("robot", "sent")]


def test_the_receiver_may_ask_for_more_time(alerted: Store) -> None:
    robot = Robot("robot", Outcome(Result.RETRY, "HTTP 429", 120.0))
    office = Desk(alerted, robot)
    office.hear(news())
    office.send()

    office.send(timedelta(seconds=119))
    assert len(robot.got) == 1
    office.send(timedelta(seconds=1))
    assert len(robot.got) == 2


def test_after_a_day_it_gives_up_and_says_so(alerted: Store) -> None:
    robot = Robot("robot", *[Outcome(Result.RETRY, "HTTP 500")] * 3)
    office = Desk(alerted, robot)
    office.hear(news())
    office.send()

    office.send(GIVE_UP_AFTER)

    assert office.outcomes() == [("robot", "failed"), ("robot", "given_up")]
    assert alerted.documents(KIND) == []


def test_what_is_a_day_old_is_no_news_any_more(alerted: Store) -> None:
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())

    office.send(GIVE_UP_AFTER)

    assert robot.got == []
    assert office.outcomes() == [("robot", "given_up")]
    assert alerted.documents(KIND) == []


def test_no_receiver_can_put_a_message_off_beyond_the_day(alerted: Store) -> None:
    office = Desk(alerted, Robot("robot", Outcome(Result.RETRY, "HTTP 503", 1e12)))
    office.hear(news())
    office.send()

    (document,) = alerted.documents(KIND)
    assert datetime.fromisoformat(document.body["next_at"]) <= NOON + GIVE_UP_AFTER


def test_messages_of_a_channel_that_is_gone_are_given_up(alerted: Store) -> None:
    Desk(alerted, Robot("old")).hear(news())
    office = Desk(alerted, Robot("new"))

    output = office.worker.tick(NOON)

    assert dict(output.dropped) == {"its channel is no longer set": 1}
    assert office.outcomes() == [("old", "given_up")]
    assert alerted.documents(KIND) == []


@pytest.mark.parametrize("end", [desk.resolve, desk.dismiss])
def test_what_a_person_ended_is_told_once(alerted: Store, end: Callable[..., object]) -> None:
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())
    office.send()
    office.worker.tick(NOON)
    end(alerted, "a1", "王", NOON + timedelta(minutes=5), "已处理")

    for minutes in (6, 7):
        office.worker.tick(NOON + timedelta(minutes=minutes))
        office.send()
    again = Desk(alerted, robot)
    again.worker.tick(NOON + timedelta(minutes=8))
    again.send()

    assert [notice.happened.value for notice in robot.got] == ["raised", "resolved"]


@pytest.mark.parametrize("told_before", [False, True])
def test_an_end_of_yesterday_or_of_what_nobody_heard_of_is_not_told(
    alerted: Store, told_before: bool
) -> None:
    robot = Robot()
    office = Desk(alerted, robot)
    if told_before:
        office.hear(news())
        office.send()
    desk.resolve(alerted, "a1", "王", NOON, "已处理")

    office.worker.tick(NOON + (timedelta(hours=25) if told_before else timedelta()))
    office.send()

    assert len(robot.got) == told_before


def test_a_delivery_that_cannot_be_read_stops_no_other(alerted: Store) -> None:
    alerted.put(KIND, "broken", {"channel": "robot"})
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())

    office.send()
    output = office.worker.tick(NOON)

    assert len(robot.got) == 1
    assert dict(output.dropped) == {"a delivery that cannot be read": 1}
    assert alerted.documents(KIND) == []


def test_a_delivery_whose_alert_is_lost_stops_no_other(alerted: Store) -> None:
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())
    (document,) = alerted.documents(KIND)
    alerted.put(KIND, "0", {**document.body, "alert": "lost"})

    office.send()
    assert len(robot.got) == 1
    office.send(GIVE_UP_AFTER)

    assert alerted.documents(KIND) == []


class Broken(Robot):
    """A channel with a fault of ours in it."""

    def send(self, notice: Notice) -> Outcome:
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_sender_that_died_takes_the_worker_with_it(alerted: Store) -> None:
    worker = Notify(alerted, [Broken()], "https://t.example", now=Clock())
    try:
        worker.handle([news()])
        until(lambda: not worker._senders[0].is_alive())
        with pytest.raises(ZeroDivisionError):
            worker.tick(NOON)
    finally:
        worker.close()


def test_a_message_that_kills_its_sender_is_tried_less_and_less(alerted: Store) -> None:
    office = Desk(alerted, Broken())
    office.hear(news())

    holds = []
    for _ in range(9):
        with pytest.raises(ZeroDivisionError):
            office.send()
        (document,) = alerted.documents(KIND)
        due = datetime.fromisoformat(document.body["next_at"])
        holds.append(due - office.clock.now)
        office.clock.now = due

    assert holds[0] == timedelta(seconds=60)
    assert holds[-1] > timedelta(minutes=5)


def test_people_read_the_name_of_a_source(alerted: Store) -> None:
    alerted.upsert([replace(mention(1, "新星冒烟"), id="f" * 32)])
    alerted.put("source", "forum", {"name": "数码论坛"})
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())

    office.send()

    assert robot.got[0].quote_source == "数码论坛"


def test_an_alert_keeps_its_newest_fifty_attempts(alerted: Store) -> None:
    office = Desk(alerted, Robot("robot", *[Outcome(Result.RETRY, "HTTP 500")] * 70))
    office.hear(news())

    for _ in range(60):
        office.send(timedelta(minutes=13))

    kept = desk.find(alerted, "a1").deliveries
    assert [each.attempt for each in kept] == list(range(11, 61))


def test_a_refusal_is_given_up_at_once(alerted: Store) -> None:
    office = Desk(alerted, Robot("robot", Outcome(Result.REFUSED, "errcode 93000")))
    office.hear(news())
    office.send()

    assert office.outcomes() == [("robot", "given_up")]


def test_killed_before_the_record_it_is_sent_again_under_the_same_id(alerted: Store) -> None:
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())
    office.senders[0]._record = lambda *_: None  # type: ignore[method-assign]
    office.send()

    again = Desk(alerted, robot)
    again.clock.now = office.clock.now
    again.send()
    assert len(robot.got) == 1, "the claim of the killed one still holds"
    again.send(timedelta(seconds=61))

    assert [notice.id for notice in robot.got] == [robot.got[0].id] * 2
    assert again.outcomes() == [("robot", "sent")]


def test_killed_after_the_record_it_is_not_sent_again(alerted: Store) -> None:
    robot = Robot()
    office = Desk(alerted, robot)
    office.hear(news())
    (document,) = alerted.documents(KIND)
    office.send()
    alerted.put(KIND, document.id, document.body)

    Desk(alerted, robot).send(timedelta(hours=1))

    assert len(robot.got) == 1
    assert alerted.documents(KIND) == []


def test_two_notifiers_send_one_message(alerted: Store) -> None:
    robot = Robot()
    offices = [Desk(alerted, robot) for _ in range(2)]
    for office in offices:
        office.hear(news())

    threads = [threading.Thread(target=office.send) for office in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(robot.got) == 1


def test_a_rate_limit_delays_and_drops_nothing(alerted: Store) -> None:
    robot = Robot()
    robot.full_for = 30.0
    office = Desk(alerted, robot)
    office.hear(news())
    office.send()
    robot.full_for = 0.0
    office.send(timedelta(seconds=29))
    assert robot.got == []

    office.send(timedelta(seconds=1))

    assert office.outcomes() == [("robot", "sent")]


def test_an_update_within_half_an_hour_is_counted_and_not_told(alerted: Store) -> None:
    desk.update(alerted, "a1", updated(5))
    desk.update(alerted, "a1", updated(6, Grade.RED))
    desk.update(alerted, "a1", resolved())
    robot = Robot()
    office = Desk(alerted, robot)

    office.hear(*(news(version) for version in (1, 2, 3, 4)))
    office.send()

    assert [notice.happened.value for notice in robot.got] == ["raised", "risen", "resolved"]
    assert dict(office.output.dropped) == {"too soon after the last message": 1}


@pytest.mark.parametrize("message", [Message(ALERTS, "x", b"{"), news(alert="nobody"), news(version=9)])
def test_news_that_make_no_sense_are_dead_letters(alerted: Store, message: Message) -> None:
    office = Desk(alerted, Robot())

    office.hear(message, news())

    assert len(office.output.dead) == 1
    assert len(alerted.documents(KIND)) == 1


def test_without_a_channel_it_is_counted(alerted: Store) -> None:
    office = Desk(alerted)
    office.hear(news())

    assert dict(office.output.dropped) == {"no channel is set": 1}


def test_a_channel_that_hangs_delays_no_other(alerted: Store) -> None:
    hanging, quick = Robot("hanging"), Robot("quick")
    hanging.hangs.clear()
    worker = Notify(alerted, [hanging, quick], "https://t.example")
    try:
        worker.handle([news()])
        until(lambda: quick.got)
        assert hanging.got == []
    finally:
        hanging.hangs.set()
        worker.close()


def test_pauses_double_to_ten_minutes_and_are_spread() -> None:
    assert pause_after(1, None, 0.0) < pause_after(1, None, 1.0) < pause_after(3, None, 0.0)
    assert pause_after(500, None, 1.0) == pytest.approx(720)
