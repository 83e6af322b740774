"""Mentions from files: JSON lines, also gzipped, through the same seal as the crawler's.

A line is a mention with the fields of DESIGN 5, or the simple form
`{"id", "source", "kind", "text", "title"?, "url"?, "published_at", "captured_at"?, "author"?, "followers"?,
"likes"?, "comments"?, "reposts"?}`. Ids come from the native ids, so importing a file twice changes nothing.
Our own export comes back as it was; what another installation sealed, or only looks sealed, is sealed again.
"""

import gzip
import hashlib
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from msgspec.structs import replace

from crawlers.parsers.shapes import NotJson, at, count, ident, rows, tree, words
from tingchao.bus import DEAD, RAW, Bus
from tingchao.errors import BadInput, BadRecord
from tingchao.mention import Author, Kind, Mention, Precision, Robots, encode
from tingchao.privacy import BUCKETS, HIDDEN_ID, RawPost, Secret, seal
from tingchao.scrubbing import clean, is_organisation, mask_name, scrub
from tingchao.times import iso, when

MAX_LINE = 1_000_000
FLUSH_EVERY = 1_000
SHOWN_PROBLEMS = 20
LICENSED = Robots(allowed=True, rule="imported")
_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"
_MASKED = re.compile(r".?\*\*")
_HEX = re.compile(r"[0-9a-f]{32}")
MAX_RULE = 100
MAX_SOURCE = 64

Progress = Callable[[int], None]
"""Called with the number of lines read so far."""


@dataclass(slots=True)
class Report:
    """What an import or a replay came to. `problems` holds the first twenty, each with its line."""

    read: int = 0
    published: int = 0
    refused: int = 0
    repeated: int = 0
    undated: int = 0
    first: datetime | None = None
    last: datetime | None = None
    problems: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def took(self, mention: Mention) -> None:
        """One mention was read."""
        self.undated += mention.published_precision is Precision.NONE
        self.first = min(self.first or mention.published_at, mention.published_at)
        self.last = max(self.last or mention.published_at, mention.published_at)

    def refuse(self, number: int, reason: str) -> None:
        """One line was not."""
        self.refused += 1
        self.reasons[reason] += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(f"line {number}: {reason}")

    def to_dict(self) -> dict[str, Any]:
        """For printing; times are ISO 8601 in UTC."""
        return {
            "read": self.read,
            "published": self.published,
            "refused": self.refused,
            "repeated": self.repeated,
            "undated": self.undated,
            "first": iso(self.first) if self.first else None,
            "last": iso(self.last) if self.last else None,
            "problems": list(self.problems),
        }


def import_file(
    path: Path,
    bus: Bus | None,
    secret: Secret,
    *,
    kept: Callable[[str], bool] = is_organisation,
    source: str = "import",
    now: datetime,
    progress: Progress = lambda _: None,
) -> Report:
    """Publish every line of `path` (`-`: standard input); without a bus only read and report.

    `source` is for lines that name none; `kept` says which @names stay readable. A line that cannot be read goes to
    the dead-letter topic with its number and reason, not with its text: that may hold personal data. Raises
    `BadInput` for a file that cannot be read, or whose gzip is damaged (what came before is imported),
    `BusUnavailable`.
    """
    report = Report()
    seen: set[bytes] = set()
    with opened(path) as stream:
        for number, line in lines(stream, path):
            report.read = number
            progress(number)
            try:
                mention = read_line(line, source, now, secret, kept)
            except BadRecord as error:
                report.refuse(number, str(error))
                if bus:
                    reason = error.without_value if isinstance(error, _WrongField) else str(error)
                    bus.publish(DEAD, f"{path.name}/{number}", _letter(path, number, line, reason, now))
                continue
            report.took(mention)
            known = bytes.fromhex(mention.id)
            report.repeated += known in seen
            seen.add(known)
            if bus:
                bus.publish(RAW, mention.id, encode(mention))
                report.published += 1
                if report.published % FLUSH_EVERY == 0:
                    bus.flush()
    if bus:
        bus.flush()
    return report


