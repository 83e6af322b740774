"""Real posts through real doors: what the store holds is what a count made without our code says.

The texts are research copies beside the checkout and never part of it. Every process is the product's own
command, started as an operator would.
"""

import gzip
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local import Services
from tests.conftest import lacking
from tingchao.alerts import desk
from tingchao.bus import ALERTS, ENRICHED, OBSERVATIONS, RAW, open_bus
from tingchao.errors import BadSetting, Unavailable
from tingchao.query import parse
from tingchao.store import Scope, Store, open_store

pytestmark = [pytest.mark.replay, pytest.mark.slow, pytest.mark.timeout(900)]

EVENTS = "weibo_2022_09_events.jsonl.gz"
THREADS = "weibo_2020_covid_threads.jsonl.gz"
EVENTS_WATCHLIST = """
topics:
  - {id: liyifeng, name: 李易峰, role: brand, query: '李易峰'}
  - {id: luding, name: 泸定地震, role: industry, query: '泸定 OR 地震'}
"""
KILL_WATCHLIST = "topics: [{id: liyifeng, name: 李易峰, role: brand}]"
THREADS_WATCHLIST = """
topics:
  - {id: wuhan, name: 武汉, role: industry, query: '武汉'}
  - {id: zhong, name: 钟南山, role: brand, query: '钟南山'}
  - {id: shunfeng, name: 顺丰, role: brand, query: '顺丰'}
"""
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
WAIT = 420.0


def texts(file: Path) -> dict[str, str]:
    """Post id to text, by nothing but gzip, json and NFKC."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: INVISIBLE.sub("", unicodedata.normalize("NFKC", row["text"])) for row in rows}


def naming(posts: dict[str, str], *names: str) -> set[str]:
    return {id for id, text in posts.items() if any(name in text for name in names)}


class Running:
    """The product's commands on one home folder, each ended by its own handle."""

    def __init__(self, home: Path, watchlist: str, bus: str, store: str) -> None:
        home.mkdir(exist_ok=True)
        (home / "watchlist.yaml").write_text(watchlist, "utf-8")
        self.bus, self.store = (
            bus or f"sqlite:///{home / 'bus.db'}",
            store or f"sqlite:///{home / 'store.db'}",
        )
        self.env = {
            **os.environ,
            "TINGCHAO_HOME": str(home),
            "TINGCHAO_BUS": self.bus,
            "TINGCHAO_STORE": self.store,
            "TINGCHAO_CLOCK": "events",
            "TINGCHAO_THREADS": "2",
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self._log = (home / "out.log").open("ab")
        self.run("watchlist", "load", str(home / "watchlist.yaml"))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tingchao.cli", *arguments]

    def run(self, *arguments: str) -> None:
        subprocess.run(
            self.command(*arguments),
            env=self.env,
            check=True,
            timeout=WAIT,
            stdout=self._log,
            stderr=self._log,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(self.command(*arguments), env=self.env, stdout=self._log, stderr=self._log)
        self.processes.append(process)
        return process

    def wait_until_done(self) -> None:
        """Nothing waits on the bus for any worker."""
        reads = {"enrich": RAW, "index": ENRICHED, "alert": OBSERVATIONS, "notify": ALERTS}
        pause, until = threading.Event(), time.monotonic() + WAIT
        with open_bus(self.bus) as bus:
            while time.monotonic() < until:
                waiting = {group: bus.lag(group, [topic])[topic] for group, topic in reads.items()}
                if not any(waiting.values()):
                    return
                assert all(process.poll() is None for process in self.processes), (
                    "a worker ended; see out.log"
                )
                pause.wait(0.5)
        raise AssertionError(f"after {WAIT:.0f} s there still wait {waiting}")

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """`kill -9`, while it still has work."""
        assert process.poll() is None
        process.kill()
        process.wait(10)
        self.processes.remove(process)

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
        self._log.close()


@contextmanager
def running(home: Path, watchlist: str, bus: str = "", store: str = "") -> Iterator[Running]:
    product = Running(home, watchlist, bus, store)
    try:
        yield product
    finally:
        product.stop()


def stored(store: Store, topic: str) -> set[str]:
    return {mention.native_id for mention in store.export(Scope(parse(f"topic:{topic}")))}


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.services)])
def doors(request) -> tuple[str, str]:
    if request.param == "embedded":
        return "", ""
    broker = request.getfixturevalue("own_kafka")
    return broker, f"{request.getfixturevalue('elasticsearch_address')}/replay-{secrets.token_hex(4)}"


