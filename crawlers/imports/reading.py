"""The rows of a file in any of the formats, with the way its tables are read decided by their first rows."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crawlers.imports.layouts import SAMPLE, known_layout, without_words
from crawlers.imports.mapping import ColumnMapping
from crawlers.imports.opening import Form, Format, in_utf8
from crawlers.imports.report import Report
from crawlers.imports.rows import Row, json_array, json_lines
from crawlers.imports.tables import NAMES, Header, csv_rows, header
from crawlers.imports.translating import Translator, Way
from crawlers.imports.workbook import sheets
from tingchao.errors import BadInput

SHOWN_COLUMNS = 30
LISTING = "Columns are"


def rows_of(
    path: Path, stream: io.BufferedReader, form: Form, translator: Translator, report: Report
) -> Iterator[Row]:
    """Every row of a file. What was detected is noted in `report`, how its tables are read in `translator`.

    Raises `BadInput` for a file that cannot be read (any more), that no mapping fits, or that holds no posts.
    """
    report.detected["format"] = str(form.format)
    if form.encoding:
        report.detected["encoding"] = form.encoding
    match form.format:
        case Format.XLSX:
            return _sheets(path, translator, report)
        case Format.CSV:
            stream = in_utf8(stream, form.encoding)
            head = header(stream, path)
            return table_rows(path, head, csv_rows(stream, path, head), translator, report)
        case Format.JSON_ARRAY:
            return _with_posts(path, json_array(in_utf8(stream, form.encoding), path, form.start))
        case Format.JSON_LINES:
            return _with_posts(path, json_lines(in_utf8(stream, form.encoding), path))


def table_rows(
    path: Path, head: Header, rows: Iterator[Row], translator: Translator, report: Report
) -> Iterator[Row]:
    """The rows of a CSV, once it is decided how they are read. Raises `BadInput` where they cannot be."""
    report.detected["format"] = f"{Format.CSV}, cells between {NAMES[head.delimiter]}"
    sample = list(islice(rows, SAMPLE))
    if not sample:
        return rows
    way = _decided(translator, head.names, sample)
    if way.refused:
        raise BadInput(f"{path}: {way.refused}")
    return chain(sample, rows)


def named_columns(mapping: ColumnMapping) -> dict[str, str]:
    """A mapping for people: the column (or columns) of each field."""
    return {field: " | ".join(mapping.names(field)) for field in mapping.columns}


def told(translator: Translator) -> dict[str, Any]:
    """How rows were read: the ways' names, and the columns of the first that is no simple form."""
    ways = list(dict.fromkeys(way.name for way in translator.ways.values()))
    mapping = found_mapping(translator)
    told: dict[str, Any] = {"read_as": ", ".join(ways[:5])} if ways else {}
    return told | ({"columns": named_columns(mapping)} if mapping else {})


def found_mapping(translator: Translator) -> ColumnMapping | None:
    """The first mapping that was used, as a person would write it."""
    mapping = next((way.mapping for way in translator.ways.values() if way.mapping), None)
    return without_words(mapping) if mapping else None


def _sheets(path: Path, translator: Translator, report: Report) -> Iterator[Row]:
    read, before, skipped = 0, 0, []
    for title, names, rows in sheets(path):
        sample = list(islice(rows, SAMPLE))
        way = _decided(translator, names, sample)
        if way.refused:
            skipped.append(f"sheet {title[:40]!r}: {way.refused}")
            continue
        read += 1
        for row in chain(sample, rows):
            before += 1
            yield replace(row, ordinal=before)
    for reason in skipped if read else ():
        report.warn(reason)
    if not read:
        raise BadInput(
            f"{path}: {skipped[0] if skipped else 'no sheet has a header with two columns or more'}"
        )


def _decided(translator: Translator, names: Sequence[str], sample: Sequence[Row]) -> Way:
    """How the rows of a table are read; remembered for the columns as its rows have them."""
    columns = tuple(dict.fromkeys(name for name in names if name))
    values: list[Mapping[str, Any]] = [row.value for row in sample if isinstance(row.value, dict)]
    way = translator.decide(columns, values, simple=False)
    if way.mapping and not way.refused and translator.mapping is not None:
        wanted = [*way.mapping.names("text"), *way.mapping.names("title")]
        if not set(wanted) & set(columns):
            way = Way(
                way.name,
                None,
                f"the mapping's column for the text, {wanted[0][:40]!r}, is not there. {_listed(columns)}",
            )
    elif way.refused and not known_layout(columns):
        way = Way(way.name, None, f"{way.refused}. {_listed(columns)}")
    translator.ways[columns] = way
    return way


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in columns[:SHOWN_COLUMNS])
    return f"{LISTING} {shown}{' ...' if len(columns) > SHOWN_COLUMNS else ''}"


def _with_posts(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, unless the first shows that they hold people."""
    first = list(islice(rows, 1))
    value = first[0].value if first else None
    layout = known_layout(value) if isinstance(value, dict) else None
    if layout and not layout.mapping:
        raise BadInput(f"{path}: {layout.name}: such rows hold people, not posts")
    return chain(first, rows)
