"""What the command line calls: each opens its doors, runs, and returns numbers to print."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from crawlers.accounts import CURRENT, KIND, Accounts
from crawlers.imports import Progress
from crawlers.sources import Source, load
from tingchao.bus import open_bus
from tingchao.errors import BadInput, TingchaoError
from tingchao.privacy import Secret
from tingchao.settings import Settings
from tingchao.store import open_store
from tingchao.times import iso, when


def crawl(settings: Settings, *, once: bool = False, only: Sequence[str] = ()) -> dict[str, Any]:
    """Crawl the sources of the settings (those that ship, without any), or `only` these; see `crawlers.run`.

    Returns, per source, its state and what the error was. With `once` raises `TingchaoError` if none answered.
    """
    from crawlers.run import crawl as run

    healths = run(settings, _chosen(settings, only), once=once)
    if (
        once
        and healths
        and not any(h.last_success and h.last_success == h.last_try for h in healths.values())
    ):
        reasons = "; ".join(f"{name}: {health.error}" for name, health in healths.items())
        raise TingchaoError(f"no source could be read. {reasons}")
    return {
        name: {"state": str(h.state), "published": h.published, "error": h.error}
        for name, h in healths.items()
    }


def _chosen(settings: Settings, only: Sequence[str]) -> tuple[Source, ...]:
    sources = load(settings.home / settings.sources if settings.sources else None)
    if not sources:
        raise BadInput(
            f"{settings.sources}: no source is enabled. Set enabled: true on one, or take the line out"
        )
    unknown = set(only) - {source.id for source in sources}
    if unknown:
        known = ", ".join(source.id for source in sources)
        raise BadInput(f"--source {sorted(unknown)[0]!r}: there is no such enabled source. There are {known}")
    return tuple(source for source in sources if not only or source.id in only)


def import_file(
    settings: Settings,
    file: Path,
    *,
    source: str = "",
    dry_run: bool = False,
    mapping: Path | None = None,
    write_mapping: Path | None = None,
) -> dict[str, Any]:
    """Import a file; see `crawlers.imports`. A dry run opens no bus. `mapping` and `write_mapping` are YAML files."""
    from crawlers.imports import import_file as run
    from crawlers.imports import mapping as mappings

    secret = Secret.load(settings.home)
    given = mappings.read_mapping(mapping) if mapping else None
    with nullcontext() if dry_run else open_bus(settings.bus_address) as bus, _progress("rows") as progress:
        kept = Accounts() if dry_run else _accounts(settings)
        found: list[mappings.ColumnMapping | None] = []
        report = run(
            file,
            bus,
            secret,
            kept=kept,
            source=source,
            mapping=given,
            now=datetime.now(UTC),
            progress=progress,
            found=found.append,
        )
    if write_mapping:
        if found[0] is None:
            raise BadInput(f"{file}: its rows are in the simple form; there is no mapping to write")
        mappings.write_mapping(write_mapping, found[0])
    return report.to_dict()


def _accounts(settings: Settings) -> Accounts:
    found = Accounts()
    with open_store(settings.store_address) as store:
        if watchlist := store.find(KIND, CURRENT):
            found.learn(watchlist.body)
    return found


def replay(
    settings: Settings, file: Path, *, speed: float | None = None, shift: bool = False
) -> dict[str, Any]:
    """Replay a corpus; see `crawlers.replaying`."""
    from crawlers.replaying import replay as run

    secret = Secret.load(settings.home)
    with open_bus(settings.bus_address) as bus, _progress("posts") as progress:
        report = run(
            file,
            bus,
            secret,
            speed=speed,
            shift=shift,
            now=lambda: datetime.now(UTC),
            sleep=time.sleep,
            progress=progress,
        )
    return report.to_dict()


def when_lines(lines: Iterable[str], out: TextIO) -> int:
    """Read times: `{"text", "captured_at"}` a line in, `{"time", "precision"}` a line out; a line that cannot be
    read gives `{"error"}` at its place. Returns how many could not."""
    bad = 0
    for line in lines:
        try:
            answer = _when(line)
        except ValueError as error:
            bad += 1
            answer = {"error": str(error)}
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return bad


def _when(line: str) -> dict[str, str | None]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError(
            'no JSON; give {"text": "昨天 23:50", "captured_at": "2026-11-24T02:00:00Z"}'
        ) from None
    if not isinstance(row, dict) or "text" not in row:
        raise ValueError("no text; give an object with text and captured_at")
    shown = row.get("captured_at")
    try:
        captured_at = datetime.fromisoformat(shown) if isinstance(shown, str) else None
    except ValueError:
        captured_at = None
    if captured_at is None or captured_at.tzinfo is None:
        found = f"captured_at={str(shown)[:40]!r}" if "captured_at" in row else "no captured_at"
        raise ValueError(f"{found}: give a time with its zone, such as 2026-11-24T02:00:00Z")
    moment = when(row["text"], captured_at)
    return {"time": iso(moment.at) if moment.at else None, "precision": str(moment.precision)}


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    """A count on the terminal's error stream; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} {task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def show(number: int) -> None:
            if number % 100 == 0:
                bar.update(task, completed=number)

        yield show
