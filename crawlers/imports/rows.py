"""Rows out of files of JSON: a line each, or the elements of one array.

A row that cannot be read has its `problem`; the rows after it are read all the same, as far as that is possible.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crawlers.imports.opening import DAMAGES, HEAD, MAX_LINE, damaged, numbered
from crawlers.parsers.shapes import NotJson, tree
from tingchao.errors import BadInput

_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place (`number` in units of `where`), how many were read with it, its bytes and its value.

    `end` is the byte after it in the file, from where reading may go on; 0 in formats that are read as a whole.
    """

    number: int
    ordinal: int
    raw: bytes
    value: object
    problem: str = ""
    end: int = 0
    where: str = "line"


def json_row(number: int, line: bytes, end: int = 0) -> Row:
    """A line of JSON as a row."""
    if len(line) > MAX_LINE:
        return Row(number, number, line, None, f"longer than {MAX_LINE:,} bytes", end)
    try:
        return Row(number, number, line, tree(line), end=end)
    except NotJson as error:
        return Row(number, number, line, None, f"no JSON: {error}", end)


def json_lines(
    stream: BinaryIO, path: Path, *, number: int = 0, end: int = 0, whole: bool = False
) -> Iterator[Row]:
    """An object a line, from where the stream stands. Raises `BadInput` for a damaged gzip."""
    try:
        for line in numbered(stream, number=number, end=end, whole=whole):
            number = line.number
            if line.text.strip():
                yield json_row(line.number, line.text, line.end)
    except DAMAGES as error:
        raise damaged(path, number, error) from None


def json_array(stream: BinaryIO, path: Path, start: int = 0) -> Iterator[Row]:
    """The elements of an array that begins at byte `start`, without holding more than one of them in memory.

    Raises `BadInput` where an element is broken or too long, for what follows it cannot be told apart any more.
    """
    number = 0
    try:
        text = _Text(stream, start)
        if not text.held.startswith("["):
            raise BadInput(f"{path}: is no JSON array; begin it with [")
        for value, raw in _elements(text, path):
            number += 1
            yield Row(number, number, raw, value, where="row")
    except DAMAGES as error:
        raise damaged(path, number, error) from None


class _Text:
    """The characters of a stream, read as they are needed and dropped as they are done with."""

    def __init__(self, stream: BinaryIO, skip: int) -> None:
        self._stream = stream
        self._left = b""
        self.held = ""
        self.ended = False
        self.more()
        self.held = self.held.lstrip("\ufeff")
        self.held = self.held.encode("utf-8", "surrogatepass")[skip:].decode("utf-8", "replace").lstrip()

    def more(self) -> None:
        """Read on by a chunk, or note the end."""
        chunk = self._stream.read(max(HEAD, len(self.held)))
        self.ended = not chunk
        held = self._left + chunk
        cut = 0 if self.ended else _unfinished(held)
        self._left = held[len(held) - cut :] if cut else b""
        self.held += held[: len(held) - cut].decode("utf-8", "replace")


def _unfinished(chunk: bytes) -> int:
    """How many bytes at the end belong to a character that is not complete."""
    for back in range(1, min(4, len(chunk)) + 1):
        byte = chunk[-back]
        if byte >= 0xC0:
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < wanted else 0
        if byte < 0x80:
            return 0
    return 0


def _elements(text: _Text, path: Path) -> Iterator[tuple[object, bytes]]:
    decoder = json.JSONDecoder()
    number, at = 0, 1
    while True:
        at = _end_of_blanks(text, at)
        if text.held[at : at + 1] == "]":
            return
        if at >= len(text.held):
            raise BadInput(
                f"{path}: the array ends after row {number} without a ]; the rows before were read"
            )
        try:
            value, end = decoder.raw_decode(text.held, at)
        except (ValueError, RecursionError) as error:
            too_long = len(text.held) - at > MAX_LINE
            if text.ended or too_long:
                said = f"is longer than {MAX_LINE:,} characters or " if too_long else ""
                raise BadInput(
                    f"{path}: row {number + 1} {said}is no JSON ({str(error)[:60]}); the rows before it were read"
                ) from None
            text.held, at = text.held[at:], 0
            text.more()
            continue
        number += 1
        yield value, text.held[at:end].encode("utf-8", "replace")
        at = end
        if at > HEAD:
            text.held, at = text.held[at:], 0


def _end_of_blanks(text: _Text, at: int) -> int:
    """The place after blanks and commas, with more read where they reach the end of what is held."""
    while True:
        found = _BETWEEN.match(text.held, at)
        at = found.end() if found else at
        if at < len(text.held) or text.ended:
            return at
        text.held, at = "", 0
        text.more()
