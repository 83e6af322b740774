"""The reads: everything that a page knows comes through here, from the store and nothing else.

Results are kept for seconds and shared by all sessions, keyed by the store's address and the exact question.
What people write (alerts, incidents) is kept for a second at most, and dropped at once after a write.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.rows import Names
from dashboard.verdict import Verdict
from dashboard.verdict import verdict as verdict_of
from dashboard.window import CUSTOM, Window
from tingchao.alerts import desk
from tingchao.alerts.alert import Alert
from tingchao.alerts.hot_words import Cutter, HotWord, hot_words
from tingchao.corrections import NOTHING, Corrections, read_on
from tingchao.mention import UNSURE, Mention, Role
from tingchao.playbook.incident import INCIDENTS, Incident
from tingchao.playbook.plan import Plan, load_plan
from tingchao.query import Query, Subject, match, parse, terms
from tingchao.settings import Settings, read_settings
from tingchao.store import Bucket, Document, Facet, Page, Scope, Store, open_store
from tingchao.watchlist import Topic
from tingchao.watchlist import read as read_watchlist

LIVE = 4.0
"""Seconds that a live figure is kept: below the refresh of 10 s, so that each refresh sees new numbers."""
SLOW = frozenset({Facet.REGION, Facet.RISK, Facet.LANG})
"""Facets that no store keeps rolled up: over a month of a million mentions they take seconds."""
UNHURRIED = 60.0
"""Seconds that those are kept; then the old answer is shown while the new one is fetched."""
HOT_AMONG = 500
"""Newest texts that hot words are counted in."""
STEADY = 300.0
"""Seconds that what is usual is kept."""
_KNOWN: dict[str, Corrections] = {}
"""What people had said when it was last read, by the store's address: it is read on from there."""
HASH: dict[str | type[Any], Callable[[Any], Any]] = {Scope: repr}
OURS_FIRST = (Role.BRAND, Role.COMPETITOR, Role.INDUSTRY, Role.REGULATION)


@cache
def settings() -> Settings:
    """The settings of this process. Raises `BadSetting`."""
    return read_settings(Path(home) if (home := os.environ.get("TINGCHAO_HOME")) else None)


@st.cache_resource(show_spinner=False)
def opened(address: str) -> Store:
    """The store at an address, opened once."""
    return open_store(address)


def store() -> Store:
    """The store; safe to share between sessions. Raises `StoreUnavailable`."""
    return opened(settings().store_address)


def now() -> datetime:
    """The present: the clock's, or with `clock=events` the time of the newest mention."""
    if settings().clock == "events" and (newest := search(Scope(), limit=1).hits):
        return newest[0].published_at + timedelta(seconds=1)
    return datetime.now(UTC)


# --- mentions


def search(scope: Scope, *, limit: int, after: str | None = None) -> Page:
    return _search(settings().store_address, scope, limit, after)


def timeline(scope: Scope, step: timedelta) -> list[Bucket]:
    return _timeline(settings().store_address, scope, step)


def facet(scope: Scope, by: Facet, *, size: int = 20) -> list[tuple[str, int]]:
    if by in SLOW:
        return _slow_facet(settings().store_address, scope, by, size)
    return _facet(settings().store_address, scope, by, size)


def past_timelines(query: Query, window: Window, weeks: int = 4) -> list[list[Bucket]]:
    """The same hours of the weeks before, the last week first."""
    return [
        _past_timeline(settings().store_address, _scope(query, window.weeks_before(week)), window.step)
        for week in range(1, weeks + 1)
    ]


def past_facets(query: Query, window: Window, by: Facet, weeks: int = 4) -> list[list[tuple[str, int]]]:
    """A facet of the same hours of the weeks before, the last week first."""
    return [
        _past_facet(settings().store_address, _scope(query, window.weeks_before(week)), by)
        for week in range(1, weeks + 1)
    ]


def hot(query: Query, window: Window) -> list[HotWord]:
    """The words that set the newest texts of a window apart from those of the same length of time before it."""
    before = Window(CUSTOM, window.since - window.span, window.since)
    names = tuple(name for topic in topics() for name in (topic.name, *topic.aliases, *_asked_for(topic)))
    return _hot(settings().store_address, _scope(query, window), _scope(query, before), names)


def _asked_for(topic: Topic) -> tuple[str, ...]:
    """The words of a topic's query: they are in its mentions by definition and are never news."""
    return terms(parse(topic.query, now=datetime.now(UTC)))


def mention(id: str) -> Mention | None:
    """One mention by its id."""
    return next(iter(store().get([id])), None)


def verdict(mention: Mention, topic: str = "") -> Verdict:
    """The label that a mention carries when `topic` is asked about, people's words included."""
    return verdict_of(mention, topic, corrections())


def decided(scope: Scope) -> frozenset[str]:
    """The mentions in `scope` of which the model is not sure and a person has decided."""
    return _decided(settings().store_address, scope)


def export(scope: Scope, limit: int) -> list[Mention]:
    """The newest `limit` mentions in scope."""
    return list(islice(store().export(scope), limit))


