"""`tingchao demo`: the demo site as one more part beside `up`, and one screen that says what to look at."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from tingchao.errors import BadInput, TingchaoError
from tingchao.lock import LOCK, FolderLock
from tingchao.running import check_home, run_locked
from tingchao.settings import read_settings
from tingchao.up import STOP_WITHIN

READY_WITHIN = 20.0
MARKER = "demo.marker"


def run_demo(home: Path, *, speed: float, seed: int, fresh: bool) -> None:
    """Play the made-up crisis in `home` until Ctrl-C.

    Raises `BadInput` for a folder that holds anything a demo did not write, `AlreadyRunning`, and `TingchaoError`
    if the site does not start.
    """
    check_home(home)
    with FolderLock(home):
        _claim(home)
        if fresh:
            _throw_away(home)
        _play(home, ("--speed", str(speed), "--seed", str(seed)))


def _play(home: Path, options: tuple[str, ...]) -> None:
    command = (sys.executable, "-m", "deploy.demo", "--home", str(home), *options)
    with (home / "site.log").open("ab") as log:
        site = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        addresses = _addresses(site, home / "site.log")
        run_locked(read_settings(home), greet=lambda dashboard: _greeting(dashboard, addresses, home))
    finally:
        site.terminate()
        try:
            site.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            site.kill()
            site.wait()


def _claim(home: Path) -> None:
    """Mark the folder as a demo's: settings and data in it are overwritten, so it must never be somebody's own."""
    marker = home / MARKER
    others = [path.name for path in home.iterdir() if path.name != LOCK]
    if others and not marker.exists():
        raise BadInput(
            f"{home} holds {others[0]}, which no demo wrote, and a demo overwrites its folder. "
            f"Give it one of its own: tingchao --home {home / 'demo'} demo"
        )
    marker.write_text("The demo overwrites this folder at each start.\n", "ascii")


def _throw_away(home: Path) -> None:
    """What the last demo gathered."""
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
