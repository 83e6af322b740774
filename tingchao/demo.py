"""`tingchao demo`: the demo site as one more part beside `up`, and one screen that says what to look at."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from tingchao.errors import TingchaoError
from tingchao.running import run_up
from tingchao.settings import read_settings
from tingchao.up import STOP_WITHIN

READY_WITHIN = 20.0


def run_demo(home: Path, *, speed: float, seed: int, fresh: bool) -> None:
    """Play the made-up crisis in `home` until Ctrl-C; raises `TingchaoError` if the site does not start."""
    if fresh and (home / "store.db").exists():
        _throw_away(home)
    home.mkdir(parents=True, exist_ok=True)
    command = (
        sys.executable,
        "-m",
        "deploy.demo",
        "--home",
        str(home),
        "--speed",
        str(speed),
        "--seed",
        str(seed),
    )
    with (home / "site.log").open("ab") as log:
        site = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        addresses = _addresses(site, home / "site.log")
        settings = read_settings(home)
        run_up(settings, greet=lambda dashboard: _greeting(dashboard, addresses, home))
    finally:
        site.terminate()
        try:
            site.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            site.kill()
            site.wait()


def _throw_away(home: Path) -> None:
    """Only what a demo wrote: the folder may hold more."""
    for name in ("bus.db", "store.db"):
        for ending in ("", "-wal", "-shm"):
            (home / f"{name}{ending}").unlink(missing_ok=True)
    shutil.rmtree(home / "logs", ignore_errors=True)


def _addresses(site: "subprocess.Popen[bytes]", log: Path) -> dict[str, str]:
    assert site.stdout is not None
    timer = threading.Timer(READY_WITHIN, site.kill)
    timer.start()
    line = site.stdout.readline()
    timer.cancel()
    if not line:
        raise TingchaoError(f"the demo site did not start within {READY_WITHIN:.0f} s; see {log}")
    addresses: dict[str, str] = json.loads(line)
    return addresses


def _greeting(dashboard: str, addresses: dict[str, str], home: Path) -> str:
    return "\n".join(
        (
            "",
            "  听潮 Tingchao demo is running.",
            "",
            f"  Dashboard       {dashboard}",
            f"  Crisis chat     {addresses['receiver']}   (what the team's group robot shows)",
            "",
            "  What to look at:",
            "  1. 值守: three quiet weeks are read first; within half a minute complaints about one product pile up.",
            "  2. 预警: an alert opens with its reasons; the webhook arrives in the crisis chat.",
            "  3. Press 确认, then 建立事件: the 24-hour playbook starts to count. Tick a task.",
            "  4. 检索: try  空气炸锅 AND (冒烟 OR 起火) NOT 二手",
            "",
            f"  Settings, data and logs: {home}   ·   Ctrl-C stops everything",
            "",
        )
    )
