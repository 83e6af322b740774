"""The Kafka door while the broker goes away, comes back, or stands still."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local import Services
from tingchao.bus import Batch, Bus, open_bus
from tingchao.errors import BusUnavailable

pytestmark = [pytest.mark.services, pytest.mark.slow]


@pytest.fixture
def broker(tmp_path: Path, kafka_address: str) -> Iterator[Services]:
    """A broker that the test may stop; `kafka_address` says that this machine can start one."""
    services = Services(tmp_path / "services", kafka_heap="256m")
    services.up(elasticsearch=False)
    yield services
    services.down(purge=True)


def publish(bus: Bus, *values: bytes) -> None:
    for value in values:
        bus.publish("flow", value.decode(), value)
    bus.flush()


def read(reading: Iterator[Batch], bus: Bus, wanted: set[bytes]) -> None:
    """Read and commit until everything wanted came, within a bounded number of batches."""
    missing = set(wanted)
    for _ in range(200):
        batch = next(reading)
        missing -= {message.value for message in batch.messages}
        if batch:
            assert bus.commit(batch)
        if not missing:
            return
    raise AssertionError(f"{missing} never came")


def stand_still(pid: int, within_seconds: float = 30) -> None:
    """Stop the process. A thread serves on until the kernel has stopped it, so this waits for the last of them."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + within_seconds
    threads = Path(f"/proc/{pid}/task")
    while any(_runs(each / "stat") for each in threads.iterdir()):
        assert time.monotonic() < end, f"process {pid} was told to stop and did not within {within_seconds} s"
        time.sleep(0.01)


def _runs(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "T"
    except (FileNotFoundError, ProcessLookupError):  # this thread ended between the listing and the look
        return False


def test_a_stopped_broker_fails_the_flush_and_its_return_is_ridden_out(broker: Services):
    address = broker.up(elasticsearch=False).bus
    with (
        open_bus(address) as bus,
        open_bus(address) as other,
        closing(other.subscribe(["flow"], "readers")) as reading,
    ):
        publish(bus, b"before")
        read(reading, other, {b"before"})
        broker.down()

        bus.publish("flow", "key", b"lost")
        with pytest.raises(BusUnavailable, match="not acknowledged"):
            bus.flush(timeout=3)
        assert not next(reading)

        assert broker.up(elasticsearch=False).bus == address
        publish(bus, b"after")
        read(reading, other, {b"after"})


def test_a_broker_that_stands_still_for_a_while_loses_nothing(broker: Services):
    address = broker.up(elasticsearch=False).bus
    (standing,) = broker.status()
    with open_bus(address) as bus, closing(bus.subscribe(["flow"], "readers")) as reading:
        publish(bus, b"before")
        read(reading, bus, {b"before"})

        stand_still(standing.pid)
        bus.publish("flow", "key", b"meanwhile")
        with pytest.raises(BusUnavailable):
            bus.flush(timeout=2)
        os.kill(standing.pid, signal.SIGCONT)

        publish(bus, b"meanwhile", b"after")
        read(reading, bus, {b"meanwhile", b"after"})


def test_closing_while_the_broker_is_gone_ends_within_a_bound(broker: Services):
    address = broker.up(elasticsearch=False).bus
    bus = open_bus(address)
    publish(bus, b"before")
    reading = bus.subscribe(["flow"], "readers")
    read(reading, bus, {b"before"})
    broker.down()

    bus.publish("flow", "key", b"lost")
    with pytest.raises(BusUnavailable):
        bus.flush(timeout=1)
    bus.close()
