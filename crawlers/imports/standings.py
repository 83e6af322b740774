"""How far a watched file was read, kept in the store (kind `import`), and whether it is still the same file.

A file that only grew is read on from where it was left; the bytes at its beginning and those before that place must be
the same as then. One that is read as a whole (an array, a workbook, a gzip) is recognised by its first rows.
"""

import hashlib
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from crawlers.imports.rows import Row

KIND = "import"
CHECKED = 4_096
"""Bytes at the beginning, and before the place reading goes on, that must be the same."""
ACCOUNT_DIGITS = 9


class State(StrEnum):
    """Where a file stands. BAD: it could not be read and is left alone until it changes."""

    READING = "reading"
    DONE = "done"
    BAD = "bad"


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file as it was when it was last looked at, and how far it was read.

    `number`, `ordinal` and `end` are the last row's line, count and end in bytes; `chain` is the hash of all rows
    so far. `waiting`: bytes at the end are no whole row yet. `mapping` is how its table was read.
    """

    name: str
    inode: int
    size: int
    modified: int
    state: State = State.READING
    number: int = 0
    ordinal: int = 0
    end: int = 0
    head: str = ""
    tail: str = ""
    chain: str = ""
    waiting: bool = False
    published: int = 0
    refused: int = 0
    problem: str = ""
    mapping: dict[str, Any] | None = None

    def looks_like(self, found: os.stat_result) -> bool:
        """Whether nothing about the file has changed."""
        return (self.inode, self.size, self.modified) == (found.st_ino, found.st_size, found.st_mtime_ns)


def standing_id(path: Path) -> str:
    """The document's id: the hash of the whole path, which may name a person."""
    return hashlib.blake2b(str(path.resolve()).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def shown_name(path: Path) -> str:
    """A file's name as it may be kept: crawlers name files after the account they hold.

    >>> shown_name(Path("9990000001.csv")), shown_name(Path("search_contents_2026-11-24.csv"))
    ('········01.csv', 'search_contents_2026-11-24.csv')
    """
    stem, dot, rest = path.name.partition(".")
    hidden = stem.isdecimal() and len(stem) >= ACCOUNT_DIGITS
    name = f"········{stem[-2:]}{dot}{rest}" if hidden else path.name
    return name.encode("utf-8", "replace").decode()


def from_body(body: object) -> Standing | None:
    """From a document; one that this program cannot read counts as none: reading again is harmless."""
    try:
        return msgspec.convert(body, Standing)
    except msgspec.ValidationError:
        return None


def marks(stream: BinaryIO, end: int) -> tuple[str, str]:
    """What the beginning and the bytes before `end` are recognised by."""
    stream.seek(0)
    head = stream.read(min(CHECKED, end))
    stream.seek(max(0, end - CHECKED))
    tail = stream.read(min(CHECKED, end))
    return _hash(head), _hash(tail)


def grew(standing: Standing, stream: BinaryIO, size: int) -> bool:
    """Whether the file is the one that was read, with more behind it."""
    return 0 < standing.end <= size and marks(stream, standing.end) == (standing.head, standing.tail)


def chained(chain: str, row: Row) -> str:
    """The hash of the rows so far and this one."""
    return _hash(chain.encode() + row.raw)


def begins_alike(standing: Standing, rows: Iterable[Row]) -> bool:
    """Whether the rows that were read then are the first ones still."""
    chain, last = "", 0
    for row in rows:
        chain, last = chained(chain, row), row.ordinal
        if last >= standing.ordinal:
            break
    return last == standing.ordinal and chain == standing.chain


def _hash(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=16).hexdigest()
