"""The table of sources, and one source in full, as trees for `paper`. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dashboard import coverage
from dashboard.boards import page_outcome
from dashboard.coverage import Source
from dashboard.paper import Node, el
from dashboard.places import link
from dashboard.source_boards import amount, of_kind, since, why
from dashboard.words import ago, length, number, of_sources, t
from dashboard.written import Health, Permission


def table(
    sources: Sequence[Source],
    stored: Mapping[str, int],
    address: Mapping[str, str],
    now: datetime,
    chosen: str = "",
) -> Node:
    """One line a source; `stored` are the mentions of the last day, opened by `address`."""
    columns = (
        ("source", t("source"), ""),
        ("state", t("state"), ""),
        ("last_success", of_sources("last_success"), ""),
        ("newest", of_sources("newest"), of_sources("newest_help")),
        ("yield n", of_sources("yield"), of_sources("yield_help")),
        ("stored n", of_sources("stored"), of_sources("stored_help")),
        ("refusing n", of_sources("refusing"), of_sources("refusing_help")),
        ("gaps n", of_sources("gaps"), ""),
        ("fields", of_sources("fields"), ""),
        ("permission", of_sources("permission"), ""),
    )
    return el(
        "table",
        el("thead", el("tr", *(el("th", word, cls=cls, title=help or None) for cls, word, help in columns))),
        el("tbody", *(_row(each, stored, address, now, chosen) for each in sources)),
        cls="grid sources",
    )


def _row(
    source: Source, stored: Mapping[str, int], address: Mapping[str, str], now: datetime, chosen: str
) -> Node:
    health, tone = source.health, source.hearing.tone
    return el(
        "tr",
        el(
            "td",
            el("a", el("b", source.name), href=link("sources", source=source.id), title=source.id),
            None if health else el("span", of_sources("import"), cls="chip", title=of_sources("import_help")),
            cls="source",
        ),
        el(
            "td",
            el("span", "", cls=f"dot {tone}"),
            of_sources(f"hearing_{source.hearing}"),
            cls=f"state {tone}",
            title=why(source, now) or None,
        ),
        _cell("last_success", _ago(health.last_success, now) if health else "—"),
        _cell("newest", ago(source.newest, now) if source.newest else "—"),
        _cell("yield", *_yield(health), n=True),
        _cell("stored", el("a", number(stored.get(source.id, 0)), href=address.get(source.id)), n=True),
        _cell("refusing", *_refusing(health), n=True),
        _cell(
            "gaps",
            el("a", number(len(source.gaps)), cls="bad", href=link("sources", source=source.id))
            if source.gaps
            else "—",
            n=True,
        ),
        _cell("fields", el("span", "、".join(health.blind), cls="bad") if health and health.blind else "—"),
        _cell("permission", *_permission(source, now)),
        cls="chosen" if source.id == chosen else None,
    )


def _cell(name: str, *shown: Node | None, n: bool = False) -> Node:
    """A cell that carries its column's name where there is no room for columns."""
    return el("td", el("span", of_sources(name), cls="narrow-key"), *shown, cls=f"{name} n" if n else name)


def _ago(at: datetime | None, now: datetime) -> str:
    return ago(at, now) if at else t("never")


def _yield(health: Health | None) -> list[Node]:
    """The rate now and the usual one; a rate far below stands out."""
    rate = coverage.rate(health) if health else None
    if health is None or rate is None:
        return ["—"]
    usual = health.an_hour
    low = usual is not None and usual >= 1 and rate < coverage.FEW * usual
    return [
        el("span", amount(rate), cls="bad" if low else None),
        el("span", f" / {'—' if usual is None else amount(usual)}", cls="faint"),
    ]


def _refusing(health: Health | None) -> list[Node]:
    share = health.refusing if health else None
    if share is None:
        return ["—"]
    return [el("span", f"{share:.0%}", cls="bad" if share >= 0.1 else None)]


def _permission(source: Source, now: datetime) -> list[Node | None]:
    permission = source.permission
    if permission is None:
        open_one = source.health is not None and source.health.permission is not None
        return [el("span", of_sources("open_source") if open_one else "—", cls="faint")]
    days = coverage.ends(permission, now)
    kind = of_kind(permission)
    told = [kind if not permission.reference.startswith(kind) else "", permission.reference]
    until = of_sources("until_day", day=f"{permission.until}") if permission.until else ""
    return [
        el("span", " ".join(part for part in told if part)),
        el("span", f" {until}", cls="faint" if days is None else "bad") if until else None,
    ]


# --- one source


def details(source: Source, now: datetime) -> Node:
    """All that is on record of one source."""
    facts = [
        (
            t("state"),
            " · ".join(part for part in (_word(source), since(source, now), why(source, now)) if part),
        ),
        *(_of_permission(source.permission) if source.permission else ()),
        *(_of_health(source.health, now) if source.health else ()),
        (of_sources("hosts"), "、".join(source.hosts) or "—"),
    ]
    return el(
        "div",
        el(
            "div",
            el("h3", source.name),
            el("span", source.id, cls="mono faint"),
            el("a", f"✕ {of_sources('all_sources')}", href=link("sources"), cls="band-help"),
            cls="block-head",
        ),
        el(
            "table",
            el("tbody", *(el("tr", el("th", name), el("td", value)) for name, value in facts)),
            cls="facts",
        ),
    )


def _word(source: Source) -> str:
    return of_sources(f"hearing_{source.hearing}")


def _of_permission(permission: Permission) -> list[tuple[str, str]]:
    until = f"{permission.until}" if permission.until else "—"
    facts = [
        (of_sources("permission"), of_kind(permission)),
        (of_sources("holder"), permission.holder),
        (of_sources("reference"), permission.reference),
        (of_sources("permission_until"), until),
        (of_sources("note"), permission.note),
    ]
    return [(name, value) for name, value in facts if value]


def _of_health(health: Health, now: datetime) -> list[tuple[str, str]]:
    facts = [
        (of_sources("last_success"), _ago(health.last_success, now)),
        (of_sources("last_try"), _ago(health.last_try, now)),
        (of_sources("outcome"), page_outcome(health.outcome)),
        (
            of_sources("chain"),
            of_sources(
                "chain_of",
                fetched=number(health.fetched),
                parsed=number(health.parsed),
                published=number(health.published),
                refused=number(health.refused),
            ),
        ),
        (of_sources("yield"), _told_yield(health)),
        (of_sources("refusing"), "" if health.refusing is None else f"{health.refusing:.0%}"),
        (of_sources("interval"), _interval(health.interval)),
        (
            of_sources("counted"),
            "" if health.expected is None else f"{number(health.expected)} / {number(health.got)}",
        ),
        (of_sources("missing"), "、".join(health.missing)),
        (of_sources("reading"), of_sources("stopped_early") if health.stopped else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _told_yield(health: Health) -> str:
    rate, usual = coverage.rate(health), health.an_hour
    return "" if rate is None else f"{amount(rate)} / {'—' if usual is None else amount(usual)}"


def _interval(seconds: float) -> str:
    if seconds <= 0:
        return ""
    return length(timedelta(seconds=seconds)) if seconds >= 60 else of_sources("seconds", n=round(seconds))
