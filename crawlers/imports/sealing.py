"""The simple form of a row, and its way through the seal.

`{"id", "source", "kind", "text", "title"?, "url"?, "published_at", "captured_at"?, "author"?, "followers"?,
"likes"?, "comments"?, "reposts"?}`, or a whole mention with the fields of DESIGN 5. Our own export comes back as it
was; what another installation sealed, or only looks sealed, is sealed again.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.parsers.shapes import at, count, ident, rows, words
from tingchao.errors import BadRecord
from tingchao.mention import Author, Kind, Mention, Precision, Robots
from tingchao.privacy import BUCKETS, HIDDEN_ID, RawPost, Secret, seal
from tingchao.scrubbing import clean, is_organisation, mask_name, scrub
from tingchao.times import SHANGHAI, when

LICENSED = Robots(allowed=True, rule="imported")
MAX_RULE = 100
MAX_SOURCE = 64
DEFAULT_SOURCE = "import"
_MASKED = re.compile(r".?\*\*")
_HEX = re.compile(r"[0-9a-f]{32}")


def read_row(
    row: Mapping[str, Any],
    raw: bytes,
    source: str,
    now: datetime,
    secret: Secret,
    kept: Callable[[str], bool] = is_organisation,
    tz: tzinfo = SHANGHAI,
) -> Mention:
    """A row in the simple form as a mention; `raw` is what it was read from, `source` is for rows that name none.

    Raises `BadRecord` that names the field and what would be right.
    """
    author = row.get("author")
    mention = seal(
        RawPost(
            source=_source(row) or source or DEFAULT_SOURCE,
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
            raw_hash=hashlib.blake2b(raw, digest_size=16).hexdigest(),
            tz=tz,
        ),
        secret,
        kept,
    )
    return _as_it_was(row, mention, secret)


def safe_reason(error: BadRecord) -> str:
    """The reason as it may be kept: without the value, which may be a name that stood in a wrong column."""
    return error.without_value if isinstance(error, WrongField) else str(error)


class WrongField(BadRecord):
    """A field's value is not what it should be. `without_value` is the sentence for what is kept."""

    def __init__(self, name: str, value: object, wrong: str) -> None:
        super().__init__(f"{name}={str(value)[:40]!r} {wrong}")
        self.without_value = f"{name} {wrong}"


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise BadRecord(f"{name} is {_name_of(value)}; give text")


def _source(row: Mapping[str, Any]) -> str:
    name = _text(row, "source").strip()
    if len(name) > MAX_SOURCE or clean(name, MAX_SOURCE) != name:
        raise WrongField("source", name, f"is no name of at most {MAX_SOURCE} visible characters")
    return name


def _number(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name, at(row, "engagement", name))
    found = count(value)
    if value is not None and found is None:
        raise WrongField(name, value, "is no count; give a number such as 12000 or 1.2万")
    return found


def _kind(row: Mapping[str, Any]) -> Kind:
    value = row.get("kind", Kind.POST)
    try:
        return Kind(value)
    except ValueError:
        raise WrongField("kind", value, f"is none; kinds are {', '.join(Kind)}") from None


def _captured(row: Mapping[str, Any], now: datetime) -> datetime:
    value = row.get("captured_at")
    if value is None:
        return now
    at = when(value, now).at
    if at is None:
        raise WrongField("captured_at", value, "is no past time; give such as 2026-11-24T02:00:00Z")
    return at


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
    if "v" not in row:
        return mention
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
