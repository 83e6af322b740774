"""The embedded bus: one SQLite file, any number of processes on one machine.

A message lies at (slot, offset); a slot is one partition of one topic, and a key always meets the same slot.
A group remembers per slot how far it has got and which member owns it. Members show that they live by a
lease; who shares what follows from the set of living members alone. A slot changes hands only when its owner
gives it back between two batches or its lease runs out, and a commit counts only for slots still owned.
"""

import os
import platform
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import apsw
import structlog

from tingchao.bus import TOPICS, Batch, Message
from tingchao.bus.limits import PARTITIONS, check_topic, checked_key
from tingchao.bus.sharing import NEVER, Lease, Moves, moves
from tingchao.errors import BusUnavailable
from tingchao.sqlite import connect, make_schema, transaction, translated

BUFFER_BYTES = 8 * 1024 * 1024
BUFFER_MESSAGES = 10_000
BATCH_BYTES = 16 * 1024 * 1024

BEAT_SECONDS = 2.0
SHARE_EVERY_SECONDS = 0.25
MAX_BATCH_SECONDS = 300.0
"""A member that has not come back for its next batch by then stops renewing its lease."""

SHORTEST_NAP, LONGEST_NAP = 0.001, 0.02
"""Seconds between two looks of an idle reader; it looks ever more seldom."""

KEEP_SECONDS = 7 * 86_400
KEEP_BYTES = 1024 * 1024 * 1024
TRIM_EVERY_SECONDS = 10.0
TRIM_CHUNK = 2_000
TRIM_CHUNKS = 20

OWNER = 0x54435442
SCHEMA = """
CREATE TABLE slots (slot INTEGER PRIMARY KEY, topic TEXT NOT NULL, part INTEGER NOT NULL,
    next INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, part));
CREATE TABLE messages (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL);
CREATE TABLE members (team TEXT NOT NULL, member TEXT NOT NULL, topics TEXT NOT NULL, seen REAL NOT NULL,
    PRIMARY KEY (team, member)) WITHOUT ROWID;
CREATE TABLE progress (team TEXT NOT NULL, slot INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, owner TEXT,
    PRIMARY KEY (team, slot)) WITHOUT ROWID;
"""
_SLOT_SHIFT = 40
_log = structlog.get_logger("bus")


