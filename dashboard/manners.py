"""The request ledger and the hosts in numbers: what was asked of whom, and what may be asked now. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from dashboard.coverage import covers, stopped_by
from dashboard.written import Host, Row, Switch
from tingchao.store import Document

MEBIBYTE = 2**20
UNSENT = ("forbidden", "not public", "resting", "over budget", "paced", "switched off")
"""Outcomes of requests that were not sent."""
REFUSED = ("refused", "challenged")
FATES = ("answered", "unchanged", "moved", "missing", "failed", "no answer", *REFUSED, *UNSENT)


@dataclass(frozen=True, slots=True)
class Line:
    """Requests of a host that are alike, over the whole time asked for."""

    host: str
    row: Row


@dataclass(frozen=True, slots=True)
class Totals:
    """`sent` were asked, `withheld` not; `refused` are those of `sent` that the host refused; delays in seconds."""

    sent: int = 0
    withheld: int = 0
    refused: int = 0
    bytes: int = 0
    least_delay: float | None = None
    last: datetime | None = None
    fates: Mapping[str, int] = field(default_factory=dict)

    @property
    def refused_share(self) -> float | None:
        """0..1 of what was sent; None where nothing was."""
        return self.refused / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A host: whether it may be asked (`state`), until when not and why, and what was asked."""

    host: str
    state: str
    why: str = ""
    until: datetime | None = None
    switch: Switch | None = None
    spent_requests: int = 0
    spent_bytes: int = 0
    known: Host = Host()  # noqa: RUF009 (immutable)
    totals: Totals = Totals()


def lines(documents: Iterable[Document], since: datetime) -> list[Line]:
    """The requests from `since` on, those alike in one line, most first. An hour counts as a whole."""
    found: dict[tuple[object, ...], Line] = {}
    for document in documents:
        host, rows = document.body.get("host"), document.body.get("rows")
        if not isinstance(host, str) or not isinstance(rows, list | tuple):
            continue
        for row in _rows(rows):
            if row.last and row.last >= since:
                name = (host, row.source, row.pattern, row.fate, row.status, row.allowed, row.rule)
                found[name] = Line(host, _sum(found[name].row, row) if name in found else row)
    return sorted(
        found.values(), key=lambda each: (-each.row.requests, each.host, each.row.pattern, each.row.fate)
    )


def select(found: Iterable[Line], *, source: str = "", host: str = "", fate: str = "") -> list[Line]:
    """Those that fit; a host covers its ports and subdomains."""
    return [
        line
        for line in found
        if (not source or line.row.source == source)
        and (not host or covers(host, line.host))
        and (not fate or line.row.fate == fate)
    ]


def totals(found: Iterable[Line]) -> Totals:
    """In numbers."""
    rows = [line.row for line in found]
    fates: dict[str, int] = {}
    for row in rows:
        fates[row.fate] = fates.get(row.fate, 0) + row.requests
    return Totals(
        sent=sum(row.requests for row in rows if row.fate not in UNSENT),
        withheld=sum(row.requests for row in rows if row.fate in UNSENT),
        refused=sum(row.requests for row in rows if row.fate in REFUSED),
        bytes=sum(row.bytes for row in rows),
        least_delay=_least([row.least_delay for row in rows]),
        last=max((row.last for row in rows if row.last), default=None),
        fates=fates,
    )


def hosts_of(found: Iterable[Line]) -> dict[str, set[str]]:
    """The hosts that were asked, or would have been, by source."""
    by_source: dict[str, set[str]] = {}
    for line in found:
        if line.row.source:
            by_source.setdefault(line.row.source, set()).add(line.host)
    return by_source


def asked(
    known: Mapping[str, Host], switches: Mapping[str, Switch], found: Iterable[Line], now: datetime
) -> list[Asked]:
    """Every host that is known, was asked, or is stopped: those that may not be asked first, then the most asked."""
    by_host: dict[str, list[Line]] = {host: [] for host in (*known, *switches)}
    for line in found:
        by_host.setdefault(line.host, []).append(line)
    listed = [_asked(host, known.get(host, Host()), switches, rows, now) for host, rows in by_host.items()]
    return sorted(listed, key=lambda each: (each.state == "open", -each.totals.sent, each.host))


def _asked(
    host: str, known: Host, switches: Mapping[str, Switch], rows: Sequence[Line], now: datetime
) -> Asked:
    today = known.spent if known.spent.day == f"{now.astimezone(UTC):%Y-%m-%d}" else None
    requests, size = (today.requests, today.bytes) if today else (0, 0)
    state, why, until = "open", "", None
    switch = stopped_by(host, switches)
    if switch:
        state, why = "off", switch.why
    elif known.rests_until:
        resting = known.rests_until > now
        state, why, until = "resting" if resting else "probing", known.reason, known.rests_until
    elif _used_up(known, requests, size):
        state, until = "spent", _next_day(now)
    elif known.paced_until and known.paced_until > now:
        state, until = "paced", known.paced_until
    return Asked(host, state, why, until, switch, requests, size, known, totals(rows))


def _used_up(known: Host, requests: int, size: int) -> bool:
    most, most_size = known.budget.requests_per_day, known.budget.mebibytes_per_day
    return (most is not None and requests >= most) or (most_size is not None and size >= most_size * MEBIBYTE)


def _next_day(now: datetime) -> datetime:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _rows(listed: Sequence[object]) -> list[Row]:
    """Those that can be read."""
    found = []
    for plain in listed:
        try:
            found.append(msgspec.convert(plain, Row))
        except msgspec.ValidationError:
            continue
    return found


def _sum(one: Row, two: Row) -> Row:
    return msgspec.structs.replace(
        one,
        requests=one.requests + two.requests,
        bytes=one.bytes + two.bytes,
        least_delay=_least([one.least_delay, two.least_delay]),
        last=max((at for at in (one.last, two.last) if at), default=None),
    )


def _least(delays: Sequence[float | None]) -> float | None:
    return min((delay for delay in delays if delay is not None), default=None)
