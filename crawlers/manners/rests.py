"""How long a site that refuses, or fails, is left alone. Pure: time and chance come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FIRST_REST = 300.0
LONGEST_REST = 6 * 3_600.0
LONGEST_ASKED = 24 * 3_600.0
MOST_FAILING = 600.0


@dataclass(frozen=True, slots=True)
class Rest:
    """A host that refused `times` in a row is not asked before `until`."""

    times: int = 0
    until: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """How long there still is to wait."""
        return max(0.0, (self.until - now).total_seconds()) if self.until else 0.0


def refused(rest: Rest, now: datetime, asked: float | None, chance: float) -> Rest:
    """The rest after one more refusal: the first time what the site `asked` for (seconds; at most a day counts)
    or five minutes, then doubled each time up to six hours, never shorter than asked; plus up to a tenth by
    `chance` (0..1)."""
    wanted = min(asked, LONGEST_ASKED) if asked is not None else None
    own = min(FIRST_REST * 2.0 ** min(rest.times, 20), LONGEST_REST)
    seconds = max(own, wanted or 0.0) if wanted is None or rest.times else wanted
    return Rest(rest.times + 1, now + timedelta(seconds=seconds * (1 + chance / 10)))


def pause(interval: float, failures: int, chance: float) -> float:
    """Seconds until the next visit: the interval give or take a tenth; doubled with each failure in a row,
    up to ten minutes or the interval itself."""
    grown = min(interval * 2.0 ** min(failures, 20), max(interval, MOST_FAILING))
    return grown * (0.9 + chance / 5)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for (RFC 9110, 10.2.3: a number or a date); None without it."""
    shown = headers.get("retry-after", "").strip()
    if not shown:
        return None
    if shown.isdecimal() and len(shown) < 10:
        return float(shown)
    try:
        at = parsedate_to_datetime(shown)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None
