"""The demo as a person meets it: from the first post to an acknowledged alert, an incident and a finished task.

One `tingchao demo` is started with the command that `make demo` runs; the crawl, the model, the alert, the
webhook and the screens are the product's own. What it leaves behind is then searched for raw identities.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from deploy.demo.commands import SEED
from deploy.demo.scenario import read_scenario
from deploy.demo.world import World
from tingchao.alerts import desk
from tingchao.alerts.alert import State
from tingchao.playbook.incident import INCIDENTS
from tingchao.store import open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WITHIN = 150.0


@dataclass(frozen=True)
class Demo:
    """A running demo and where it answers."""

    process: "subprocess.Popen[str]"
    home: Path
    dashboard: str
    receiver: str

    def messages(self) -> list[dict[str, Any]]:
        """What the crisis team's chat has received."""
        found: list[dict[str, Any]] = requests.get(f"{self.receiver}/messages.json", timeout=10).json()[
            "messages"
        ]
        return found


def wait_for(happened: Callable[[], bool], what: str) -> None:
    pause, until = threading.Event(), time.monotonic() + WITHIN
    while time.monotonic() < until:
        if happened():
            return
        pause.wait(0.3)
    raise AssertionError(f"within {WITHIN:.0f} s {what}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [sys.executable, "-m", "tingchao.cli", "--home", str(home), "demo", "--seed", str(SEED)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TINGCHAO_DASHBOARD_PORT": "0"},
    )
    assert process.stdout is not None
    addresses: list[str] = []
    for line in process.stdout:
        addresses += re.findall(r"(?:Dashboard|Crisis chat)\s+(http://\S+)", line)
        if len(addresses) == 2:
            break
    try:
        yield Demo(process, home, *addresses)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(40)


@pytest.fixture(scope="module")
def page(chromium: Any, demo: Demo) -> Iterator[Any]:
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def test_from_the_first_post_to_a_finished_task(demo: Demo, page: Any) -> None:
    page.goto(f"{demo.dashboard}/live")
    page.locator(".paper .brand").wait_for()
    wait_for(lambda: any(m["channel"] == "webhook" for m in demo.messages()), "no webhook arrived")
    wait_for(lambda: any(m["channel"] == "wecom" for m in demo.messages()), "no group robot message arrived")
    told = next(m["body"] for m in demo.messages() if m["channel"] == "webhook")
    assert told["alert"]["topic_name"] == "云雀电器"

    page.locator(".alert-line", has_text="云雀电器").first.wait_for()
    page.locator(".alert-line", has_text="云雀电器").first.click()
    page.get_by_role("button", name="确认").first.click()
    page.get_by_role("dialog").get_by_label("你的姓名").fill("王值班")
    page.get_by_role("dialog").get_by_role("button", name="保存并继续").click()
    page.locator(".state-chip.acknowledged").wait_for()
    page.get_by_role("button", name="建立事件").click()
    page.wait_for_url("**/incident?id=CR-*")
    page.locator("#task-verify button.tick").click()
    page.locator("#task-verify.done").wait_for()

    with open_store(f"sqlite:///{demo.home / 'store.db'}") as store:
        alert = desk.find(store, told["alert"]["id"])
        incident = INCIDENTS.read(store, alert.incident)
    assert (alert.state, alert.acknowledged_by) == (State.ACKNOWLEDGED, "王值班")
    assert list(incident.ticked) == ["verify"]


def test_no_forbidden_page_was_asked_and_no_signature_was_refused(demo: Demo) -> None:
    clock = requests.get(f"{demo.receiver}/clock.json", timeout=10).json()
    inbox = requests.get(f"{demo.receiver}/messages.json", timeout=10).json()

    assert set(clock["forbidden_hits"].values()) == {0}
    assert inbox["rejected"] == 0


def test_the_wall_shows_the_crisis_in_a_browser_that_asks_nobody_else(demo: Demo, chromium: Any) -> None:
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    asked: list[str] = []
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(f"{demo.dashboard}/live")
    opened.locator(".mention").first.wait_for(timeout=60_000)
    context.close()

    assert [url for url in asked if not re.match(r"(http|ws)://127\.0\.0\.1|data:|blob:", url)] == []


def test_ctrl_c_ends_everything_and_nothing_it_leaves_holds_a_raw_identity(demo: Demo) -> None:
    started = psutil.Process(demo.process.pid).children(recursive=True)
    world = World(read_scenario(), _start(demo), 60.0, SEED)
    raw = [each.encode() for each in world.identities() if len(each) >= 4]

    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(40) == 130
    _, alive = psutil.wait_procs(started, timeout=5)

    assert alive == []
    left = [file for file in demo.home.rglob("*") if file.is_file()]
    assert any(file.name.startswith("store.db") for file in left)
    leaks = {(file.name, each.decode()) for file in left for each in raw if each in file.read_bytes()}
    assert leaks == set()


def _start(demo: Demo) -> datetime:
    clock = requests.get(f"{demo.receiver}/clock.json", timeout=10).json()
    return datetime.fromtimestamp(clock["started_at"], UTC)
