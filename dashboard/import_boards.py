"""What is imported and pushed, as trees for `paper`. Pure."""

from collections.abc import Mapping
from datetime import datetime

from dashboard.boards import grid, say_known
from dashboard.paper import Node, el
from dashboard.words import clock, number, of_sources
from dashboard.written import ImportedFile
from tingchao.times import shanghai


def imports(files: Mapping[str, ImportedFile], pushed: str, now: datetime, most: int = 12) -> Node:
    """Watched files, those that cannot be read first, then the latest; and what was pushed."""
    if not files and not pushed:
        return el("p", of_sources("imports_none"), cls="empty")
    ordered = sorted(files.values(), key=lambda file: (file.state != "bad", -file.modified))
    names = ("file", "file_state", "file_changed", "file_published", "file_refused", "file_problem")
    return el(
        "div",
        el("p", pushed) if pushed else None,
        grid(
            [el("th", of_sources(name)) for name in names],
            [_file(file, now) for file in ordered[:most]],
        )
        if files
        else None,
        el("p", of_sources("files_more", n=len(files) - most), cls="faint") if len(files) > most else None,
    )


def _file(file: ImportedFile, now: datetime) -> Node:
    tone = {"done": "ok", "reading": "ok", "bad": "lost"}.get(file.state, "late")
    state = say_known(f"sources.file_{file.state}", file.state)
    changed = datetime.fromtimestamp(min(file.modified / 1e9, 4e9), now.tzinfo) if file.modified > 0 else None
    return el(
        "tr",
        el("td", file.name[:120], cls="mono"),
        el("td", el("span", "", cls=f"dot {tone}"), state, cls=f"state {tone}"),
        el(
            "td",
            clock(changed, now) if changed else "—",
            title=f"{shanghai(changed):%Y-%m-%d}" if changed else None,
        ),
        el("td", number(file.published)),
        el("td", number(file.refused), cls="bad" if file.refused else None),
        el("td", file.problem[:300] or (of_sources("file_waiting") if file.waiting else ""), cls="faint"),
    )
