"""The one loop that all workers share.

subscribe → handle → publish → flush → checkpoint → commit: nothing is forgotten before its effects are durable.
Whatever is done twice after a crash is harmless: messages carry keys that readers know again, the store
knows ids and revisions, `alert` counts sets. A record that cannot be read goes to `mentions.dead` with its
reason; too many of them stop the worker. When the bus or the store does not answer, the loop waits, tells the
worker to forget what it holds in memory, and reads again from the last commit.
"""

import base64
import codecs
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import structlog

from tingchao.bus import DEAD, Batch, Bus, Message
from tingchao.counters import KIND, Counters, State
from tingchao.errors import BadRecord, NeedsPerson, StaleVersion, Unavailable
from tingchao.store import Store

log = structlog.get_logger("stream")

FLUSH_WITHIN = 5.0
REPORT_EVERY = 2.0
LAG_EVERY = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
KEPT_OF_DEAD = 4_096
MOST_OF_KEY = 1_000
POISON_LIMIT, POISON_OF = 1_000, 100_000

Outgoing = tuple[str, str, bytes]
"""Topic, key and value of a message to publish."""


class Poisoned(NeedsPerson):
    """So many records cannot be read that the fault is ours: shelving them all would hide it."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that will never work, and why."""

    message: Message
    reason: str


@dataclass(frozen=True, slots=True)
class Output:
    """What came of a batch: messages to publish, dead letters, and drops counted by reason."""

    messages: Sequence[Outgoing] = ()
    dead: Sequence[Dead] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


NOTHING = Output()


class Worker:
    """What the loop runs. `name` is its consumer group; `reads` the topics of the bus."""

    name: str
    reads: tuple[str, ...]
    max_messages = 500
    wait = 0.25
    checkpoint_every = 0.0
    """Least seconds between two checkpoints; commits wait for them. 0: one with each batch."""

    def handle(self, messages: Sequence[Message]) -> Output:
        """Messages in, messages out. What it writes to a store must be harmless when written again.

        Raises `Unavailable` where a door does not answer: the batch will come again.
        """
        raise NotImplementedError

    def tick(self, now: datetime) -> Output:  # noqa: ARG002
        """Time has passed; called after every batch and while there is none."""
        return NOTHING

    def checkpoint(self) -> None:
        """Make durable whatever the coming commit would let be forgotten."""

    def reset(self) -> None:
        """Forget what is only in memory: all since the last commit will come again."""

    def close(self) -> None:
        """End threads and connections of its own."""


class Poison:
    """Counts bad records; more than 1 % of the last 100,000 (so also 1,001 in a row) raise `Poisoned`."""

    def __init__(self) -> None:
        self._seen = 0
        self._bad: deque[int] = deque()

    def count(self, worker: str, seen: int, dead: Sequence[Dead]) -> None:
        self._seen += seen
        self._bad.extend([self._seen] * len(dead))
        while self._bad and self._bad[0] <= self._seen - POISON_OF:
            self._bad.popleft()
        if len(self._bad) > POISON_LIMIT:
            raise Poisoned(
                f"worker {worker}: {len(self._bad):,} of the last {min(self._seen, POISON_OF):,} records cannot be "
                f"read, the newest because of: {dead[-1].reason}. Look at what wrote them before starting again"
            )


