"""What several pages show, as trees for `paper`: badges, the bar, the grade strip, figures, sources, bars. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from dashboard.coverage import Source
from dashboard.paper import Node, el
from dashboard.places import link
from dashboard.pulse import Figure
from dashboard.words import clock, grade_word, language, length, number, of_sources, t
from tingchao.alerts.alert import Alert, Grade, Reason
from tingchao.catalogue import catalogue, say
from tingchao.store import Document
from tingchao.times import shanghai

Bar: TypeAlias = tuple[str, float, str, str, str]
"""A horizontal bar: word, value, note, class of the note, address."""


def badge(grade: Grade, *, href: str | None = None, count: int | None = None) -> Node:
    """The filled badge of a grade, always with its word."""
    shown = grade_word(grade) if count is None else f"{grade_word(grade)} {count}"
    return el("a" if href else "span", shown, cls=f"grade {grade.name.lower()}", href=href)


# --- the bar


def standing(alerts: Sequence[Alert], as_of: datetime, refresh: float, trouble: Sequence[str]) -> Node:
    """Open alerts by grade, and how fresh the figures are: orange when old, red with the reason when a worker stopped."""
    counts = {
        grade: sum(alert.grade is grade for alert in alerts if alert.is_open)
        for grade in sorted(Grade, reverse=True)
    }
    badges = [badge(grade, href=link("alerts"), count=count) for grade, count in counts.items() if count]
    fresh = el(
        "span",
        t("as_of", at=f"{shanghai(as_of):%H:%M:%S}"),
        el("b", f" · {trouble[0]}" + (f" +{len(trouble) - 1}" if len(trouble) > 1 else ""))
        if trouble
        else None,
        cls="fresh stopped" if trouble else "fresh",
        title=" / ".join(trouble) or t("as_of_help"),
        clock=None if trouble else "age",
        at=as_of.timestamp(),
        words=str(2 * refresh),
    )
    return el(
        "div",
        el("span", t("brand"), cls="brand"),
        el("span", *(badges or [el("span", t("no_open"), cls="calm-dot")]), cls="open"),
        fresh,
        cls="bar",
    )


def trouble(workers: Sequence[Document], now: datetime) -> list[str]:
    """What is wrong with the workers, in words: failed, waiting, or silent for 15 seconds."""
    found = []
    for worker in workers:
        state, at = str(worker.body.get("state", "")), moment(worker.body.get("at"))
        if state in ("failed", "waiting", "stopped"):
            found.append(t("worker_is", name=part(worker.id), state=t(f"worker_{state}")))
        elif at and now - at > timedelta(seconds=15):
            found.append(t("worker_silent", name=part(worker.id), at=f"{shanghai(at):%H:%M:%S}"))
    return found


def moment(text: object) -> datetime | None:
    """An ISO time out of a document; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


# --- 值守


def strip(alerts: Sequence[Alert], now: datetime) -> Node:
    """Open alerts, worst first; or how long it has been calm."""
    waiting = sorted(
        (alert for alert in alerts if alert.is_open), key=lambda alert: (-alert.grade, alert.raised_at)
    )
    if waiting:
        return el(
            "div", *(_strip_line(alert, now) for alert in waiting[:6]), _more(len(waiting) - 6), cls="strip"
        )
    ended = [alert.ended_at for alert in alerts if alert.ended_at]
    calm = t("calm_for", span=length(now - max(ended))) if ended else t("calm_always")
    return el(
        "div",
        el("span", "", cls="dot ok"),
        el("span", t("calm")),
        el("span", calm, cls="faint"),
        cls="strip calm",
    )


def _strip_line(alert: Alert, now: datetime) -> Node:
    owner = alert.acknowledged_by or t("unclaimed")
    return el(
        "a",
        badge(alert.grade),
        el("b", alert.topic_name, cls="name"),
        el("span", headline(alert), cls="why"),
        el("span", t("since", at=clock(alert.raised_at, now)), cls="faint"),
        el("span", owner, cls="owner" if alert.acknowledged_by else "owner nobody"),
        cls=f"alert-line {alert.grade.name.lower()}",
        href=link("alert", id=alert.id),
    )


def _more(n: int) -> Node | None:
    return el("a", t("more_alerts", n=n), cls="faint", href=link("alerts")) if n > 0 else None


def headline(alert: Alert) -> str:
    """What the alert says in one line: `负面 214，常态 12（z 9.8）`."""
    if not alert.reasons:
        return t("negative_of", negative=number(alert.negative), mentions=number(alert.mentions))
    first = next((each for each in alert.reasons if each.signal == "negative"), alert.reasons[0])
    return t(
        "reason_line",
        signal=signal(first.signal),
        now=amount(first, first.now),
        usual=amount(first, first.usual),
        z=f"{first.z:.1f}",
    )


