"""What every bus does: one suite, SQLite always and a real Kafka where there is one."""

import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from tingchao.bus import Batch, Bus, Message, open_bus
from tingchao.errors import BadInput, BadRecord, BadSetting, BusUnavailable

MEMBER = Path(__file__).with_name("bus_member.py")
PATIENCE = 45.0


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.services)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "kafka":
        return str(request.getfixturevalue("kafka_address"))
    return f"sqlite:///{tmp_path / 'bus.db'}"


@pytest.fixture
def bus(address: str) -> Iterator[Bus]:
    with open_bus(address) as opened:
        yield opened


@pytest.fixture
def topic() -> str:
    """A topic of the test's own; its name serves as the group's too."""
    return f"test.{uuid4().hex}"


@pytest.fixture
def members(address: str) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start members in processes of their own; they are gone when the test is."""
    started: list[subprocess.Popen[str]] = []

    def start(topic: str, group: str, mode: str = "ask") -> "subprocess.Popen[str]":
        started.append(
            subprocess.Popen(
                [sys.executable, str(MEMBER), address, topic, group, mode],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def publish(bus: Bus, topic: str, count: int, start: int = 0) -> list[tuple[str, bytes]]:
    pairs = [(f"key-{number % 20}", b"%d" % number) for number in range(start, start + count)]
    for key, value in pairs:
        bus.publish(topic, key, value)
    bus.flush()
    return pairs


def take(reading: Iterator[Batch], count: int) -> list[Batch]:
    """Batches until they hold `count` messages."""
    deadline = time.monotonic() + PATIENCE
    batches: list[Batch] = []
    while sum(len(batch.messages) for batch in batches) < count:
        assert time.monotonic() < deadline, f"only {batches} came"
        if batch := next(reading):
            batches.append(batch)
    return batches


def pairs_of(batches: list[Batch]) -> list[tuple[str, bytes]]:
    return [(message.key, message.value) for batch in batches for message in batch.messages]


def by_key(pairs: list[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def test_a_new_group_reads_from_the_start_in_order_per_key(bus: Bus, topic: str):
    published = publish(bus, topic, 1_200)

    with closing(bus.subscribe([topic], topic)) as reading:
        got = take(reading, 1_200)

    assert by_key(pairs_of(got)) == by_key(published)
    assert all(len(batch.messages) <= 500 for batch in got)


def test_each_key_has_one_partition_and_rising_offsets(bus: Bus, topic: str):
    publish(bus, topic, 400)

    with closing(bus.subscribe([topic], topic)) as reading:
        messages = [message for batch in take(reading, 400) for message in batch.messages]

    partitions: dict[str, set[int]] = defaultdict(set)
    offsets: dict[int, list[int]] = defaultdict(list)
    for message in messages:
        partitions[message.key].add(message.partition)
        offsets[message.partition].append(message.offset)
    assert all(len(found) == 1 for found in partitions.values())
    assert len(offsets) > 1
    assert all(found == sorted(set(found)) for found in offsets.values())


def test_nothing_to_read_gives_an_empty_batch_after_a_while(bus: Bus, topic: str):
    with closing(bus.subscribe([topic], topic, wait=0.05)) as reading:
        assert not next(reading)
        assert bus.commit(Batch(()))


def test_a_message_that_comes_while_a_reader_waits_is_read(bus: Bus, topic: str):
    with closing(bus.subscribe([topic], topic)) as reading:
        assert not next(reading)
        publish(bus, topic, 3)
        assert len(pairs_of(take(reading, 3))) == 3


def test_what_is_flushed_is_read_by_others(address: str, bus: Bus, topic: str):
    bus.publish(topic, "key", b"now")
    bus.flush()

    with open_bus(address) as other, closing(other.subscribe([topic], topic)) as reading:
        assert pairs_of(take(reading, 1)) == [("key", b"now")]


def test_several_topics_are_read_by_one_member(bus: Bus, topic: str):
    for name in (f"{topic}.a", f"{topic}.b"):
        publish(bus, name, 10)

    with closing(bus.subscribe([f"{topic}.a", f"{topic}.b"], topic)) as reading:
        messages = [message for batch in take(reading, 20) for message in batch.messages]

    assert {message.topic for message in messages} == {f"{topic}.a", f"{topic}.b"}


def test_two_groups_each_read_everything(bus: Bus, topic: str):
    published = publish(bus, topic, 30)
    for group in (f"{topic}.one", f"{topic}.other"):
        with closing(bus.subscribe([topic], group)) as reading:
            assert sorted(pairs_of(take(reading, 30))) == sorted(published)


def test_what_was_committed_is_not_read_again(address: str, bus: Bus, topic: str):
    publish(bus, topic, 50)
    with closing(bus.subscribe([topic], topic)) as reading:
        assert all(bus.commit(batch) for batch in take(reading, 50))
    fresh = publish(bus, topic, 5, start=50)

    with open_bus(address) as again, closing(again.subscribe([topic], topic)) as reading:
        assert sorted(pairs_of(take(reading, 5))) == sorted(fresh)


def test_what_was_read_but_not_committed_comes_again_the_same(address: str, bus: Bus, topic: str):
    publish(bus, topic, 50)
    with closing(bus.subscribe([topic], topic)) as reading:
        first = [message for batch in take(reading, 50) for message in batch.messages]

    with open_bus(address) as again, closing(again.subscribe([topic], topic)) as reading:
        second = [message for batch in take(reading, 50) for message in batch.messages]

    def place(message: Message) -> tuple[str, int, int]:
        return message.topic, message.partition, message.offset

    assert sorted(second, key=place) == sorted(first, key=place)


def test_a_reader_killed_before_its_commit_loses_nothing(
    bus: Bus, topic: str, members: Callable[..., "subprocess.Popen[str]"]
):
    published = publish(bus, topic, 40)
    member = members(topic, topic)
    assert member.stdout
    assert member.stdout.readline().startswith("read")
    member.send_signal(signal.SIGKILL)
    member.wait()

    with closing(bus.subscribe([topic], topic)) as reading:
        assert sorted(pairs_of(take(reading, 40))) == sorted(published)


def test_two_members_share_and_one_that_leaves_hands_over(address: str, bus: Bus, topic: str):
    with open_bus(address) as other, closing(bus.subscribe([topic], topic, wait=0.1)) as staying:
        leaving = other.subscribe([topic], topic, wait=0.1)
        shared: dict[str, list[Message]] = {"staying": [], "leaving": []}
        deadline = time.monotonic() + PATIENCE
        number = 0
        while not all(shared.values()):
            assert time.monotonic() < deadline, "the second member was given no partition"
            number += len(publish(bus, topic, 20, start=number))
            for name, member, its_bus in (("staying", staying, bus), ("leaving", leaving, other)):
                batch = next(member)
                its_bus.commit(batch)
                shared[name] = list(batch.messages)
        settle(bus, staying, other, leaving)
        batches = {}
        publish(bus, topic, 40, start=number)
        for name, member in (("staying", staying), ("leaving", leaving)):
            batches[name] = take(member, 1)
        assert not partitions_of(batches["staying"]) & partitions_of(batches["leaving"])
        leaving.close()  # type: ignore[attr-defined]

        fresh = publish(bus, topic, 40, start=number + 40)
        got = set()
        while not set(fresh) <= got:
            assert time.monotonic() < deadline, "the one that stayed did not get everything"
            batch = next(staying)
            bus.commit(batch)
            got |= set(pairs_of([batch]))


def settle(bus: Bus, one: Iterator[Batch], other_bus: Bus, other: Iterator[Batch]) -> None:
    """Read and commit what is there until both see nothing new."""
    quiet = 0
    while quiet < 5:
        batches = [(bus, next(one)), (other_bus, next(other))]
        for its_bus, batch in batches:
            its_bus.commit(batch)
        quiet = 0 if any(batch for _, batch in batches) else quiet + 1


def partitions_of(batches: list[Batch]) -> set[int]:
    return {message.partition for batch in batches for message in batch.messages}


def test_the_share_of_a_killed_member_goes_to_the_one_that_lives(
    bus: Bus, topic: str, members: Callable[..., "subprocess.Popen[str]"]
):
    member = members(topic, topic, "read")
    assert member.stdout
    publish(bus, topic, 40)
    assert member.stdout.readline().startswith("read")
    with closing(bus.subscribe([topic], topic, wait=0.1)) as reading:
        for _ in range(10):
            bus.commit(next(reading))
        member.send_signal(signal.SIGKILL)
        member.wait()

        fresh = set(publish(bus, topic, 40, start=40))
        got: set[tuple[str, bytes]] = set()
        deadline = time.monotonic() + PATIENCE
        while not fresh <= got:
            assert time.monotonic() < deadline, "the killed member's share was not handed over"
            batch = next(reading)
            bus.commit(batch)
            got |= set(pairs_of([batch]))


@pytest.mark.slow
def test_a_member_that_slept_too_long_commits_nothing(
    bus: Bus, topic: str, members: Callable[..., "subprocess.Popen[str]"]
):
    published = publish(bus, topic, 40)
    member = members(topic, topic)
    assert member.stdout
    assert member.stdin
    assert member.stdout.readline().startswith("read")
    member.send_signal(signal.SIGSTOP)

    with closing(bus.subscribe([topic], topic)) as reading:
        batches = take(reading, 40)
        assert sorted(pairs_of(batches)) == sorted(published)
        member.send_signal(signal.SIGCONT)
        member.stdin.write("commit\n")
        member.stdin.flush()
        assert member.stdout.readline() == "committed False\n"
        assert all(bus.commit(batch) for batch in batches)


def test_lag_counts_what_is_not_committed(bus: Bus, topic: str):
    assert bus.lag(topic, [topic]) == {topic: 0}
    publish(bus, topic, 70)
    assert bus.lag(topic, [topic]) == {topic: 70}

    with closing(bus.subscribe([topic], topic, max_messages=50)) as reading:
        first, *_ = take(reading, 1)
        assert bus.commit(first)

    assert bus.lag(topic, [topic]) == {topic: 70 - len(first.messages)}


def test_a_large_message_passes_and_a_larger_one_is_refused(bus: Bus, topic: str):
    large = bytes(1_000_000)
    bus.publish(topic, "large", large)
    bus.flush()
    with pytest.raises(BadRecord, match="1,000,001 bytes"):
        bus.publish(topic, "larger", bytes(1_000_001))

    with closing(bus.subscribe([topic], topic)) as reading:
        assert pairs_of(take(reading, 1)) == [("large", large)]


def test_a_key_that_is_no_text_is_refused(bus: Bus, topic: str):
    with pytest.raises(BadRecord, match="not valid text"):
        bus.publish(topic, "\ud83d", b"")


def test_a_chinese_key_and_an_empty_value_come_back(bus: Bus, topic: str):
    bus.publish(topic, "新星奶茶", b"")
    bus.flush()

    with closing(bus.subscribe([topic], topic)) as reading:
        assert pairs_of(take(reading, 1)) == [("新星奶茶", b"")]


def test_a_topic_with_a_name_that_no_bus_could_have_is_refused(bus: Bus):
    with pytest.raises(BadInput, match="letters, digits"):
        bus.publish("me ntions", "key", b"")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("redis://localhost", "no bus speaks 'redis'"),
        ("sqlite:///", "Use sqlite:///PATH"),
        ("bus.db", "Use sqlite:///PATH"),
        ("kafka://localhost", "is not HOST:PORT"),
        ("kafka://localhost:port", "is not HOST:PORT"),
        ("kafka://localhost:99999", "is not HOST:PORT"),
    ],
)
def test_an_address_that_cannot_be_says_what_would_be_right(wrong: str, says: str):
    with pytest.raises(BadSetting, match=says) as caught:
        open_bus(wrong)
    assert wrong in str(caught.value)


def test_an_address_where_nobody_listens_says_what_to_do():
    with pytest.raises(BusUnavailable, match=r"kafka://127\.0\.0\.1:1: nobody answered .*services up"):
        open_bus("kafka://127.0.0.1:1")


@pytest.mark.services
def test_a_kafka_member_whose_commit_was_refused_reads_the_batch_again(kafka_address, topic, monkeypatch):
    """The client may stay where it was and never look back; a message that nothing follows would wait for ever."""
    with open_bus(kafka_address) as bus:
        bus.publish(topic, "k", b"alone")
        bus.flush()
        with closing(bus.subscribe([topic], topic)) as batches:
            first = next(batch for batch in batches if batch)
            consumer = first.subscription.consumer
            monkeypatch.setattr(consumer, "commit", _refusing)
            assert bus.commit(first) is False

            until = time.monotonic() + PATIENCE
            again = next(batch for batch in batches if batch or time.monotonic() > until)
            assert [message.value for message in again.messages] == [b"alone"]
            assert bus.commit(again) is True


def _refusing(*_: object, **__: object) -> None:
    from kafka.errors import UnknownMemberIdError

    raise UnknownMemberIdError
