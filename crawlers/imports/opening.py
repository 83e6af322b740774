"""Files as bytes: opened, unpacked, recognised by their first bytes, read line by line."""

import codecs
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from charset_normalizer import from_bytes

from tingchao.errors import BadInput

MAX_LINE = 1_000_000
HEAD = 65_536
"""Bytes by which a file is recognised."""
DAMAGES = (EOFError, zlib.error, gzip.BadGzipFile)
MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OBJECT = re.compile(rb'\s*\{\s*(?:"|\})')
_ARRAY = re.compile(rb"\s*\[")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_LISTS = frozenset({b'"weibo"', b'"data"', b'"items"', b'"list"', b'"rows"', b'"records"', b'"results"'})
_RECORD = frozenset({b'"id"', b'"native_id"', b'"text"', b'"source_platform"', b'"__import_meta"'})
_OPENS_LIST = re.compile(rb"\s*:\s*\[")


class Format(StrEnum):
    """What a file is made of."""

    JSON_LINES = "JSON lines"
    JSON_ARRAY = "JSON array"
    CSV = "CSV"
    XLSX = "XLSX"


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is read: its format, the encoding of its characters, where a list starts inside an object."""

    format: Format
    encoding: str = "utf-8"
    start: int = 0


class Line(NamedTuple):
    """A line as it stands in a file: its number, its bytes (cut after `MAX_LINE` and some), where it ends."""

    number: int
    text: bytes
    end: int


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a file, of standard input for `-`, unpacked where they are gzip. Raises `BadInput`."""
    if str(path) == "-":
        yield cast(io.BufferedReader, sys.stdin.buffer)
        return
    try:
        file = cast(io.BufferedReader, path.open("rb", buffering=HEAD))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}). Give a file with mentions") from None
    with file:
        try:
            packed = file.peek(2)[:2] == _GZIP  # a pipe, such as <(zcat FILE), cannot be read twice
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror}). Give a file with mentions") from None
        yield io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=file)), HEAD) if packed else file


def recognised(path: Path, stream: io.BufferedReader) -> Form:
    """What a file is by its first bytes, and by its name where they do not tell. Raises `BadInput` for a damaged
    gzip, and for what is none of the formats."""
    try:
        head = stream.peek(HEAD)[:HEAD]
    except DAMAGES as error:
        raise damaged(path, 0, error) from None
    if head.startswith(_ZIP):
        return Form(Format.XLSX, "")
    encoding = encoding_of(head)
    head = head if encoding == "utf-8" else head.decode(encoding, "replace").encode("utf-8", "replace")
    head = head.removeprefix(MARK)
    if _ARRAY.match(head):
        return Form(Format.JSON_ARRAY, encoding)
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if _OBJECT.match(head):
        start = 0 if suffix in {"jsonl", "ndjson"} else _list_inside(head)
        return Form(Format.JSON_ARRAY if start else Format.JSON_LINES, encoding, start)
    if suffix in {"csv", "tsv", "tab"}:
        return Form(Format.CSV, encoding)
    if suffix in {"jsonl", "ndjson", "json"} or not head.strip():
        return Form(Format.JSON_LINES, encoding)
    if head.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"<")) or b"\x00" in head:
        raise BadInput(f"{path}: is no table and no JSON. Save it as .xlsx, as .csv or as JSON lines")
    first = head.partition(b"\n")[0]
    table = any(first.count(mark) for mark in (b",", b"\t", b";")) and not first.lstrip().startswith(b"{")
    return Form(Format.CSV if table else Format.JSON_LINES, encoding)


def _list_inside(head: bytes) -> int:
    """Where the list begins in an object such as `{"user": {...}, "weibo": [...]}`; 0 if the object is a record."""
    depth = 0
    for token in _TOKEN.finditer(head):
        match token[0]:
            case b"{" | b"[":
                depth += 1
            case b"}" | b"]":
                depth -= 1
                if depth == 0:
                    return 0
            case name if depth == 1 and name in _RECORD:
                return 0
            case name if depth == 1 and name in _LISTS and (found := _OPENS_LIST.match(head, token.end())):
                return found.end() - 1
    return 0


def encoding_of(head: bytes) -> str:
    """By their mark, else UTF-8 where most of the bytes are, else GB 18030 where all are, else what is likeliest."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    # UTF-8 with a few broken bytes could pass for GB 18030 as well.
    text = head.decode("utf-8", "replace").rstrip("\ufffd")
    strange = sum(character > "\x7f" for character in text)
    if text.count("\ufffd") * 10 <= strange:
        return "utf-8"
    if _reads(head, "gb18030"):
        return "gb18030"
    best = from_bytes(head[:16_384]).best()
    return best.encoding if best else "utf-8"


def _reads(head: bytes, encoding: str) -> bool:
    """Whether the bytes are this encoding's; the last character may be cut."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def in_utf8(stream: io.BufferedReader, encoding: str) -> io.BufferedReader:
    """The same characters in UTF-8."""
    return stream if encoding == "utf-8" else io.BufferedReader(_Recoded(stream, encoding), HEAD)


class _Recoded(io.RawIOBase):
    """Bytes of another encoding as UTF-8; what is no character of it becomes U+FFFD."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        while not self._left and not self._ended:
            chunk = self._stream.read(HEAD)
            self._ended = not chunk
            self._left = self._decoder.decode(chunk, self._ended).encode("utf-8", "replace")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def numbered(stream: BinaryIO, *, number: int = 0, end: int = 0, whole: bool = False) -> Iterator[Line]:
    """Every line from where the stream stands. One that is too long is cut after `MAX_LINE` + 4 bytes. With
    `whole` a last line without its line end is left for later."""
    while True:
        line = stream.readline(MAX_LINE + 1 + len(MARK))
        end += len(line)
        rest = line
        while rest and not rest.endswith(b"\n") and len(rest) > MAX_LINE:
            rest = stream.readline(MAX_LINE + 1)
            end += len(rest)
        if not line or (whole and not (rest or line).endswith(b"\n")):
            return
        number += 1
        yield Line(number, line.removeprefix(MARK), end)


def lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, without blank ones. Raises `BadInput` for a damaged gzip."""
    number = 0
    try:
        for line in numbered(stream):
            number = line.number
            if line.text.strip():
                yield number, line.text
    except DAMAGES as error:
        raise damaged(path, number, error) from None


def damaged(path: Path, number: int, error: Exception) -> BadInput:
    """What is said of a gzip that ends too early or holds nonsense."""
    return BadInput(f"{path}: damaged gzip after line {number} ({error}); the lines before it were read")
