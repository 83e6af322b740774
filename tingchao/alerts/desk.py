"""The only writer of alerts. Each act names who did it and when; doing one a second time changes nothing.

Events go to the stream `alert:ID`, their fold beside it as a document (`tingchao.ledger`). If somebody else
was faster, the decision is taken again on what is there now.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from tingchao.alerts.alert import (
    Acknowledged,
    Alert,
    Delivered,
    Delivery,
    Dismissed,
    Event,
    Raised,
    Resolved,
    State,
    Updated,
    apply,
)
from tingchao.errors import BadInput, StaleVersion
from tingchao.ledger import Ledger
from tingchao.store import Store

ALERTS: Ledger[Alert, Event] = Ledger("alert", Alert, Event, apply)
MAX_NAME, MAX_WHY = 40, 4_000


class NotPossible(BadInput):
    """The act does not fit the alert as it stands."""


def find(store: Store, id: str) -> Alert:
    """The alert as it stands. Raises `NotThere`, `UnknownEvent`."""
    return ALERTS.read(store, id)


def alerts(store: Store, state: State | None = None) -> list[Alert]:
    """Alerts, newest first; with `state` only those that are in it."""
    found = [alert for alert in ALERTS.all(store) if state is None or alert.state is state]
    return sorted(found, key=lambda alert: (alert.raised_at, alert.id), reverse=True)


def raise_alert(store: Store, id: str, raised: Raised) -> int:
    """Begin an alert; returns the version of the event, also where it was written before."""
    try:
        ALERTS.begin(store, id, raised)
    except StaleVersion:
        ALERTS.act(store, id, lambda _: [])  # a kill may have come between the event and its fold
    return 1


def update(store: Store, id: str, event: Updated | Resolved) -> int | None:
    """Add what the alert worker saw; returns the version of the event, None where the alert was over already."""

    def decide(alert: Alert) -> Sequence[Event]:
        return [event] if alert.is_open and event not in ALERTS.events(store, id) else []

    ALERTS.act(store, id, decide)
    written = ALERTS.events(store, id)
    return written.index(event) + 1 if event in written else None


def acknowledge(store: Store, id: str, by: str, at: datetime) -> Alert:
    """Somebody takes it; the first one counts."""
    return _act(store, id, lambda alert: [] if alert.acknowledged_at else [Acknowledged(at=at, by=_name(by))])


def dismiss(store: Store, id: str, by: str, at: datetime, why: str) -> Alert:
    """A false alarm."""
    return _act(store, id, lambda _: [Dismissed(at=at, by=_name(by), why=_why(why))])


def resolve(store: Store, id: str, by: str, at: datetime, why: str) -> Alert:
    """Over, by a person's word."""
    return _act(store, id, lambda _: [Resolved(at=at, by=_name(by), why=_why(why))])


def record_delivery(store: Store, id: str, delivery: Delivery) -> Alert:
    """Note an attempt to tell somebody; the same attempt is noted once."""

    def decide(alert: Alert) -> Sequence[Event]:
        known = any(
            (each.message_id, each.attempt, each.outcome)
            == (delivery.message_id, delivery.attempt, delivery.outcome)
            for each in alert.deliveries
        )
        return [] if known else [Delivered(at=delivery.at, delivery=delivery)]

    return ALERTS.act(store, id, decide)


def _act(store: Store, id: str, decide: Callable[[Alert], Sequence[Event]]) -> Alert:
    def decided(alert: Alert) -> Sequence[Event]:
        if not alert.is_open:
            raise NotPossible(
                f"alert {id} is over already ({alert.state}); open a newer one of {alert.topic_name}"
            )
        return decide(alert)

    return ALERTS.act(store, id, decided)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise NotPossible(f"name {text[:60]!r}: it takes 1 to {MAX_NAME} visible characters")
    return name


def _why(text: str) -> str:
    why = text.strip()
    if not why or len(why) > MAX_WHY:
        raise NotPossible(f"a reason of 1 to {MAX_WHY:,} characters is needed; this one has {len(why):,}")
    return why
