"""An alert in the list and on its card, as trees for `paper`. Pure."""

from collections.abc import Sequence
from datetime import datetime

from dashboard.boards import amount, badge, headline, signal
from dashboard.paper import Node, el
from dashboard.places import link
from dashboard.words import clock, length, number, t
from tingchao.alerts.alert import Alert, Delivery


def alert_row(alert: Alert, now: datetime) -> Node:
    """A row of the list: grade, topic, why, when, how many, whose, whether it was delivered."""
    sent, all_ = delivered(alert.deliveries)
    faults = "; ".join(
        f"{each.channel}: {each.detail or each.outcome}"
        for each in alert.deliveries
        if each.outcome != "sent"
    )
    return el(
        "a",
        badge(alert.grade),
        el("span", el("b", alert.topic_name), " ", el("span", headline(alert), cls="why"), cls="main"),
        el(
            "span",
            el("span", clock(alert.raised_at, now)),
            el("span", _age(alert, now), cls="faint"),
            cls="two",
        ),
        el(
            "span",
            el("span", number(alert.negative)),
            el("span", f"/ {number(alert.mentions)}", cls="faint"),
            cls="two n",
            title=t("negative_of_mentions"),
        ),
        el(
            "span",
            alert.acknowledged_by or alert.ended_by or t("unclaimed"),
            cls="owner" if alert.acknowledged_by or alert.ended_by else "owner nobody",
        ),
        el(
            "span",
            t("delivered", sent=sent, all=all_) if all_ else t("not_delivered"),
            cls="faint" if sent == all_ else "bad",
            title=faults[:500] or None,
        ),
        cls="alert-row",
        href=link("alert", id=alert.id),
    )


def _age(alert: Alert, now: datetime) -> str:
    if alert.ended_at:
        return t("lasted", span=length(alert.ended_at - alert.raised_at))
    return t("age", span=length(now - alert.raised_at))


def delivered(deliveries: Sequence[Delivery]) -> tuple[int, int]:
    """Messages that arrived, and messages that were to be sent: by channel and message, whatever the attempts."""
    messages: dict[tuple[str, str], bool] = {}
    for each in deliveries:
        key = each.channel, each.message_id
        messages[key] = messages.get(key, False) or each.outcome == "sent"
    return sum(messages.values()), len(messages)


def alert_head(alert: Alert, now: datetime) -> Node:
    """Badge, title, state, the three times."""
    first = alert.first_published_at
    lead = (
        t("noticed_after", span=length(alert.raised_at - first)) if first and alert.raised_at >= first else ""
    )
    return el(
        "div",
        el(
            "div",
            badge(alert.grade),
            el("h2", t("alert_title", topic=alert.topic_name)),
            el("span", t(f"state_{alert.state.value}"), cls=f"state-chip {alert.state.value}"),
            cls="line",
        ),
        el("p", headline(alert), cls="lead"),
        el(
            "div",
            _pair(t("raised_at"), clock(alert.raised_at, now)),
            _pair(t("first_post"), f"{clock(first, now)} {lead}") if first else None,
            _pair(t("peak"), t("peak_negative", n=number(alert.peak))),
            _pair(t("acknowledged"), f"{alert.acknowledged_by} {clock(alert.acknowledged_at, now)}")
            if alert.acknowledged_at
            else None,
            _pair(t("ended"), f"{alert.ended_by} {clock(alert.ended_at, now)} {alert.ended_why}")
            if alert.ended_at
            else None,
            cls="pairs",
        ),
        cls=f"card head {alert.grade.name.lower()}",
    )


def reasons(alert: Alert) -> Node:
    """为什么报警: signal, now, usual, z."""
    return el(
        "table",
        el(
            "thead",
            el(
                "tr",
                el("th", t("signal")),
                el("th", t("now"), cls="n"),
                el("th", t("usual"), cls="n"),
                el("th", "z", cls="n", title=t("z_help")),
            ),
        ),
        el(
            "tbody",
            *(
                el(
                    "tr",
                    el("td", signal(each.signal)),
                    el("td", el("b", amount(each, each.now)), cls="n"),
                    el("td", f"{amount(each, each.usual)} ± {amount(each, each.spread)}", cls="n faint"),
                    el("td", f"{each.z:+.1f}", cls="n strong" if abs(each.z) >= 4 else "n"),
                )
                for each in alert.reasons
            ),
        ),
        cls="grid",
    )


def deliveries(alert: Alert, now: datetime) -> Node:
    """Every attempt to tell somebody."""
    if not alert.deliveries:
        return el("p", t("no_deliveries"), cls="faint")
    return el(
        "table",
        el(
            "thead",
            el("tr", *(el("th", t(name)) for name in ("at_time", "channel", "attempt", "outcome", "detail"))),
        ),
        el(
            "tbody",
            *(
                el(
                    "tr",
                    el("td", clock(each.at, now)),
                    el("td", each.channel),
                    el("td", str(each.attempt), cls="n"),
                    el("td", outcome(each.outcome), cls="good" if each.outcome == "sent" else "bad"),
                    el("td", each.detail[:200], cls="faint"),
                )
                for each in alert.deliveries
            ),
        ),
        cls="grid",
    )


def outcome(name: str) -> str:
    return t(f"outcome_{name}") if name in ("sent", "failed", "given_up") else name


def _pair(name: str, value: str) -> Node:
    return el("span", el("span", name, cls="key"), el("span", value))
