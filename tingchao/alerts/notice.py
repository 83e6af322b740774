"""Which events of an alert people hear of, and what they are told.

Raised: one message. Updated: one when the grade rises, else at most one in 30 minutes. Over, by itself or by
a person's word: one closing message. All of it is read off the alert's events, so two notifiers come to the
same answer and to the same message id, and so does one that was killed in between. Pure.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from urllib.parse import quote as quoted

import msgspec

from tingchao.alerts.alert import Alert, Dismissed, Event, Grade, Raised, Resolved, Updated, apply

UPDATE_AT_MOST = timedelta(minutes=30)


class Happened(StrEnum):
    """What a message is about."""

    RAISED = "raised"
    RISEN = "risen"
    UPDATED = "updated"
    RESOLVED = "resolved"


class Links(msgspec.Struct, frozen=True):
    """Pages of the dashboard. A link opens a page and changes nothing: chat programs fetch links by themselves."""

    alert: str
    acknowledge: str
    incident: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message before it has a form: the alert as it stood, and one mention as a voice of the public."""

    id: str
    happened: Happened
    alert: Alert
    at: datetime
    quote: str = ""
    quote_source: str = ""
    links: Links
    drill: bool = False


def told(events: Sequence[Event]) -> dict[int, Happened]:
    """The versions (from 1) that people hear of, and as what."""
    found: dict[int, Happened] = {}
    grade, last = Grade.BLUE, None
    for version, event in enumerate(events, 1):
        match event:
            case Raised():
                found[version] = Happened.RAISED
            case Updated() if event.grade > grade:
                found[version] = Happened.RISEN
            case Updated() if last is None or event.at - last >= UPDATE_AT_MOST:
                found[version] = Happened.UPDATED
            case Resolved() | Dismissed():
                found[version] = Happened.RESOLVED
            case _:
                continue
        if isinstance(event, Raised | Updated):
            grade = max(grade, event.grade)
        last = event.at
    return found


def alert_at(id: str, events: Sequence[Event], version: int) -> Alert:
    """The alert as it stood after `version` events."""
    alert: Alert | None = None
    for event in events[:version]:
        alert = apply(alert, id, event)
    assert alert is not None, f"alert {id} has no event {version}"
    return alert


def message_id(alert: str, version: int, channel: str) -> str:
    """The same for every attempt to tell one channel of one event, so that the receiver can drop repeats.

    >>> message_id("a1", 1, "webhook") == message_id("a1", 1, "webhook")
    True
    """
    return "msg_" + blake2b(f"{alert}\x00{version}\x00{channel}".encode(), digest_size=16).hexdigest()


def links_to(dashboard: str, alert: str) -> Links:
    """The pages for an alert on the dashboard at this address."""
    page = f"{dashboard.rstrip('/')}/alert?id={quoted(alert, safe='')}"
    return Links(alert=page, acknowledge=f"{page}&do=acknowledge", incident=f"{page}&do=incident")
