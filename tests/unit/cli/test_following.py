"""A file that people edit while the program runs is taken whole, once, and a bad one is said once."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tingchao.errors import BadWatchlist, StoreUnavailable
from tingchao.following import follow


class Looks(threading.Event):
    """Between two looks at the file something happens; after the last, it is time to stop."""

    def __init__(self, *happenings: Callable[[], object] | None) -> None:
        super().__init__()
        self._left = list(happenings)

    def wait(self, timeout: float | None = None) -> bool:
        if not self._left:
            return True
        if happening := self._left.pop(0):
            happening()
        return False


class Taker:
    """Takes every text but `bad`; `shut` is how often the door behind it does not answer."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.took: list[bytes] = []
        self.said: list[str] = []
        self.shut = 0

    def take(self, text: bytes) -> str:
        if text == b"bad":
            raise BadWatchlist("w.yaml line 1: no topics")
        if self.shut:
            self.shut -= 1
            raise StoreUnavailable("nobody answers")
        self.took.append(text)
        return f"took {text.decode()}"

    def write(self, text: bytes) -> Callable[[], object]:
        return lambda: self.file.write_bytes(text)

    def follow(self, *happenings: Callable[[], object] | None) -> None:
        follow(self.file, self.take, Looks(*happenings), self.said.append)


@pytest.fixture
def taker(tmp_path: Path) -> Taker:
    file = tmp_path / "w.yaml"
    file.write_bytes(b"first")
    return Taker(file)


def test_what_is_there_at_the_start_is_not_taken_again_and_a_change_is_taken_once(taker):
    taker.follow(None, None, taker.write(b"second"), None, None, None)

    assert taker.took == [b"second"]
    assert taker.said == ["took second"]


def test_a_file_in_motion_is_waited_for(taker):
    taker.follow(taker.write(b"s"), taker.write(b"sec"), taker.write(b"second"))
    assert taker.took == []

    taker.write(b"first again")()
    taker.follow(taker.write(b"s"), taker.write(b"sec"), taker.write(b"second"), None)
    assert taker.took == [b"second"]


def test_a_bad_file_is_said_once_and_the_next_good_one_is_taken(taker):
    taker.follow(taker.write(b"bad"), None, None, None, taker.write(b"good"), None, None)

    assert taker.took == [b"good"]
    assert taker.said == ["w.yaml line 1: no topics; what was loaded before stays", "took good"]


def test_a_door_that_is_shut_is_tried_again_and_said_once(taker):
    taker.shut = 3

    taker.follow(taker.write(b"second"), None, None, None, None, None)

    assert taker.took == [b"second"]
    assert taker.said == [f"{taker.file} has changed, but is not loaded yet: nobody answers", "took second"]


def test_a_file_that_goes_is_said_and_taken_when_it_is_back(taker):
    taker.follow(taker.file.unlink, None, None, taker.write(b"back"), None)

    assert taker.took == [b"back"]
    assert "cannot be read (No such file or directory); what was loaded before stays" in taker.said[0]
