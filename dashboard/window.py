"""The time window that a page looks at: the last hour to the last month, or from one time to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tingchao.times import SHANGHAI, shanghai

LAST = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
DEFAULT = "24h"
CUSTOM = "custom"
LONGEST = timedelta(days=3660)
MINUTE = timedelta(minutes=1)

# The narrowest step that keeps a chart under about 60 bars.
_STEPS = (
    (timedelta(hours=3), timedelta(minutes=5)),
    (timedelta(hours=8), timedelta(minutes=10)),
    (timedelta(hours=30), timedelta(hours=1)),
    (timedelta(days=10), timedelta(hours=6)),
    (timedelta(days=60), timedelta(days=1)),
    (timedelta(days=400), timedelta(days=7)),
)


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until) in UTC, whole minutes; `name` is its name in the address (`custom`: from and to)."""

    name: str
    since: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        return self.until - self.since

    @property
    def step(self) -> timedelta:
        """The width of one bar of a timeline over this window."""
        return next((step for longest, step in _STEPS if self.span <= longest), timedelta(days=28))

    def parameters(self) -> dict[str, str]:
        """What an address needs to open this window again."""
        if self.name != CUSTOM:
            return {} if self.name == DEFAULT else {"last": self.name}
        return {"from_": written(self.since), "to": written(self.until)}

    def rounded(self) -> "Window":
        """The same span up to the last full five minutes: what changes slowly is asked for less often."""
        until = self.until - timedelta(minutes=self.until.minute % 5)
        return Window(CUSTOM, until - self.span, until)

    def weeks_before(self, weeks: int) -> "Window":
        """The same hours `weeks` earlier."""
        return Window(CUSTOM, self.since - timedelta(weeks=weeks), self.until - timedelta(weeks=weeks))


def window_of(address: Mapping[str, str], now: datetime) -> Window:
    """The window that an address asks for. What cannot be read, or runs backwards, falls back to 24 hours."""
    until = now.replace(second=0, microsecond=0) + MINUTE
    since_asked, until_asked = _read(address.get("from", "")), _read(address.get("to", ""))
    if since_asked:
        end = until_asked or until
        if since_asked < end <= since_asked + LONGEST:
            return Window(CUSTOM, since_asked, end)
    last = address.get("last", DEFAULT)
    return Window(name := last if last in LAST else DEFAULT, until - LAST[name], until)


def written(at: datetime) -> str:
    """A time as addresses carry it: `2026-11-24T10:00` in Shanghai."""
    return f"{shanghai(at):%Y-%m-%dT%H:%M}"


def _read(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
