"""How sources are heard, at a glance: in one line, then what is not, since when and why. Trees for `paper`. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from dashboard import coverage, gap_boards
from dashboard.boards import say_known
from dashboard.coverage import Hearing, Source
from dashboard.paper import Node, el
from dashboard.places import link
from dashboard.words import clock, length, of_sources
from dashboard.written import ImportedFile, Permission, Switch

Trouble: TypeAlias = tuple[str, Node]
"""A line of what is wrong, after its tone."""

MOST_TROUBLES = 12
NAMED = 3
"""Fields that a line names."""
_REASONS = (
    ("why_off", r"(?P<host>\S+) is switched off by hand"),
    ("why_requests", r"the day's budget of (?P<n>[\d,]+) requests is used"),
    ("why_bytes", r"the day's budget of (?P<n>[\d,]+) MiB is used"),
    ("why_resting", r"the host refused \((?P<reason>.*)\) and is left alone"),
    ("why_paced", r"the host takes no more for now"),
    ("why_permission", r"the permission (?P<reference>.*) \(\w+\) ended on (?P<until>[\d-]+): .*"),
    ("why_timeout", r"no answer within .*|TimeoutError.*|.*[Tt]imed? ?out.*"),
)


# --- the answer at a glance


def head(sources: Sequence[Source], now: datetime, files: Mapping[str, ImportedFile] | None = None) -> Node:
    """How many sources are heard; then what is not, since when, why, and what comes next: the worst first."""
    counted = coverage.count(sources)
    still = coverage.standstill(sources)
    gaps = sum(len(source.gaps) for source in sources)
    lines = _worst_first(
        [*_troubles(sources, now, quiet=still is not None), *_bad_files(files or {})],
    )
    tone = "lost" if counted.unheard or still else "late" if counted.doubtful or lines else "ok"
    return el(
        "div",
        el(
            "div",
            el("h2", of_sources("heard", heard=counted.heard, all=counted.all)),
            el("b", of_sources("unheard", n=counted.unheard), cls="bad") if counted.unheard else None,
            el("b", of_sources("doubtful", n=counted.doubtful), cls="doubt") if counted.doubtful else None,
            el("a", of_sources("gaps_open", n=gaps), cls="doubt", href=link("sources", show="gaps"))
            if gaps
            else None,
            cls="heard-line",
        ),
        el(
            "p",
            of_sources("standstill", at=clock(still, now), span=length(now - still)),
            cls="strong",
            role="alert",
        )
        if still
        else None,
        el("ul", *lines[:MOST_TROUBLES], _more(len(lines) - MOST_TROUBLES), cls="troubles")
        if lines
        else None,
        el("p", of_sources("told_standstill") if still else _calm(sources, now), cls="faint")
        if not lines
        else None,
        cls=f"heard {tone}",
    )


def _calm(sources: Sequence[Source], now: datetime) -> str:
    read = [
        (source.health.last_success, source.name)
        for source in sources
        if source.health and source.health.last_success
    ]
    if not read:
        return of_sources("imports_only")
    at, name = min(read)
    return of_sources("all_heard", name=name, span=length(now - at))


def _troubles(sources: Sequence[Source], now: datetime, *, quiet: bool) -> list[Trouble]:
    """`quiet`: that nothing is visited any more is said already, once for all."""
    found: list[Trouble] = []
    for source in sources:
        if source.hearing is not Hearing.OK and not (quiet and source.hearing is Hearing.UNVISITED):
            told = " · ".join(part for part in (since(source, now), why(source, now)) if part)
            found.append(_trouble(source, of_sources(f"hearing_{source.hearing}"), source.hearing.tone, told))
    for source in sources:
        if source.gaps:
            found.append(_trouble(source, of_sources("gap_word"), "late", gap_boards.told(source.gaps, now)))
        ending = _ending(source.permission, now) if source.permission else ""
        if ending:
            found.append(_trouble(source, of_sources("permission_word"), "late", ending))
    return found


def _more(n: int) -> Node | None:
    return el("li", of_sources("more_troubles", n=n), cls="faint") if n > 0 else None


def _worst_first(troubles: Sequence[Trouble]) -> list[Node]:
    return [node for _, node in sorted(troubles, key=lambda each: each[0] != "lost")]


def _trouble(source: Source, word: str, tone: str, told: str) -> Trouble:
    name = source.name if source.health else f"{source.name} · {of_sources('import')}"
    return _line(name, word, tone, told, link("sources", source=source.id))


def _line(name: str, word: str, tone: str, told: str, href: str) -> Trouble:
    return tone, el(
        "li",
        el("span", word, cls=f"how {tone}"),
        el("a", el("b", name), href=href),
        el("span", told, cls="told-why"),
    )


def _bad_files(files: Mapping[str, ImportedFile]) -> list[Trouble]:
    return [
        _line(
            file.name,
            of_sources("bad_file"),
            "lost",
            of_sources("told_bad_file", problem=file.problem[:200]),
            link("sources", show="imports"),
        )
        for file in files.values()
        if file.state == "bad"
    ]


def since(source: Source, now: datetime) -> str:
    """Since when it is so; that it never was heard; nothing for one that is."""
    if source.since:
        return of_sources("since_for", at=clock(source.since, now), span=length(now - source.since))
    never = source.health and source.health.last_success is None and source.hearing.tone != "ok"
    return of_sources("never_heard") if never else ""


def why(source: Source, now: datetime) -> str:
    """Why it is so, and what comes next."""
    health, told = source.health, ""
    match source.hearing:
        case Hearing.QUIET if source.newest:
            return of_sources("told_quiet", span=length(now - source.newest))
        case Hearing.SILENT if health:
            rate, usual = coverage.rate(health), health.an_hour
            if rate is None or usual is None:
                return of_sources("told_silent_plain")
            return of_sources("told_silent", rate=amount(rate), usual=amount(usual))
        case Hearing.BLIND if health:
            return of_sources("told_blind", fields="、".join(health.blind[:NAMED]))
        case Hearing.CHANGED:
            return of_sources("told_changed")
        case Hearing.UNVISITED:
            return of_sources("told_unvisited")
        case Hearing.OFF if source.switch:
            return stopped_by(source.switch)
        case _:
            told = reason(source.why)
    again = health.retry_at if health else None
    coming = of_sources("try_again", at=clock(again, now)) if again and again > now else ""
    return " · ".join(part for part in (told, coming) if part)


def reason(said: str) -> str:
    """What the crawler wrote as a reason, in the reader's language where it is a known one."""
    said = said[:300]
    for name, pattern in _REASONS:
        if found := re.fullmatch(pattern, said):
            return of_sources(name, **found.groupdict())
    return said


def _ending(permission: Permission, now: datetime) -> str:
    days = coverage.ends(permission, now)
    if days is None:
        return ""
    if days < 0:
        return of_sources("told_ended", reference=permission.reference, until=f"{permission.until}")
    return of_sources("told_ends", reference=permission.reference, days=days)


def stopped_by(switch: Switch) -> str:
    """Who stopped a host, and why."""
    if switch.by:
        return of_sources("told_off", by=switch.by, why=switch.why)
    return of_sources("told_off_plain", why=switch.why)


def of_kind(permission: Permission) -> str:
    """The kind of a permission in words."""
    return say_known(f"sources.permission_{permission.kind}", permission.kind)


def amount(value: float) -> str:
    """A rate as people read it."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
