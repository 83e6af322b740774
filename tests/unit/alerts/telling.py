"""Alerts and notices for the tests of messages and channels."""

from datetime import UTC, datetime, timedelta

from tingchao.alerts.alert import Alert, Grade, Raised, Reason, Resolved, Updated, apply
from tingchao.alerts.notice import Happened, Notice, links_to
from tingchao.mention import Role

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
REASONS = (
    Reason(signal="negative", now=72, usual=4, spread=2, z=34.0),
    Reason(signal="negative_share", now=0.71, usual=0.12, spread=0.03, z=19.7),
    Reason(signal="volume", now=101, usual=30, spread=6, z=11.8),
    Reason(signal="speed", now=40, usual=16, spread=4, z=6.0),
    Reason(signal="sources", now=4, usual=1, spread=1, z=3.0),
    Reason(signal="risk_injury", now=5, usual=0, spread=1, z=5.0),
)


def raised(name: str = "新星空气炸锅", grade: Grade = Grade.ORANGE, at: datetime = NOON) -> Raised:
    return Raised(
        at=at,
        topic="nova",
        topic_name=name,
        role=Role.BRAND,
        grade=grade,
        since=at - timedelta(minutes=12),
        until=at + timedelta(minutes=3),
        mentions=101,
        negative=72,
        reasons=REASONS,
        first_mention="f" * 32,
        first_published_at=at - timedelta(minutes=11),
    )


def updated(minutes: float, grade: Grade = Grade.ORANGE, negative: int = 110) -> Updated:
    at = NOON + timedelta(minutes=minutes)
    return Updated(at=at, grade=grade, until=at, mentions=200, negative=negative, reasons=REASONS)


def resolved(minutes: float = 185) -> Resolved:
    return Resolved(at=NOON + timedelta(minutes=minutes), why="calm")


def alert(*events: Raised | Updated | Resolved) -> Alert:
    found: Alert | None = None
    for event in events or (raised(),):
        found = apply(found, "a1b2", event)
    assert found
    return found


def notice(
    *events: Raised | Updated | Resolved,
    happened: Happened = Happened.RAISED,
    quote: str = "昨天刚买的，炸一半冒烟，客服让我自己拍视频举证",
    drill: bool = False,
) -> Notice:
    return Notice(
        id="msg_1",
        happened=happened,
        alert=alert(*events),
        at=NOON,
        quote=quote,
        quote_source="微博",
        links=links_to("https://tingchao.example/", "a1b2"),
        drill=drill,
    )
