"""Rows out of CSV: any usual delimiter, cells with line ends in them, files that still grow.

What a table means is not known here: a row is its cells by the names of the header.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from crawlers.imports.opening import DAMAGES, MAX_LINE, damaged, numbered
from crawlers.imports.rows import Row
from tingchao.errors import BadInput

DELIMITERS = (",", "\t", ";", "|")
MOST_COLUMNS = 500
LONGEST_CELL = 131_072
_VALUE = re.compile(r"https?://.*|\d{6,}|\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?(?:[ T]\d.*)?")
NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a table: the names of its columns, what divides cells, where the rows begin."""

    names: tuple[str, ...]
    delimiter: str
    number: int
    end: int


class _Lines:
    """Physical lines as characters, remembering how far the reader has got and whether there are more."""

    def __init__(self, stream: BinaryIO, number: int, end: int, whole: bool) -> None:
        self._lines = numbered(stream, number=number, end=end, whole=whole)
        self.number = number
        self.end = end
        self.taken: list[bytes] = []
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.number, self.end = line.number, line.end
        self.taken.append(line.text)
        return line.text[:MAX_LINE].decode("utf-8", "replace").replace("\x00", "")

    def take(self) -> bytes:
        """The bytes of the lines read since the last call."""
        raw = b"".join(self.taken)
        self.taken.clear()
        return raw


def header(stream: BinaryIO, path: Path) -> Header:
    """The header, read from the start of a file. Raises `BadInput` for a file without one."""
    try:
        lines = _Lines(stream, 0, 0, False)
        first = next((line for line in lines if line.strip()), "")
        delimiter = max(DELIMITERS, key=lambda mark: _outside_quotes(first, mark))
        names = next(csv.reader(_chain(first, lines), delimiter=delimiter), [])
    except csv.Error as error:
        raise BadInput(f"{path}: its first line is no header ({error}). Save it as CSV again") from None
    except DAMAGES as error:
        raise damaged(path, 0, error) from None
    if not any(name.strip() for name in names) or any(_VALUE.fullmatch(name.strip()) for name in names):
        raise BadInput(
            f"{path}: has no header; the first line must name the columns, and it looks like a row"
        )
    return Header(
        tuple(name.strip() for name in checked_names(names, path)), delimiter, lines.number, lines.end
    )


def checked_names(names: list[str], path: Path) -> list[str]:
    """The names, if there are not too many of them. Raises `BadInput`."""
    if len(names) > MOST_COLUMNS:
        raise BadInput(f"{path}: has {len(names):,} columns; at most {MOST_COLUMNS} are read")
    return names


def csv_rows(
    stream: BinaryIO,
    path: Path,
    head: Header,
    *,
    number: int = 0,
    ordinal: int = 0,
    end: int = 0,
    whole: bool = False,
) -> Iterator[Row]:
    """The rows from where the stream stands, `number` lines and `ordinal` rows into the file.

    With `whole` a last row that is not complete yet is left for later. Raises `BadInput` for a damaged gzip.
    """
    lines = _Lines(stream, number or head.number, end or head.end, whole)
    reader = csv.reader(lines, delimiter=head.delimiter)
    try:
        while True:
            first = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                ordinal += 1
                yield Row(
                    first, ordinal, lines.take(), None, _csv_problem(error, first, lines.number), lines.end
                )
                continue
            if whole and lines.ended:
                return  # inside a cell whose quote is not closed yet
            raw = lines.take()
            if not any(cell.strip() for cell in cells) or _is(head, cells):
                continue
            ordinal += 1
            yield _row(head, cells, Row(first, ordinal, raw, None, end=lines.end))
    except DAMAGES as error:
        raise damaged(path, lines.number, error) from None


def _row(head: Header, cells: list[str], row: Row) -> Row:
    if any(cell.strip() for cell in cells[len(head.names) :]):
        problem = f"{len(cells)} cells, but the header names {len(head.names)} columns; is a cell with a delimiter unquoted?"
        return Row(row.number, row.ordinal, row.raw, None, problem, row.end)
    value = {
        name: cell for name, cell in zip_longest(head.names, cells[: len(head.names)], fillvalue="") if name
    }
    return Row(row.number, row.ordinal, row.raw, value, end=row.end)


def _is(head: Header, cells: list[str]) -> bool:
    """Whether it is the header again, as in files that were joined."""
    return tuple(cell.strip() for cell in cells) == head.names


def _csv_problem(error: csv.Error, first: int, last: int) -> str:
    if "field limit" in str(error):
        upto = f" (to line {last})" if last > first else ""
        return f"a cell has more than {LONGEST_CELL:,} characters{upto}; is a quote never closed?"
    return f"no CSV: {error}"


def _outside_quotes(line: str, mark: str) -> int:
    return sum(part.count(mark) for part in line.split('"')[::2])


def _chain(first: str, lines: _Lines) -> Iterator[str]:
    yield first
    yield from lines
