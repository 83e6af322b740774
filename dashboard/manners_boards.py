"""Hosts with their switches, and the request ledger, as trees for `paper`. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboard.boards import grid, say_known
from dashboard.manners import FATES, MEBIBYTE, UNSENT, Asked, Line, Totals
from dashboard.paper import Node, el
from dashboard.places import link
from dashboard.source_boards import reason, stopped_by
from dashboard.words import clock, number, of_sources, t
from dashboard.written import Switched

MOST_HOSTS, MOST_LINES = 60, 60
STOP, ALLOW = "stop:", "allow:"
"""What a press says, before the host."""


def hosts(listed: Sequence[Asked], address: Mapping[str, str], now: datetime) -> Node:
    """One line a host: whether it may be asked, what is spent, and its switch. `address` opens its requests."""
    if not listed:
        return el("p", of_sources("hosts_none"), cls="empty")
    columns = ("host", "state", "today", "today_bytes", "refused_n", "least_delay", "last_request", "")
    return el(
        "table",
        el("thead", el("tr", *(el("th", of_sources(name) if name else "") for name in columns))),
        el("tbody", *(_host(each, address, now) for each in listed[:MOST_HOSTS])),
        cls="grid hosts",
    )


def _host(host: Asked, address: Mapping[str, str], now: datetime) -> Node:
    tone = {"open": "ok", "off": "lost", "resting": "lost"}.get(host.state, "late")
    share, budget = host.totals.refused_share, host.known.budget
    most_bytes = None if budget.mebibytes_per_day is None else budget.mebibytes_per_day * MEBIBYTE
    return el(
        "tr",
        el("td", el("a", el("b", host.host), href=address.get(host.host)), cls="host"),
        el(
            "td",
            el("span", "", cls=f"dot {tone}"),
            of_sources(f"state_{host.state}"),
            el("small", _why(host, now), cls="under"),
            cls=f"state {tone}",
        ),
        _cell("today", _of(number(host.spent_requests), _limit(budget.requests_per_day))),
        _cell("today_bytes", _of(_size(host.spent_bytes), _size(most_bytes))),
        _cell(
            "refused_n",
            el(
                "span",
                "—" if share is None else f"{share:.0%}",
                cls="bad" if share and share >= 0.1 else None,
            ),
        ),
        _cell("least_delay", _delay(host.totals.least_delay)),
        _cell("last_request", clock(host.totals.last, now) if host.totals.last else "—"),
        el("td", _switch(host), cls="act"),
    )


def _why(host: Asked, now: datetime) -> str:
    if host.switch:
        under = (
            "" if host.switch.host in ("", host.host) else of_sources("stopped_under", host=host.switch.host)
        )
        at = clock(host.switch.since, now) if host.switch.since else ""
        return " · ".join(part for part in (at, stopped_by(host.switch), under) if part)
    until = of_sources("until", at=clock(host.until, now)) if host.until and host.until > now else ""
    return " · ".join(part for part in (reason(host.why), until) if part)


def _switch(host: Asked) -> Node:
    if host.switch:
        return el("button", of_sources("allow"), press=f"{ALLOW}{host.switch.host or host.host}", cls="quiet")
    return el("button", of_sources("stop"), press=f"{STOP}{host.host}", cls="danger")


def _cell(name: str, shown: Node) -> Node:
    return el("td", el("span", of_sources(name), cls="narrow-key"), shown, cls=name)


def _of(spent: str, most: str) -> Node:
    return el("span", spent, el("span", f" / {most}", cls="faint"))


def _limit(most: int | None) -> str:
    return of_sources("no_limit") if most is None else number(most)


def _size(size: int | None) -> str:
    if size is None:
        return of_sources("no_limit")
    shown = size / MEBIBYTE
    return of_sources("mebibytes", n=f"{shown:,.0f}" if shown >= 10 or not size else f"{shown:,.1f}")


def _delay(seconds: float | None) -> str:
    return "—" if seconds is None else of_sources("seconds", n=f"{seconds:.1f}")


def history(done: Sequence[Switched], now: datetime) -> Node | None:
    """Who stopped and allowed hosts last."""
    told = [
        of_sources(
            f"event_{each.event}",
            at=clock(each.at, now) if each.at else "",
            by=each.by,
            host=each.host,
            why=each.why,
        )
        for each in done
        if each.event in ("stopped", "allowed")
    ]
    if not told:
        return None
    return el(
        "div", el("p", of_sources("history"), cls="key"), *(el("p", each, cls="faint") for each in told)
    )


# --- the ledger


def ledger(found: Sequence[Line], summed: Totals, names: Mapping[str, str], now: datetime) -> list[Node]:
    """The requests that fit: in one sentence, then alike ones in a line each."""
    share = summed.refused_share
    told = of_sources(
        "ledger_of",
        sent=number(summed.sent),
        withheld=number(summed.withheld),
        refused=number(summed.refused),
        share="—" if share is None else f"{share:.1%}",
        mebibytes=f"{summed.bytes / MEBIBYTE:,.1f}",
        delay=_delay(summed.least_delay),
    )
    if not found:
        return [el("p", of_sources("ledger_none"), cls="empty")]
    columns = ("requests_n", "fate", "status", "what", "robots", "least_delay", "size", "last")
    return [
        el("p", told),
        grid(
            [*(el("th", of_sources(name)) for name in columns), el("th", t("source"))],
            [_line(line, names, now) for line in found[:MOST_LINES]],
            cls="grid ledger",
        ),
        *(
            [el("p", of_sources("ledger_more", n=MOST_LINES, all=number(len(found))), cls="faint")]
            if len(found) > MOST_LINES
            else []
        ),
    ]


def _line(line: Line, names: Mapping[str, str], now: datetime) -> Node:
    row = line.row
    rule = row.rule or of_sources("robots_no_rule" if row.allowed else "robots_forbidden")
    tone = "bad" if row.fate in ("refused", "challenged", "failed", "no answer") else "doubt"
    return el(
        "tr",
        el("td", number(row.requests)),
        el("td", fate(row.fate), cls=tone if row.fate in UNSENT or tone == "bad" else None),
        el("td", str(row.status or "—")),
        el("td", el("b", line.host), row.pattern, cls="mono what"),
        el("td", rule[:160], cls="faint rule" if row.allowed else "bad rule"),
        el("td", _delay(row.least_delay)),
        el("td", _size(row.bytes)),
        el("td", clock(row.last, now) if row.last else "—"),
        el("td", names.get(row.source, row.source)),
    )


def fates(counts: Mapping[str, int], asked: Mapping[str, str], chosen: str) -> Node:
    """What came of the requests, each a filter; `asked` are the other filters in the address."""
    known = [name for name in (*FATES, *sorted(counts.keys() - set(FATES))) if counts.get(name)]
    every = {"": sum(counts.values()), **{name: counts[name] for name in known}}
    return el(
        "div",
        *(
            el(
                "a",
                fate(name) if name else of_sources("all_fates"),
                el("b", number(n)),
                cls="tab now" if name == chosen else "tab",
                href=link("sources", **{**asked, "show": "ledger", "fate": name}),
            )
            for name, n in every.items()
        ),
        cls="tabs",
    )


def fate(name: str) -> str:
    """What came of a request, in words."""
    return say_known(f"sources.fate_{name.replace(' ', '_')}", name)
