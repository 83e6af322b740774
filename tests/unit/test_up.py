"""The supervisor: parts are restarted when they die and all end when it stops; one runs per folder."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tingchao.errors import AlreadyRunning, BadSetting, NeedsPerson
from tingchao.lock import FolderLock
from tingchao.up import Part, Supervisor, pause_before

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


def wait_for(happened: Callable[[], bool]) -> None:
    pulse = threading.Event()
    for _ in range(300):
        if happened():
            return
        pulse.wait(0.05)
    raise AssertionError("it did not happen within 15 seconds")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_dies_is_started_again(tmp_path):
    supervisor = Supervisor([Part("sleeper", SLEEPER)], tmp_path)
    stop = threading.Event()
    supervisor.start()
    watching = threading.Thread(target=supervisor.watch, args=(stop,))
    watching.start()
    first = supervisor.pids()["sleeper"]

    os.kill(first, 9)
    wait_for(lambda: supervisor.pids().get("sleeper", first) != first)

    stop.set()
    watching.join(5)
    supervisor.stop()


def test_what_needs_a_person_is_not_started_again(tmp_path):
    said: list[str] = []
    part = Part("poisoned", (sys.executable, "-c", f"raise SystemExit({NeedsPerson.exit_code})"))
    supervisor = Supervisor([part], tmp_path, clock=lambda: float(10 * len(said)), say=said.append)
    stop = threading.Event()
    supervisor.start()
    watching = threading.Thread(target=supervisor.watch, args=(stop,))
    watching.start()

    wait_for(lambda: bool(said))

    stop.set()
    watching.join(5)
    assert "stays down until somebody has looked" in said[0]
    assert supervisor.pids() == {}


def test_stopping_ends_every_part(tmp_path):
    supervisor = Supervisor([Part("one", SLEEPER), Part("two", SLEEPER)], tmp_path)
    supervisor.start()
    pids = supervisor.pids()

    supervisor.stop()

    assert not any(alive(pid) for pid in pids.values())


def test_what_a_part_prints_is_kept(tmp_path):
    supervisor = Supervisor([Part("speaker", (sys.executable, "-c", "print('听潮')"))], tmp_path)
    supervisor.start()

    wait_for(lambda: "听潮" in (tmp_path / "speaker.out").read_text("utf-8"))

    supervisor.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_supervisor_leaves_nothing_running(tmp_path):
    program = (
        "import sys, threading; from pathlib import Path; from tingchao.up import *; "
        f"s = Supervisor([Part('sleeper', {SLEEPER!r})], Path({str(tmp_path)!r})); s.start(); "
        "print(s.pids()['sleeper'], flush=True); threading.Event().wait(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.wait()

    wait_for(lambda: not alive(child))


def test_pauses_between_restarts_grow_to_half_a_minute():
    assert [pause_before(n) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_second_one_in_the_same_folder_is_told_who_holds_it(tmp_path):
    with (
        FolderLock(tmp_path),
        pytest.raises(AlreadyRunning, match=f"in use by process {os.getpid()}"),
        FolderLock(tmp_path),
    ):
        pass


def test_the_folder_is_free_once_the_first_has_ended(tmp_path):
    with FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(BadSetting, match="cannot be written"), FolderLock(tmp_path / "file" / "home"):
        pass
