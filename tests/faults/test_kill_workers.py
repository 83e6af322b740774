"""`kill -9` of each worker while mentions flow through the embedded bus and store: the four sums hold."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.stream.doors import NOON, mention
from tingchao.alerts import desk
from tingchao.bus import ALERTS, DEAD, ENRICHED, OBSERVATIONS, RAW, Bus, open_bus
from tingchao.mention import Mention, encode
from tingchao.store import Scope, Store, open_store
from tingchao.watchlist import Topic, Watchlist, save

ROOT = Path(__file__).resolve().parents[2]
READS = {"enrich": RAW, "index": ENRICHED, "alert": OBSERVATIONS, "notify": ALERTS}
MATCHED, BURST, OTHER, BAD = 1_200, 200, 300, 20
WITHIN = 90.0


class Site:
    """A home folder with a bus, a store and a watchlist, and the workers that run on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bus_address = f"sqlite:///{home / 'bus.db'}"
        self.store: Store = open_store(f"sqlite:///{home / 'store.db'}")
        save(self.store, Watchlist((Topic(id="nova", name="新星", role="brand"),)), 0)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.notices: list[dict[str, object]] = []

    def start(self, name: str) -> None:
        env = {
            **os.environ,
            "TINGCHAO_CLOCK": "events",
            "PYTHONPATH": str(ROOT),
            "TINGCHAO_BUS": "",
            "TINGCHAO_STORE": "",
        }
        with (self.home / f"{name}.out").open("ab") as output:
            self.running[name] = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/faults/part.py"), name, str(self.home)],
                cwd=ROOT, env=env, stdout=output, stderr=output,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        process = self.running[name]
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.store.close()

    def lag(self, bus: Bus) -> int:
        return sum(
            sum(bus.lag(group, [topic]).values()) for group, topic in READS.items() if group in self.running
        )

    def seen(self, bus: Bus, group: str) -> int:
        return MATCHED + OTHER + BAD - bus.lag(group, [READS[group]])[READS[group]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.stop()


def until(true: Callable[[], object], site: Site) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        if time.monotonic() > deadline:
            logs = "\n".join(f"{each.name}:\n{each.read_text()[-1500:]}" for each in site.home.glob("*.out"))
            pytest.fail(f"it did not happen within {WITHIN:.0f} seconds\n{logs}")
        time.sleep(0.02)


def story() -> list[Mention]:
    """Two quiet days, then a burst: what is watched, among what is not."""
    chance = random.Random(11)
    mentions = [
        mention(
            n,
            f"新星的第{n}天，{'冒烟了' if n % 4 == 0 else '很好用'}",
            at=NOON - timedelta(minutes=2 * (MATCHED - BURST - n)),
        )
        for n in range(MATCHED - BURST)
    ]
    mentions += [
        mention(10_000 + n, f"新星冒烟了，第{n}个", at=NOON + timedelta(seconds=3 * n)) for n in range(BURST)
    ]
    mentions += [mention(20_000 + n, f"别的事{n}", at=NOON - timedelta(minutes=n)) for n in range(OTHER)]
    return sorted(
        (replace(each, captured_at=each.published_at) for each in mentions),
        key=lambda each: (each.captured_at, chance.random()),
    )


def publish(site: Site) -> None:
    with open_bus(site.bus_address) as bus:
        for number, each in enumerate(story()):
            bus.publish(RAW, each.id, encode(each))
            if number % 75 == 0:
                bus.publish(RAW, f"bad{number}", b'{"v": 2, "id": ')
        bus.flush()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["enrich", "index", "alert"])
def test_the_sums_hold_with_a_worker_killed_again_and_again(site: Site, name: str) -> None:
    publish(site)
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    chance = random.Random(seed)

    with open_bus(site.bus_address) as bus:
        for each in ("enrich", "index", "alert"):
            site.start(each)
        for _ in range(4):
            lag = bus.lag(name, [READS[name]])[READS[name]]
            until(
                lambda before=lag: bus.lag(name, [READS[name]])[READS[name]] != before or site.lag(bus) == 0,
                site,
            )  # type: ignore[misc]
            time.sleep(chance.random() * 0.05)
            site.kill(name)
            site.start(name)
        until(lambda: bus.lag("enrich", [RAW])[RAW] == 0 and site.lag(bus) == 0, site)

        shelf = [json.loads(message.value) for batch in _read_all(bus, DEAD) for message in batch]
    assert site.store.count(Scope()) == MATCHED, "every matched mention once"
    assert len({(letter["partition"], letter["offset"]) for letter in shelf}) == BAD, (
        "every bad record on the shelf"
    )
    assert {letter["topic"] for letter in shelf} == {RAW}
    alerts = desk.alerts(site.store)
    assert len(alerts) == 1, "one alert"
    assert NOON <= alerts[0].raised_at <= NOON + timedelta(minutes=10)
    remembered = site.store.find("alert_state:nova", "now")
    assert remembered
    burst = [each for each in remembered.body["buckets"] if each["number"] * 300 >= NOON.timestamp()]
    assert sum(each["negative"] for each in burst) == BURST, "the burst was counted, and once"


@pytest.mark.slow
def test_sigterm_ends_a_worker_in_ten_seconds_and_nothing_is_lost(site: Site) -> None:
    publish(site)
    with open_bus(site.bus_address) as bus:
        site.start("enrich")
        full = bus.lag("enrich", [RAW])[RAW]
        until(lambda: bus.lag("enrich", [RAW])[RAW] < full, site)
        site.running["enrich"].terminate()
        assert site.running["enrich"].wait(10) == 0
        for each in ("enrich", "index"):
            site.start(each)
        until(
            lambda: bus.lag("enrich", [RAW])[RAW] == 0 and bus.lag("index", [ENRICHED])[ENRICHED] == 0, site
        )

    assert site.store.count(Scope()) == MATCHED
    until(lambda: {document.id for document in site.store.documents("worker")} == {"enrich", "index"}, site)


def _read_all(bus: Bus, topic: str) -> Iterator[tuple[object, ...]]:
    for batch in bus.subscribe([topic], "test", wait=1.0):
        if not batch:
            return
        yield batch.messages
