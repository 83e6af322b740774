"""Import one file: read to its end, published, and every row that was refused named."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from crawlers.imports.intake import Intake
from crawlers.imports.mapping import ColumnMapping
from crawlers.imports.opening import opened, recognised
from crawlers.imports.reading import found_mapping, rows_of, told
from crawlers.imports.report import Report
from crawlers.imports.standings import shown_name
from crawlers.imports.translating import Translator
from tingchao.bus import Bus
from tingchao.privacy import Secret
from tingchao.scrubbing import is_organisation

Progress = Callable[[int], None]
"""Called with the number of rows read so far."""
PREVIEWED = 5


def import_file(
    path: Path,
    bus: Bus | None,
    secret: Secret,
    *,
    kept: Callable[[str], bool] = is_organisation,
    source: str = "",
    mapping: ColumnMapping | None = None,
    now: datetime,
    progress: Progress = lambda _: None,
    found: Callable[[ColumnMapping | None], None] = lambda _: None,
) -> Report:
    """Publish every row of `path` (`-`: standard input); without a bus only read and report, with a preview.

    `source` is for rows that name none; `kept` says which @names stay readable; `mapping` tells what the columns
    mean, which is else known or guessed: `found` is told. A row that cannot be read goes to the dead-letter topic
    with its place and reason, not with its text. Raises `BadInput` for a file that cannot be read, or whose gzip is
    damaged (what came before is imported), `BusUnavailable`.
    """
    stem = path.name.partition(".")[0]
    translator = Translator(secret=secret, now=now, source=source, kept=kept, mapping=mapping, stem=stem)
    intake = Intake(translator, bus, shown_name(path), now, preview=0 if bus else PREVIEWED)
    report = intake.report
    with opened(path) as stream:
        for row in rows_of(path, stream, recognised(path, stream), translator, report):
            report.read = row.ordinal
            progress(row.ordinal)
            intake.take(row)
    intake.flush()
    report.detected |= told(translator)
    found(found_mapping(translator))
    return report
