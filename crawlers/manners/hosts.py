"""A host as the crawler knows it: a document (kind `host`, id the host) that outlives the process. Pure.

It tells whether the host may be asked, since when not and why, what is spent of its budget, and its last requests.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from crawlers.manners import budgets
from crawlers.manners.breakers import Breaker, circuit
from crawlers.manners.budgets import Budget, Spent
from crawlers.manners.ledger import Entry
from crawlers.manners.rests import Rest

KIND = "host"
LAST = 20
"""Single requests that are kept of a host."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """`circuit` is where its breaker stood when this was written; it refused `refusals` times in a row, the last
    time for `reason`, and is left alone until `rests_until`. It said itself that it takes no more until
    `paced_until`."""

    host: str
    circuit: str = ""
    refusals: int = 0
    reason: str = ""
    rests_until: datetime | None = None
    well_since: datetime | None = None
    paced_until: datetime | None = None
    spent: Spent = Spent()
    budget: Budget = Budget()
    last: tuple[Entry, ...] = ()


def document_id(host: str) -> str:
    """The document of a host."""
    return host[:190]


def breaker_of(known: Host) -> Breaker:
    """The breaker as it was left."""
    return Breaker(Rest(known.refusals, known.rests_until), known.reason, known.well_since)


def told(
    known: Host,
    breaker: Breaker,
    paced_until: datetime | None,
    budget: Budget,
    more: Spent,
    entries: Sequence[Entry],
    now: datetime,
) -> Host:
    """What to write after what `known` says: `more` is what this process spent since it last wrote."""
    before = budgets.on(known.spent, now)
    same_day = budgets.on(more, now)
    return replace(
        known,
        circuit=circuit(breaker, now).value,
        refusals=breaker.rest.times,
        reason=breaker.reason,
        rests_until=breaker.rest.until,
        well_since=breaker.well_since,
        paced_until=paced_until,
        spent=budgets.spend(before, now, requests=same_day.requests, bytes=same_day.bytes),
        budget=budget,
        last=(*known.last, *entries)[-LAST:],
    )


def to_body(host: Host) -> Mapping[str, Any]:
    """As a document."""
    body: Mapping[str, Any] = msgspec.to_builtins(host)
    return body


def from_body(body: Mapping[str, Any], host: str) -> Host:
    """From a document; one that this program cannot read counts as that of a new host."""
    try:
        return replace(msgspec.convert(body, Host), host=host)
    except msgspec.ValidationError:
        return Host(host=host)
