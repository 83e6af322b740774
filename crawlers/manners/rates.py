"""What a host says of its own rate: how many requests it still takes, and from when on it takes more. Pure.

`X-RateLimit-*` (Mastodon gives the reset as a time, Reddit as seconds, others as a Unix time), `X-Rate-Limit-*`
(V2EX), `RateLimit-*` and `RateLimit` (IETF draft-ietf-httpapi-ratelimit-headers, its early and its later form).
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=24)
UNSAID = timedelta(minutes=1)
"""How long to wait where nothing remains and the reset cannot be read."""
_FAMILIES = ("x-ratelimit", "x-rate-limit", "ratelimit")
_PARTS = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d{1,12})", re.IGNORECASE)


def spent_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Until when the host takes no more, where its headers (lower-case names) say that nothing remains."""
    moments = []
    for family in _FAMILIES:
        remaining = _numbers(headers.get(f"{family}-remaining", ""))
        if remaining and min(remaining) < 1:
            moments.append(_reset(headers.get(f"{family}-reset", ""), now))
    parts = {name.lower()[0:3]: int(value) for name, value in _PARTS.findall(headers.get("ratelimit", ""))}
    if parts.get("r", parts.get("rem")) == 0:
        seconds = parts.get("t", parts.get("res"))
        moments.append(now + (UNSAID if seconds is None else _bounded(seconds)))
    later = [moment for moment in moments if moment > now]
    return max(later, default=None)


def _numbers(shown: str) -> list[float]:
    """The numbers of a header that may have come twice."""
    found = []
    for part in shown.split(","):
        try:
            number = float(part)
        except ValueError:
            continue
        if math.isfinite(number):
            found.append(number)
    return found


def _reset(shown: str, now: datetime) -> datetime:
    """The moment of a reset: seconds from now, a Unix time in s or ms, ISO 8601 or an HTTP date."""
    numbers = _numbers(shown)
    if numbers:
        number = max(numbers)
        if number >= 10**11:
            number /= 1_000
        return now + _bounded(number - now.timestamp() if number >= 10**9 else number)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(shown.strip())
        except ValueError:
            continue
        return now + _bounded(((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    return now + UNSAID


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST.total_seconds()))
