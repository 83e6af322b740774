"""Another model, and back, while mentions flow: nothing is lost, nothing is doubled, each says who scored it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stream.shadow import agreements
from tests.unit.stream.doors import NOON
from tests.unit.stream.second import WATCHLIST, captured
from tingchao.bus import ENRICHED, RAW, Bus, open_bus
from tingchao.mention import Label, encode
from tingchao.settings import read_settings
from tingchao.store import Scope, Store, open_store
from tingchao.watchlist import save

ROOT = Path(__file__).resolve().parents[2]
THIRD = 400
WITHIN = 90.0


class Site:
    """A home folder and the workers that run on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        settings = read_settings(home)
        self.bus: Bus = open_bus(settings.bus_address)
        self.store: Store = open_store(settings.store_address)
        save(self.store, WATCHLIST, 0)
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, **settings: str) -> subprocess.Popen[bytes]:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TINGCHAO_CLOCK": "events", **settings}
        with (self.home / f"{name}.out").open("ab") as output:
            self._running.append(
                subprocess.Popen(
                    [sys.executable, str(ROOT / "tests/faults/versioned_part.py"), name, str(self.home)],
                    cwd=ROOT, env=env, stdout=output, stderr=output,
                )
            )  # fmt: skip
        return self._running[-1]

    def publish(self, part: int) -> None:
        """A third of the story: half smokes, a third burns hands."""
        for number in range(part * THIRD, (part + 1) * THIRD):
            text = f"新星第{number}天" + "冒烟" * (number % 2) + "烫手" * (number % 3 == 0)
            each = captured(number, text, NOON + timedelta(seconds=number))
            self.bus.publish(RAW, each.id, encode(each))
        self.bus.flush()

    def lag(self, group: str, topic: str) -> int:
        return self.bus.lag(group, [topic])[topic]

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN
        while not true():
            if time.monotonic() > deadline:
                logs = "\n".join(
                    f"{each.name}:\n{each.read_text()[-1500:]}" for each in self.home.glob("*.out")
                )
                pytest.fail(f"it did not happen within {WITHIN:.0f} seconds\n{logs}")
            time.sleep(0.02)

    def stop(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.store.close()
        self.bus.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_switching_and_rolling_back_loses_nothing_and_doubles_nothing(
    site: Site, how: signal.Signals
) -> None:
    site.start("index")
    site.publish(0)
    for part, model in ((1, "onnx:one"), (2, "onnx:two"), (3, "onnx:one")):
        enrich = site.start("enrich", TINGCHAO_MODEL=model)
        full = site.lag("enrich", RAW)
        site.until(lambda full=full: site.lag("enrich", RAW) < full)  # type: ignore[misc]
        if part == 3:
            break
        enrich.send_signal(how)
        enrich.wait(12)
        site.publish(part)
    site.until(lambda: site.lag("enrich", RAW) == 0 and site.lag("index", ENRICHED) == 0)

    kept = list(site.store.export(Scope()))
    assert len(kept) == len({each.id for each in kept}) == 3 * THIRD
    assert {each.model for each in kept} == {"onnx:one", "onnx:two"}
    for each in kept:
        word = {"onnx:one": "冒烟", "onnx:two": "烫手"}[each.model]
        assert each.sentiment is not None
        assert (each.sentiment.label is Label.NEGATIVE) == (word in each.text), "scored by the model it names"
        assert (each.targets[0].label is Label.NEGATIVE) == (word in each.text)


@pytest.mark.slow
def test_a_shadow_killed_again_and_again_counts_each_mention_once(site: Site) -> None:
    for part in range(3):
        site.publish(part)
    site.start("enrich", TINGCHAO_MODEL="onnx:one")
    site.until(lambda: site.lag("enrich", RAW) == 0)
    for _ in range(3):
        shadow = site.start("shadow", TINGCHAO_SHADOW_MODEL="onnx:two")
        full = site.lag("shadow", ENRICHED)
        site.until(lambda full=full: site.lag("shadow", ENRICHED) < full or not full)  # type: ignore[misc]
        shadow.kill()
        shadow.wait()
    site.start("shadow", TINGCHAO_SHADOW_MODEL="onnx:two")
    site.until(lambda: site.lag("shadow", ENRICHED) == 0)

    (found,) = agreements(site.store)
    assert (found.whole.n, found.towards.n) == (3 * THIRD, 3 * THIRD)
    assert found.whole.matrix[0][0] == THIRD // 2, "what smokes and burns"
