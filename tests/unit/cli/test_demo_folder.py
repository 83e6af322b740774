"""A demo overwrites its folder, so it takes only one that is empty or another demo's."""

import pytest

from tingchao import demo
from tingchao.errors import AlreadyRunning, BadInput
from tingchao.lock import FolderLock


@pytest.fixture
def played(monkeypatch) -> list[object]:
    """The folders in which a demo would have begun to play."""
    folders: list[object] = []
    monkeypatch.setattr(demo, "_play", lambda home, _: folders.append(home))
    return folders


def start(home) -> None:
    demo.run_demo(home, speed=60, seed=1, fresh=True)


def test_somebodys_own_data_is_never_touched(tmp_path, played):
    (tmp_path / "store.db").write_text("three years of mentions")

    with pytest.raises(BadInput, match=r"holds store\.db, which no demo wrote"):
        start(tmp_path)

    assert (tmp_path / "store.db").read_text() == "three years of mentions"
    assert played == []


def test_the_last_demos_data_go_and_its_folder_is_used_again(tmp_path, played):
    start(tmp_path)
    (tmp_path / "store.db").write_text("the last demo's")

    start(tmp_path)

    assert not (tmp_path / "store.db").exists()
    assert played == [tmp_path, tmp_path]


def test_a_running_demo_keeps_its_data_when_a_second_one_is_started(tmp_path, played):
    start(tmp_path)
    (tmp_path / "store.db").write_text("live")

    with FolderLock(tmp_path), pytest.raises(AlreadyRunning):
        start(tmp_path)

    assert (tmp_path / "store.db").read_text() == "live"
