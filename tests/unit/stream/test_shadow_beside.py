"""A second model must never break the first: what runs where, and what happens when it cannot be opened."""

import sys
import threading
from pathlib import Path

import pytest

from stream import commands
from stream.shadow import NoSecondModel
from tests.unit.stream.test_commands import Steady
from tingchao.errors import BadSetting
from tingchao.running import check_files, parts
from tingchao.settings import Settings, read_settings


def names(settings: Settings, *, shadowed: bool = False) -> dict[str, tuple[str, ...]]:
    """The workers of each process."""
    return {
        part.name: part.command[4:]
        for part in parts(settings, shadowed=shadowed)
        if part.command[3:4] == ("work",)
    }


def with_shadow(home: Path, address: str) -> Settings:
    return read_settings(home).model_copy(update={"shadow_model": address})


def test_a_second_model_is_a_process_of_its_own(tmp_path: Path) -> None:
    assert names(with_shadow(tmp_path, "bundled"), shadowed=True)["shadow"] == ("shadow",)


def test_without_a_second_model_nothing_shadows(tmp_path: Path) -> None:
    assert names(read_settings(tmp_path)) == {
        "enrich": ("enrich",),
        "index-alert-notify": ("index", "alert", "notify", "drift"),
    }


def test_once_there_was_one_its_messages_are_still_read_lest_the_bus_keeps_them(tmp_path: Path) -> None:
    assert "shadow" in names(read_settings(tmp_path), shadowed=True)["index-alert-notify"]


def test_a_wrong_address_stops_the_start_with_the_name_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="TINGCHAO_SHADOW_MODEL='torch:/nowhere'"):
        check_files(with_shadow(tmp_path, "torch:/nowhere"))


def test_a_second_model_that_cannot_be_opened_leaves_the_workers_beside_it_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, ended = threading.Event(), threading.Event()
    steady = Steady(ended, stop)

    def shadow(*given):  # type: ignore[no-untyped-def]
        try:
            return commands._shadow(*given)
        finally:
            ended.set()

    monkeypatch.setattr(commands, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(commands, "WORKERS", {"shadow": shadow, "steady": lambda *_: steady})

    with pytest.raises(NoSecondModel, match="TINGCHAO_SHADOW_MODEL='onnx:/nowhere'"):
        commands.work(["shadow", "steady"], with_shadow(tmp_path, "onnx:/nowhere"), stop)

    assert steady.rounds >= 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority of their own")
@pytest.mark.parametrize(("workers", "gives_way"), [(["shadow"], True), (["shadow", "enrich"], False)])
def test_it_gives_way_to_all_others_when_it_is_alone_in_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: list[str], gives_way: bool
) -> None:
    asked: list[bool] = []
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(commands, "give_way", lambda: asked.append(True))

    commands.work(workers, read_settings(tmp_path), stop)

    assert bool(asked) is gives_way
