import threading
from datetime import datetime
from pathlib import Path

import pytest

from stream import commands
from stream.loop import Output, Poisoned, Worker
from tingchao.bus import RAW
from tingchao.settings import read_settings
from tingchao.store import open_store


class Ill(Worker):
    """Gives up at once, for `reason`."""

    name = "ill"
    reads = (RAW,)
    wait = 0.02

    def __init__(self, reason: Exception) -> None:
        self.reason = reason
        self.ended = threading.Event()

    def tick(self, now: datetime) -> Output:
        self.ended.set()
        raise self.reason


class Steady(Worker):
    """Runs, and stops everything ten rounds after the other one ended."""

    name = "steady"
    reads = (RAW,)
    wait = 0.02

    def __init__(self, after: threading.Event, stop: threading.Event) -> None:
        self.after, self.stop = after, stop
        self.rounds = 0

    def tick(self, now: datetime) -> Output:
        self.rounds += self.after.is_set()
        if self.rounds >= 10:
            self.stop.set()
        return Output()


@pytest.mark.parametrize(
    ("reason", "others_go_on"), [(Poisoned("1,001 of 1,001"), True), (ZeroDivisionError(), False)]
)
def test_a_worker_that_needs_a_person_leaves_the_others_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: Exception, others_go_on: bool
) -> None:
    stop = threading.Event()
    ill = Ill(reason)
    steady = Steady(ill.ended, stop)
    monkeypatch.setattr(commands, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(commands, "WORKERS", {"ill": lambda *_: ill, "steady": lambda *_: steady})

    with pytest.raises(type(reason)):
        commands.work(["ill", "steady"], read_settings(tmp_path), stop)

    assert (steady.rounds >= 10) is others_go_on
    with open_store(read_settings(tmp_path).store_address) as store:
        (kept,) = [each for each in store.documents("worker") if each.id == "ill"]
    assert kept.body["state"] == "failed"
