"""A file that people edit while the program runs: taken when it is whole, kept as it was when it is not."""

import threading
from collections.abc import Callable
from pathlib import Path

from tingchao.errors import BadInput, TingchaoError

EVERY = 1.0
LARGEST = 1_000_000

Stamp = tuple[int, int, int]


def follow(
    file: Path,
    take: Callable[[bytes], str],
    stop: threading.Event,
    say: Callable[[str], None],
    every: float = EVERY,
) -> None:
    """Call `take` with the file's bytes whenever they have changed and then stayed the same for `every` seconds.

    An editor writes in pieces, so a file in motion is waited for. `take` returns a sentence to say, or "". A
    `BadInput` of it is said once, and what was taken before stays; any other `TingchaoError` is tried again.
    """
    taken = before = _stamp(file)
    told = ""
    while not stop.wait(every):
        seen = _stamp(file)
        settled, before = seen == before, seen
        if seen == taken or not settled:
            continue
        sentence, again = _taken(file, take)
        if not again:
            taken = seen
        if sentence and not (again and sentence == told):
            say(sentence)
        told = sentence


def _taken(file: Path, take: Callable[[bytes], str]) -> tuple[str, bool]:
    """What to say, and whether to try once more."""
    try:
        with file.open("rb") as stream:
            return take(stream.read(LARGEST + 1)), False
    except OSError as error:
        return f"{file}: cannot be read ({error.strerror}); what was loaded before stays", False
    except BadInput as error:
        return f"{error}; what was loaded before stays", False
    except TingchaoError as error:
        return f"{file} has changed, but is not loaded yet: {error}", True


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
