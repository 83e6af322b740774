"""检索: what was said, exactly, and how much?"""

import time
from datetime import datetime

import streamlit as st

from dashboard import acting, bar, boards, charts, correcting, heard, places, read, review, rows, url
from dashboard.asked import FILTERS, Asked
from dashboard.export import LIMIT, to_csv
from dashboard.paper import Node, draw, el
from dashboard.picked import picked_stretch
from dashboard.places import link
from dashboard.shield import shield
from dashboard.verdict import towards
from dashboard.window import CUSTOM, LAST, Window, window_of, written
from dashboard.words import language, number, plain, t
from tingchao.mention import Kind, Label
from tingchao.query import MisreadQuery, Query, hints, terms
from tingchao.store import Facet, Page, Scope

PER_PAGE = 20
MOST_PAGES = 50
EXAMPLES = (
    "小米 AND (冒烟 OR 起火) NOT 大米",
    "售后 NEAR/5 拒绝",
    "title:召回 sentiment:negative",
    '"不回复" source:weibo',
)
FACETS = {
    "src": Facet.SOURCE,
    "topic": Facet.TOPIC,
    "kind": Facet.KIND,
    "risk": Facet.RISK,
    "region": Facet.REGION,
}


def show() -> None:
    """The page."""
    now = read.now()
    if id := url.value("mention"):
        with shield("mention"):
            _mention(id, now)
    with st.container(horizontal=True, vertical_alignment="center", key="search.controls"):
        with st.container(width="stretch"):
            url.line("q", t("query"), placeholder=t("query_placeholder"), also=_first_page)
        with st.popover(t("query_help"), icon=":material/help:", type="tertiary"):
            draw("search.help", [_help()])
        window = bar.window()
    asked = Asked(window, url.value("q"), **{name: tuple(url.values(name)) for name in FILTERS})
    try:
        scope = asked.scope(now, language())
    except MisreadQuery as error:
        draw("search.error", [_misread(error)])
        return
    with shield("filters"):
        _filters()
    tabs = st.container(key="search.tabs")
    with shield("results"):
        _results(asked, scope, now)
    with tabs, shield("tabs"):  # last, for by now the store has counted this question
        draw("search.queues", [review.tabs(asked, now)])


def _first_page() -> None:
    url.put("page", None)


def _misread(error: MisreadQuery) -> Node:
    column = min(error.column, len(error.query) + 1)
    shown = error.query[:400]
    return el(
        "div",
        el("p", t("misread", column=error.column), el("b", error.reason)),
        el(
            "div",
            el("span", shown[: column - 1]),
            el("mark", shown[column - 1 : column] or "␣", cls="wrong"),
            el("span", shown[column:]),
            cls="mono query",
        ),
        cls="notice bad",
        role="alert",
    )


def _help() -> Node:
    return el(
        "div",
        el("h3", t("query_help")),
        el(
            "table",
            el(
                "tbody",
                *(el("tr", el("td", sign, cls="mono"), el("td", t(f"help_{name}"))) for name, sign in _SIGNS),
            ),
            cls="grid",
        ),
        el("p", t("examples"), cls="key"),
        *(el("a", each, cls="mono example", href=link("search", q=each)) for each in EXAMPLES),
        cls="help",
    )


_SIGNS = (
    ("word", "空气炸锅"),
    ("phrase", '"不 回复"'),
    ("and", "A B · A AND B"),
    ("or", "A OR B · A | B"),
    ("not", "NOT A · -A"),
    ("group", "( … )"),
    ("near", "A NEAR/5 B"),
    ("fields", "source: kind: sentiment: topic: risk: region: title: url: author: has:"),
    ("time", "since:2026-11-24 until:… since:24h"),
)


def _filters() -> None:
    names = read.names()
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="search.filters"):
        url.many_of(
            "s",
            t("sentiment"),
            [label.value for label in Label],
            lambda value: _known(value, f"s_{value}", [each.value for each in Label]),
        )
        url.many_of(
            "kind",
            t("kind"),
            [kind.value for kind in Kind],
            lambda value: _known(value, f"kind_{value}", [each.value for each in Kind]),
        )
        url.many_of("topic", t("topics"), [], lambda id: plain(names.topics.get(id, id)))
        url.many_of("src", t("source"), [], lambda id: plain(names.source(id)))
        url.many_of("risk", t("risk"), [], lambda value: plain(boards.risk(value)))
        url.many_of("region", t("region"), [], plain)
        if not set(url.values("has")) <= {"", *review.QUEUES}:
            url.many_of("has", t("has"), [], plain)


