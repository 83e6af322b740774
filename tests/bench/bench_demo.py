"""The whole product as a person starts it: `--help`, `tingchao demo` until the first alert, and its memory."""

import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.bench.harness import Figure, NotMeasurable, spread

COMMAND = "python -m tests.bench demo"
TINGCHAO = (sys.executable, "-m", "tingchao.cli")
HELPS = 15
WITHIN = 120.0
SETTLE_FOR = 45.0


def figures() -> Iterator[Figure]:
    """See the module."""
    yield help_time()
    yield from demo()


def help_time() -> Figure:
    """Seconds that `tingchao --help` takes, as a whole process."""
    samples = []
    for _ in range(HELPS):
        start = time.perf_counter()
        subprocess.run([*TINGCHAO, "--help"], check=True, capture_output=True)
        samples.append(time.perf_counter() - start)
    found = spread(samples)
    return Figure(
        name="cli.help",
        goal="≤ 0.3",
        beyond="≤ 0.2",
        got=round(found.median, 3),
        interval=(round(found.low, 3), round(found.high, 3)),
        unit="s, median of whole processes",
        command=COMMAND,
        note=f"min {found.least:.3f}, max {found.most:.3f}, {HELPS} runs",
    )


def demo() -> Iterator[Figure]:
    """Seconds from the command to the first webhook, and the memory once the crisis is under way."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        start = time.perf_counter()
        process = subprocess.Popen(
            [*TINGCHAO, "--home", str(home), "demo"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            greeting = _greeting(process)
            shown = time.perf_counter() - start
            dashboard, receiver = greeting
            _wait(lambda: bool(_messages(receiver)), f"no webhook within {WITHIN:.0f} s")
            first = time.perf_counter() - start
            requests.get(dashboard, timeout=10)
            threading.Event().wait(SETTLE_FOR)
            proportional, resident, by_part = memory(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    yield Figure(
        name="demo.first_alert",
        goal="≤ 60",
        beyond="≤ 20",
        got=round(first, 1),
        unit="s from `tingchao demo` to the first webhook",
        command=COMMAND,
        note=f"the dashboard answered after {shown:.1f} s; the play's crisis begins 8 s after its start",
    )
    yield Figure(
        name="demo.memory",
        goal="≤ 900",
        beyond="≤ 600",
        got=round(proportional / 1e6),
        unit="MB, shared pages counted once (PSS)",
        command=COMMAND,
        note=f"sum of RSS {resident / 1e6:.0f} MB; {by_part}",
    )


def memory(pid: int) -> tuple[int, int, str]:
    """Bytes of a process and all below it: proportional, resident, and a line that says which part takes what."""
    top = psutil.Process(pid)
    proportional = resident = 0
    parts = []
    for process in [top, *top.children(recursive=True)]:
        found = process.memory_full_info()
        proportional += found.pss
        resident += found.rss
        words = [word for word in process.cmdline() if re.fullmatch(r"[a-z.]+", word)]
        parts.append(f"{' '.join(words[:4]) or process.name()} {found.pss / 1e6:.0f}")
    return proportional, resident, ", ".join(parts)


def _greeting(process: "subprocess.Popen[bytes]") -> tuple[str, str]:
    assert process.stdout is not None
    timer = threading.Timer(WITHIN, process.kill)
    timer.start()
    addresses: list[str] = []
    for line in process.stdout:
        if found := re.search(r"(?:Dashboard|Crisis chat)\s+(http://\S+)", line.decode()):
            addresses.append(found[1])
        if len(addresses) == 2:
            timer.cancel()
            return addresses[0], addresses[1]
    raise NotMeasurable("the demo ended before it printed its addresses")


def _messages(receiver: str) -> list[Any]:
    body = json.loads(requests.get(f"{receiver}/messages.json", timeout=10).text)
    return list(body["messages"] if isinstance(body, dict) else body)


def _wait(happened: Callable[[], bool], else_: str) -> None:
    pause, until = threading.Event(), time.monotonic() + WITHIN
    while time.monotonic() < until:
        if happened():
            return
        pause.wait(0.05)
    raise NotMeasurable(else_)
