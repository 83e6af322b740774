"""The reads of sources: how each is heard, what was asked of whom, what is stopped. From the store, kept for seconds."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import coverage, manners, read, written
from dashboard.coverage import Source
from dashboard.manners import Line
from dashboard.words import source_word
from tingchao.query import FieldName, Is, Query
from tingchao.store import Document, Facet, Scope

ASKED_OVER = timedelta(hours=24)
"""Over what time it is looked which hosts are asked for a source."""
MOST_IMPORTED = 30
"""Sources that only imports feed, of which it is looked how new they are."""


def sources() -> list[Source]:
    """Every source, worst first: those that are crawled, and those that only imports feed."""
    crawled = coverage.judged(
        written.all_as(written.Health, read.documents("source")),
        written.all_as(written.Usual, read.documents("usual")),
        gaps(),
        switches(),
        _hosts_of_sources(read.settings().store_address),
        datetime.now(UTC),
    )
    return coverage.worst_first([*crawled, *_imported({source.id for source in crawled})])


def blind() -> list[str]:
    """The names of sources that are not heard now."""
    return [source.name for source in sources() if source.hearing.tone == "lost"]


def gaps() -> list[written.Gap]:
    """Every gap on record, open or over."""
    return list(written.all_as(written.Gap, read.documents("gap")).values())


def switches() -> dict[str, written.Switch]:
    """The hosts that people stopped."""
    return written.all_as(written.Switch, read.documents("switch"))


def hosts() -> dict[str, written.Host]:
    """What is known of each host, by its whole name."""
    known = written.all_as(written.Host, read.documents("host"))
    return {host.host or id: host for id, host in known.items()}


def requests(since: datetime) -> list[Line]:
    """What was asked of whom from `since` on (UTC)."""
    return _lines(read.settings().store_address, since)


def _lines(address: str, since: datetime) -> list[Line]:
    days = written.days(since, datetime.now(UTC))
    return manners.lines((each for day in days for each in _requests(address, f"{day:%Y-%m-%d}")), since)


def _imported(crawled: set[str]) -> list[Source]:
    until = read.now()
    whole = until.replace(second=0, microsecond=0)
    scope = Scope(since=whole - coverage.IMPORTS_OVER, until=whole + timedelta(minutes=1))
    counts = read.facet(scope, Facet.SOURCE, size=200)
    fed = [(id, count) for id, count in counts if id not in crawled][:MOST_IMPORTED]
    newest = _newest(read.settings().store_address, tuple(id for id, _ in fed))
    return [
        coverage.imported(id, source_word(id), newest[id], count, until) for id, count in fed if id in newest
    ]


@st.cache_data(ttl=read.LIVE, max_entries=20, show_spinner=False)
def _newest(address: str, sources: tuple[str, ...]) -> dict[str, datetime]:
    scopes = {id: Scope(Query("", Is(FieldName.SOURCE, id))) for id in sources}
    found = {id: read.opened(address).search(scope, limit=1).hits for id, scope in scopes.items()}
    return {id: hits[0].published_at for id, hits in found.items() if hits}


@st.cache_resource(ttl=read.LIVE, max_entries=40, show_spinner=False)
def _requests(address: str, day: str) -> list[Document]:
    return read.opened(address).documents(f"requests-{day}")


@st.cache_data(ttl=read.UNHURRIED / 2, max_entries=8, show_spinner=False)
def _hosts_of_sources(address: str) -> dict[str, set[str]]:
    return manners.hosts_of(_lines(address, datetime.now(UTC) - ASKED_OVER))