def _known(value: str, key: str, known: list[str]) -> str:
    return t(key) if value in known else plain(value)


def _results(asked: Asked, scope: Scope, now: datetime) -> None:
    page = max(1, min(MOST_PAGES, int(url.value("page", "1")) if url.value("page", "1").isdecimal() else 1))
    start = time.perf_counter()
    found = review.found(asked, scope, page * PER_PAGE)
    took = time.perf_counter() - start
    for hint in hints(scope.query, language()):
        draw("search.hint", [el("div", hint, cls="notice")])
    if not found.total:
        draw("search.none", [_none(asked, scope, now)])
        return
    _head(asked, scope, found, took)
    left, right = st.columns([3, 1], gap="medium")
    with left:
        _histogram(asked, scope)
        _hits(asked, scope, found, page, now)
    with right, shield("facets"):
        _facets(asked, scope)


def _head(asked: Asked, scope: Scope, found: Page, took: float) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="search.head"
    ):
        draw(
            "search.total",
            [
                el(
                    "div",
                    el("b", t("hits", n=number(found.total)), cls="total"),
                    el("span", t("took", s=f"{took:.2f}"), cls="faint"),
                    cls="block-head",
                )
            ],
        )
        with st.popover(t("export"), icon=":material/download:"):
            st.text(t("export_help", n=number(min(found.total, LIMIT)), limit=number(LIMIT)))
            if acting.name():
                st.download_button(
                    t("export_csv"),
                    data=lambda: to_csv(read.export(scope, LIMIT), read.corrections()),
                    file_name=f"tingchao-{written(asked.window.since)}-{written(asked.window.until)}.csv".replace(
                        ":", ""
                    ),
                    mime="text/csv",
                    key="search.csv",
                    on_click="ignore",
                    type="primary",
                )
            else:
                st.text(t("export_name"))


def _histogram(asked: Asked, scope: Scope) -> None:
    window = asked.window
    event = st.vega_lite_chart(
        charts.histogram(read.timeline(scope, window.step), window.step),
        key=f"search.histogram.{written(window.since)}" if window.name == CUSTOM else "search.histogram",
        on_select="rerun",
        selection_mode="stretch",
        alt=t("histogram_alt"),
    )
    stretch = picked_stretch(event, "stretch")
    if stretch is None:
        st.session_state.pop("search.stretch", None)
    elif stretch != st.session_state.get("search.stretch"):
        st.session_state["search.stretch"] = stretch
        chosen = {name: getattr(asked, name) for name in FILTERS}
        places.go(Asked(Window(CUSTOM, *stretch), asked.q, **chosen).address())


