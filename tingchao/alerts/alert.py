"""An alert and its life, as a fold of events.

The stream `alert:ID` in the store holds the events; the document (kind `alert`, id) is their fold, kept
beside it so that lists are cheap. `tingchao.alerts.desk` is the only writer of both.
"""

from datetime import datetime
from enum import IntEnum, StrEnum

import msgspec
from msgspec.structs import replace

from tingchao.ledger import UnknownEvent
from tingchao.mention import Role

MAX_DELIVERIES = 50


class Grade(IntEnum):
    """蓝 黄 橙 红, least first."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4


class State(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    FALSE = "false"


class Reason(msgspec.Struct, frozen=True):
    """One signal that speaks for the alert: its value, what is usual, and the robust z-score between them."""

    signal: str
    now: float
    usual: float
    spread: float
    z: float


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send one message through one channel. `message_id` lets the receiver drop repeats."""

    message_id: str
    channel: str
    attempt: int
    at: datetime
    outcome: str
    """sent, failed or given_up"""
    detail: str = ""


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Something that happened to an alert at `at` (UTC), done by `by` (a person, or `tingchao`)."""

    at: datetime
    by: str = "tingchao"


class Raised(AlertEvent, frozen=True, kw_only=True, tag="raised"):
    """`at` is event time. `query` and [since, until) open the mentions behind the numbers."""

    topic: str
    topic_name: str
    role: Role
    grade: Grade
    since: datetime
    until: datetime
    mentions: int
    negative: int
    reasons: tuple[Reason, ...]
    first_mention: str = ""
    first_published_at: datetime | None = None
    recorded_at: datetime | None = None


class Updated(AlertEvent, frozen=True, kw_only=True, tag="updated"):
    """New numbers of the window that ends at `until`; the grade may have risen."""

    grade: Grade
    until: datetime
    mentions: int
    negative: int
    reasons: tuple[Reason, ...]


class Acknowledged(AlertEvent, frozen=True, kw_only=True, tag="acknowledged"):
    pass


class Resolved(AlertEvent, frozen=True, kw_only=True, tag="resolved"):
    """By a person with a note, or by hysteresis."""

    why: str = ""


class Dismissed(AlertEvent, frozen=True, kw_only=True, tag="dismissed"):
    """A false alarm, and why."""

    why: str


class IncidentJoined(AlertEvent, frozen=True, kw_only=True, tag="incident_joined"):
    incident: str


class Delivered(AlertEvent, frozen=True, kw_only=True, tag="delivered"):
    delivery: Delivery


Event = Raised | Updated | Acknowledged | Resolved | Dismissed | IncidentJoined | Delivered


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stands. `negative` and `mentions` are of the newest window, `peak` the largest negative seen.

    `deliveries` are the newest 50; the stream has all.
    """

    id: str
    version: int
    topic: str
    topic_name: str
    role: Role
    grade: Grade
    state: State
    raised_at: datetime
    updated_at: datetime
    since: datetime
    until: datetime
    mentions: int
    negative: int
    peak: int
    reasons: tuple[Reason, ...]
    first_mention: str = ""
    first_published_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_why: str = ""
    incident: str = ""
    deliveries: tuple[Delivery, ...] = ()

    @property
    def is_open(self) -> bool:
        """Still waiting for somebody, or being handled."""
        return self.state in (State.OPEN, State.ACKNOWLEDGED)


def apply(alert: Alert | None, alert_id: str, event: Event) -> Alert:
    """The alert after `event`; `alert` is None before the first. Raises `UnknownEvent` for what cannot follow."""
    match event:
        case Raised() if alert is None:
            return Alert(
                id=alert_id,
                version=1,
                topic=event.topic,
                topic_name=event.topic_name,
                role=event.role,
                grade=event.grade,
                state=State.OPEN,
                raised_at=event.at,
                updated_at=event.at,
                since=event.since,
                until=event.until,
                mentions=event.mentions,
                negative=event.negative,
                peak=event.negative,
                reasons=event.reasons,
                first_mention=event.first_mention,
                first_published_at=event.first_published_at,
            )
        case _ if alert is None or isinstance(event, Raised):
            raise UnknownEvent(
                f"alert {alert_id}: {type(event).__name__} cannot come {'first' if alert is None else 'again'}"
            )
    alert = replace(alert, version=alert.version + 1)
    match event:
        case Updated():
            return replace(
                alert,
                grade=max(alert.grade, event.grade),
                updated_at=event.at,
                until=event.until,
                mentions=event.mentions,
                negative=event.negative,
                peak=max(alert.peak, event.negative),
                reasons=event.reasons,
            )
        case Acknowledged():
            if alert.acknowledged_at or not alert.is_open:
                return alert
            return replace(
                alert, state=State.ACKNOWLEDGED, acknowledged_at=event.at, acknowledged_by=event.by
            )
        case Resolved():
            return replace(
                alert, state=State.RESOLVED, ended_at=event.at, ended_by=event.by, ended_why=event.why
            )
        case Dismissed():
            return replace(
                alert, state=State.FALSE, ended_at=event.at, ended_by=event.by, ended_why=event.why
            )
        case IncidentJoined():
            return replace(alert, incident=event.incident)
        case Delivered():
            return replace(alert, deliveries=(*alert.deliveries, event.delivery)[-MAX_DELIVERIES:])
        case _:
            raise UnknownEvent(f"alert {alert_id}: the fold has no case for {type(event).__name__}")
