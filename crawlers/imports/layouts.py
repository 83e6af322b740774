"""Which mapping a file needs: that of a program whose columns it has, else a guess by the names and the values.

All words are in `layouts.yaml`: another program's output is another entry there, no code.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from crawlers.imports.mapping import FIELDS, ColumnMapping, mapping_from
from tingchao.mention import Kind
from tingchao.times import when

FILE = Path(__file__).with_name("layouts.yaml")
SAMPLE = 50
"""Rows that are looked at for a guess."""
_MOST = 0.8
"""Share of the sampled values that must agree."""
_SIGNS = re.compile(r"[\W_]+")


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A program's file: the columns by which it is known, and how they are read; None where it has no posts."""

    name: str
    has: frozenset[str]
    lacks: frozenset[str] = frozenset()
    mapping: ColumnMapping | None = None

    def fits(self, columns: frozenset[str]) -> bool:
        return self.has <= columns and not self.lacks & columns


class _Words(msgspec.Struct, frozen=True):
    layouts: tuple[Layout, ...]
    columns: dict[str, list[str]]
    sources: dict[str, str]
    kinds: dict[str, Kind]
    hosts: dict[str, str]


@cache
def _words() -> _Words:
    body = yaml.safe_load(FILE.read_text("utf-8"))
    layouts = [_layout(entry) for entry in body["layouts"]]
    layouts += [Layout(name=entry["name"], has=frozenset(entry["has"])) for entry in body["no_posts"]]
    return _Words(
        tuple(layouts),
        {field: [folded(name) for name in body["columns"][field]] for field in body["columns"]},
        _turned(body["sources"]),
        {name: Kind(kind) for name, kind in _turned(body["kinds"]).items()},
        _turned(body["hosts"]),
    )


def _layout(entry: dict[str, Any]) -> Layout:
    known = {"name", "has", "lacks"}
    mapping = mapping_from({key: entry[key] for key in entry.keys() - known}, f"layout {entry['name']}")
    return Layout(
        name=entry["name"],
        has=frozenset(entry["has"]),
        lacks=frozenset(entry.get("lacks", ())),
        mapping=mapping,
    )


def _turned(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {str(word).casefold(): name for name, words in table.items() for word in (*words, name)}


def known_layout(columns: Iterable[str]) -> Layout | None:
    """The layout of a program that writes such columns."""
    names = frozenset(columns)
    return next((layout for layout in _words().layouts if layout.fits(names)), None)


def folded(name: str) -> str:
    """A column's name as it is compared.

    >>> folded("发布时间 "), folded("Published_At"), folded("ＩＰ属地")
    ('发布时间', 'publishedat', 'ip属地')
    """
    return _SIGNS.sub("", unicodedata.normalize("NFKC", name).casefold())


def guessed(
    columns: Sequence[str], sample: Sequence[Mapping[str, Any]], now: datetime
) -> ColumnMapping | None:
    """A mapping by the names of columns, then by what their values look like; None where nothing is a text."""
    taken: dict[str, str] = {}
    free = list(dict.fromkeys(columns))
    for field in FIELDS:
        if found := _by_name(field, free):
            taken[field] = found
            free.remove(found)
    for field, looks in (("url", _is_url), ("published_at", lambda value: _is_time(value, now))):
        if field not in taken and (found := _by_value(free, sample, looks)):
            taken[field] = found
            free.remove(found)
    if not {"text", "title"} & taken.keys() and (found := _longest(free, sample)):
        taken["text"] = found
    if not {"text", "title"} & taken.keys():
        return None
    words = _words()
    ordered: dict[str, str | list[str]] = {field: taken[field] for field in FIELDS if field in taken}
    return ColumnMapping(columns=ordered, kinds=words.kinds, sources=words.sources)


def source_of(url: str) -> str:
    """Our name for the site of an address; "" for others."""
    try:
        host = (urlsplit(url).hostname or "").casefold()
    except ValueError:
        return ""
    hosts = _words().hosts
    labels = host.split(".")
    return next(
        (hosts[name] for name in (".".join(labels[n:]) for n in range(len(labels))) if name in hosts), ""
    )


def without_words(mapping: ColumnMapping) -> ColumnMapping:
    """A guessed mapping as it is shown and written: the usual words for kinds and sources go without saying."""
    words = _words()
    return msgspec.structs.replace(
        mapping,
        kinds={} if mapping.kinds == words.kinds else mapping.kinds,
        sources={} if mapping.sources == words.sources else mapping.sources,
    )


def with_words(mapping: ColumnMapping) -> ColumnMapping:
    """A person's mapping with the usual words for kinds and sources behind his own."""
    words = _words()
    return msgspec.structs.replace(
        mapping, kinds={**words.kinds, **mapping.kinds}, sources={**words.sources, **mapping.sources}
    )


def _by_name(field: str, free: Sequence[str]) -> str | None:
    by_word = {folded(name): name for name in reversed(free)}
    return next((by_word[word] for word in _words().columns.get(field, ()) if word in by_word), None)


def _by_value(free: Sequence[str], sample: Sequence[Mapping[str, Any]], looks: Any) -> str | None:
    for name in free:
        values = [row[name] for row in sample if row.get(name) not in (None, "")]
        if values and sum(map(bool, map(looks, values))) >= _MOST * len(values):
            return name
    return None


def _longest(free: Sequence[str], sample: Sequence[Mapping[str, Any]]) -> str | None:
    """The column with the longest texts on average, if they are texts at all."""

    def mean(name: str) -> float:
        texts = [row.get(name) for row in sample]
        return sum(len(text) for text in texts if isinstance(text, str)) / max(1, len(texts))

    best = max(free, key=mean, default=None)
    return best if best is not None and mean(best) >= 4 else None


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.strip().startswith(("http://", "https://"))


def _is_time(value: Any, now: datetime) -> bool:
    if isinstance(value, str) and not any(mark in value for mark in "-/.:年前天刚"):
        return len(value.strip()) in {10, 13} and when(value, now).at is not None
    return when(value, now).at is not None