def _hits(asked: Asked, scope: Scope, found: Page, page: int, now: datetime) -> None:
    names = read.names()
    here = found.hits[(page - 1) * PER_PAGE :]
    told = Query(asked.q, scope.query.root)
    queue = review.is_queue(asked)
    pressed = draw(
        "search.hits",
        [
            el(
                "div",
                *(
                    el(
                        "div",
                        rows.row(
                            mention,
                            now,
                            names=names,
                            query=told,
                            href=asked.address(mention=mention.id, page=page if page > 1 else None),
                            shown=read.verdict(mention, "" if queue else asked.towards),
                        ),
                        correcting.choices(mention) if queue else rows.why(mention, told),
                        cls="hit",
                    )
                    for mention in here
                ),
                cls="mentions card",
                role="list",
            )
        ],
    )
    correcting.take(pressed, here)
    pages = min(MOST_PAGES, -(-found.total // PER_PAGE))
    if pages > 1:
        shown = min(page, pages)
        st.pagination(
            pages, default=shown, key=f"search.page.{shown}", on_change=_turn, args=(f"search.page.{shown}",)
        )
        if found.total > MOST_PAGES * PER_PAGE:
            draw("search.deep", [el("p", t("too_deep", n=number(MOST_PAGES * PER_PAGE)), cls="faint")])


def _turn(key: str) -> None:
    chosen = st.session_state[key]
    url.put("page", str(chosen) if chosen > 1 else None)
    url.put("mention", None)


def _facets(asked: Asked, scope: Scope) -> None:
    blocks: list[Node] = []
    for name, by in FACETS.items():
        counted = read.facet(scope, by, size=10)
        chosen = set(getattr(asked, name))
        if counted:
            blocks += [
                el("h3", t(f"by_{name}")),
                boards.bars(
                    [
                        (
                            _called(name, value),
                            count,
                            number(count),
                            "chosen" if value in chosen else "",
                            _with(asked, name, value),
                        )
                        for value, count in counted
                    ]
                ),
            ]
    draw("search.facets", [el("div", *blocks, cls="card facets")])


def _called(name: str, value: str) -> str:
    """A facet's value as people call it."""
    names = read.names()
    match name:
        case "topic":
            return names.topics.get(value, value)
        case "src":
            return names.source(value)
        case "kind":
            return t(f"kind_{value}") if value in {kind.value for kind in Kind} else value
        case "risk":
            return boards.risk(value)
    return value


def _with(asked: Asked, name: str, value: str) -> str:
    """The same question with this value chosen, or no longer chosen."""
    chosen = getattr(asked, name)
    kept = tuple(each for each in chosen if each != value) if value in chosen else (*chosen, value)
    return Asked(
        asked.window, asked.q, **{**{each: getattr(asked, each) for each in FILTERS}, name: kept}
    ).address()


def _none(asked: Asked, scope: Scope, now: datetime) -> Node:
    """没有结果, and what would help: a wider time, one word less, sources that were blind."""
    helps: list[Node] = []
    names = list(LAST)
    if asked.window.name in names[:-1]:
        wider = Asked(
            Window(names[names.index(asked.window.name) + 1], asked.window.since, asked.window.until),
            asked.q,
            **{name: getattr(asked, name) for name in FILTERS},
        )
        helps.append(
            el("li", el("a", t("widen", window=t(f"last_{wider.window.name}")), href=wider.address()))
        )
    if any(getattr(asked, name) for name in FILTERS):
        helps.append(el("li", el("a", t("drop_filters"), href=Asked(asked.window, asked.q).address())))
    words = terms(scope.query)
    if len(words) > 1:
        counts = sorted(
            (read.search(Asked(asked.window, f'"{word}"').scope(now), limit=1).total, word)
            for word in words[:8]
            if '"' not in word
        )
        if counts:
            helps.append(
                el(
                    "li",
                    t("rarest"),
                    *(
                        el("span", el("mark", word), f" {number(count)}", cls="term")
                        for count, word in counts[:4]
                    ),
                )
            )
    if blind := heard.blind():
        helps.append(el("li", t("blind_sources", names="、".join(blind[:5]))))
    return el(
        "div",
        el("h3", t("queue_empty") if review.is_queue(asked) else t("no_hits")),
        el("ul", *helps, cls="plain") if helps else el("p", t("no_hits_help"), cls="faint"),
        cls="card empty",
    )


def _mention(id: str, now: datetime) -> None:
    found = read.mention(id)
    names = read.names()
    with st.container(border=True, key="card-search-mention"):
        if found is None:
            draw(
                "search.mention.gone",
                [el("div", el("p", t("mention_gone")), el("p", id, cls="mono faint"), cls="empty")],
            )
        else:
            asked = url.value("q")
            try:
                told = Asked(window_of({}, now), asked).scope(now).query
            except MisreadQuery:
                told = None
            asked_about = url.values("topic")
            topic = asked_about[0] if len(asked_about) == 1 else ""
            whole = rows.whole(found, now, names=names, query=told, shown=read.verdict(found, topic))
            draw("search.mention.whole", [whole, rows.why(found, told)])
            correcting.box(found, topic)
            every = [each for aim in towards(found) if (each := read.verdict(found, aim)).topic == aim]
            draw("search.mention.details", [rows.details(found, now, names=names, every=every)])
        st.button(
            t("close_mention"),
            key="search.mention.close",
            icon=":material/close:",
            on_click=lambda: url.put("mention", None),
        )
