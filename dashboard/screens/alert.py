"""预警卡: is it true, how bad, what do I do?"""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import acting, alert_boards, charts, places, pulse, read, rows, url
from dashboard.asked import Asked
from dashboard.paper import draw, el
from dashboard.places import link
from dashboard.shield import shield
from dashboard.window import CUSTOM, Window
from dashboard.words import number, t
from tingchao.alerts import desk
from tingchao.alerts.alert import Alert, State
from tingchao.mention import Label, Mention
from tingchao.playbook import desk as playbook
from tingchao.store import Store

BEFORE = timedelta(hours=6)
LOUDEST, AMONG = 10, 1_000
"""How many rows show what spread, and among how many of the newest mentions they are looked for."""


def show() -> None:
    """The page: head and acts first, then the evidence."""
    id = url.value("id")
    if not id:
        places.go(link("alerts"))
    alert, now = desk.find(read.store(), id), read.now()
    draw("alert.head", [alert_boards.alert_head(alert, now)])
    _acts(alert)
    left, right = st.columns([1, 1], gap="medium")
    with left, st.container(border=True, key="card-alert-why"):
        draw(
            "alert.reasons",
            [
                el("div", el("h3", t("why_alert")), cls="block-head"),
                alert_boards.reasons(alert),
                el("p", t("rule_line"), cls="faint"),
            ],
        )
    with right, st.container(border=True, key="card-alert-chart"), shield("chart"):
        _chart(alert, now)
    with st.container(border=True, key="card-alert-spread"), shield("spread"):
        _spread(alert, now)
    with st.container(border=True, key="card-alert-deliveries"):
        draw(
            "alert.sent",
            [el("div", el("h3", t("deliveries")), cls="block-head"), alert_boards.deliveries(alert, now)],
        )


def _acts(alert: Alert) -> None:
    with st.container(horizontal=True, gap="small", key="alert.acts"):
        if alert.state is State.OPEN:
            st.button(
                t("acknowledge"),
                key="alert.acknowledge",
                type="primary",
                shortcut="a",
                icon=":material/check:",
                on_click=acting.press,
                args=(lambda store, by, at: desk.acknowledge(store, alert.id, by, at), t("acknowledged_now")),
            )
        if alert.incident:
            if st.button(
                t("to_incident", id=alert.incident),
                key="alert.to_incident",
                type="primary",
                icon=":material/groups:",
            ):
                places.go(link("incident", id=alert.incident))
        elif alert.is_open:
            st.button(
                t("open_incident"),
                key="alert.open_incident",
                shortcut="i",
                icon=":material/campaign:",
                type="secondary" if alert.state is State.OPEN else "primary",
                on_click=acting.press,
                args=(lambda store, by, at: _open(store, alert, by, at), t("incident_opened")),
            )
        if alert.is_open and st.button(
            t("false_alarm"), key="alert.false", shortcut="f", icon=":material/block:"
        ):
            _reason(alert, t("false_alarm"), t("why_false"), "false")
        if alert.is_open and st.button(t("resolve"), key="alert.resolve", icon=":material/done_all:"):
            _reason(alert, t("resolve"), t("why_resolved"), "resolve")
    if opened := st.session_state.pop("opened", ""):
        places.go(link("incident", id=opened))


def _open(store: Store, alert: Alert, by: str, at: datetime) -> None:
    """Acknowledge the alert and open an incident from it. A second press finds the first incident."""
    if desk.find(store, alert.id).state is State.OPEN:
        desk.acknowledge(store, alert.id, by, at)
    incident = playbook.open_incident(
        store,
        read.plan(),
        title=t("incident_title", topic=alert.topic_name)[: playbook.MAX_TITLE],
        topic=alert.topic,
        topic_name=alert.topic_name,
        grade=alert.grade,
        by=by,
        at=at,
        alert=alert,
    )
    st.session_state["opened"] = incident.id


def _reason(alert: Alert, title: str, question: str, which: str) -> None:
    @st.dialog(title)
    def asking() -> None:
        with st.form(f"alert.{which}.form", border=False):
            why = st.text_area(question, key=f"alert.{which}.why", max_chars=1_000, height=110)
            name = (
                ""
                if acting.name()
                else st.text_input(t("your_name"), key=f"alert.{which}.name", max_chars=acting.MAX_NAME)
            )
            sent = st.form_submit_button(title, type="primary")
        if not sent:
            return
        if name:
            acting.remember(name)
        if not why.strip() or not acting.name():
            draw(
                f"alert.{which}.missing",
                [
                    el(
                        "div",
                        t("reason_needed") if not why.strip() else t("name_needed"),
                        cls="notice bad",
                        role="alert",
                    )
                ],
            )
            return
        act = desk.dismiss if which == "false" else desk.resolve
        if acting.perform(lambda store, by, at: act(store, alert.id, by, at, why), t("saved")):
            st.rerun()
        draw(f"alert.{which}.refused", [el("div", acting.refused(), cls="notice bad", role="alert")])

    asking()


