"""The bus doors against what they stand on: bare kafka-python, and a bare `executemany` into one table.

Everything that makes the same promise is the same on both sides: acks from all, idempotence, linger, batch
size, `synchronous=FULL`, a flush or transaction and a commit for every 500 messages of about 650 bytes.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import apsw
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from tests.bench.harness import Figure, NotMeasurable, compare
from tingchao.bus import Bus, open_bus
from tingchao.bus.kafka import LINGER_MS

COMMAND = "python -m tests.bench bus"
MESSAGES = 20_000
CHUNK = 500
VALUE = os.urandom(650)
KEYS = [f"{number:016x}" for number in range(MESSAGES)]


def figures() -> Iterator[Figure]:
    """One figure for each door, and one for publishing into SQLite alone."""
    folder = Path(tempfile.mkdtemp(prefix="tingchao-bench-"))
    try:
        yield from _sqlite(folder)
        yield from _kafka(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sqlite(folder: Path) -> Iterator[Figure]:
    ours, bare = _SqliteDoor(folder / "ours"), _SqliteBare(folder / "bare")
    published = compare(ours.publish, bare.publish, before_ours=ours.fresh, before_other=bare.fresh)
    yield published.figure("bus.sqlite.publish", goal="≥ 0.5", beyond="≥ 0.7", command=COMMAND)
    whole = compare(ours.whole, bare.whole, before_ours=ours.fresh, before_other=bare.fresh)
    yield whole.figure(
        "bus.sqlite", goal="≥ 0.5", beyond="≥ 0.7", command=COMMAND, note="publish, read, commit"
    )


def _kafka(folder: Path) -> Iterator[Figure]:
    from deploy.local import Services
    from tingchao.errors import TingchaoError

    services = Services(folder / "services")
    try:
        address = services.up(elasticsearch=False).bus
    except TingchaoError as error:
        raise NotMeasurable(str(error)) from error
    try:
        ours, bare = _KafkaDoor(address), _KafkaBare(address)
        ratio = compare(
            ours.whole,
            bare.whole,
            before_ours=ours.fresh,
            before_other=bare.fresh,
            warmups=2,
        )
        note = "publish, read, commit; CPU of the client, for the broker does the same work for both"
        yield ratio.figure("bus.kafka", goal="≥ 0.85", beyond="≥ 0.95", command=COMMAND, note=note)
        yield ratio.figure("bus.kafka.wall", goal="≥ 0.85", beyond="≥ 0.95", clock="wall", command=COMMAND)
        ours.close()
        bare.close()
    finally:
        services.down(purge=True)


def _publish(bus: Bus, topic: str) -> None:
    for start in range(0, MESSAGES, CHUNK):
        for key in KEYS[start : start + CHUNK]:
            bus.publish(topic, key, VALUE)
        bus.flush()


class _SqliteDoor:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bus: Bus | None = None

    def fresh(self) -> None:
        if self.bus:
            self.bus.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.bus = open_bus(f"sqlite:///{self.folder / 'bus.db'}")

    def publish(self) -> int:
        assert self.bus
        _publish(self.bus, "mentions.raw")
        return MESSAGES

    def whole(self) -> int:
        assert self.bus
        self.publish()
        read = 0
        for batch in self.bus.subscribe(["mentions.raw"], "bench", max_messages=CHUNK):
            self.bus.commit(batch)
            read += len(batch.messages)
            if read >= MESSAGES:
                break
        return read


class _SqliteBare:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database: apsw.Connection | None = None

    def fresh(self) -> None:
        if self.database:
            self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.database = apsw.Connection(str(self.folder / "bare.db"))
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        self.database.execute("CREATE TABLE done (id INTEGER)")
        self.database.execute("INSERT INTO done VALUES (0)")

    def publish(self) -> int:
        assert self.database
        for start in range(0, MESSAGES, CHUNK):
            with self.database:
                self.database.executemany(
                    "INSERT INTO messages (key, value) VALUES (?, ?)",
                    [(key, VALUE) for key in KEYS[start : start + CHUNK]],
                )
        return MESSAGES

    def whole(self) -> int:
        assert self.database
        read = last = self.publish() - MESSAGES
        while read < MESSAGES:
            rows = self.database.execute(
                "SELECT id, key, value FROM messages WHERE id > ? ORDER BY id LIMIT ?", (last, CHUNK)
            ).fetchall()
            last = rows[-1][0]
            self.database.execute("UPDATE done SET id = ?", (last,))
            read += len(rows)
        return read


class _KafkaDoor:
    def __init__(self, address: str) -> None:
        self.bus = open_bus(address)
        self.topic = ""
        self.reading: Any = None

    def fresh(self) -> None:
        """A topic and a group of its own, joined and warm."""
        if self.reading:
            self.reading.close()
        self.topic = f"ours.{uuid4().hex}"
        self.bus.publish(self.topic, "first", b"")
        self.bus.flush()
        self.reading = self.bus.subscribe([self.topic], self.topic, max_messages=CHUNK)
        while not (batch := next(self.reading)):
            pass
        self.bus.commit(batch)

    def whole(self) -> int:
        _publish(self.bus, self.topic)
        read = 0
        while read < MESSAGES:
            batch = next(self.reading)
            self.bus.commit(batch)
            read += len(batch.messages)
        return read

    def close(self) -> None:
        self.reading.close()
        self.bus.close()


class _KafkaBare:
    def __init__(self, address: str) -> None:
        self.server = address.removeprefix("kafka://")
        self.admin = KafkaAdminClient(bootstrap_servers=self.server)
        self.producer = KafkaProducer(
            bootstrap_servers=self.server,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            batch_size=131_072,
            metrics_enabled=False,
        )
        self.topic = ""
        self.consumer: Any = None

    def fresh(self) -> None:
        if self.consumer:
            self.consumer.close(autocommit=False)
        self.topic = f"bare.{uuid4().hex}"
        self.admin.create_topics({self.topic: {"num_partitions": 4, "replication_factor": 1}})
        self.admin.wait_for_topics([self.topic])
        self.producer.send(self.topic, key=b"first", value=b"")
        self.producer.flush()
        self.consumer = KafkaConsumer(
            self.topic,
            bootstrap_servers=self.server,
            group_id=self.topic,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=CHUNK,
            metrics_enabled=False,
        )
        while not self.consumer.poll(500):
            pass
        self.consumer.commit()

    def whole(self) -> int:
        for start in range(0, MESSAGES, CHUNK):
            for key in KEYS[start : start + CHUNK]:
                self.producer.send(self.topic, key=key.encode(), value=VALUE)
            self.producer.flush()
        read = 0
        while read < MESSAGES:
            records = self.consumer.poll(500, max_records=CHUNK)
            if records:
                self.consumer.commit()
            read += sum(map(len, records.values()))
        return read

    def close(self) -> None:
        self.consumer.close(autocommit=False)
        self.producer.close()
        self.admin.close()
