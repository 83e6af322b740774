"""How much of a host may be used: so many requests a minute, so many requests and bytes a day. Pure.

A day is one of UTC: in China it begins at 08:00. What was spent is kept in the store, so that a restart buys nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

MEBIBYTE = 2**20
BURST = 10.0
"""Requests that may follow each other as fast as the delay allows, before the rate of a minute holds."""


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one host may be asked; None means without end."""

    per_minute: float | None = None
    requests_per_day: int | None = None
    mebibytes_per_day: int | None = None


USUAL = Budget(per_minute=40.0, requests_per_day=10_000, mebibytes_per_day=1_024)
"""Of a host for which no source sets another."""
UNBOUND = Budget()


def problem(budget: Budget) -> str:
    """What is wrong with a budget that a person wrote; "" if nothing is."""
    for name, most in (
        ("per_minute", 600),
        ("requests_per_day", 1_000_000),
        ("mebibytes_per_day", 1_048_576),
    ):
        value = getattr(budget, name)
        if value is not None and not 0 < value <= most:
            return f"{name} {value:g} is not above 0 and at most {most:,}"
    return ""


def shared(asked: Iterable[Budget], usual: Budget) -> Budget:
    """The budget of a host that several sources ask: the smallest that any of them sets, else the usual one."""
    return Budget(**{name: _least(asked, name, usual) for name in Budget.__struct_fields__})


def _least(asked: Iterable[Budget], name: str, usual: Budget) -> Any:
    given = [value for budget in asked if (value := getattr(budget, name)) is not None]
    return min(given, default=getattr(usual, name))


class Spent(msgspec.Struct, frozen=True):
    """Requests sent to a host and bytes received from it on one day, as ISO 8601 has it."""

    day: str = ""
    requests: int = 0
    bytes: int = 0


def on(spent: Spent, now: datetime) -> Spent:
    """What counts today: nothing of another day."""
    today = now.astimezone(UTC).date().isoformat()
    return spent if spent.day == today else Spent(today)


def spend(spent: Spent, now: datetime, *, requests: int = 0, bytes: int = 0) -> Spent:
    """With so many more, today."""
    today = on(spent, now)
    return replace(today, requests=today.requests + requests, bytes=today.bytes + bytes)


def used_up(budget: Budget, spent: Spent, now: datetime) -> str:
    """Which part of the day's budget is used, in words; "" while there is some left."""
    today = on(spent, now)
    if budget.requests_per_day is not None and today.requests >= budget.requests_per_day:
        return f"the day's budget of {budget.requests_per_day:,} requests is used"
    if budget.mebibytes_per_day is not None and today.bytes >= budget.mebibytes_per_day * MEBIBYTE:
        return f"the day's budget of {budget.mebibytes_per_day:,} MiB is used"
    return ""


def next_day(now: datetime) -> datetime:
    """When the next day begins."""
    today: date = now.astimezone(UTC).date()
    return datetime.combine(today + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `tokens` were in it at `at`, `per_second` come in, up to `size`."""

    per_second: float
    size: float
    tokens: float
    at: datetime


def bucket(budget: Budget, now: datetime) -> Bucket | None:
    """A full bucket for a budget; None where there is no rate to keep."""
    if budget.per_minute is None:
        return None
    size = max(1.0, min(BURST, budget.per_minute))
    return Bucket(budget.per_minute / 60, size, size, now)


def filled(held: Bucket, now: datetime) -> Bucket:
    """The bucket as it stands now; a clock that was put back adds nothing."""
    seconds = max(0.0, (now - held.at).total_seconds())
    return Bucket(held.per_second, held.size, min(held.size, held.tokens + seconds * held.per_second), now)


def wait(held: Bucket, now: datetime) -> float:
    """Seconds until there is a token."""
    return max(0.0, (1.0 - filled(held, now).tokens) / held.per_second)


def take(held: Bucket, now: datetime) -> Bucket:
    """The bucket without one token; take only after the wait."""
    full = filled(held, now)
    return Bucket(full.per_second, full.size, full.tokens - 1.0, now)
