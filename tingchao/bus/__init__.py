"""The bus: keyed messages that survive a crash, in order per key.

`Bus` is the door; `kafka.py` and `sqlite.py` stand behind it, and one contract suite
(`tests/contract/test_bus.py`) runs on both. `open_bus` chooses by address.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import msgspec

from tingchao.errors import BadSetting, without_password

RAW = "mentions.raw"
ENRICHED = "mentions.enriched"
OBSERVATIONS = "observations"
ALERTS = "alerts"
DEAD = "mentions.dead"
TOPICS = (RAW, ENRICHED, OBSERVATIONS, ALERTS, DEAD)


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message as it was read: where it lies on the bus, its key and its bytes."""

    topic: str
    key: str
    value: bytes
    partition: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read gave, possibly nothing; `commit` it once its effects are durable."""

    messages: tuple[Message, ...]
    subscription: object = None
    """The implementation's own handle; callers pass it back untouched."""

    def __bool__(self) -> bool:
        return bool(self.messages)


class Bus(Protocol):
    """The door. One instance belongs to one thread."""

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Hand over a message; it is durable only after `flush`.

        Raises `BadRecord` where the message is larger than the bus takes, `BusUnavailable`.
        """
        ...

    def flush(self, timeout: float = 30.0) -> None:
        """Wait until everything published is durable.

        Raises `BusUnavailable` if any of it is not; then none of it counts as published, and the caller
        must not commit what it was made from. Publishing again is safe: readers drop repeats by key.
        """
        ...

    def subscribe(
        self, topics: Sequence[str], group: str, *, max_messages: int = 500, wait: float = 0.5
    ) -> Iterator[Batch]:
        """Read `topics` as a member of `group`, from the last commit, or from the start.

        Yields a batch as soon as there are messages, and an empty one after `wait` seconds without any, so
        that the caller can look at its clock. Each partition (so each key) is read by one member at a time,
        in order. Closing the iterator leaves the group. A bus that restarts is waited for, with a log
        line, not raised.
        """
        ...

    def commit(self, batch: Batch) -> bool:
        """Remember that `batch` is done. False: the member had lost its partitions meanwhile, another
        will read the batch again, and that must be harmless. Raises `BusUnavailable` if nobody takes it."""
        ...

    def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        """Messages not yet committed by `group`, per topic."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_bus(address: str) -> Bus:
    """Open the bus at `sqlite:///PATH` or `kafka://HOST:PORT[,HOST:PORT]`, making its topics if needed.

    Raises `BadSetting` for another address, `BusUnavailable` if nobody answers within 10 seconds.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "sqlite" and rest.strip("/"):
        from tingchao.bus.sqlite import SqliteBus

        return SqliteBus(rest.removeprefix("/"))
    if separator and scheme == "kafka" and rest:
        from tingchao.bus.kafka import KafkaBus

        return KafkaBus(rest)
    raise BadSetting(
        f"TINGCHAO_BUS={without_password(address)!r}: no bus speaks {scheme!r}. Use sqlite:///PATH or kafka://HOST:9092"
    )
