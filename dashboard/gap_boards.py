"""Stretches that were not heard, as trees for `paper`. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from dashboard.boards import grid, say_known
from dashboard.paper import Node, el
from dashboard.words import clock, of_sources, t
from dashboard.written import Gap

MOST = 30
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def told(gaps: Sequence[Gap], now: datetime) -> str:
    """The open gaps of one source in one line."""
    first = min(gaps, key=lambda gap: gap.since or gap.until or LONG_AGO)
    return of_sources("told_gap", n=len(gaps), stretch=stretch(first, now), why=why(first))


def stretch(gap: Gap, now: datetime) -> str:
    """From when to when; without a beginning it goes back as far as the source does."""
    since = clock(gap.since, now) if gap.since else of_sources("from_start")
    return f"{since} – {clock(gap.until, now) if gap.until else '?'}"


def why(gap: Gap) -> str:
    """Why it was not read, in words."""
    return say_known(f"sources.gap_{gap.why.replace(' ', '_')}", gap.why)


def listed(gaps: Sequence[Gap], names: Mapping[str, str], now: datetime) -> Node:
    """Open gaps first, then those that are over, the newest first."""
    still = [gap for gap in gaps if gap.standing == "open"]
    filled = sum(gap.standing == "filled" for gap in gaps)
    lost = sum(gap.standing == "lost" for gap in gaps)
    ordered = sorted(
        gaps, key=lambda gap: (gap.standing != "open", -(gap.over or gap.opened or LONG_AGO).timestamp())
    )
    columns = ("gap_standing", "gap_stretch", "gap_why", "counted", "gap_opened", "gap_query")
    return el(
        "div",
        el(
            "div",
            el("h3", of_sources("gaps_title")),
            el("span", of_sources("gaps_now", n=len(still)), cls="doubt" if still else "faint"),
            el("span", of_sources("gaps_over", filled=filled, lost=lost), cls="faint")
            if filled or lost
            else None,
            cls="block-head",
        ),
        grid(
            [el("th", t("source")), *(el("th", of_sources(name)) for name in columns)],
            [_row(gap, names, now) for gap in ordered[:MOST]],
        )
        if ordered
        else el("p", of_sources("gaps_none"), cls="faint"),
        id="gaps",
    )


def _row(gap: Gap, names: Mapping[str, str], now: datetime) -> Node:
    tone = {"open": "late", "filled": "ok", "lost": "lost"}.get(gap.standing, "late")
    counted = "—" if gap.expected is None else f"{gap.expected:,} / {gap.got:,}"
    return el(
        "tr",
        el("td", el("b", names.get(gap.source, gap.source))),
        el("td", say_known(f"sources.standing_{gap.standing}", gap.standing), cls=f"state {tone}"),
        el("td", stretch(gap, now)),
        el("td", why(gap)),
        el("td", counted),
        el("td", clock(gap.opened, now) if gap.opened else "—"),
        el("td", gap.query[:120], cls="faint"),
    )
