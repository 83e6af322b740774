import base64
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import structlog

from stream.loop import Dead, Output, Poisoned, Worker, dead_letter, run
from tests.unit.stream.doors import ListBus, fill
from tingchao.bus import DEAD, RAW, Message
from tingchao.bus.limits import checked_key
from tingchao.counters import Counters, State
from tingchao.errors import StoreUnavailable


class Shouter(Worker):
    """Publishes each message in capitals; `?` is a bad record, `-` is dropped. Stops the loop at an empty batch."""

    name = "shouter"
    reads = (RAW,)
    max_messages = 10

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.steps: list[str] = []
        self.fail_checkpoints = 0

    def handle(self, messages: Sequence[Message]) -> Output:
        self.steps.append("handle")
        return Output(
            messages=[("loud", m.key, m.value.upper()) for m in messages if m.value not in (b"?", b"-")],
            dead=[Dead(m, "a question") for m in messages if m.value == b"?"],
            dropped={"dash": sum(m.value == b"-" for m in messages)},
        )

    def tick(self, now: datetime) -> Output:
        if not self.steps or self.steps[-1] != "handle":
            self.stop.set()
        self.steps.append("tick")
        return Output()

    def checkpoint(self) -> None:
        self.steps.append("checkpoint")
        if self.fail_checkpoints:
            self.fail_checkpoints -= 1
            raise StoreUnavailable("the store does not answer")

    def reset(self) -> None:
        self.steps.append("reset")


class NoWait(threading.Event):
    """A stop event on which nobody waits long."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


class StrictBus(ListBus):
    """Takes the keys that a real bus takes."""

    def publish(self, topic: str, key: str, value: bytes) -> None:
        checked_key(key, value)
        super().publish(topic, key, value)


def flow(bus: ListBus, **changes: Any) -> tuple[Shouter, Counters]:
    stop = NoWait()
    worker = Shouter(stop)
    for name, value in changes.items():
        setattr(worker, name, value)
    counters = Counters("shouter", datetime.now(UTC))
    run(worker, bus, counters, stop=stop)
    return worker, counters


def loud(bus: ListBus) -> list[bytes]:
    return [message.value for message in bus.topics.get("loud", [])]


def test_commits_only_after_everything_is_flushed_and_kept() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a", b"b"])

    worker, _ = flow(bus)

    assert loud(bus) == [b"A", b"B"]
    assert bus.calls.index("flush") < bus.calls.index("commit")
    assert worker.steps[:3] == ["handle", "tick", "checkpoint"]


@pytest.mark.parametrize("door", ["publish", "flush", "commit", "subscribe"])
def test_a_bus_that_fails_is_waited_for_and_nothing_is_lost(door: str) -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a", b"b", b"c"])
    bus.fail_next[door] = 2

    worker, counters = flow(bus)

    assert set(loud(bus)) == {b"A", b"B", b"C"}
    assert bus.committed[RAW] == 3
    assert counters.errors == 2
    assert "reset" in worker.steps


def test_a_store_that_fails_brings_the_batch_again() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a"])

    worker, counters = flow(bus, fail_checkpoints=1)

    assert worker.steps[:6] == ["handle", "tick", "checkpoint", "reset", "handle", "tick"]
    assert bus.committed[RAW] == 1
    assert counters.state is State.STOPPED


def test_commits_wait_for_a_checkpoint_and_none_is_forgotten_at_the_end() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a"] * 35)

    worker, _ = flow(bus, checkpoint_every=3600.0)

    assert worker.steps.count("checkpoint") == 2
    assert bus.committed[RAW] == 35


def test_counts_what_became_of_each_message() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a", b"-", b"?", b"-"])

    _, counters = flow(bus)
    body = counters.body(datetime.now(UTC), 1.0)

    assert (body["seen"], body["published"], body["dropped"], body["dead"]) == (4, 1, 2, 1)
    assert body["dropped_by"] == {"dash": 2}
    assert body["lag"] == 0


def test_a_bad_record_goes_to_the_shelf_with_its_reason_and_the_rest_goes_on() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a", b"?", b"b"])

    flow(bus)

    assert loud(bus) == [b"A", b"B"]
    (letter,) = (msgspec.json.decode(message.value) for message in bus.topics[DEAD])
    assert letter["reason"] == "a question"
    assert (letter["topic"], letter["partition"], letter["offset"], letter["key"]) == (RAW, 0, 1, "1")
    assert (letter["worker"], letter["text"]) == ("shouter", "?")


def test_a_message_that_the_bus_will_never_take_goes_to_the_shelf() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a", b"b"])
    bus.too_large.add("1")

    _, counters = flow(bus)

    assert loud(bus) == [b"A"]
    assert counters.dead == 1
    assert len(bus.topics[DEAD]) == 1


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ("冒烟".encode(), "text", "冒烟"),
        ("冒".encode() * 5000, "text", "冒" * 1365),
        (b"\xff\xfe\x00", "base64", base64.b64encode(b"\xff\xfe\x00").decode()),
        (b"x" * 50_000, "text", "x" * 4096),
    ],
    ids=["text", "cut on a character", "not text", "only the start"],
)
def test_a_dead_letter_keeps_the_first_4_kib(value: bytes, field: str, expected: str) -> None:
    letter = msgspec.json.decode(dead_letter(Dead(Message(RAW, "k", value), "why"), "w", datetime.now(UTC)))

    assert letter[field] == expected
    assert letter["bytes"] == len(value)


@pytest.mark.parametrize("key", ["键" * 2_000, "\udcff\udcfe", "k" * 1_024])
def test_whatever_its_key_a_dead_letter_reaches_the_shelf(key: str) -> None:
    bus = StrictBus()
    bus.topics[RAW] = [Message(RAW, key, b"?", 0, 0)]

    flow(bus)

    assert len(bus.topics[DEAD]) == 1


def test_a_poisoned_worker_ends_with_a_code_of_its_own() -> None:
    assert Poisoned.exit_code == 5


def test_if_everything_is_poison_the_worker_stops_loudly() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"?"] * 5_000)

    with structlog.testing.capture_logs(), pytest.raises(Poisoned, match=r"1,001|1,010"):
        flow(bus)

    assert bus.committed[RAW] <= 1_000
    assert len(bus.topics[DEAD]) <= 1_000


def test_a_few_bad_records_among_many_do_not_stop_it() -> None:
    bus = ListBus()
    fill(bus, RAW, ([b"a"] * 99 + [b"?"]) * 60)

    with structlog.testing.capture_logs():
        _, counters = flow(bus, max_messages=500)

    assert counters.dead == 60
    assert counters.seen == 6_000


def test_what_arrives_after_the_stop_is_left_for_the_next_one() -> None:
    bus = ListBus()
    fill(bus, RAW, [b"a"])
    stop = NoWait()
    stop.set()

    run(Shouter(stop), bus, Counters("shouter", datetime.now(UTC)), stop=stop)

    assert loud(bus) == []
    assert bus.committed == {}
