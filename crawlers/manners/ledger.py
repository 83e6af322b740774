"""The request ledger: what was asked of whom, by which rule, how far apart, and what came of it. Pure.

Kept in the store by hour and host (kind `requests-DAY`, id `HOUR HOST`): one row for each source, path pattern,
outcome, status and rule, with counts. So its size follows from how many kinds of pages there are and not from how
many were asked. The last single requests of a host are in its `crawlers.manners.hosts` document. No address, query value, id
or name is in it: `crawlers.manners.patterns` keeps the shape of a path only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.manners.addresses import covers
from crawlers.manners.patterns import OTHERS
from tingchao.store import Document

KEPT = timedelta(days=180)
"""How long the ledger is kept: Chinese law asks for logs of six months (网络安全法, art. 21)."""
MOST_ROWS = 200
"""Rows of one hour and host; what comes after is counted under the pattern `OTHERS`."""


class Fate(StrEnum):
    """What came of a request. The last six were not sent."""

    ANSWERED = "answered"
    UNCHANGED = "unchanged"
    """304: the page is the one we have."""
    MOVED = "moved"
    MISSING = "missing"
    """404 or 410."""
    REFUSED = "refused"
    """A status that refuses, such as 403 or 429."""
    CHALLENGED = "challenged"
    """A captcha or a login page instead of what was asked for."""
    FAILED = "failed"
    """Another status of an error."""
    NO_ANSWER = "no answer"
    """No name, no connection, no time, or a page too large."""
    FORBIDDEN = "forbidden"
    """By robots.txt."""
    NOT_PUBLIC = "not public"
    """An address that is never asked, such as one of the own network."""
    RESTING = "resting"
    """The host refused and is left alone."""
    OVER_BUDGET = "over budget"
    PACED = "paced"
    """The host, or our own rate, takes no more for now."""
    SWITCHED_OFF = "switched off"


UNSENT = frozenset(
    {Fate.FORBIDDEN, Fate.NOT_PUBLIC, Fate.RESTING, Fate.OVER_BUDGET, Fate.PACED, Fate.SWITCHED_OFF}
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `delay` are seconds since the request before it to this host, `seconds` those it took,
    `bytes` what came over the wire without headers; `rule` is what robots.txt said."""

    at: datetime
    host: str
    source: str
    pattern: str
    fate: Fate
    allowed: bool = True
    rule: str = ""
    status: int = 0
    bytes: int = 0
    delay: float | None = None
    seconds: float = 0.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that are alike, of one hour and host. `least_delay` is the shortest pause before any of them."""

    source: str
    pattern: str
    fate: Fate
    allowed: bool
    rule: str
    status: int
    requests: int
    bytes: int
    seconds: float
    least_delay: float | None
    first: datetime
    last: datetime


Rows = Mapping[tuple[object, ...], Row]
"""The rows of one hour and host, each by what makes it alike."""


# --- one request


def fate_of(status: int, refused: bool) -> Fate:
    """What an answer with this status is."""
    if refused:
        return Fate.REFUSED
    if status == 304:
        return Fate.UNCHANGED
    if status in {404, 410}:
        return Fate.MISSING
    if 300 <= status < 400:
        return Fate.MOVED
    return Fate.ANSWERED if 200 <= status < 300 else Fate.FAILED


# --- rows


def counted(rows: Rows, entry: Entry) -> dict[tuple[object, ...], Row]:
    """`rows` with one more request."""
    row = Row(
        source=entry.source,
        pattern=entry.pattern,
        fate=entry.fate,
        allowed=entry.allowed,
        rule=entry.rule,
        status=entry.status,
        requests=1,
        bytes=entry.bytes,
        seconds=entry.seconds,
        least_delay=entry.delay,
        first=entry.at,
        last=entry.at,
    )
    return added(rows, [row])


def added(rows: Rows, more: Iterable[Row]) -> dict[tuple[object, ...], Row]:
    """`rows` with those of another account of the same hour and host, never more than `MOST_ROWS` kinds and one of
    the others for each outcome."""
    found = dict(rows)
    for row in more:
        name = _alike(row)
        if name not in found and len(found) >= MOST_ROWS:
            row = replace(row, pattern=OTHERS, rule="", status=0, source="")
            name = _alike(row)
        found[name] = _sum(found[name], row) if name in found else row
    return found


def _alike(row: Row) -> tuple[object, ...]:
    return row.source, row.pattern, row.fate, row.status, row.allowed, row.rule


def _sum(one: Row, two: Row) -> Row:
    delays = [delay for delay in (one.least_delay, two.least_delay) if delay is not None]
    return replace(
        one,
        requests=one.requests + two.requests,
        bytes=one.bytes + two.bytes,
        seconds=round(one.seconds + two.seconds, 3),
        least_delay=min(delays, default=None),
        first=min(one.first, two.first),
        last=max(one.last, two.last),
    )


# --- documents


def kind(day: datetime) -> str:
    """The kind of the documents of a day, of UTC."""
    return f"requests-{day.astimezone(UTC):%Y-%m-%d}"


def document_id(at: datetime, host: str) -> str:
    """The document of an hour and host."""
    return f"{at.astimezone(UTC):%H} {host[:180]}"


def hour_of(at: datetime) -> datetime:
    """The hour that a moment lies in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def to_body(host: str, rows: Rows) -> Mapping[str, Any]:
    """As a document."""
    return {"host": host, "rows": msgspec.to_builtins(list(rows.values()))}