def read_line(
    line: bytes, source: str, now: datetime, secret: Secret, kept: Callable[[str], bool] = is_organisation
) -> Mention:
    """One line as a mention. Raises `BadRecord` that names the field and what would be right."""
    if len(line) > MAX_LINE:
        raise BadRecord(f"longer than {MAX_LINE:,} bytes")
    try:
        row = tree(line)
    except NotJson as error:
        raise BadRecord(f"no JSON: {error}") from None
    if not isinstance(row, dict):
        raise BadRecord("no JSON object; give one object a line")
    author = row.get("author")
    mention = seal(
        RawPost(
            source=_source(row) or source,
            native_id=ident(row.get("native_id")) or ident(row.get("id")),
            kind=_kind(row),
            text=_text(row, "text"),
            title=_text(row, "title"),
            url=_text(row, "url"),
            published=row.get("published_at"),
            captured_at=_captured(row, now),
            parent_id=ident(row.get("parent_id")) or None,
            root_id=ident(row.get("root_id")) or None,
            lang=_text(row, "lang"),
            author_id=author
            if isinstance(author, str)
            else ident(at(author, "id")) or ident(at(author, "key")),
            author_name=author
            if isinstance(author, str)
            else words(at(author, "name")) or words(at(author, "name_masked")),
            badge=words(at(author, "badge")),
            followers=count(row.get("followers")) if "followers" in row else count(at(author, "followers")),
            likes=_number(row, "likes"),
            comments=_number(row, "comments"),
            reposts=_number(row, "reposts"),
            views=_number(row, "views"),
            region=_text(row, "region"),
            media=tuple(link for link in rows(row.get("media")) if isinstance(link, str)),
            robots=LICENSED,
            raw_hash=hashlib.blake2b(line, digest_size=16).hexdigest(),
        ),
        secret,
        kept,
    )
    return _as_it_was(row, mention, secret)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, of standard input for `-`, unpacked where they are gzip. Raises `BadInput`."""
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}). Give a file with JSON lines") from None
    with file:
        packed = file.peek(2)[:2] == _GZIP  # a pipe, such as <(zcat FILE), cannot be read twice
        yield cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file


def lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, without blank ones. One that is too long is cut after `MAX_LINE` + 1 bytes."""
    number = 0
    while True:
        try:
            line = stream.readline(MAX_LINE + 1 + len(_MARK))
            whole = line
            while whole and not whole.endswith(b"\n") and len(whole) > MAX_LINE:
                whole = stream.readline(MAX_LINE + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadInput(
                f"{path}: damaged gzip after line {number} ({error}); the lines before it were read"
            ) from None
        if not line:
            return
        number += 1
        if number == 1:
            line = line.removeprefix(_MARK)
        if line.strip():
            yield number, line


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise BadRecord(f"{name} is {_name_of(value)}; give text")


def _source(row: Mapping[str, Any]) -> str:
    name = _text(row, "source").strip()
    if len(name) > MAX_SOURCE or clean(name, MAX_SOURCE) != name:
        raise _WrongField("source", name, f"is no name of at most {MAX_SOURCE} visible characters")
    return name


def _number(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name, at(row, "engagement", name))
    found = count(value)
    if value is not None and found is None:
        raise _WrongField(name, value, "is no count; give a number such as 12000 or 1.2万")
    return found


def _kind(row: Mapping[str, Any]) -> Kind:
    value = row.get("kind", Kind.POST)
    try:
        return Kind(value)
    except ValueError:
        raise _WrongField("kind", value, f"is none; kinds are {', '.join(Kind)}") from None


def _captured(row: Mapping[str, Any], now: datetime) -> datetime:
    value = row.get("captured_at")
    if value is None:
        return now
    at = when(value, now).at
    if at is None:
        raise _WrongField("captured_at", value, "is no past time; give such as 2026-11-24T02:00:00Z")
    return at


class _WrongField(BadRecord):
    """A field's value is not what it should be. `without_value` is the sentence for what is kept: columns that were
    mixed up put names into any field."""

    def __init__(self, name: str, value: object, wrong: str) -> None:
        super().__init__(f"{name}={str(value)[:40]!r} {wrong}")
        self.without_value = f"{name} {wrong}"


class _Sealed(msgspec.Struct, frozen=True):
    """What only our own export tells."""

    v: int
    author: Author = Author()
    published_precision: Precision = Precision.SECOND
    robots: Robots = LICENSED
    raw_hash: str = ""


def _as_it_was(row: Mapping[str, Any], mention: Mention, secret: Secret) -> Mention:
    """With what this installation wrote when it sealed the row before: precision, robots and hash, the author's key
    if it was made here, and the id if the native id was hidden here."""
    try:
        known = msgspec.convert(row, _Sealed)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return mention
    author, id = mention.author, mention.id
    if secret.made(known.author.key):
        name, bucket = known.author.name_masked, known.author.followers_bucket
        author = Author(
            key=known.author.key,
            name_masked=name if _MASKED.fullmatch(name) else mask_name(name),
            badge=author.badge,
            followers_bucket=bucket if bucket in BUCKETS else "",
        )
    if mention.native_id.startswith(HIDDEN_ID) and secret.made(mention.native_id.removeprefix(HIDDEN_ID)):
        given = ident(row.get("id"))
        id = given if _HEX.fullmatch(given) else id
    return replace(
        mention,
        id=id,
        author=author,
        published_precision=known.published_precision
        if mention.published_precision is not Precision.NONE
        else Precision.NONE,
        robots=Robots(allowed=known.robots.allowed, rule=clean(scrub(known.robots.rule), MAX_RULE)),
        raw_hash=known.raw_hash if _HEX.fullmatch(known.raw_hash) else mention.raw_hash,
    )


def _name_of(value: Any) -> str:
    return {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}.get(
        type(value), "nothing"
    )


def _letter(path: Path, number: int, line: bytes, reason: str, now: datetime) -> bytes:
    """The same fields as a worker's dead letter, without the text."""
    return msgspec.json.encode(
        {
            "reason": reason,
            "topic": "import",
            "partition": 0,
            "offset": number,
            "key": path.name,
            "worker": "import",
            "at": iso(now),
            "bytes": len(line),
        }
    )
