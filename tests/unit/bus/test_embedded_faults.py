"""What the embedded bus does when the disk, the file or its users misbehave."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingchao.bus import RAW, TOPICS, Batch, open_bus
from tingchao.bus import sqlite as embedded
from tingchao.bus.sqlite import SqliteBus
from tingchao.errors import BadSetting, BusUnavailable

WRITER = """
import sys
from tingchao.bus import RAW, open_bus
name, count = sys.argv[2], int(sys.argv[3])
with open_bus(sys.argv[1]) as bus:
    for number in range(count):
        bus.publish(RAW, name, f"{name} {number}".encode())
        if number % 10 == 9:
            bus.flush()
            print(number + 1, flush=True)
"""
LIMITED = """
import resource, sys
from tingchao.bus import RAW, open_bus
from tingchao.errors import BusUnavailable
with open_bus(sys.argv[1]) as bus:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    flushed = 0
    try:
        while True:
            for number in range(10):
                bus.publish(RAW, "key", b"x" * 50_000)
            bus.flush()
            flushed += 10
    except BusUnavailable as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    bus.publish(RAW, "key", b"after")
    bus.flush()
    print(flushed + 1)
"""


def run(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def drain(reading: Iterator[Batch]) -> list[tuple[str, bytes]]:
    """Everything there is, until nothing more comes."""
    found: list[tuple[str, bytes]] = []
    while True:
        batch = next(reading)
        if not batch and found:
            return found
        found += [(message.key, message.value) for message in batch.messages]


def test_a_full_disk_loses_nothing_that_was_flushed_and_is_named(tmp_path: Path):
    address = f"sqlite:///{tmp_path / 'bus.db'}"
    with run(LIMITED, address) as child:
        said, _ = child.communicate(timeout=60)
    sentence, count = said.splitlines()

    assert str(tmp_path / "bus.db") in sentence
    with open_bus(address) as bus, closing(bus.subscribe([RAW], "readers", wait=0.1)) as reading:
        assert len(drain(reading)) == int(count)


def test_four_writers_one_of_them_killed_lose_nothing_that_was_flushed(tmp_path: Path):
    path = tmp_path / "bus.db"
    address = f"sqlite:///{path}"
    open_bus(address).close()
    writers = {name: run(WRITER, address, name, "300") for name in "abc"}
    killed = run(WRITER, address, "killed", "1000000")
    assert killed.stdout
    promised = int([killed.stdout.readline() for _ in range(8)][-1])
    killed.send_signal(signal.SIGKILL)
    for child in (*writers.values(), killed):
        child.communicate(timeout=60)

    with open_bus(address) as bus, closing(bus.subscribe([RAW], "readers", wait=0.2)) as reading:
        found = drain(reading)

    for name in writers:
        assert [value for key, value in found if key == name] == [
            b"%s %d" % (name.encode(), n) for n in range(300)
        ]
    survived = [value for key, value in found if key == "killed"]
    assert len(survived) >= promised
    assert survived == [b"killed %d" % number for number in range(len(survived))]
    assert apsw.Connection(str(path)).pragma("integrity_check") == "ok"


def test_the_log_stays_small_while_a_reader_holds_a_batch(tmp_path: Path):
    with SqliteBus(tmp_path / "bus.db") as bus, SqliteBus(tmp_path / "bus.db") as other:
        bus.publish(RAW, "key", b"first")
        bus.flush()
        with closing(other.subscribe([RAW], "slow")) as reading:
            next(reading)
            for number in range(120):
                bus.publish(RAW, f"key {number}", bytes(900_000))
            bus.flush()
            assert (tmp_path / "bus.db-wal").stat().st_size < 64 * 1024 * 1024


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    (tmp_path / "bus.db").write_bytes(b"not a database at all, but long enough to look at" * 100)

    with pytest.raises(BusUnavailable, match=r"bus\.db.*not a SQLite database"):
        SqliteBus(tmp_path / "bus.db")


def test_the_database_of_something_else_is_left_alone(tmp_path: Path):
    apsw.Connection(str(tmp_path / "bus.db")).execute("CREATE TABLE theirs (x)")

    with pytest.raises(BadSetting, match="belongs to something else"):
        SqliteBus(tmp_path / "bus.db")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(BusUnavailable, match="file"):
        SqliteBus(tmp_path / "file" / "bus.db")


def test_a_bus_that_was_closed_reads_no_further(tmp_path: Path):
    bus = SqliteBus(tmp_path / "bus.db")
    reading = bus.subscribe([RAW], "readers", wait=0.01)
    next(reading)
    bus.close()

    assert list(reading) == []


def test_what_all_groups_have_read_is_trimmed_when_the_file_grows_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "KEEP_BYTES", 0)
    monkeypatch.setattr(embedded, "TRIM_EVERY_SECONDS", -1.0)
    monkeypatch.setattr(embedded, "TRIM_CHUNK", 10)
    with SqliteBus(tmp_path / "bus.db", partitions=1) as bus:
        for number in range(95):
            bus.publish(RAW, "key", b"%d" % number)
        bus.flush()
        assert bus.lag("late", [RAW]) == {RAW: 95}
        with closing(bus.subscribe([RAW], "readers", wait=0.01)) as reading:
            batch = next(reading)
            bus.commit(batch)
        assert bus.lag("readers", [RAW]) == {RAW: 0}

        bus.flush()

        assert bus.lag("late", [RAW]) == {RAW: 5}
        with closing(bus.subscribe([RAW], "late", wait=0.01)) as reading:
            assert [value for _, value in drain(reading)] == [b"%d" % number for number in range(90, 95)]


def test_old_messages_that_nobody_ever_reads_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded, "KEEP_SECONDS", -10)
    monkeypatch.setattr(embedded, "TRIM_EVERY_SECONDS", -1.0)
    monkeypatch.setattr(embedded, "TRIM_CHUNK", 10)
    with SqliteBus(tmp_path / "bus.db", partitions=1) as bus:
        for _ in range(25):
            bus.publish("unread", "key", b"")
        bus.flush()

        assert bus.lag("anybody", ["unread"]) == {"unread": 5}


def test_old_messages_that_a_group_still_has_to_read_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "KEEP_SECONDS", -10)
    monkeypatch.setattr(embedded, "TRIM_EVERY_SECONDS", -1.0)
    monkeypatch.setattr(embedded, "TRIM_CHUNK", 10)
    with SqliteBus(tmp_path / "bus.db", partitions=1) as bus:
        with closing(bus.subscribe([RAW], "asleep", wait=0.01)) as reading:
            next(reading)
        for _ in range(25):
            bus.publish(RAW, "key", b"")
        bus.flush()

        assert bus.lag("asleep", [RAW]) == {RAW: 25}


def test_the_topics_of_the_flow_are_there_from_the_start(tmp_path: Path):
    with SqliteBus(tmp_path / "bus.db") as bus:
        assert bus.lag("anybody", TOPICS) == dict.fromkeys(TOPICS, 0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=64)), min_size=1, max_size=120),
    st.integers(1, 50),
)
def test_whatever_is_published_comes_back_in_order_per_key(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, bytes]], most: int
):
    path = tmp_path_factory.mktemp("bus") / "bus.db"
    with SqliteBus(path) as bus:
        for key, value in pairs:
            bus.publish(RAW, key, value)
        bus.flush()
        with closing(bus.subscribe([RAW], "readers", max_messages=most, wait=0.001)) as reading:
            found = drain(reading)

    for key in {key for key, _ in pairs}:
        assert [value for name, value in found if name == key] == [
            value for name, value in pairs if name == key
        ]
    assert len(found) == len(pairs)