def from_body(body: Mapping[str, Any]) -> dict[tuple[object, ...], Row]:
    """From a document; rows that this program cannot read are left out."""
    found: dict[tuple[object, ...], Row] = {}
    listed = body.get("rows")
    for plain in listed if isinstance(listed, list | tuple) else ():
        try:
            row = msgspec.convert(plain, Row)
        except msgspec.ValidationError:
            continue
        found[_alike(row)] = row
    return found


def outlived(now: datetime) -> list[str]:
    """Kinds whose time is over, as far back as a crawler may have stood still."""
    return [kind(now - KEPT - timedelta(days=days)) for days in range(1, 15)]


# --- questions


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of an answer: requests of a host that are alike, over the whole time asked for."""

    host: str
    row: Row


def read(documents: Callable[[str], Sequence[Document]], since: datetime, now: datetime) -> list[Document]:
    """The documents that hold requests from `since` on; `documents` is the store's."""
    days = (hour_of(now).date() - hour_of(since).date()).days
    return [
        document for back in range(days, -1, -1) for document in documents(kind(now - timedelta(days=back)))
    ]


def select(
    documents: Iterable[Document],
    *,
    host: str = "",
    source: str = "",
    fate: Fate | None = None,
    since: datetime | None = None,
) -> list[Line]:
    """The requests that fit, those alike in one line, most first. `host` covers its ports and subdomains. An hour
    counts as a whole: a row is in if its last request was at or after `since`."""
    found: dict[str, dict[tuple[object, ...], Row]] = {}
    for name, row in _rows(documents):
        fits = (not source or row.source == source) and (fate is None or row.fate is fate)
        if fits and (not host or covers(host, name)) and (since is None or row.last >= since):
            found[name] = _unbounded(found.get(name, {}), row)
    lines = [Line(host=name, row=row) for name, rows in found.items() for row in rows.values()]
    return sorted(lines, key=lambda line: (-line.row.requests, line.host, line.row.pattern, line.row.fate))


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A host in numbers. `sent` were asked, `withheld` not; `refused` are those of `sent` that the host refused."""

    host: str
    sources: tuple[str, ...]
    sent: int
    withheld: int
    refused: int
    bytes: int
    seconds: float
    least_delay: float | None
    last: datetime
    fates: dict[str, int]

    @property
    def refused_share(self) -> float:
        """0..1 of what was sent."""
        return self.refused / self.sent if self.sent else 0.0


def summary(documents: Iterable[Document], *, since: datetime | None = None) -> list[Summary]:
    """Each host in numbers, the most asked first."""
    found: dict[str, list[Row]] = {}
    for line in select(documents, since=since):
        found.setdefault(line.host, []).append(line.row)
    hosts = [_summed(host, rows) for host, rows in found.items()]
    return sorted(hosts, key=lambda each: (-each.sent, each.host))


def _summed(host: str, rows: Sequence[Row]) -> Summary:
    fates: dict[str, int] = {}
    for row in rows:
        fates[row.fate.value] = fates.get(row.fate.value, 0) + row.requests
    delays = [row.least_delay for row in rows if row.least_delay is not None]
    return Summary(
        host=host,
        sources=tuple(sorted({row.source for row in rows if row.source})),
        sent=sum(row.requests for row in rows if row.fate not in UNSENT),
        withheld=sum(row.requests for row in rows if row.fate in UNSENT),
        refused=sum(row.requests for row in rows if row.fate in {Fate.REFUSED, Fate.CHALLENGED}),
        bytes=sum(row.bytes for row in rows),
        seconds=round(sum(row.seconds for row in rows), 3),
        least_delay=min(delays, default=None),
        last=max(row.last for row in rows),
        fates=fates,
    )


def _rows(documents: Iterable[Document]) -> Iterator[tuple[str, Row]]:
    for document in documents:
        host = document.body.get("host")
        if isinstance(host, str):
            yield from ((host, row) for row in from_body(document.body).values())


def _unbounded(rows: dict[tuple[object, ...], Row], row: Row) -> dict[tuple[object, ...], Row]:
    name = _alike(row)
    rows[name] = _sum(rows[name], row) if name in rows else row
    return rows
