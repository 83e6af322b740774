"""Where a host stands in this process: what may be asked of it, and what is still to be written of it. Time comes in."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from crawlers.manners import breakers, budgets, hosts, ledger
from crawlers.manners.breakers import Breaker
from crawlers.manners.budgets import Bucket, Budget, Spent
from crawlers.manners.hosts import Host
from crawlers.manners.ledger import Entry, Fate, Row
from crawlers.manners.rests import Rest


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a host is not asked now, and until when; None where a person has to allow it."""

    fate: Fate
    reason: str
    until: datetime | None


@dataclass(slots=True)
class Standing:
    """One host. `stored` is what is spent by the store's account, `fresh` what this process spent since."""

    host: str
    budget: Budget
    bucket: Bucket | None
    breaker: Breaker = Breaker()  # noqa: RUF009 (immutable)
    paced_until: datetime | None = None
    stored: Spent = Spent()  # noqa: RUF009 (immutable)
    fresh: Spent = Spent()  # noqa: RUF009 (immutable)
    sent_at: datetime | None = None
    newest: Entry | None = None
    rows: dict[datetime, dict[tuple[object, ...], Row]] = field(default_factory=dict)
    last: deque[Entry] = field(default_factory=lambda: deque(maxlen=hosts.LAST))
    changed: bool = False

    @classmethod
    def of(cls, known: Host, budget: Budget, now: datetime) -> "Standing":
        """As the store remembers the host."""
        return cls(
            known.host,
            budget,
            budgets.bucket(budget, now),
            hosts.breaker_of(known),
            known.paced_until,
            known.spent,
        )

    # --- before a request

    def hold(self, now: datetime, *, robots: bool = False) -> Hold | None:
        """Why nothing may be asked now; None where a request may go. What robots.txt is asked for belongs to a
        request that may."""
        until = None if robots else breakers.waits(self.breaker, now)
        if until:
            reason = f"the host refused ({self.breaker.reason}) and is left alone"
            return Hold(Fate.RESTING, reason, until)
        if reason := budgets.used_up(self.budget, self.spent(now), now):
            return Hold(Fate.OVER_BUDGET, reason, budgets.next_day(now))
        return None

    def spent(self, now: datetime) -> Spent:
        """All that is spent today."""
        fresh = budgets.on(self.fresh, now)
        return budgets.spend(self.stored, now, requests=fresh.requests, bytes=fresh.bytes)

    def left(self, now: datetime) -> int | None:
        """Requests left today; None without end."""
        most = self.budget.requests_per_day
        return None if most is None else max(0, most - self.spent(now).requests)

    def wait(self, now: datetime) -> float:
        """Seconds until the host and our own rate take one more."""
        paced = (self.paced_until - now).total_seconds() if self.paced_until else 0.0
        return max(0.0, paced, budgets.wait(self.bucket, now) if self.bucket else 0.0)

    def go(self, now: datetime, *, robots: bool = False) -> None:
        """A request goes: it has its token, and is the probe where one is due."""
        if self.bucket:
            self.bucket = budgets.take(self.bucket, now)
        if not robots:
            self.breaker = breakers.asked(self.breaker, now)

    def sent(self, now: datetime) -> float | None:
        """It is on the wire; returns the seconds since the one before it."""
        before, self.sent_at = self.sent_at, now
        self.fresh = budgets.spend(self.fresh, now, requests=1)
        return round(max(0.0, (now - before).total_seconds()), 3) if before else None

    # --- after a request

    def refused(self, now: datetime, reason: str, wanted: float | None, chance: float) -> Rest:
        """The host refused; returns for how long it rests."""
        self.breaker, self.changed = breakers.opened(self.breaker, now, reason, wanted, chance), True
        return self.breaker.rest

    def answered(self, now: datetime) -> None:
        """The host answered, and did not refuse."""
        self.breaker = breakers.answered(self.breaker, now)

    def unsent(self) -> None:
        """The request did not go, or nothing came back."""
        self.breaker = breakers.unsent(self.breaker)

    def pace(self, until: datetime | None) -> None:
        """The host takes no more until then."""
        if until and (self.paced_until is None or until > self.paced_until):
            self.paced_until = until

    def note(self, entry: Entry) -> None:
        """Into the ledger."""
        self.fresh = budgets.spend(self.fresh, entry.at, bytes=entry.bytes)
        self._count()
        self.newest, self.changed = entry, True

    def challenged(self) -> None:
        """What came last was a captcha or a login page, however it looked on the wire."""
        if self.newest and self.newest.fate is Fate.ANSWERED:
            self.newest = msgspec.structs.replace(self.newest, fate=Fate.CHALLENGED)

    def _count(self) -> None:
        if self.newest:
            hour = ledger.hour_of(self.newest.at)
            self.rows[hour] = ledger.counted(self.rows.get(hour, {}), self.newest)
            self.last.append(self.newest)
            self.newest = None

    # --- to the store

    def take_rows(self) -> dict[datetime, dict[tuple[object, ...], Row]]:
        """What is to be written of the ledger; it is given back if it could not be."""
        self._count()
        taken, self.rows = self.rows, {}
        return taken

    def give_back(self, hour: datetime, rows: Iterable[Row]) -> None:
        """These could not be written."""
        self.rows[hour] = ledger.added(self.rows.get(hour, {}), rows)

    def told(self, known: Host, now: datetime) -> Host:
        """What to write of the host after what the store knows."""
        return hosts.told(
            known, self.breaker, self.paced_until, self.budget, self.fresh, tuple(self.last), now
        )

    def written(self, told: Host, before: Spent) -> None:
        """`told` is in the store: its requests, and what was spent up to `before`, are no longer to be written."""
        self.stored = told.spent
        if self.fresh.day == before.day:
            self.fresh = _since(self.fresh, before)
        self.last = deque((entry for entry in self.last if entry not in told.last), maxlen=hosts.LAST)


def _since(fresh: Spent, before: Spent) -> Spent:
    """What was spent since `before` on the same day."""
    return Spent(fresh.day, fresh.requests - before.requests, fresh.bytes - before.bytes)