@pytest.fixture
def own_kafka(tmp_path) -> Iterator[str]:
    """A broker of its own: the names of the bus's topics are fixed, and another test's posts would count here."""
    services = Services(tmp_path / "kafka", kafka_heap="384m")
    try:
        yield services.up(kafka=True, elasticsearch=False).bus
    except (BadSetting, Unavailable) as error:
        lacking(f"Kafka cannot be started here: {error}")
    finally:
        services.down(purge=True)


def test_the_2022_posts_arrive_to_the_last_one_and_the_scandal_raises_an_alert_in_time(
    shared, tmp_path, doors
):
    posts = texts(shared / "data" / "replay" / EVENTS)

    with running(tmp_path / "home", EVENTS_WATCHLIST, *doors) as product:
        product.run("replay", str(shared / "data" / "replay" / EVENTS), "--speed", "max")
        product.start("work", "enrich")
        product.start("work", "index", "alert", "notify")
        product.wait_until_done()

        with open_store(product.store) as store:
            store.refresh()
            assert stored(store, "liyifeng") == naming(posts, "李易峰")
            assert stored(store, "luding") == naming(posts, "泸定", "地震")
            alerts = [alert for alert in desk.alerts(store) if alert.topic == "liyifeng"]

    burst = datetime(2022, 9, 11, 15, 50, tzinfo=UTC)
    assert alerts
    assert timedelta() <= min(alert.raised_at for alert in alerts) - burst <= timedelta(minutes=10)


def test_nothing_is_lost_or_doubled_when_workers_are_killed_in_the_middle(shared, tmp_path, doors):
    posts = texts(shared / "data" / "replay" / EVENTS)

    with running(tmp_path / "home", KILL_WATCHLIST, *doors) as product:
        product.run("replay", str(shared / "data" / "replay" / EVENTS), "--speed", "max")
        with open_store(product.store) as store, open_bus(product.bus) as bus:
            waiting = bus.lag("enrich", [RAW])[RAW]
            doomed = product.start("work", "enrich")
            _wait_until(lambda: bus.lag("enrich", [RAW])[RAW] < waiting - 1_000, "enrich made no progress")
            product.kill(doomed)
            product.start("work", "enrich")
            doomed = product.start("work", "index", "alert", "notify")
            _wait_until(lambda: store.refresh() or store.count(Scope()) > 200, "index made no progress")
            product.kill(doomed)
            product.start("work", "index", "alert", "notify")
            product.wait_until_done()
            store.refresh()

            assert stored(store, "liyifeng") == naming(posts, "李易峰")
            assert store.count(Scope()) == len(naming(posts, "李易峰"))
            assert (
                len([alert for alert in desk.alerts(store) if alert.topic == "liyifeng" and alert.is_open])
                <= 1
            )


def test_the_81953_covid_posts_arrive_to_the_last_one(shared, tmp_path, doors):
    posts = texts(shared / "data" / "replay" / THREADS)

    with running(tmp_path / "home", THREADS_WATCHLIST, *doors) as product:
        product.run("replay", str(shared / "data" / "replay" / THREADS), "--speed", "max")
        product.start("work", "enrich")
        product.start("work", "index", "alert", "notify")
        product.wait_until_done()

        with open_store(product.store) as store:
            store.refresh()
            assert stored(store, "wuhan") == naming(posts, "武汉", "武漢")
            assert stored(store, "zhong") == naming(posts, "钟南山", "鍾南山", "鐘南山")
            assert stored(store, "shunfeng") == naming(posts, "顺丰", "順豐", "順丰", "顺豐")


def _wait_until(happened: Callable[[], bool], else_: str) -> None:
    pause, until = threading.Event(), time.monotonic() + WAIT
    while time.monotonic() < until:
        if happened():
            return
        pause.wait(0.1)
    raise AssertionError(else_)
