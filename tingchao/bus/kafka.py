"""The bus on Kafka: an idempotent producer, and consumers that commit by hand.

Groups, rebalance and fencing are Kafka's own. A producer that failed to deliver is thrown away, so that
nothing it still holds is mistaken for published.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import stamina
import structlog
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    MessageSizeTooLargeError,
    RebalanceInProgressError,
    RetriableError,
    TopicAlreadyExistsError,
    UnknownMemberIdError,
)

from tingchao.bus import TOPICS, Batch, Message
from tingchao.bus.limits import MAX_VALUE_BYTES, PARTITIONS, check_topic, checked_key
from tingchao.errors import BadRecord, BadSetting, BusUnavailable

ANSWER_SECONDS = 5.0
"""How long a first answer is waited for."""

REQUEST_MS = 10_000
DELIVERY_MS = 20_000
"""Shorter than a flush waits, so that a flush meets failures rather than silence."""

LINGER_MS = 5
SENDS_BETWEEN_CHECKS = 20_000
REPLICAS = 3

SESSION_MS = 10_000
HEARTBEAT_MS = 1_000
MAX_BATCH_MS = 300_000
COMMIT_SECONDS = 15.0
IDLE_SECONDS, MOST_IDLE_SECONDS = 10.0, 300.0
CLOSE_SECONDS = 5.0

_LOST = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)
_log = structlog.get_logger("bus")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a batch covers: for each partition the offset after its last message."""

    consumer: Any
    ends: Mapping[Any, int]


@dataclass(slots=True)
class _Patience:
    """When a member that does not thrive should join anew: it has no partitions, or its last commit was refused.

    A client that leads its group before it knows a new topic deals out nothing, and may never notice; one whose
    commit was refused may go on behind the messages it did not commit. A member that is simply one too
    many has no partitions either, so each wait is twice the one before.
    """

    bound: float = IDLE_SECONDS
    since: float | None = None

    def ended(self, thrives: bool, now: float) -> bool:
        if thrives:
            self.bound, self.since = IDLE_SECONDS, None
        elif self.since is None:
            self.since = now
        elif now - self.since > self.bound:
            self.bound, self.since = min(2 * self.bound, MOST_IDLE_SECONDS), now
            return True
        return False


