"""值守: is anything wrong right now, and can the quiet be trusted?"""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import bar, boards, charts, heard, places, pulse, read, rows, url
from dashboard.asked import Asked, about
from dashboard.paper import Node, draw, el
from dashboard.picked import picked_start
from dashboard.places import link
from dashboard.shield import shield, shielded
from dashboard.window import CUSTOM, Window, window_of
from dashboard.words import clock, grade_word, length, number, t
from tingchao.alerts.alert import Alert, Grade
from tingchao.alerts.hot_words import HotWord
from tingchao.mention import Label, Mention, Role
from tingchao.store import Bucket, Facet

NEWEST = 30
FETCHED = 120
COLOURS = {Grade.BLUE: "#1677ff", Grade.YELLOW: "#d4b106", Grade.ORANGE: "#fa8c16", Grade.RED: "#cf1322"}


def show() -> None:
    """The page: controls, then blocks that refresh by themselves."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="live.controls"
    ):
        _topic_pills()
        bar.window()
    _figures()
    left, right = st.columns([2.15, 1], gap="medium")
    with left:
        _newest()
    with right:
        _side()


def _topic_pills() -> None:
    listed = {topic.id: topic for topic in read.topics()}
    ours = {topic.id for topic in listed.values() if topic.role is Role.BRAND}
    url.many_of(
        "topic",
        t("topics"),
        list(listed),
        lambda id: _pill(id, listed[id].name if id in listed else id, id in ours),
    )


def _pill(id: str, name: str, ours: bool) -> str:
    shown = "".join(sign if sign.isalnum() or sign in " -_.·" else " " for sign in name).strip() or id
    return f"★ {shown}" if ours else shown


def _asked() -> Asked:
    return about(
        window_of({name: url.value(name) for name in ("last", "from", "to")}, read.now()), url.values("topic")
    )


@st.fragment(run_every=bar.REFRESH)
@shielded("figures")
def _figures() -> None:
    now, asked = read.now(), _asked()
    window, scope = asked.window, asked.scope(now)
    alerts = [alert for alert in read.alerts() if not asked.topic or alert.topic in asked.topic]
    buckets = read.timeline(scope, window.step)
    past = read.past_timelines(scope.query, window) if window.span <= timedelta(days=7) else []
    seen = pulse.summarise(buckets, past)
    draw("live.strip", [boards.strip(alerts, now), _tiles(asked, seen, past, now)], now=now.timestamp())
    with st.container(border=True, key="card-live-trend"):
        draw("live.trend.head", [_trend_head(window, seen)])
        if seen.mentions.n:
            event = st.vega_lite_chart(
                _clickable(charts.trend(seen.steps, window.step, _alert_marks(alerts, window))),
                key="live.trend.chart",
                on_select="rerun",
                selection_mode="bar",
                alt=t("trend_alt", n=number(seen.mentions.n)),
            )
            _open_bar(event, asked)
        else:
            draw("live.trend.empty", [_empty(now)])


def _clickable(spec: charts.Spec) -> charts.Spec:
    bars = next(layer for layer in spec["layer"] if layer.get("mark", {}).get("type") == "bar")
    bars["params"] = [{"name": "bar", "select": {"type": "point", "encodings": ["x"]}}]
    return spec


def _open_bar(event: object, asked: Asked) -> None:
    """A pressed bar opens the mentions in it."""
    start = picked_start(event, "bar")
    if start is None:
        st.session_state.pop("live.bar", None)
    elif start != st.session_state.get("live.bar"):
        st.session_state["live.bar"] = start
        stretch = Window(CUSTOM, start, start + asked.window.step)
        places.go(Asked(stretch, topic=asked.topic).address())


def _tiles(asked: Asked, seen: pulse.Pulse, past: list[list[Bucket]], now: datetime) -> Node:
    scope, window = asked.scope(now), asked.window
    weeks = len(pulse.listening(past))
    sources = [source for source, _ in read.facet(scope, Facet.SOURCE, size=200)]
    kinds = dict(read.facet(scope, Facet.KIND))
    long = window.span > timedelta(days=7)
    past_sources = (
        [] if long else [len(found) for found in read.past_facets(scope.query, window, Facet.SOURCE)]
    )
    past_kinds = [] if long else [dict(found) for found in read.past_facets(scope.query, window, Facet.KIND)]
    distinct = pulse.counted(len(sources), past_sources, weeks)
    complaints = pulse.counted(
        kinds.get("complaint", 0), [found.get("complaint", 0) for found in past_kinds], weeks
    )
    hour = Window("1h", window.until - timedelta(hours=1), window.until)
    before = Window(CUSTOM, hour.since - timedelta(hours=1), hour.since)
    topic, growth = pulse.fastest(
        read.facet(Asked(hour, topic=asked.topic).scope(now), Facet.TOPIC, size=200),
        read.facet(Asked(before, topic=asked.topic).scope(now), Facet.TOPIC, size=200),
    )
    names = read.names()
    buckets = [step.bucket for step in seen.steps]
    share = seen.negative
    return el(
        "div",
        boards.tile(
            t("mentions"),
            seen.mentions,
            asked.address(),
            shown=number(seen.mentions.n),
            usual=_usual(seen.mentions),
            spark=[b.total for b in buckets],
        ),
        boards.tile(
            t("negative_share"),
            share,
            Asked(window, topic=asked.topic, s=("negative",)).address(),
            shown=None if share.now is None else f"{share.now:.0%}",
            usual=None if share.usual is None else f"{share.usual:.0%}",
            bad_when_up=True,
            spark=[b.negative for b in buckets],
        ),
        boards.tile(
            t("distinct_sources"),
            distinct,
            asked.address(by="source"),
            shown=number(len(sources)),
            usual=_usual(distinct),
        ),
        boards.tile(
            t("fastest"),
            growth,
            Asked(hour, topic=(topic,) if topic else asked.topic).address(),
            shown=None if growth.now is None else t("times_an_hour", n=f"{growth.now:.1f}"),
            note=names.topics.get(topic, topic),
        ),
        boards.tile(
            t("new_complaints"),
            complaints,
            Asked(window, topic=asked.topic, kind=("complaint",)).address(),
            shown=number(kinds.get("complaint", 0)),
            usual=_usual(complaints),
            bad_when_up=True,
        ),
        cls="tiles",
    )


def _usual(figure: pulse.Figure) -> str | None:
    return None if figure.usual is None else f"{figure.usual:,.0f}"


def _trend_head(window: Window, seen: pulse.Pulse) -> Node:
    return el(
        "div",
        el("h3", t("trend")),
        el(
            "span",
            t("trend_of", window=_window_name(window), n=number(seen.mentions.n), step=length(window.step)),
            cls="faint",
        ),
        el(
            "span",
            t("band_help") if any(step.usual is not None for step in seen.steps) else t("band_none"),
            cls="faint band-help",
        ),
        cls="block-head",
    )


def _window_name(window: Window) -> str:
    return t("window_custom_name") if window.name == CUSTOM else t(f"last_{window.name}")


def _alert_marks(alerts: list[Alert], window: Window) -> list[tuple[datetime, str, str]]:
    inside = [alert for alert in alerts if window.since <= alert.raised_at < window.until]
    return [
        (alert.raised_at, f"{grade_word(alert.grade)} {alert.topic_name}", COLOURS[alert.grade])
        for alert in inside[:20]
    ]


def _empty(now: datetime) -> Node:
    """No mentions, and why that may be: nothing watched, nothing ever captured, or a quiet window."""
    if not read.topics():
        return el(
            "div", el("p", t("no_watchlist")), el("p", t("no_watchlist_help"), cls="faint"), cls="empty"
        )
    newest = read.search(
        Asked(Window(CUSTOM, datetime.fromtimestamp(0, now.tzinfo), now)).scope(now), limit=1
    ).hits
    sick = heard.blind()
    if not newest:
        return el(
            "div", el("p", t("no_mentions_yet")), el("p", t("no_mentions_yet_help"), cls="faint"), cls="empty"
        )
    told = t("blind_sources", names="、".join(sick[:5])) if sick else t("sources_fine")
    return el("div", el("p", t("quiet", told=told, at=clock(newest[0].published_at, now))), cls="empty")


@st.fragment(run_every=bar.REFRESH)
@shielded("newest")
def _newest() -> None:
    now, asked = read.now(), _asked()
    with st.container(border=True, key="card-live-newest"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            draw("live.newest.head", [el("div", el("h3", t("newest")), cls="block-head")])
            negatives = (
                url.one_of("first", t("newest"), ("all", "negative"), lambda name: t(f"first_{name}"), "all")
                == "negative"
            )
        question = Asked(asked.window, topic=asked.topic, s=("negative",) if negatives else ())
        found = read.search(question.scope(now), limit=FETCHED).hits
        shown = _held(found, f"{asked.topic}{asked.window.name}{negatives}")
        waiting = _newer(found, shown)
        if waiting:
            st.button(
                t("new_rows", n=waiting),
                key="live.newest.more",
                on_click=_let_in,
                width="stretch",
                type="primary",
                icon=":material/arrow_upward:",
            )
        if not shown:
            draw("live.newest.list", [_empty(now)])
            return
        names = read.names()
        draw(
            "live.newest.list",
            [
                el(
                    "div",
                    *(
                        rows.row(
                            each.mention,
                            now,
                            names=names,
                            others=each.others,
                            href=link("search", mention=each.mention.id, topic=asked.towards),
                            same=Asked(asked.window, q=rows.phrase(each.mention.text)).address(),
                            shown=read.verdict(each.mention, asked.towards),
                        )
                        for each in rows.fold(shown)[:NEWEST]
                    ),
                    cls="mentions",
                    role="list",
                ),
                el("a", t("open_all"), cls="all", href=question.address()),
            ],
            now=now.timestamp(),
        )


def _held(found: tuple[Mention, ...], question: str) -> tuple[Mention, ...]:
    """The rows this person looks at: they stay until new ones are let in or another question is asked."""
    held = st.session_state.get("live.held")
    if held is None or held[0] != question or not held[1]:
        held = (question, found)
        st.session_state["live.held"] = held
    return held[1]


def _newer(found: tuple[Mention, ...], shown: tuple[Mention, ...]) -> int:
    known = {mention.id for mention in shown}
    return (
        sum(mention.id not in known and mention.published_at >= shown[-1].published_at for mention in found)
        if shown
        else 0
    )


def _let_in() -> None:
    st.session_state.pop("live.held", None)


@st.fragment(run_every=bar.REFRESH)
@shielded("side")
def _side() -> None:
    now, asked = read.now(), _asked()
    scope, window = asked.scope(now), asked.window
    counts = dict(read.facet(scope, Facet.SOURCE, size=200))
    past = (
        []
        if window.span > timedelta(days=7)
        else [dict(week) for week in read.past_facets(scope.query, window, Facet.SOURCE)]
    )
    weeks = [week for week in past if week]
    sources = heard.sources()
    usual = (
        {source.id: sum(week.get(source.id, 0) for week in weeks) / len(weeks) for source in sources}
        if len(weeks) >= pulse.WEEKS_NEEDED
        else {}
    )
    address = {source.id: Asked(window, topic=asked.topic, src=(source.id,)).address() for source in sources}
    with st.container(border=True, key="card-live-health"):
        draw(
            "live.health.table",
            [
                el(
                    "div",
                    el("h3", t("source_health")),
                    el("span", t("health_of", n=len(sources)), cls="faint"),
                    cls="block-head",
                ),
                boards.health(sources, counts, usual, now, address),
            ],
        )
    with shield("hot"):
        _hot(asked, now)


def _hot(asked: Asked, now: datetime) -> None:
    """The words of the window's newest texts, and where the negatives are."""
    words = read.hot(asked.scope(now).query, asked.window.rounded())
    topics = read.facet(
        Asked(asked.window, topic=asked.topic, s=(Label.NEGATIVE.value,)).scope(now), Facet.TOPIC, size=8
    )
    names = read.names().topics
    if words:
        with st.container(border=True, key="card-live-hot"):
            draw(
                "live.hot.bars",
                [
                    el(
                        "div",
                        el("h3", t("hot_words")),
                        el("span", t("hot_of"), cls="faint"),
                        cls="block-head",
                    ),
                    boards.bars([_hot_bar(hot, asked) for hot in words]),
                ],
            )
    if topics:
        with st.container(border=True, key="card-live-topics"):
            draw(
                "live.topics.bars",
                [
                    el("div", el("h3", t("negative_by_topic")), cls="block-head"),
                    boards.bars(
                        [
                            (
                                names.get(id, id),
                                count,
                                number(count),
                                "",
                                Asked(asked.window, topic=(id,), s=("negative",)).address(),
                            )
                            for id, count in topics
                        ]
                    ),
                ],
            )


def _hot_bar(hot: HotWord, asked: Asked) -> boards.Bar:
    note = t("new_word") if hot.is_new else t("times", n=f"{hot.count / hot.usual:.1f}") if hot.usual else ""
    address = Asked(asked.window, q=f'"{hot.word}"', topic=asked.topic).address()
    return hot.word, hot.count, f"{number(hot.count)} {note}", "new" if hot.is_new else "", address