def signal(name: str) -> str:
    """A signal's name in words: `negative`, or `risk_fire` for a danger spoken of; an unknown one as it is."""
    if name.startswith("risk_"):
        return say("alerts.signal_risk", language(), risk=risk(name.removeprefix("risk_")))
    return say_known(f"alerts.signal_{name}", name)


def risk(category: str) -> str:
    """A kind of danger in words."""
    return say_known(f"alerts.risk_{category}", category)


def part(worker: str) -> str:
    """A worker in words; a second one of its kind keeps its number: `入库-2`."""
    name, dash, counted = worker.partition("-")
    return f"{say_known(f'dashboard.part_{name}', name)}{dash}{counted}"


def page_outcome(outcome: object) -> str:
    """What a source's last page turned out to be, in words."""
    return say_known(f"dashboard.page_{outcome}", str(outcome or ""))


def say_known(key: str, otherwise: str, **values: object) -> str:
    """A text of the catalogue, or `otherwise` where a newer worker uses a name that we do not know."""
    return say(key, language(), **values) if key in catalogue() else otherwise


def amount(reason: Reason, value: float) -> str:
    """A signal's value: shares as per cent, counts as whole numbers where they are."""
    if "share" in reason.signal:
        return f"{value:.0%}"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def tile(
    name: str,
    figure: Figure,
    href: str,
    *,
    shown: str | None,
    usual: str | None = None,
    bad_when_up: bool = False,
    spark: Sequence[float] = (),
    note: str = "",
) -> Node:
    """One figure with its change against the usual; pressing it opens the mentions behind it."""
    change = figure.change
    if shown is None:
        told: Node = el("span", t("too_few", n=figure.n), cls="change")
    elif note:
        told = el("span", note, cls="change")
    elif change is None:
        told = el("span", t("no_usual"), cls="change")
    else:
        tone = "worse" if bad_when_up and change > 0.2 else "better" if bad_when_up and change < -0.2 else ""
        told = el(
            "span",
            t("against_usual", change=f"{change:+.0%}"),
            cls=f"change {tone}",
            title=t("usual_is", usual=usual or ""),
        )
    top = max(spark, default=0) or 1
    return el(
        "a",
        el("span", name, cls="name"),
        el("span", shown if shown is not None else "—", cls="value"),
        told,
        el("span", *(el("i", share=100 * value / top) for value in spark), cls="spark")
        if any(spark)
        else None,
        cls="tile",
        href=href,
    )


def health(
    sources: Sequence[Source],
    counts: Mapping[str, int],
    usual: Mapping[str, float],
    now: datetime,
    address: Mapping[str, str],
) -> Node:
    """One line a source, in the given order: how it is heard, last success, mentions in the window against the usual."""
    if not sources:
        return el("p", t("no_sources"), cls="faint")
    return el(
        "table", el("tbody", *(_source(each, counts, usual, now, address) for each in sources)), cls="health"
    )


def _source(
    source: Source,
    counts: Mapping[str, int],
    usual: Mapping[str, float],
    now: datetime,
    address: Mapping[str, str],
) -> Node:
    tone = source.hearing.tone
    seen = source.health.last_success if source.health else source.newest
    return el(
        "tr",
        el(
            "td",
            el("span", "", cls=f"dot {tone}"),
            el("a", source.name, href=link("sources", source=source.id)),
            title=source.id,
        ),
        el("td", of_sources(f"hearing_{source.hearing}"), cls=f"state {tone}", title=source.why[:300]),
        el(
            "td",
            clock(seen, now) if seen else t("never"),
            cls="faint",
            title=t("last_success") if source.health else of_sources("newest_help"),
        ),
        el(
            "td",
            el("a", number(counts.get(source.id, 0)), href=address.get(source.id)),
            el("span", f" / {usual[source.id]:.0f}", cls="faint", title=t("usual"))
            if source.id in usual
            else None,
            cls="n",
        ),
    )


def grid(heads: Sequence[Node], lines: Sequence[Node], cls: str = "grid") -> Node:
    """A table that scrolls sideways where there is no room for it."""
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *lines), cls=cls)
    return el("div", table, cls="scroll")


def bars(rows: Sequence[Bar]) -> Node:
    """Horizontal bars, each opening what it counts."""
    top = max((value for _, value, *_ in rows), default=0) or 1
    return el(
        "ol",
        *(
            el(
                "li",
                el("a", word, cls="word", href=href),
                el("span", el("i", share=100 * value / top), cls="track"),
                el("span", note, cls=f"note {tone}"),
            )
            for word, value, note, tone, href in rows
        ),
        cls="bars",
    )
