"""One server process: started in a group of its own, known again by a token, ended with everything it started.

A pid alone proves nothing after a reboot or a long night, so each start gets a random token in its
environment; a process without that token is somebody else's and is never touched.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    import psutil

TOKEN = "TINGCHAO_SERVICE_TOKEN"  # noqa: S105 - the name of a variable, not a secret
GENTLE_SECONDS = 15.0
HARD_SECONDS = 5.0
TAIL_BYTES = 4_000


@dataclass(frozen=True, slots=True)
class Handle:
    """What is remembered of a started server."""

    pid: int
    token: str
    port: int
    log: str


def start(argv: Sequence[str], *, port: int, log: Path, cwd: Path, env: Mapping[str, str]) -> Handle:
    """Start `argv` in its own process group, its output in `log` (written anew)."""
    token = uuid4().hex
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env={**os.environ, **env, TOKEN: token},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child.returncode = 0  # It outlives this process on purpose; psutil, not Popen, reaps it.
    return Handle(child.pid, token, port, str(log))


def alive(handle: Handle) -> bool:
    """Whether the server's first process still runs and is the one that was started."""
    import psutil

    try:
        return _ours(psutil.Process(handle.pid), handle.token)
    except psutil.NoSuchProcess:
        return False


def stop(handle: Handle) -> None:
    """End the server and its children: ask, wait, then insist."""
    import psutil

    members = _group(handle)
    for order, patience in ((signal.SIGTERM, GENTLE_SECONDS), (signal.SIGKILL, HARD_SECONDS)):
        for member in members:
            try:
                member.send_signal(order)
            except psutil.NoSuchProcess:
                continue
        _, members = psutil.wait_procs(members, timeout=patience)
        if not members:
            return


def tail(handle: Handle) -> str:
    """The last lines the server wrote."""
    try:
        with open(handle.log, "rb") as log:
            log.seek(max(0, os.path.getsize(handle.log) - TAIL_BYTES))
            return log.read().decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def _group(handle: Handle) -> list["psutil.Process"]:
    """Every living process of the server, also when its first one is gone."""
    import psutil

    return [process for process in psutil.process_iter() if _ours(process, handle.token)]


def _ours(process: "psutil.Process", token: str) -> bool:
    import psutil

    try:
        return bool(process.environ().get(TOKEN) == token and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False
