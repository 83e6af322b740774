"""Watched folders: what other programs write there is read as they write it, each row once.

How far a file was read is noted only after its rows are durable on the bus; so a watcher that dies reads a few rows
again, under the same ids, rather than leaves a hole.
"""

import dataclasses
import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from crawlers.imports.intake import FLUSH_EVERY, Intake
from crawlers.imports.mapping import ColumnMapping, mapping_from
from crawlers.imports.opening import HEAD, Format, opened, recognised
from crawlers.imports.reading import LISTING, found_mapping, rows_of, table_rows
from crawlers.imports.report import Report
from crawlers.imports.rows import Row, json_lines
from crawlers.imports.standings import (
    KIND,
    Standing,
    State,
    begins_alike,
    chained,
    from_body,
    grew,
    marks,
    shown_name,
    standing_id,
)
from crawlers.imports.tables import csv_rows, header
from crawlers.imports.translating import Translator
from tingchao.bus import Bus
from tingchao.errors import BadInput, Unavailable
from tingchao.privacy import Secret
from tingchao.scrubbing import is_organisation
from tingchao.store import Store

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx")
MOST_FILES = 10_000
SETTLED = timedelta(seconds=60)
"""After so long without a change a last line without its end counts as whole."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at one file came to."""

    path: Path
    standing: Standing
    report: Report


@dataclass(slots=True)
class Watcher:
    """Looks after one folder and those below it. `source` and `mapping` are for rows and tables that tell none."""

    folder: Path
    bus: Bus
    store: Store
    secret: Secret
    kept: Callable[[str], bool] = is_organisation
    source: str = ""
    mapping: ColumnMapping | None = None
    _standings: dict[str, Standing] | None = field(default=None, repr=False)

    def sweep(self, now: datetime) -> Iterator[Looked]:
        """Read what is new since the last sweep, file by file.

        Raises `BadInput` for a folder that is none, `BusUnavailable`, `StoreUnavailable`; what was durable by then
        stays noted.
        """
        if not self.folder.is_dir():
            raise BadInput(f"{self.folder}: is no folder; make it, or name the one that is written to")
        if self._standings is None:
            found = ((document.id, from_body(document.body)) for document in self.store.documents(KIND))
            self._standings = {id: standing for id, standing in found if standing}
        for path, about in _files(self.folder):
            if looked := self._look(path, about, now):
                yield looked

    def _look(self, path: Path, about: os.stat_result, now: datetime) -> Looked | None:
        assert self._standings is not None
        known = self._standings.get(standing_id(path))
        settled = now - datetime.fromtimestamp(about.st_mtime, UTC) >= SETTLED
        if (
            known
            and known.looks_like(about)
            and known.state is not State.READING
            and not (known.waiting and settled)
        ):
            return None
        if about.st_size == 0:
            return None
        reading = _Reading(self, path, about, now, settled)
        try:
            reading.read(known)
        except BadInput as error:
            # Without the columns: in a table without a header they are somebody's post.
            told = str(error).replace(str(path), reading.intake.name).partition(f" {LISTING}")[0]
            reading.note(State.BAD, problem=told)
        return Looked(path, reading.noted, reading.intake.report)

    def remember(self, path: Path, standing: Standing) -> None:
        """Note how far a file was read. Raises `StoreUnavailable`."""
        assert self._standings is not None
        self.store.put(KIND, standing_id(path), msgspec.to_builtins(standing))
        self._standings[standing_id(path)] = standing


