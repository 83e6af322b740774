"""From the columns of a table to the fields of a mention: read from YAML, written to it, applied to a row.

    source: heimao
    kind: complaint
    timezone: Asia/Shanghai
    columns: {id: 编号, text: 内容, published_at: 发布时间, author_name: 用户}

A field may name several columns: the first that has a value counts. `repost_of` holds the id of the post that was
passed on, and makes the row a repost where it is not empty.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.shapes import count
from tingchao.errors import BadInput
from tingchao.mention import Kind
from tingchao.times import iso

MAX_FILE = 64_000
FIELDS = (
    "id", "parent_id", "root_id", "repost_of", "source", "kind", "text", "title", "url", "published_at", "captured_at",
    "author_id", "author_name", "badge", "followers", "likes", "comments", "reposts", "views", "region", "media",
    "lang",
)  # fmt: skip
COUNTS = ("followers", "likes", "comments", "reposts", "views")
_TEXTS = ("text", "title", "url", "region", "lang", "published_at", "captured_at", "source")
_ABSENT = frozenset(
    {"", "none", "null", "nan", "-", "--", "n/a", "#n/a", "#value!", "#ref!", "undefined", "[]"}
)
_SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+\d{1,3}")
_LOSSLESS = 2**53
_EXCEL_DAYS = (20_000, 80_000)
"""Days since 1899-12-30 that are years of ours: what a date is in a cell that was not formatted as one."""
_EXCEL_EPOCH = 25_569


class ColumnMapping(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """How the rows of one kind of file are read.

    `kinds` and `sources` translate values of those columns; `url` is a template such as
    `https://site.example/{id}` for files without addresses; `html` says that texts are HTML;
    `author_from_file` that the file is named after its author's id. `prefixes` are put before ids of posts and
    comments, as our parsers write them, so that a post read in two ways is one; where they depend on what a row is,
    `prefix_by` is the column that tells.
    """

    source: str = ""
    kind: Kind = Kind.POST
    timezone: str = "Asia/Shanghai"
    columns: dict[str, str | list[str]]
    kinds: dict[str, Kind] = {}
    sources: dict[str, str] = {}
    url: str = ""
    html: bool = False
    author_from_file: bool = False
    prefixes: dict[str, str | dict[str, str]] = {}
    prefix_by: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def names(self, field: str) -> list[str]:
        """The columns that a field may come from."""
        named = self.columns.get(field, [])
        return [named] if isinstance(named, str) else named


def read_mapping(path: Path) -> ColumnMapping:
    """The mapping in a YAML file. Raises `BadInput` that names what is wrong and what would be right."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE + 1)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from None
    if len(text) > MAX_FILE:
        raise BadInput(f"{path}: more than {MAX_FILE:,} bytes; a mapping is a few lines of YAML")
    try:
        return mapping_from(yaml.safe_load(text), str(path))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadInput(f"{path}: no YAML: {' '.join(str(error).split())[:200]}") from None


def mapping_from(body: object, place: str) -> ColumnMapping:
    """A mapping from what YAML held. Raises `BadInput`."""
    try:
        mapping = msgspec.convert(body, ColumnMapping)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise BadInput(
            f"{place}: {error}. Give source, kind, timezone and columns: {{text: 内容, ...}}"
        ) from None
    unknown = sorted(set(mapping.columns) - set(FIELDS))
    if unknown:
        raise BadInput(f"{place}: columns: {unknown[0][:40]!r} is no field. Fields are {', '.join(FIELDS)}")
    if not {"text", "title"} & set(mapping.columns):
        raise BadInput(f"{place}: columns: name the one with the text, such as text: 内容")
    try:
        mapping.zone  # noqa: B018  looked up to see whether it exists
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"{place}: timezone={mapping.timezone[:40]!r} is none; give such as Asia/Shanghai"
        ) from None
    return mapping