def _evidence(alert: Alert, now: datetime) -> Window:
    """From six hours before the alert to its end, or to now."""
    end = min(now, (alert.ended_at or now) + timedelta(hours=1)).replace(second=0, microsecond=0) + timedelta(
        minutes=1
    )
    since = (min(alert.since, alert.raised_at) - BEFORE).replace(second=0, microsecond=0)
    return Window(CUSTOM, since, max(end, since + timedelta(hours=1)))


def _chart(alert: Alert, now: datetime) -> None:
    window = _evidence(alert, now)
    asked = Asked(window, topic=(alert.topic,))
    scope = asked.scope(now)
    steps = pulse.summarise(read.timeline(scope, window.step), read.past_timelines(scope.query, window)).steps
    total = sum(step.bucket.total for step in steps)
    draw(
        "alert.chart.head",
        [
            el(
                "div",
                el("h3", t("volume_and_negative")),
                el("a", t("n_mentions", n=number(total)), href=asked.address()),
                el("span", t("from_six_hours"), cls="faint"),
                cls="block-head",
            )
        ],
    )
    if total:
        marks = [(alert.raised_at, t("raised_at"), "#cf1322")]
        if alert.first_published_at and alert.first_published_at >= window.since:
            marks.insert(0, (alert.first_published_at, t("first_post"), "#1d4e6f"))
        st.vega_lite_chart(
            charts.trend(steps, window.step, marks, height=200),
            key="alert.trend",
            alt=t("trend_alt", n=number(total)),
        )
    else:
        draw("alert.chart.none", [el("p", t("evidence_gone"), cls="empty")])


def _spread(alert: Alert, now: datetime) -> None:
    names = read.names()
    window = Window(CUSTOM, alert.since.replace(second=0, microsecond=0), _evidence(alert, now).until)
    # No filter 情感: that asks for the label of the whole text, and alerts count the one towards their topic.
    asked = Asked(window, topic=(alert.topic,))
    found = read.search(asked.scope(now), limit=AMONG)
    first = read.mention(alert.first_mention) if alert.first_mention else None
    negative = [each for each in found.hits if read.verdict(each, alert.topic).label is Label.NEGATIVE]
    loud = rows.fold(sorted(negative, key=_loudness, reverse=True))[:LOUDEST]
    tree = [
        el(
            "div",
            el("h3", t("first_and_spread")),
            el("a", t("n_mentions", n=number(found.total)), href=asked.address()),
            el("span", _n_negative(len(negative), len(found.hits), found.total), cls="faint")
            if found.total
            else None,
            cls="block-head",
        )
    ]
    if first:
        tree += [
            el("p", t("first_post"), cls="key"),
            el(
                "div",
                rows.row(
                    first,
                    now,
                    names=names,
                    href=link("search", mention=first.id, topic=alert.topic),
                    shown=read.verdict(first, alert.topic),
                ),
                cls="mentions",
            ),
        ]
    if loud:
        tree += [
            el("p", t("loudest", n=len(loud)), cls="key"),
            el(
                "div",
                *(
                    rows.row(
                        each.mention,
                        now,
                        names=names,
                        others=each.others,
                        href=link("search", mention=each.mention.id, topic=alert.topic),
                        shown=read.verdict(each.mention, alert.topic),
                    )
                    for each in loud
                ),
                cls="mentions",
                role="list",
            ),
        ]
    else:
        tree.append(el("p", t("no_negative" if found.total else "evidence_gone"), cls="empty"))
    draw("alert.spread.list", tree)


def _n_negative(negative: int, looked_at: int, total: int) -> str:
    if looked_at == total:
        return t("n_negative", n=number(negative))
    return t("n_negative_among", n=number(negative), among=number(looked_at))


def _loudness(mention: Mention) -> tuple[int, datetime]:
    seen = mention.engagement
    return sum(count or 0 for count in (seen.reposts, seen.comments, seen.likes)), mention.published_at
