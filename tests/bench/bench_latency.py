"""How long from a post that a site serves to the webhook that tells of it, at 50 mentions a second.

The demo site in its steady mode serves 50 everyday mentions a second and, every three seconds, 25 complaints about
another made-up name. The clock runs from the moment that the answer with the first of them left the site (so
the crawler's polling is not counted) until the signed webhook of that name's alert arrives. Everything
between is the product as `tingchao up` runs it, embedded, dashboard included. Names whose burst came
while the scorer still worked off the three weeks of history are left out.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.bench.harness import Figure, NotMeasurable, p95_figure

COMMAND = "python -m tests.bench latency"
RATE = 50
LEAST = 20
LONGEST = 240.0
"""Seconds after the start: the last of 60 bursts comes at 207."""


def figures() -> Iterator[Figure]:
    """See the module."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        site = subprocess.Popen(
            (sys.executable, "-m", "deploy.demo", "--home", folder, "--steady", str(RATE)),
            stdout=subprocess.PIPE,
        )
        product = None
        try:
            assert site.stdout is not None
            receiver = json.loads(site.stdout.readline())["receiver"]
            product = subprocess.Popen(
                (sys.executable, "-m", "tingchao.cli", "--home", folder, "up", "--no-address"),
                env={**os.environ, "TINGCHAO_DASHBOARD_PORT": "0"},
            )
            settled = _history_done(home, receiver)
            samples = _listen(receiver, settled)
        finally:
            for process in filter(None, (product, site)):
                process.send_signal(signal.SIGINT)
                process.wait(30)
    if len(samples) < LEAST:
        raise NotMeasurable(f"only {len(samples)} alerts could be timed; {LEAST} are needed")
    yield p95_figure(
        "latency.post_to_webhook",
        samples,
        goal="≤ 5",
        beyond="≤ 1",
        unit="s",
        command=COMMAND,
        note=f"{RATE} mentions/s beside it, embedded, polling excluded",
    )


def _history_done(home: Path, receiver: str) -> float:
    """The time (seconds since 1970) at which nothing waited for the scorer any more."""
    command = (sys.executable, "-m", "tingchao.cli", "--home", str(home), "status", "--json")
    pause, until = threading.Event(), time.monotonic() + LONGEST / 2
    while time.monotonic() < until:
        pause.wait(3)
        found = subprocess.run(command, capture_output=True, check=False, text=True)
        if found.returncode == 0:
            status = json.loads(found.stdout)
            if status["mentions"] > 1_000 and status["lag"]["enrich"] < RATE * 2:
                return float(requests.get(f"{receiver}/clock.json", timeout=10).json()["now"])
    raise NotMeasurable(f"the history was not worked off within {LONGEST / 2:.0f} s")


def _listen(receiver: str, settled: float) -> list[float]:
    """Seconds from served to heard, for each name that was first served after `settled`."""
    pause, until = threading.Event(), time.monotonic() + LONGEST
    while time.monotonic() < until:
        clock = requests.get(f"{receiver}/clock.json?served=1", timeout=30).json()
        served = _first_served(clock)
        if len(served) == len(clock["probes"]):
            pause.wait(10)
            break
        pause.wait(5)
    heard = _first_heard(requests.get(f"{receiver}/messages.json", timeout=30).json()["messages"])
    return [heard[name] - at for name, at in served.items() if at > settled and name in heard]


def _first_served(clock: dict[str, Any]) -> dict[str, float]:
    times: dict[str, float] = {}
    for by_id in clock["first_served"].values():
        for native, at in by_id.items():
            name = clock["topics"][native]
            if name in clock["probes"]:
                times[name] = min(at, times.get(name, at))
    return times


def _first_heard(messages: list[dict[str, Any]]) -> dict[str, float]:
    times: dict[str, float] = {}
    for message in messages:
        if message["channel"] == "webhook":
            times.setdefault(message["body"]["alert"]["topic_name"], message["at"])
    return times