class _Reading:
    """One file being read on."""

    def __init__(
        self, watcher: Watcher, path: Path, about: os.stat_result, now: datetime, settled: bool
    ) -> None:
        self.watcher, self.path, self.settled = watcher, path, settled
        self.translator = Translator(
            secret=watcher.secret,
            now=now,
            source=watcher.source,
            kept=watcher.kept,
            mapping=watcher.mapping,
            stem=path.name.partition(".")[0],
        )
        name = shown_name(path)
        self.intake = Intake(self.translator, watcher.bus, name, now)
        self.standing = Standing(
            name=name, inode=about.st_ino, size=about.st_size, modified=about.st_mtime_ns
        )
        self.noted = self.standing

    def read(self, known: Standing | None) -> None:
        """Read from where it was left to the end. Raises `BadInput`."""
        with opened(self.path) as stream:
            form = recognised(self.path, stream)
            follows = (
                form.format in {Format.JSON_LINES, Format.CSV}
                and form.encoding == "utf-8"
                and not self.path.name.endswith(".gz")
            )
            if follows:
                if form.format is Format.CSV and not self.settled and b"\n" not in stream.peek(HEAD)[:HEAD]:
                    self.note(State.DONE, waiting=True)
                    return
                same = known is not None and grew(known, stream, self.standing.size)
                self._go_on(known if same else None)
                self._take(self._following(stream, form.format))
                self.note(State.DONE, waiting=not self.settled and self.standing.end < self.standing.size)
                return
            rows = rows_of(self.path, stream, form, self.translator, self.intake.report)
            if known and known.ordinal and self._same_rows(known):
                self._go_on(known)
            done = self.standing.ordinal
            self._take(dataclasses.replace(row, end=0) for row in rows if row.ordinal > done)
        self.note(State.DONE)

    def note(self, state: State, *, waiting: bool = False, problem: str = "") -> None:
        """Make what was taken durable, then note how far that was."""
        self.intake.flush()
        report = self.intake.report
        mapping = found_mapping(self.translator) if self.watcher.mapping is None else None
        standing = replace(
            self.standing,
            state=state,
            waiting=waiting,
            problem=problem,
            mapping=msgspec.to_builtins(mapping) if mapping else self.standing.mapping,
        )
        if standing.end:
            with suppress(OSError), self.path.open("rb") as stream:
                head, tail = marks(stream, standing.end)
                standing = replace(standing, head=head, tail=tail)
        self.standing = standing
        self.noted = replace(
            standing,
            published=standing.published + report.published,
            refused=standing.refused + report.refused,
        )
        self.watcher.remember(self.path, self.noted)

    def _go_on(self, known: Standing | None) -> None:
        """Take over how far it was read, and how its table was."""
        if known is None:
            return
        self.standing = replace(
            known, inode=self.standing.inode, size=self.standing.size, modified=self.standing.modified
        )
        if known.mapping and self.translator.mapping is None and self.path.suffix.lower() in {".csv", ".tsv"}:
            with suppress(BadInput):  # one of another version of this program
                self.translator.mapping = mapping_from(known.mapping, known.name)

    def _following(self, stream: io.BufferedReader, format: Format) -> Iterator[Row]:
        at, whole = self.standing, not self.settled
        stream.seek(0)
        if format is Format.JSON_LINES:
            stream.seek(at.end)
            return json_lines(stream, self.path, number=at.number, end=at.end, whole=whole)
        head = header(stream, self.path)
        end = max(at.end, head.end)
        stream.seek(end)
        rows = csv_rows(
            stream,
            self.path,
            head,
            number=max(at.number, head.number),
            ordinal=at.ordinal,
            end=end,
            whole=whole,
        )
        return table_rows(self.path, head, rows, self.translator, self.intake.report)

    def _same_rows(self, known: Standing) -> bool:
        with opened(self.path) as stream, suppress(BadInput):
            other = Translator(
                secret=self.watcher.secret, now=self.translator.now, mapping=self.watcher.mapping
            )
            return begins_alike(
                known, rows_of(self.path, stream, recognised(self.path, stream), other, Report())
            )
        return False

    def _take(self, rows: Iterator[Row]) -> None:
        for taken, row in enumerate(rows, 1):
            if row.end and not row.raw.endswith(b"\n"):
                # A last line without its end is taken if it can be read, but read again should the file grow.
                if not row.problem:
                    self.intake.take(row)
                return
            self.intake.report.read += 1
            self.intake.take(row)
            self.standing = replace(
                self.standing,
                number=row.number + row.raw[:-1].count(b"\n") if row.end else row.number,
                ordinal=row.ordinal,
                end=row.end,
                chain="" if row.end else chained(self.standing.chain, row),
            )
            if taken % FLUSH_EVERY == 0:
                self.note(State.READING)


def watch(
    watcher: Watcher,
    *,
    now: Callable[[], datetime],
    wait: Callable[[float], bool],
    every: float = 2.0,
    heard: Callable[[Looked], None] = lambda _: None,
    down: Callable[[Unavailable], None] = lambda _: None,
) -> None:
    """Sweep a folder every `every` seconds until `wait` says to stop. A bus or store that does not answer is told
    to `down` and tried again; `heard` is told of every file that was read. Raises `BadInput` for no folder."""
    while True:
        try:
            for looked in watcher.sweep(now()):
                heard(looked)
        except Unavailable as error:
            down(error)
        if wait(every):
            return


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files that may be imported, by name: no hidden ones, no drafts, nothing that a link leads to."""
    found: list[tuple[Path, os.stat_result]] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith((".", "~$")) or not name.lower().removesuffix(".gz").endswith(SUFFIXES):
                continue
            path = Path(place, name)
            with suppress(OSError):
                about = path.lstat()
                if stat.S_ISREG(about.st_mode):
                    found.append((path, about))
            if len(found) >= MOST_FILES:
                raise BadInput(
                    f"{folder}: more than {MOST_FILES:,} files; move those that are done elsewhere"
                )
    yield from found
