"""From a row of any file to sealed mentions: by the mapping given, a known layout, the simple form, or a guess."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawlers.imports.captures import captured, is_capture
from crawlers.imports.layouts import guessed, known_layout, source_of, with_words
from crawlers.imports.mapping import FIELDS, ColumnMapping, applied
from crawlers.imports.rows import Row
from crawlers.imports.sealing import read_row
from tingchao.errors import BadRecord
from tingchao.mention import Mention
from tingchao.privacy import RawPost, Secret, seal
from tingchao.scrubbing import is_organisation

_MOST_SHAPES = 500
_SIMPLE_NAMES = {*FIELDS, "author", "engagement"} - {"repost_of", "author_id", "author_name"}


@dataclass(frozen=True, slots=True)
class Way:
    """How rows with certain columns are read: `mapping` None means the simple form; `refused` why they are not."""

    name: str
    mapping: ColumnMapping | None = None
    refused: str = ""


SIMPLE = Way("the simple form")
CAPTURED = Way("items that a browser extension captured")


@dataclass(slots=True, kw_only=True)
class Translator:
    """Reads rows. `source` is for rows that name none; `mapping` is the person's own and goes before all others."""

    secret: Secret
    now: datetime
    source: str = ""
    kept: Callable[[str], bool] = is_organisation
    mapping: ColumnMapping | None = None
    stem: str = ""
    ways: dict[tuple[str, ...], Way] = field(default_factory=dict)

    def mentions(self, row: Row) -> tuple[Sequence[Mention], list[str], object]:
        """The mentions in a row, warnings about it, and its time as it was written. Raises `BadRecord`."""
        if row.problem:
            raise BadRecord(row.problem)
        value = row.value
        if not isinstance(value, dict):
            raise BadRecord("no JSON object; give one object a line")
        if self.mapping is None and is_capture(value):
            self.ways.setdefault((), CAPTURED)
            return captured(value, self.now, self._seal), [], None
        way = self.way(tuple(value), value)
        if way.refused:
            raise BadRecord(way.refused)
        if way.mapping is None:
            mention = read_row(value, row.raw, self.source, self.now, self.secret, self.kept)
            return (mention,), [], value.get("published_at")
        simple, warnings = applied(way.mapping, value, self.stem)
        simple["source"] = simple["source"] or self.source or source_of(simple.get("url", ""))
        mention = read_row(simple, row.raw, "", self.now, self.secret, self.kept, way.mapping.zone)
        return (mention,), warnings, simple.get("published_at")

    def way(self, columns: tuple[str, ...], sample: Mapping[str, Any]) -> Way:
        """How rows with these columns are read; `sample` is one of them."""
        found = self.ways.get(columns)
        if found is None:
            found = self.decide(columns, [sample], simple=True)
            if len(self.ways) < _MOST_SHAPES:
                self.ways[columns] = found
        return found

    def decide(self, columns: Sequence[str], sample: Sequence[Mapping[str, Any]], *, simple: bool) -> Way:
        """How rows with these columns are to be read; `simple`: whether they may be in the simple form."""
        if self.mapping is not None:
            return Way("the mapping given", with_words(self.mapping))
        if layout := known_layout(columns):
            refused = "" if layout.mapping else f"{layout.name}: such rows hold people, not posts"
            return Way(layout.name, layout.mapping, refused)
        if simple and _is_simple(set(columns)):
            return SIMPLE
        mapping = guessed(columns, sample, self.now)
        if mapping is not None:
            return Way("a guess by names and values", mapping)
        if simple:
            return SIMPLE
        return Way(
            "nothing", None, "no column with the text was found; write a mapping and give it with --mapping"
        )

    def _seal(self, post: RawPost) -> Mention:
        return seal(post, self.secret, self.kept)


def _is_simple(columns: Set[str]) -> bool:
    """Whether a row with these names is in the simple form, perhaps with a field missing."""
    return "native_id" in columns or {"id", "text"} <= columns or columns <= _SIMPLE_NAMES