class KafkaBus:
    """A `Bus` on the brokers at `servers`, as host:port with commas between. One instance belongs to one thread."""

    def __init__(self, servers: str) -> None:
        self.servers = _checked_servers(servers)
        self._known: set[str] = set()
        self._sent: list[Any] = []
        self._producer: Any = None
        self._retired: list[Any] = []
        self._consumers: list[Any] = []
        self._refused: set[Any] = set()
        """Consumers whose last commit was refused."""
        self._admin: Any = self._reach(KafkaAdminClient, request_timeout_ms=REQUEST_MS)
        self._make_topics(TOPICS)

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """As the door says; every send is checked by `flush`. Raises `BadRecord`, `BusUnavailable`."""
        if topic not in self._known:
            self._make_topics([topic])
        name = checked_key(key, value)
        producer = self._producer or self._open_producer()
        try:
            self._sent.append(producer.send(topic, value=value, key=name))
        except MessageSizeTooLargeError as error:
            raise BadRecord(f"message of {len(value):,} bytes: {error}") from error
        except KafkaError as error:
            self._drop_producer()
            raise self._unavailable(f"a message was not taken: {error}") from error
        if len(self._sent) >= SENDS_BETWEEN_CHECKS:
            self.flush()

    def flush(self, timeout: float = 30.0) -> None:
        """Wait for the brokers to have it all. Raises `BusUnavailable` if one message was not acknowledged."""
        sent, self._sent = self._sent, []
        if not sent:
            return
        try:
            self._producer.flush(timeout)
            for future in sent:
                if not future.is_done:
                    future.get(timeout)
                elif future.exception is not None:
                    raise future.exception
        except KafkaError as error:
            self._drop_producer()
            raise self._unavailable(f"published messages were not acknowledged: {error}") from error

    def subscribe(
        self, topics: Sequence[str], group: str, *, max_messages: int = 500, wait: float = 0.5
    ) -> Iterator[Batch]:
        """As the door says."""
        consumer: Any = None
        patience = _Patience()
        try:
            while True:
                try:
                    if consumer is not None and patience.ended(self._thrives(consumer), monotonic()):
                        _log.warning("no partition or no commit for long; joining again", group=group)
                        self._close_consumer(consumer)
                        consumer = None
                    if consumer is None:
                        consumer = self._open_consumer(topics, group, max_messages)
                    records = consumer.poll(timeout_ms=int(wait * 1000), max_records=max_messages)
                    batch = _batch(consumer, records)
                except (KafkaError, BusUnavailable) as trouble:
                    _log.warning("bus not usable; waiting", group=group, reason=str(trouble))
                    sleep(wait)
                    batch = Batch(())
                yield batch
        finally:
            if consumer is not None:
                self._close_consumer(consumer)

    def commit(self, batch: Batch) -> bool:
        """As the door says. Raises `BusUnavailable` if no broker took the commit in time."""
        reading = batch.subscription
        if not isinstance(reading, _Reading):
            return True
        owned = reading.consumer.assignment()
        ends = {part: OffsetAndMetadata(end, "", -1) for part, end in reading.ends.items() if part in owned}
        try:
            if ends:
                reading.consumer.commit(ends, timeout_ms=int(COMMIT_SECONDS * 1000))
        except _LOST:
            self._refused.add(reading.consumer)
            return False
        except KafkaError as error:
            raise self._unavailable(f"a commit was not taken: {error}") from error
        if len(ends) < len(reading.ends):
            self._refused.add(reading.consumer)
            return False
        self._refused.discard(reading.consumer)
        return True

    def _thrives(self, consumer: Any) -> bool:
        return bool(consumer.assignment()) and consumer not in self._refused

    def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        """Messages not yet committed by `group`, per topic; those that expired before it came do not count."""
        self._make_topics(topics)
        with self._answering("lag"):
            described = self._admin.describe_topics(list(topics))
            parts = [
                TopicPartition(topic["name"], part["partition_index"])
                for topic in described
                for part in topic["partitions"]
            ]
            last = self._admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
            first = self._admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.EARLIEST))
            for attempt in stamina.retry_context(RetriableError, timeout=REQUEST_MS / 1000):
                with attempt:  # A fresh broker has no coordinator until its own topic for offsets is made.
                    done = self._admin.list_group_offsets({group: parts}).get(group, {})
        waiting = dict.fromkeys(topics, 0)
        for part in parts:
            committed = done[part].offset if part in done else -1
            waiting[part.topic] += max(0, last[part].offset - max(committed, first[part].offset))
        return waiting

    def close(self) -> None:
        """Flush, leave the groups and close all connections, each within a bound."""
        try:
            self.flush()
        finally:
            for consumer in [*self._consumers]:
                self._close_consumer(consumer)
            self._drop_producer()
            self._admin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_topics(self, topics: Iterable[str]) -> None:
        wanted = set(topics) - self._known
        if not wanted:
            return
        for topic in wanted:
            check_topic(topic)
        with self._answering("its topics"):
            missing = wanted.difference(self._admin.list_topics())
            replicas = min(REPLICAS, len(self._admin.describe_cluster()["brokers"]))
            shape = {"num_partitions": PARTITIONS, "replication_factor": replicas}
            with suppress(TopicAlreadyExistsError):
                if missing:
                    self._admin.create_topics(dict.fromkeys(missing, shape))
            self._admin.wait_for_topics(sorted(wanted))
        self._known |= wanted

    def _open_producer(self) -> Any:
        self._producer = self._reach(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            max_request_size=MAX_VALUE_BYTES + 48_000,
            linger_ms=LINGER_MS,
            batch_size=131_072,
            request_timeout_ms=REQUEST_MS,
            delivery_timeout_ms=DELIVERY_MS,
            max_block_ms=int(ANSWER_SECONDS * 1000),
            metrics_enabled=False,
        )
        return self._producer

    def _drop_producer(self) -> None:
        """Close the producer; one that still holds messages refuses, and is tried again later."""
        if self._producer is not None:
            self._retired.append(self._producer)
        self._producer = None
        self._sent.clear()
        self._retired = [producer for producer in self._retired if not _closed(producer)]

    def _open_consumer(self, topics: Sequence[str], group: str, most: int) -> Any:
        self._make_topics(topics)
        consumer = self._reach(
            KafkaConsumer,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_poll_records=most,
            max_poll_interval_ms=MAX_BATCH_MS,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_partition_fetch_bytes=MAX_VALUE_BYTES + 48_000,
            metrics_enabled=False,
        )
        self._consumers.append(consumer)
        try:
            with self._answering("its topics"):
                for topic in topics:
                    consumer.partitions_for_topic(topic)  # it must know them before it deals them out
                consumer.subscribe(list(topics))
        except BusUnavailable:
            self._close_consumer(consumer)
            raise
        return consumer

    def _close_consumer(self, consumer: Any) -> None:
        if consumer not in self._consumers:
            return
        self._consumers.remove(consumer)
        self._refused.discard(consumer)
        try:
            consumer.close(autocommit=False, timeout_ms=int(CLOSE_SECONDS * 1000))
        except KafkaError as trouble:
            _log.warning("group not left cleanly; the session will run out", reason=str(trouble))

    def _reach(self, client: Callable[..., Any], **options: Any) -> Any:
        before = monotonic()
        try:
            return client(
                bootstrap_servers=self.servers.split(","),
                bootstrap_timeout_ms=int(ANSWER_SECONDS * 1000),
                client_id="tingchao",
                **options,
            )
        except (KafkaError, OSError) as error:
            raise self._unavailable(f"nobody answered within {monotonic() - before:.0f} s") from error

    @contextmanager
    def _answering(self, about: str) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise self._unavailable(f"asked for {about}, it answered: {error}") from error

    def _unavailable(self, reason: str) -> BusUnavailable:
        return BusUnavailable(
            f"kafka://{self.servers}: {reason}. Start the broker (for a local one: tingchao services up) "
            "or set TINGCHAO_BUS to one that runs"
        )


def _closed(producer: Any) -> bool:
    try:
        producer.close(timeout=1.0)
    except KafkaError:
        return False
    return True


def _batch(consumer: Any, records: Mapping[Any, list[Any]]) -> Batch:
    if not records:
        return Batch(())
    messages = tuple(
        Message(
            record.topic,
            record.key.decode("utf-8", "replace") if record.key else "",
            record.value or b"",
            record.partition,
            record.offset,
        )
        for run in records.values()
        for record in run
    )
    return Batch(messages, _Reading(consumer, {part: run[-1].offset + 1 for part, run in records.items()}))


def _checked_servers(servers: str) -> str:
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65_536:
            raise BadSetting(
                f"TINGCHAO_BUS='kafka://{servers}': {server!r} is not HOST:PORT, such as kafka1:9092"
            )
    return ",".join(server.strip() for server in servers.split(","))