@dataclass(slots=True, eq=False)
class _Membership:
    """One member of one group while its iterator is open: what it owns and where it reads next."""

    group: str
    topics: tuple[str, ...]
    name: str = field(default_factory=lambda: f"{_here()}-{os.getpid()}-{uuid4().hex[:12]}")
    positions: dict[int, int] = field(default_factory=dict)
    turn: int = 0
    polled: float = 0.0
    shared: float = 0.0
    left: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a batch covers: for each slot the offset after its last message."""

    membership: _Membership
    ends: Mapping[int, int]


def _here() -> str:
    """Where this process's id means something: its machine, or its container's own table of processes."""
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return f"{zlib.crc32(platform.node().encode())}"


def _dead(member: str) -> bool:
    """Whether the member's process has certainly ended; then nobody need wait for its lease to run out."""
    place, pid, _ = member.split("-")
    if sys.platform == "win32" or place != _here():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class SqliteBus:
    """A `Bus` in the file at `path`. One instance belongs to one thread and does not survive a fork."""

    def __init__(self, path: str | Path, partitions: int = PARTITIONS) -> None:
        self.path = Path(path).absolute()
        self._partitions = partitions
        self._database = connect(self.path, BusUnavailable)
        self._slots: dict[str, list[int]] = {}
        self._buffer: dict[int, list[tuple[str, bytes]]] = {}
        self._buffered_bytes = self._buffered = 0
        self._stirred = False
        self._trimmed = time.monotonic()
        self._memberships: list[_Membership] = []
        with self._translated():
            make_schema(self._database, self.path, owner=OWNER, version=1, statements=SCHEMA)
            self._make_topics(TOPICS)

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Buffer a message; a full buffer is written at once. Raises `BadRecord`, `BusUnavailable`."""
        slots = self._slots.get(topic) or self._slots_of(topic)
        name = checked_key(key, value)
        self._buffer.setdefault(slots[zlib.crc32(name) % len(slots)], []).append((key, value))
        self._buffered += 1
        self._buffered_bytes += len(value)
        if self._buffered >= BUFFER_MESSAGES or self._buffered_bytes >= BUFFER_BYTES:
            self._write()

    def flush(self, timeout: float = 30.0) -> None:  # noqa: ARG002 - SQLite has its own bound for waiting
        """Write what is buffered in one transaction, synced to disk. Raises `BusUnavailable`: nothing was written."""
        if self._buffered:
            self._write()
        if time.monotonic() - self._trimmed > TRIM_EVERY_SECONDS:
            self._trim()

    def subscribe(
        self, topics: Sequence[str], group: str, *, max_messages: int = 500, wait: float = 0.5
    ) -> Iterator[Batch]:
        """As the door says. A file that cannot be read or written for a while is waited for."""
        member = _Membership(group, tuple(topics), polled=time.monotonic())
        beat = threading.Thread(target=self._keep_alive, args=(member,), daemon=True, name=f"lease {group}")
        try:
            while not member.left.is_set():
                try:
                    if member not in self._memberships:
                        self._join(member)
                        beat.start()
                    batch = self._next(member, max_messages, wait)
                except BusUnavailable as trouble:
                    _log.warning("bus not usable; waiting", reason=str(trouble))
                    time.sleep(wait)
                    batch = Batch(())
                yield batch
        finally:
            self._leave(member)

    def commit(self, batch: Batch) -> bool:
        """As the door says. Raises `BusUnavailable` if the file cannot be written."""
        reading = batch.subscription
        if not isinstance(reading, _Reading):
            return True
        member = reading.membership
        kept = 0
        with self._translated(), transaction(self._database):
            for slot, end in reading.ends.items():
                self._database.execute(
                    "UPDATE progress SET done = max(done, ?) WHERE team = ? AND slot = ? AND owner = ?",
                    (end, member.group, slot, member.name),
                )
                kept += self._database.changes()
        return kept == len(reading.ends)

    def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        """Messages not yet committed by `group`, per topic; those trimmed away before it came do not count."""
        waiting = dict.fromkeys(topics, 0)
        with self._translated(), transaction(self._database, writes=False):
            for topic in topics:
                for slot in self._slots_of(topic, make=False):
                    (upcoming,), *_ = self._database.execute("SELECT next FROM slots WHERE slot = ?", (slot,))
                    done = self._done(group, slot)
                    first = self._first(slot)
                    waiting[topic] += upcoming - max(done, upcoming if first is None else first)
        return waiting

    def close(self) -> None:
        """Flush, leave the groups and let the file go."""
        try:
            self.flush()
        finally:
            for member in [*self._memberships]:
                self._leave(member)
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.path, BusUnavailable)

    def _write(self) -> None:
        buffer = self._buffer
        self._buffer, self._buffered, self._buffered_bytes = {}, 0, 0
        now = int(time.time())
        with self._translated(), self._synced(), transaction(self._database):
            for slot, pairs in buffer.items():
                (upcoming,), *_ = self._database.execute("SELECT next FROM slots WHERE slot = ?", (slot,))
                base = (slot << _SLOT_SHIFT) + upcoming
                self._database.executemany(
                    "INSERT INTO messages VALUES (?, ?, ?, ?)",
                    [(base + place, now, key, value) for place, (key, value) in enumerate(pairs)],
                )
                self._database.execute(
                    "UPDATE slots SET next = ? WHERE slot = ?", (upcoming + len(pairs), slot)
                )
        self._stirred = True

    @contextmanager
    def _synced(self) -> Iterator[None]:
        """Sync to disk what is written inside. All else may be lost with the power: it leads to re-delivery."""
        self._database.execute("PRAGMA synchronous=FULL")
        try:
            yield
        finally:
            self._database.execute("PRAGMA synchronous=NORMAL")

    def _slots_of(self, topic: str, make: bool = True) -> list[int]:
        if topic not in self._slots:
            with self._translated():
                found = self._database.execute(
                    "SELECT slot FROM slots WHERE topic = ? ORDER BY part", (topic,)
                )
                slots = [slot for (slot,) in found]
                if slots or not make:
                    return self._slots.setdefault(topic, slots) if slots else []
                self._make_topics([topic])
        return self._slots[topic]

    def _make_topics(self, topics: Iterable[str]) -> None:
        known = {topic for (topic,) in self._database.execute("SELECT DISTINCT topic FROM slots")}
        missing = [topic for topic in topics if topic not in known]
        for topic in missing:
            check_topic(topic)
        if missing:
            with transaction(self._database):
                self._database.executemany(
                    "INSERT OR IGNORE INTO slots (topic, part) VALUES (?, ?)",
                    [(topic, part) for topic in missing for part in range(self._partitions)],
                )
        for slot, topic in self._database.execute("SELECT slot, topic FROM slots ORDER BY topic, part"):
            if slot not in self._slots.setdefault(topic, []):
                self._slots[topic].append(slot)

    # Reading

    def _next(self, member: _Membership, most: int, wait: float) -> Batch:
        deadline = time.monotonic() + wait
        nap = SHORTEST_NAP
        version = -1
        while True:
            now = member.polled = time.monotonic()
            if now - member.shared >= SHARE_EVERY_SECONDS:
                member.shared = now
                if self._share(member):
                    version = -1
            seen = self._version()
            if seen != version or self._stirred:
                self._stirred, version = False, seen
                if batch := self._read(member, most):
                    return batch
            if now >= deadline:
                return Batch(())
            time.sleep(min(nap, max(0.0, deadline - now)))
            nap = min(nap * 1.5, LONGEST_NAP)

    def _version(self) -> int:
        with self._translated():
            return int(self._database.pragma("data_version"))

    def _read(self, member: _Membership, most: int) -> Batch | None:
        """Up to `most` messages, evenly from all slots first: a backlog then comes nearly in the order it was written."""
        messages: list[Message] = []
        ends: dict[int, int] = {}
        room = BATCH_BYTES
        with self._translated(), transaction(self._database, writes=False):
            places = self._owned(member)
            member.turn += 1
            turn = member.turn % max(len(places), 1)
            for share in (-(-most // max(len(places), 1)), most):
                for slot, topic, part in places[turn:] + places[:turn]:
                    base = slot << _SLOT_SHIFT
                    rows = self._database.execute(
                        "SELECT id, key, value FROM messages WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                        (
                            base + ends.get(slot, member.positions[slot]),
                            (slot + 1) << _SLOT_SHIFT,
                            min(share, most - len(messages)) if room > 0 else 0,
                        ),
                    )
                    for number, key, value in rows:
                        messages.append(Message(topic, key, value, part, number - base))
                        ends[slot] = number - base + 1
                        room -= len(value)
                        if room <= 0:
                            break
        if not messages:
            return None
        member.positions.update(ends)
        return Batch(tuple(messages), _Reading(member, ends))

    def _owned(self, member: _Membership) -> list[tuple[int, str, int]]:
        """The slots that are the member's now; positions follow: what was lost is forgotten, what is new starts."""
        rows = list(
            self._database.execute(
                "SELECT slot, topic, part, done FROM progress JOIN slots USING (slot) WHERE team = ? AND owner = ?",
                (member.group, member.name),
            )
        )
        member.positions = {slot: member.positions.get(slot, done) for slot, _, _, done in rows}
        return [(slot, topic, part) for slot, topic, part, _ in rows]

    # Sharing

    def _join(self, member: _Membership) -> None:
        for topic in member.topics:
            self._slots_of(topic)
        with self._translated():
            self._renew(member)
        self._memberships.append(member)

    def _renew(self, member: _Membership) -> None:
        self._database.execute(
            "INSERT INTO members VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET seen = ?4",
            (member.group, member.name, " ".join(member.topics), time.monotonic()),
        )

    def _leave(self, member: _Membership) -> None:
        member.left.set()
        if member not in self._memberships:
            return
        self._memberships.remove(member)
        try:
            with self._translated(), transaction(self._database):
                for statement in (
                    "DELETE FROM members WHERE team = ? AND member = ?",
                    "UPDATE progress SET owner = NULL WHERE team = ? AND owner = ?",
                ):
                    self._database.execute(statement, (member.group, member.name))
        except BusUnavailable as trouble:
            _log.warning(
                "group not left cleanly; the lease will run out", group=member.group, reason=str(trouble)
            )

    def _share(self, member: _Membership) -> bool:
        """Give back and take over what the living members' shares say; True if anything changed."""
        with self._translated():
            with transaction(self._database, writes=False):
                if not self._moves(member):
                    return False
            with transaction(self._database):
                self._renew(member)
                todo = self._moves(member)
                for name in todo.gone:
                    self._database.execute(
                        "DELETE FROM members WHERE team = ? AND member = ?", (member.group, name)
                    )
                for slot in todo.give:
                    self._database.execute(
                        "UPDATE progress SET owner = NULL WHERE team = ? AND slot = ?", (member.group, slot)
                    )
                for slot in todo.take:
                    member.positions.pop(slot, None)
                    self._database.execute(
                        "INSERT INTO progress (team, slot, owner) VALUES (?1, ?2, ?3) "
                        "ON CONFLICT DO UPDATE SET owner = ?3",
                        (member.group, slot, member.name),
                    )
        return True

    def _moves(self, member: _Membership) -> Moves:
        rows = self._database.execute(
            "SELECT member, topics, seen FROM members WHERE team = ?", (member.group,)
        )
        leases = {
            name: Lease(tuple(topics.split()), NEVER if _dead(name) else seen) for name, topics, seen in rows
        }
        read = {*member.topics, *(topic for lease in leases.values() for topic in lease.topics)}
        owners = self._database.execute("SELECT slot, owner FROM progress WHERE team = ?", (member.group,))
        return moves(
            member.name,
            member.topics,
            leases,
            {topic: self._slots_of(topic, make=False) for topic in read},
            dict(owners),
            time.monotonic(),
        )

    def _keep_alive(self, member: _Membership) -> None:
        """Renew the lease from a thread and a connection of its own, as long as the reader comes back."""
        database: apsw.Connection | None = None
        while not member.left.wait(BEAT_SECONDS):
            if time.monotonic() - member.polled > MAX_BATCH_SECONDS:
                continue
            try:
                with self._translated():
                    database = database or connect(self.path, BusUnavailable, cache_mib=1)
                    database.execute(  # never INSERT: a member that has just left must not come back
                        "UPDATE members SET seen = ? WHERE team = ? AND member = ?",
                        (time.monotonic(), member.group, member.name),
                    )
            except BusUnavailable as trouble:
                _log.warning("lease not renewed", group=member.group, reason=str(trouble))
        if database is not None:
            database.close()

    # Forgetting

    def _done(self, group: str, slot: int) -> int:
        found = self._database.execute(
            "SELECT done FROM progress WHERE team = ? AND slot = ?", (group, slot)
        ).fetchone()
        return int(found[0]) if found else 0

    def _first(self, slot: int) -> int | None:
        base = slot << _SLOT_SHIFT
        found = self._database.execute(
            "SELECT id FROM messages WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
            (base, (slot + 1) << _SLOT_SHIFT),
        ).fetchone()
        return int(found[0]) - base if found else None

    def _trim(self) -> None:
        """Forget, a chunk at a time, what every group has committed and is old, or too much for the file."""
        self._trimmed = time.monotonic()
        try:
            with self._translated():
                for slot in [slot for slots in self._slots.values() for slot in slots]:
                    for _ in range(TRIM_CHUNKS):
                        if not self._trim_chunk(slot):
                            break
        except BusUnavailable as trouble:
            _log.warning("nothing trimmed this time", reason=str(trouble))

    def _trim_chunk(self, slot: int) -> bool:
        with transaction(self._database):
            first = self._first(slot)
            if first is None:
                return False
            base = slot << _SLOT_SHIFT
            last = self._database.execute(
                "SELECT id, at FROM messages WHERE id >= ? AND id < ? ORDER BY id LIMIT 1 OFFSET ?",
                (base, (slot + 1) << _SLOT_SHIFT, TRIM_CHUNK - 1),
            ).fetchone()
            if last is None:
                return False
            slowest = self._database.execute(
                "SELECT min(done) FROM progress WHERE slot = ?", (slot,)
            ).fetchone()
            read_by_all = slowest is not None and slowest[0] is not None and slowest[0] > last[0] - base
            never_read = slowest is None or slowest[0] is None
            old = last[1] < time.time() - KEEP_SECONDS
            if not (
                (old and (read_by_all or never_read)) or (read_by_all and self._bytes_used() > KEEP_BYTES)
            ):
                return False
            self._database.execute("DELETE FROM messages WHERE id >= ? AND id <= ?", (base, last[0]))
            return True

    def _bytes_used(self) -> int:
        pages = self._database.pragma("page_count") - self._database.pragma("freelist_count")
        return int(pages * self._database.pragma("page_size"))
