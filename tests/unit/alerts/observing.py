"""Observations for the tests of the alert room: a topic's mentions, by the minute."""

from datetime import UTC, datetime, timedelta

from tingchao.mention import Kind, Label, Observation, Precision, Risk, Role

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""Noon in Shanghai."""


def seen(
    number: int | str,
    at: datetime = NOON,
    *,
    topic: str = "nova",
    negative: bool = True,
    read: bool = True,
    late: timedelta = timedelta(),
    source: str = "forum",
    risk: str = "",
    precision: Precision = Precision.SECOND,
    role: Role = Role.BRAND,
) -> Observation:
    """Mention `number` of the topic, published at `at` and captured `late` after it."""
    return Observation(
        topic=topic,
        role=role,
        mention_id=f"m{number}",
        source=source,
        kind=Kind.POST,
        published_at=at,
        captured_at=at + late,
        published_precision=precision,
        label=(Label.NEGATIVE if negative else Label.NEUTRAL) if read else None,
        p_negative=(0.9 if negative else 0.1) if read else None,
        risk=(Risk(risk, 0.8),) if risk else (),
    )


def burst(
    count: int, at: datetime = NOON, *, first: int = 0, seconds: float = 10.0, **more: object
) -> list[Observation]:
    """`count` negative mentions, one every `seconds`."""
    return [seen(first + n, at + timedelta(seconds=n * seconds), **more) for n in range(count)]  # type: ignore[arg-type]


def quiet_days(
    days: int, until: datetime = NOON, *, every: timedelta = timedelta(minutes=15)
) -> list[Observation]:
    """One mention each quarter of an hour, every third negative, up to `until`."""
    count = int(timedelta(days=days) / every)
    return [
        seen(f"q{n}", until - timedelta(minutes=1) - every * n, negative=n % 3 == 0, source="news")
        for n in reversed(range(count))
    ]