@st.cache_data(ttl=LIVE, max_entries=400, show_spinner=False, hash_funcs=HASH)
def _search(address: str, scope: Scope, limit: int, after: str | None) -> Page:
    return opened(address).search(scope, limit=limit, after=after)


@st.cache_data(ttl=LIVE, max_entries=400, show_spinner=False, hash_funcs=HASH)
def _decided(address: str, scope: Scope) -> frozenset[str]:
    found = opened(address).get(_corrections(address).decided(scope.since, scope.until))
    return frozenset(
        each.id
        for each in found
        if each.abstain == UNSURE and match(scope.query, Subject.of(each)) is not None
    )


@st.cache_data(ttl=LIVE, max_entries=400, show_spinner=False, hash_funcs=HASH)
def _timeline(address: str, scope: Scope, step: timedelta) -> list[Bucket]:
    return opened(address).timeline(scope, step)


@st.cache_data(ttl=LIVE, max_entries=400, show_spinner=False, hash_funcs=HASH)
def _facet(address: str, scope: Scope, by: Facet, size: int) -> list[tuple[str, int]]:
    return opened(address).facet(scope, by, size=size)


@st.cache_data(ttl=UNHURRIED, max_entries=200, show_spinner=False, hash_funcs=HASH, refresh_mode="background")
def _slow_facet(address: str, scope: Scope, by: Facet, size: int) -> list[tuple[str, int]]:
    return opened(address).facet(scope, by, size=size)


@st.cache_data(ttl=UNHURRIED, max_entries=100, show_spinner=False, hash_funcs=HASH, refresh_mode="background")
def _hot(address: str, scope: Scope, before: Scope, names: tuple[str, ...]) -> list[HotWord]:
    found, then = (opened(address).search(each, limit=HOT_AMONG).hits for each in (scope, before))
    texts, texts_before = ([f"{each.title}\n{each.text}" for each in mentions] for mentions in (found, then))
    return hot_words(texts, texts_before, cutter=_cutter(names), without=names, most=15)


@st.cache_resource(show_spinner=False, max_entries=8)
def _cutter(names: tuple[str, ...]) -> Cutter:
    return Cutter(names)


@st.cache_data(ttl=STEADY, max_entries=800, show_spinner=False, hash_funcs=HASH)
def _past_timeline(address: str, scope: Scope, step: timedelta) -> list[Bucket]:
    return opened(address).timeline(scope, step)


@st.cache_data(ttl=STEADY, max_entries=800, show_spinner=False, hash_funcs=HASH)
def _past_facet(address: str, scope: Scope, by: Facet) -> list[tuple[str, int]]:
    return opened(address).facet(scope, by, size=200)


def _scope(query: Query, window: Window) -> Scope:
    return Scope(query, window.since, window.until)


# --- people's things


def topics() -> list[Topic]:
    """The watchlist, ours first, then by name."""
    return _topics(settings().store_address)


def alerts() -> list[Alert]:
    """Every alert, newest first."""
    return _alerts(settings().store_address)


def incidents() -> list[Incident]:
    """Every incident: open ones first, the newest first."""
    found = _incidents(settings().store_address)
    return sorted(found, key=lambda each: (each.is_open, each.t0, each.id), reverse=True)


def names() -> Names:
    """What topics and sources are called."""
    return Names(
        {topic.id: topic.name for topic in topics()},
        {source.id: str(source.body.get("name") or source.id) for source in documents("source")},
    )


def corrections() -> Corrections:
    """What people said of the model's labels."""
    return _corrections(settings().store_address)


def documents(kind: str) -> list[Document]:
    """Small documents of one kind, such as `worker`, `source` or `gap`."""
    return _documents(settings().store_address, kind)


def forget() -> None:
    """After a write: what people see next is read anew."""
    for kept in (_topics, _alerts, _incidents, _documents, _corrections, _decided):
        kept.clear()


@cache
def plan() -> Plan:
    """The playbook that new incidents get."""
    own = settings().playbook
    return load_plan(settings().home / own if own else None)


@st.cache_data(ttl=LIVE, max_entries=8, show_spinner=False)
def _topics(address: str) -> list[Topic]:
    watchlist, _ = read_watchlist(opened(address))
    return sorted(watchlist.topics, key=lambda topic: (OURS_FIRST.index(topic.role), topic.name))


@st.cache_data(ttl=1.0, max_entries=8, show_spinner=False)
def _alerts(address: str) -> list[Alert]:
    return desk.alerts(opened(address))


@st.cache_data(ttl=1.0, max_entries=8, show_spinner=False)
def _incidents(address: str) -> list[Incident]:
    return INCIDENTS.all(opened(address))


@st.cache_resource(ttl=LIVE, max_entries=8, show_spinner=False)
def _corrections(address: str) -> Corrections:
    known = _KNOWN[address] = read_on(opened(address), _KNOWN.get(address, NOTHING))
    return known


@st.cache_data(ttl=1.0, max_entries=32, show_spinner=False)
def _documents(address: str, kind: str) -> list[Document]:
    return opened(address).documents(kind)
