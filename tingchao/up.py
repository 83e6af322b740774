"""`tingchao up`: start every part as a process of its own, restart what dies, stop all of it at Ctrl-C."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import structlog

from tingchao.errors import NeedsPerson

log = structlog.get_logger("up")

STOP_WITHIN = 12.0
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A process to keep running: its name, its command and what it needs in the environment."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def pause_before(restarts: int) -> float:
    """Seconds to wait before the next start of a part that died `restarts` times in a row.

    >>> [pause_before(n) for n in (1, 2, 3, 10)]
    [1.0, 2.0, 4.0, 30.0]
    """
    return float(min(2 ** (restarts - 1), LONGEST_PAUSE))


class Supervisor:
    """Keeps parts running until `stop` is set. Each part's output goes to `logs/NAME.out`.

    `say` hears a sentence for people when a part ends.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        logs: Path,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._parts = parts
        self._logs = logs
        self._say = say
        self._clock = clock
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._restarts: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def start(self) -> None:
        """Start every part."""
        self._logs.mkdir(parents=True, exist_ok=True)
        for part in self._parts:
            self._start(part)

    def watch(self, stop: threading.Event) -> None:
        """Restart what dies, with growing pauses, until `stop` is set."""
        while not stop.wait(0.25):
            for part in self._parts:
                self._look_after(part)

    def stop(self) -> None:
        """End every part: SIGTERM, and SIGKILL for what is still there after 12 seconds."""
        for process in self._running.values():
            process.terminate()
        until = self._clock() + STOP_WITHIN
        for name, process in self._running.items():
            try:
                process.wait(max(0.1, until - self._clock()))
            except subprocess.TimeoutExpired:
                log.warning("part did not stop and was killed", part=name)
                process.kill()
                process.wait()
        self._running.clear()

    def pids(self) -> dict[str, int]:
        """The process id of each part that runs."""
        return {name: process.pid for name, process in self._running.items()}

    def _look_after(self, part: Part) -> None:
        process = self._running.get(part.name)
        now = self._clock()
        if process is None:
            if now >= self._due[part.name]:
                self._start(part)
            return
        code = process.poll()
        if code is None:
            if now - self._started[part.name] > STEADY_AFTER:
                self._restarts[part.name] = 0
            return
        self._restarts[part.name] = self._restarts.get(part.name, 0) + 1
        pause = inf if code == NeedsPerson.exit_code else pause_before(self._restarts[part.name])
        log.error(
            "part ended", part=part.name, exit_code=code, starting_again_in=pause, see=str(self._output(part))
        )
        then = "stays down until somebody has looked" if pause == inf else f"starts again in {pause:.0f} s"
        self._say(f"{part.name} ended (exit code {code}) and {then}; see {self._output(part)}")
        del self._running[part.name]
        self._due[part.name] = now + pause

    def _start(self, part: Part) -> None:
        with self._output(part).open("ab") as output:
            self._running[part.name] = subprocess.Popen(
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **part.env},
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._started[part.name] = self._clock()

    def _output(self, part: Part) -> Path:
        return self._logs / f"{part.name}.out"


def _die_with_parent() -> None:
    """So that even a killed supervisor leaves nothing running (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Stop(threading.Event):
    """Set by a signal; `number` says by which, 0 before."""

    number = 0

    def heed(self, number: int, _: object) -> None:
        """The handler of a signal."""
        self.number = number
        self.set()

    def raise_interrupt(self) -> None:
        """Raise `KeyboardInterrupt` if it was Ctrl-C, so that the exit code says so."""
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt


def stop_on_signals() -> Stop:
    """An event that SIGINT and SIGTERM set."""
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.heed)
    return stop


def me(*arguments: str) -> tuple[str, ...]:
    """The command line that runs this program with `arguments`."""
    return (sys.executable, "-m", "tingchao.cli", *arguments)
