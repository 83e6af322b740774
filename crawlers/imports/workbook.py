"""Rows out of Excel workbooks (.xlsx): each sheet a table with a header of its own.

Workbooks come from anywhere. One that would unpack to more than `MAX_UNPACKED` bytes is not opened, sheets are read
row by row, and whatever the library makes of a broken one is one sentence.
"""

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from crawlers.imports.rows import Row
from crawlers.imports.tables import MOST_COLUMNS, checked_names
from tingchao.errors import BadInput

MAX_FILE = 100 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
MAX_SHARED_TEXTS = 128 * 1024 * 1024
"""Bytes of the table of texts, which the library holds in memory."""
MAX_PARTS = 2_000
MAX_ROWS = 1_048_576
BROKEN = (
    zipfile.BadZipFile,
    InvalidFileException,
    SyntaxError,  # so both XML readers say that it is none
    zlib.error,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""What the library is known to raise for a workbook that is damaged, encrypted or no workbook."""


def sheets(path: Path) -> Iterator[tuple[str, tuple[str, ...], Iterator[Row]]]:
    """Each sheet that has a header: its name, its columns, its rows (`where` names the sheet if there are several).

    Raises `BadInput` for a file that is no workbook, is damaged, or would unpack to too much.
    """
    _bounded(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and drawings, which are not read
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except BROKEN as error:
        raise _broken(path, error) from None
    try:
        several = len(book.worksheets) > 1
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            where = f"sheet {sheet.title!r} row" if several else "row"
            cells = _cells(sheet, path, where)
            names = _header(cells, path)
            if names:
                yield sheet.title, names, _rows(cells, names, where)
    finally:
        book.close()


def _bounded(path: Path) -> None:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise BadInput(
                f"{path}: {size:,} bytes; workbooks of at most {MAX_FILE:,} are read. Save it as CSV"
            )
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}). Save the workbook as a file") from None
    except BROKEN as error:
        raise _broken(path, error) from None
    unpacked = sum(part.file_size for part in parts)
    texts = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if unpacked > MAX_UNPACKED or texts > MAX_SHARED_TEXTS or len(parts) > MAX_PARTS:
        raise BadInput(
            f"{path}: unpacks to {unpacked:,} bytes in {len(parts):,} parts; at most {MAX_UNPACKED:,} are read. "
            "Save it as CSV"
        )


def _cells(sheet: Any, path: Path, where: str) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows of a sheet as values, with their numbers."""
    number = 0
    try:
        sheet.reset_dimensions()  # a sheet may claim more than it has
        for number, cells in enumerate(
            sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1, max_row=MAX_ROWS), 1
        ):
            yield number, cells
    except BROKEN as error:
        raise BadInput(
            f"{path}: damaged after {where} {number} ({type(error).__name__}); the rows before it were read"
        ) from None


def _header(cells: Iterator[tuple[int, Sequence[Any]]], path: Path) -> tuple[str, ...]:
    """The first row that has at least two texts; above it stand titles of reports."""
    for number, row in cells:
        names = [str(cell).strip() if cell is not None else "" for cell in row]
        while names and not names[-1]:
            names.pop()
        if sum(bool(name) for name in names) >= 2:
            return tuple(checked_names(names, path))
        if number >= 20:
            break
    return ()


def _rows(cells: Iterator[tuple[int, Sequence[Any]]], names: tuple[str, ...], where: str) -> Iterator[Row]:
    ordinal = 0
    for number, row in cells:
        value = {name: _plain(cell) for name, cell in zip_longest(names, row[: len(names)]) if name}
        if any(cell not in (None, "") for cell in value.values()):
            ordinal += 1
            yield Row(number, ordinal, repr(value).encode("utf-8", "replace"), value, where=where)


def _plain(cell: Any) -> Any:
    """A cell as text or number; days and times as they are shown, for they have no zone."""
    match cell:
        case datetime():
            midnight = cell.time() == time()
            return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case bool() | int() | float() | str() | None:
            return cell
        case _:
            return str(cell)


def _broken(path: Path, error: Exception) -> BadInput:
    return BadInput(
        f"{path}: is no workbook that can be read ({type(error).__name__}). Save it as .xlsx or CSV again"
    )