def run(
    worker: Worker,
    bus: Bus,
    counters: Counters,
    *,
    stop: threading.Event,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run `worker` on `bus` until `stop` is set. Raises `Poisoned`; a door that is shut is waited for."""
    poison = Poison()
    pause = FIRST_PAUSE
    while not stop.is_set():
        done = counters.seen
        try:
            _flow(worker, bus, counters, poison, stop, now, clock)
        except (Unavailable, StaleVersion) as error:
            worker.reset()
            counters.failed(str(error))
            pause = FIRST_PAUSE if counters.seen > done else min(pause * 2, LONGEST_PAUSE)
            log.warning("waiting", worker=worker.name, seconds=pause, reason=str(error))
            stop.wait(pause)
    counters.state = State.STOPPED


def _flow(
    worker: Worker,
    bus: Bus,
    counters: Counters,
    poison: Poison,
    stop: threading.Event,
    now: Callable[[], datetime],
    clock: Callable[[], float],
) -> None:
    held: list[Batch] = []
    checkpoint_due = lag_due = clock()
    subscription = bus.subscribe(
        worker.reads, worker.name, max_messages=worker.max_messages, wait=worker.wait
    )
    with closing(_closable(subscription)) as batches:
        for batch in batches:
            if stop.is_set():
                break
            outputs = [worker.handle(batch.messages)] if batch else []
            outputs.append(worker.tick(now()))
            dead = [letter for output in outputs for letter in output.dead]
            poison.count(worker.name, len(batch.messages), dead)
            messages = [message for output in outputs for message in output.messages]
            dead += _publish(bus, messages)
            _shelve(bus, worker.name, dead, now())
            if messages or dead:
                bus.flush(FLUSH_WITHIN)
            held.append(batch)
            if clock() >= checkpoint_due:
                checkpoint_due = _commit(worker, bus, held, clock)
            dropped = sum((Counter(output.dropped) for output in outputs), Counter[str]())
            counters.batch(len(batch.messages), len(messages), dropped, len(dead), now())
            if clock() >= lag_due:
                counters.lag = sum(bus.lag(worker.name, worker.reads).values())
                lag_due = clock() + LAG_EVERY
        _commit(worker, bus, held, clock)


def _closable(batches: Iterator[Batch]) -> Generator[Batch, None, None]:
    """The same batches; closing it closes the subscription, whatever kind of iterator that is."""
    try:
        yield from batches
    finally:
        close = getattr(batches, "close", None)
        if close:
            close()


def _commit(worker: Worker, bus: Bus, held: list[Batch], clock: Callable[[], float]) -> float:
    """Checkpoint, then commit; returns when the next checkpoint is due. Checkpoints take at most a tenth of the time."""
    began = clock()
    worker.checkpoint()
    took = clock() - began
    for batch in held:
        if batch and not bus.commit(batch):
            log.info("partitions lost, another worker reads the batch again", worker=worker.name)
    held.clear()
    return began + max(worker.checkpoint_every, 10 * took if worker.checkpoint_every else 0.0)


def _publish(bus: Bus, messages: Sequence[Outgoing]) -> list[Dead]:
    """Hand the messages to the bus; those it will never take come back as dead letters."""
    refused = []
    for topic, key, value in messages:
        try:
            bus.publish(topic, key, value)
        except BadRecord as error:
            refused.append(Dead(Message(topic, key, value), str(error)))
    return refused


def _shelve(bus: Bus, worker: str, dead: Sequence[Dead], at: datetime) -> None:
    for letter in dead:
        message = letter.message
        bus.publish(
            DEAD,
            _clean(f"{message.topic}/{message.partition}/{message.offset}/{message.key}", MOST_OF_KEY),
            dead_letter(letter, worker, at),
        )
        log.warning(
            "dead letter", worker=worker, topic=message.topic, offset=message.offset, reason=letter.reason
        )


def dead_letter(letter: Dead, worker: str, at: datetime) -> bytes:
    """The JSON on the shelf: where the record lay, why it is here, and its first 4 KiB (`text`, or `base64`)."""
    message = letter.message
    head = message.value[:KEPT_OF_DEAD]
    body = {
        "reason": _clean(letter.reason, 4_000),
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "key": _clean(message.key, MOST_OF_KEY),
        "worker": worker,
        "at": at.isoformat(),
        "bytes": len(message.value),
    }
    try:
        # Not final: the decoder then forgives the character that the cut at 4 KiB broke, and only that one.
        body["text"] = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < KEPT_OF_DEAD)
    except UnicodeDecodeError:
        body["base64"] = base64.b64encode(head).decode("ascii")
    return msgspec.json.encode(body)


def _clean(text: str, most: int) -> str:
    """At most `most` bytes of UTF-8; a key that was no text has ? for what could not be read."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


class Reporter(threading.Thread):
    """Writes the counters of this process's workers to the store every two seconds; failing to is only logged."""

    def __init__(self, store: Store, counters: Sequence[Counters], stop: threading.Event) -> None:
        super().__init__(name="reporter", daemon=True)
        self._store = store
        self._counters = counters
        self._stop_asked = stop

    def run(self) -> None:
        while not self._stop_asked.wait(REPORT_EVERY):
            self.report()

    def report(self) -> None:
        """Write them now."""
        for counters in self._counters:
            try:
                self._store.put(KIND, counters.name, counters.body(datetime.now(UTC), time.monotonic()))
            except (Unavailable, StaleVersion) as error:
                log.warning("counters not reported", worker=counters.name, reason=str(error))
                return
