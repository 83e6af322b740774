"""How a crawl behaves towards each host, while it runs: who may be asked now, and the record of what was asked.

`Conduct` holds a `Standing` for each host, looks at the kill switches, and writes what happened to the store every
`WRITTEN_EVERY` seconds and at the end. `gates` and `door` ask and tell it; what the rules are is in `budgets`,
`breakers`, `rates`, `switches` and `ledger`. A crawl that is killed loses the last few seconds of its ledger.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from scrapy.exceptions import IgnoreRequest

from crawlers.manners import breakers, budgets, hosts, ledger, rates, switches
from crawlers.manners.addresses import host_of, is_own
from crawlers.manners.books import Books, found, merge
from crawlers.manners.budgets import Budget
from crawlers.manners.ledger import Entry, Fate
from crawlers.manners.marks import Marks
from crawlers.manners.rests import LONGEST_ASKED, Rest, retry_after
from crawlers.manners.robots import Rules
from crawlers.manners.standing import Hold, Standing
from crawlers.sources import Source
from tingchao.errors import StaleVersion, StoreUnavailable

log = structlog.get_logger("crawl")

LOOK_EVERY = timedelta(seconds=2)
"""How long the kill switches are believed."""
WRITTEN_EVERY = 15.0
PATIENCE = 60.0
"""Seconds that a request waits in place for its turn; for longer it is sent back."""
PACING = frozenset({418, 429, 432})
"""Answers to `GET /robots.txt` that are about our pace; any other is about the file."""


class Held(IgnoreRequest):  # type: ignore[misc, unused-ignore]
    """Not asked now: the host rests, its budget is used, it takes no more for now, or a person switched it off.

    `fate` says which; `until` when to come again, None where a person has to allow it. Nobody refused, and nothing
    failed: it is no error of the source.
    """

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.reason)
        self.fate = hold.fate
        self.until = hold.until


def budgets_of(sources: Sequence[Source], usual_delay: float) -> dict[str, Budget]:
    """The budget of each host that sources name. A host of one's own has only what they set; without a rate the
    most patient delay gives one."""
    asked: dict[str, list[Source]] = {}
    for source in sources:
        asked.setdefault(host_of(source.root), []).append(source)
    return {host: _shared(host, of_host, usual_delay) for host, of_host in asked.items()}


def _shared(host: str, sources: Sequence[Source], usual_delay: float) -> Budget:
    usual = budgets.UNBOUND if is_own(host) else budgets.USUAL
    delays = [source.delay for source in sources if source.delay]
    if delays and usual.per_minute:
        usual = budgets.Budget(
            per_minute=min(usual.per_minute * usual_delay / max(delays), 60.0),
            requests_per_day=usual.requests_per_day,
            mebibytes_per_day=usual.mebibytes_per_day,
        )
    return budgets.shared([source.budget for source in sources if source.budget], usual)


class Conduct:
    """One per crawl. Called from the reactor's thread only; `now` and `chance` (0..1) are for tests."""

    def __init__(
        self,
        budgets: Mapping[str, Budget],
        books: Books,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._budgets = budgets
        self._books = books
        self._now = now
        self._chance = chance
        self._standings: dict[str, Standing] = {}
        self._off: frozenset[str] = frozenset()
        self._looked: datetime | None = None
        self._looking = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._pruned = ""
        self.marks = Marks(books)
        self.rules: dict[str, Rules] = {}
        """What robots.txt said, by site (`https://HOST`), for at most 24 hours; never kept over a restart."""

    # --- before a request

    async def permit(self, host: str, *, robots: bool = False) -> None:
        """Wait for the host's turn. Raises `Held`; `robots` is for robots.txt itself."""
        standing = await self._standing(host)
        while True:
            await self._check(host)
            now = self._now()
            if hold := standing.hold(now, robots=robots):
                raise Held(hold)
            seconds = standing.wait(now)
            if seconds > PATIENCE:
                until = now + timedelta(seconds=seconds)
                raise Held(Hold(Fate.PACED, "the host takes no more for now", until))
            if not seconds:
                break
            await asyncio.sleep(min(seconds, 1.0))
        standing.go(now, robots=robots)

    async def leave(self, host: str, *, robots: bool = False) -> float | None:
        """The last look before a request is on the wire, for it may have queued for minutes. Returns the seconds
        since the one before it. Raises `Held`."""
        standing = await self._standing(host)
        await self._check(host)
        now = self._now()
        if not robots and breakers.circuit(standing.breaker, now) is breakers.Circuit.OPEN:
            hold = standing.hold(now)
            assert hold is not None
            raise Held(hold)
        return standing.sent(now)

    async def _check(self, host: str) -> None:
        """Raises `Held` if a person switched the host off."""
        async with self._looking:
            now = self._now()
            if self._looked is None or not timedelta() <= now - self._looked < LOOK_EVERY:
                try:
                    listed = await self._books.documents(switches.KIND)
                    self._off = frozenset(document.id for document in listed)
                except StoreUnavailable as error:
                    log.warning("kill switches not read; those known before hold", reason=str(error))
                self._looked = now
        if switches.is_off(host, self._off):
            raise Held(Hold(Fate.SWITCHED_OFF, f"{host} is switched off by hand", None))

    # --- after a request

    def came_back(self, entry: Entry, headers: Mapping[str, str], body: bytes) -> None:
        """An answer came, or none (`entry.status` 0). Opens the breaker, heeds the host's own rate, and records."""
        standing = self._standings[entry.host]
        now = self._now()
        robots = entry.pattern == "/robots.txt"
        wanted = retry_after(headers, now)
        if breakers.refusing(entry.status, body) and (not robots or entry.status in PACING):
            standing.refused(now, f"answered {entry.status}", wanted, self._chance())
        elif entry.status >= 500 or not entry.status:
            standing.unsent()
            if wanted:
                standing.pace(now + timedelta(seconds=min(wanted, LONGEST_ASKED)))
        elif not robots:
            standing.answered(now)
        standing.pace(rates.spent_until(headers, now))
        self._note(standing, entry)

    async def withheld(self, entry: Entry) -> None:
        """A request was not sent."""
        standing = await self._standing(entry.host)
        if entry.fate in {Fate.FORBIDDEN, Fate.NOT_PUBLIC}:
            standing.unsent()
        self._note(standing, entry)

    def refused(self, host: str, reason: str, wanted: float | None) -> Rest:
        """A visit found that the host does not want us, such as by a captcha; returns for how long it rests."""
        standing = self._standings.get(host) or self._new(hosts.Host(host=host))
        if breakers.circuit(standing.breaker, self._now()) is not breakers.Circuit.OPEN:
            standing.challenged()
        rest = standing.refused(self._now(), reason, wanted, self._chance())
        self._write_soon()
        return rest

    def rest(self, host: str) -> float:
        """Seconds for which the host is still left alone."""
        standing = self._standings.get(host)
        return standing.breaker.rest.seconds(self._now()) if standing else 0.0

    def left(self, host: str) -> int | None:
        """Requests that are left of the host's budget today; None without end."""
        standing = self._standings.get(host)
        return standing.left(self._now()) if standing else self._budget(host).requests_per_day

    def _budget(self, host: str) -> Budget:
        return self._budgets.get(host, budgets.UNBOUND if is_own(host) else budgets.USUAL)

    def _note(self, standing: Standing, entry: Entry) -> None:
        standing.note(entry)
        self._write_soon()

    # --- the record

    async def _standing(self, host: str) -> Standing:
        known = self._standings.get(host)
        if known is None:
            kept = hosts.from_body(await found(self._books, hosts.KIND, hosts.document_id(host)), host)
            known = self._standings.get(host) or self._new(kept)
        return known

    def _new(self, kept: hosts.Host) -> Standing:
        standing = self._standings[kept.host] = Standing.of(kept, self._budget(kept.host), self._now())
        return standing

    def _write_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITTEN_EVERY, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self.write())
        else:
            self._write_soon()

    async def close(self) -> None:
        """Write what is left."""
        if self._timer:
            self._timer.cancel()
        if self._writing:
            await asyncio.wait({self._writing})
        await self.write()
        if self._timer:
            self._timer.cancel()

    async def write(self) -> None:
        """Bring ledger and hosts to the store; what cannot be written is kept for the next time."""
        try:
            for standing in list(self._standings.values()):
                if standing.changed:
                    await self._write(standing)
            await self._prune()
        except (StoreUnavailable, StaleVersion) as error:
            log.warning("ledger not written; it will be later", reason=str(error))
            self._write_soon()

    async def _write(self, standing: Standing) -> None:
        standing.changed = False
        taken = standing.take_rows()
        try:
            while taken:
                hour, rows = taken.popitem()
                taken[hour] = rows

                def with_rows(body: Mapping[str, Any], rows: ledger.Rows = rows) -> Mapping[str, Any]:
                    both = ledger.added(ledger.from_body(body), rows.values())
                    return ledger.to_body(standing.host, both)

                id = ledger.document_id(hour, standing.host)
                await merge(self._books, ledger.kind(hour), id, with_rows)
                del taken[hour]
            await self._write_host(standing)
        except (StoreUnavailable, StaleVersion):
            for hour, rows in taken.items():
                standing.give_back(hour, rows.values())
            standing.changed = True
            raise

    async def _write_host(self, standing: Standing) -> None:
        before = standing.fresh

        def with_news(body: Mapping[str, Any]) -> Mapping[str, Any]:
            known = hosts.from_body(body, standing.host)
            return hosts.to_body(standing.told(known, self._now()))

        body = await merge(self._books, hosts.KIND, hosts.document_id(standing.host), with_news)
        standing.written(hosts.from_body(body, standing.host), before)

    async def _prune(self) -> None:
        """Remove days that are older than the ledger is kept, once a day."""
        today = ledger.kind(self._now())
        if self._pruned == today:
            return
        self._pruned = today
        for kind in ledger.outlived(self._now()):
            for document in await self._books.documents(kind):
                await self._books.remove(kind, document.id)