def write_mapping(path: Path, mapping: ColumnMapping) -> None:
    """Write a mapping as YAML to be edited. Raises `BadInput` where the file cannot be written."""
    body = msgspec.to_builtins(mapping)
    try:
        path.write_text(yaml.safe_dump(body, allow_unicode=True, sort_keys=False), "utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from None


def applied(
    mapping: ColumnMapping, cells: Mapping[str, Any], stem: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """A row in the simple form (see `sealing`), and warnings about it. `stem` is the file's name without its end."""
    found = {field: _first(mapping, cells, field) for field in mapping.columns}
    row: dict[str, Any] = {name: _text(found[name]) for name in _TEXTS if found.get(name) is not None}
    row |= {name: count(found[name]) for name in COUNTS if found.get(name) is not None}
    warnings: list[str] = []
    for name in ("published_at", "captured_at"):
        if name in row:
            row[name] = _time(found[name])
    if mapping.html:
        row |= {name: html_to_text(row[name]) for name in ("text", "title") if name in row}
    source = row.get("source", "")
    row["source"] = mapping.sources.get(source.strip().casefold(), source) if source else mapping.source
    row["kind"] = mapping.kinds.get(_text(found.get("kind")).strip().casefold(), mapping.kind)
    row["id"] = _id(mapping, found, row, warnings)
    prefixes = _prefixes(mapping, cells)
    _place(row, _ident(found.get("parent_id")), _ident(found.get("root_id")), prefixes)
    if origin := _ident(found.get("repost_of")):
        row |= {"kind": Kind.REPOST, "parent_id": origin, "root_id": origin}
    row["author"] = _author(mapping, found, stem)
    row["media"] = [link for link in re.split(r"[,;\s]+", _text(found.get("media"))) if link]
    if mapping.url and not row.get("url"):
        row["url"] = mapping.url.replace("{id}", row["id"]).replace("{root}", row.get("root_id") or "")
    row["id"] = row["id"] and prefixes.get("id", "") + row["id"]
    return row, warnings


def _first(mapping: ColumnMapping, cells: Mapping[str, Any], field: str) -> Any:
    for name in mapping.names(field):
        value = cells.get(name)
        if value is not None and not (isinstance(value, str) and value.strip().casefold() in _ABSENT):
            return value
    return None


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool() | None:
            return ""
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case int():
            return str(value)
        case list():
            return ",".join(_text(each) for each in value)
        case _:
            return ""


def _time(value: Any) -> Any:
    """A time as it is shown; the number of a day as a spreadsheet counts them, as a time."""
    number = value if isinstance(value, float) and not isinstance(value, bool) else None
    if isinstance(value, str) and re.fullmatch(r"\d{5}\.\d{1,12}", value.strip()):
        number = float(value)
    if number is not None and _EXCEL_DAYS[0] <= number < _EXCEL_DAYS[1]:
        wall = datetime.fromtimestamp(round((number - _EXCEL_EPOCH) * 86_400), UTC)
        return iso(wall).removesuffix("Z").replace("T", " ")
    return value.strip() if isinstance(value, str) else value


def _ident(value: Any) -> str:
    """An id; a parent that is told as 0 is none."""
    text = value.strip() if isinstance(value, str) else _text(value)
    return "" if text == "0" else text


def _id(mapping: ColumnMapping, found: Mapping[str, Any], row: Mapping[str, Any], warnings: list[str]) -> str:
    """The native id. One that a spreadsheet shortened would be many posts' at once, so it is replaced."""
    value = found.get("id")
    text = _ident(value)
    if (isinstance(value, float) and abs(value) >= _LOSSLESS) or _SHORTENED.fullmatch(text):
        warnings.append(
            f"id {text[:24]} lost digits in a spreadsheet; one made of the row stands in. Format the column as text"
        )
        return _made(found, row)
    if isinstance(value, int) and len(text) > 15 and not text[15:].strip("0"):
        warnings.append(f"id {text[:24]} ends in zeros, as those do that a spreadsheet shortened; compare it")
    return text if "id" in mapping.columns else _made(found, row)


def _made(found: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """An id for a row without one: its address, else a hash of what does not change from one export to the next."""
    url = row.get("url") or ""
    if url.startswith(("http://", "https://")) and len(urlsplit(url).path) > 1:
        return str(url)
    parts = [row.get("title"), row.get("text"), row.get("published_at"), found.get("author_id")]
    parts.append(found.get("author_name"))
    joined = "\x00".join("" if part is None else str(part) for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _prefixes(mapping: ColumnMapping, cells: Mapping[str, Any]) -> dict[str, str]:
    """What goes before the ids of this row."""
    told = _text(cells.get(mapping.prefix_by)).strip()
    return {
        field: prefix if isinstance(prefix, str) else prefix.get(told, "")
        for field, prefix in mapping.prefixes.items()
    }


def _place(row: dict[str, Any], parent: str, root: str, prefixes: Mapping[str, str]) -> None:
    """Which post it belongs to. A comment whose parent is nobody or itself answers the post."""
    parent, root = ("" if each == row["id"] else each for each in (parent, root))
    if root:
        row["root_id"] = prefixes.get("root_id", "") + root
    if parent or root:
        row["parent_id"] = prefixes.get("parent_id", "") + parent if parent else row["root_id"]


def _author(mapping: ColumnMapping, found: Mapping[str, Any], stem: str) -> dict[str, str]:
    id = _ident(found.get("author_id"))
    if not id and mapping.author_from_file and stem.isdecimal():
        id = stem
    return {"id": id, "name": _text(found.get("author_name")), "badge": _text(found.get("badge"))}
