"""The spider that visits every source on its own clock, in one process and one reactor.

Each source is a task: it visits the queries that are due, writes its health, and sleeps; a slow or
refusing one delays no other. Pages are fetched one by one through Scrapy's downloader, with all its middlewares, and
waited for in place, because what is asked next depends on what was seen and on what is safely on the bus.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from scrapy import Request, Spider
from scrapy.http import Response

from crawlers import accounts
from crawlers.accounts import Accounts
from crawlers.fetching import Fetching
from crawlers.manners.conduct import Conduct, Held, budgets_of
from crawlers.manners.ledger import Fate
from crawlers.manners.rests import LONGEST_ASKED, Rest, pause, refused
from crawlers.pipeline import Pipeline
from crawlers.rights.keys import Keys
from crawlers.scrapy_settings import DEFAULT_DELAY
from crawlers.sources import Source
from crawlers.visits import gaps
from crawlers.visits import health as healths
from crawlers.visits.checkpoint import Checkpoint
from crawlers.visits.health import Health, State
from crawlers.visits.keeping import Keeper
from crawlers.visits.lines import Line, Query, line_of, paced
from crawlers.visits.schedule import Limits, alerted_words, is_alerted, limits, waits
from crawlers.visits.visiting import Refused, Tally, Unreachable, Visit
from tingchao.errors import BusUnavailable
from tingchao.privacy import Seal

log = structlog.get_logger("crawl")

START_AGAIN_AFTER = 60.0
WATCHLIST_EVERY = timedelta(seconds=30)
"""How long the watchlist and the alerts are believed."""
LOOK_EVERY = 15.0
"""Seconds after which a sleeping source looks whether an alert wants it sooner."""


@dataclass(frozen=True)
class Plan:
    """What the spider is to do. `interval` is for sources that set none; `accounts` are the names that `seal` keeps;
    `healths` is filled in for the caller."""

    sources: tuple[Source, ...]
    pipeline: Pipeline
    seal: Seal
    accounts: Accounts
    keys: Keys
    interval: float
    once: bool
    healths: dict[str, Health] = field(default_factory=dict)


class SourcesSpider(Spider):
    """Visits the sources of a `Plan`, once or until it is stopped."""

    name = "sources"

    def __init__(self, plan: Plan, **options: Any) -> None:
        super().__init__(**options)
        self.plan = plan
        self.conduct = Conduct(budgets_of(plan.sources, DEFAULT_DELAY), plan.pipeline)
        self._keeper = Keeper(plan.pipeline)
        self._fetching = Fetching(plan.keys, self._keeper.find, self._keeper.put, self._send)
        self._rests: dict[str, Rest] = {}
        self._lines: dict[str, Line] = {}
        self._learned: datetime | None = None
        self._alerted: frozenset[str] = frozenset()

    async def start(self) -> AsyncIterator[Any]:
        """Runs as long as the crawl; there are no requests for Scrapy's own scheduler."""
        tasks = {asyncio.create_task(self._listen(source)): source for source in self.plan.sources}
        try:
            while tasks:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    source = tasks.pop(task)
                    if error := task.exception():
                        log.error("source stopped by a fault of ours", source=source.id, exc_info=error)
                        if not self.plan.once:
                            again = asyncio.create_task(self._listen(source, START_AGAIN_AFTER))
                            tasks[again] = source
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        no_requests: tuple[Any, ...] = ()
        for request in no_requests:
            yield request

    async def _send(self, request: Request) -> Response:
        assert self.crawler.engine is not None
        response: Response = await self.crawler.engine.download_async(request)
        return response

    async def _listen(self, source: Source, wait: float = 0.0) -> None:
        await asyncio.sleep(wait)
        line = self._lines[source.id] = await self._line(source)
        if not self.plan.once:
            # So that sources with one interval do not all start at once.
            await asyncio.sleep(random.random() * min(line.interval / 10, 5.0))
        while True:
            rest = self._rest(line)
            if rest and not self.plan.once:
                await asyncio.sleep(rest)
                continue
            await self._learn()
            due = line.queries if self.plan.once or line.failures else await self._due(line)
            if due and not rest:
                await self._visit(line, due)
            self.plan.healths[source.id] = line.health
            if self.plan.once:
                return
            await asyncio.sleep(await self._pause(line))

    async def _due(self, line: Line) -> list[Query]:
        return [query for query in line.queries if await self._waits(line, query) <= 0]

    async def _waits(self, line: Line, query: Query) -> float:
        state = await self._keeper.checkpoint(query)
        alerted = is_alerted(query.name, self._alerted)
        return waits(state.pace, self._limits(line), datetime.now(UTC), alerted=alerted)

    async def _pause(self, line: Line) -> float:
        """Seconds to sleep: after a failure as the site asks or as failures add up; else until a query is due."""
        asked, line.asked_to_wait = line.asked_to_wait, 0.0
        if line.failures or asked:
            return max(asked, pause(line.interval, line.failures, random.random()))
        return min([LOOK_EVERY, *[await self._waits(line, query) for query in line.queries]])

    def _limits(self, line: Line) -> Limits:
        return limits(
            line.interval, sum(each.host_seconds for each in self._lines.values() if each.host == line.host)
        )

    def _rest(self, line: Line) -> float:
        """Seconds for which the host, or this source of it, is to be left alone."""
        now = datetime.now(UTC)
        return max(self.conduct.rest(line.host), self._rests.get(line.source.id, Rest()).seconds(now))

    async def _line(self, source: Source) -> Line:
        known = await self._keeper.find(healths.KIND, source.id)
        usual = await self._keeper.find(healths.USUAL, source.id)
        line = line_of(source, self.plan.interval, known or {}, usual or {})
        if line.health.retry_at and line.health.state is State.REFUSED:
            self._rests[source.id] = Rest(1, line.health.retry_at)
        return line

    async def _visit(self, line: Line, due: list[Query]) -> None:
        """Visit the queries that are due, and write down how it went."""
        tally = Tally()
        try:
            await self._queries(line, due, tally)
        except Refused as error:
            now = datetime.now(UTC)
            if error.whole_host:
                rest = self.conduct.refused(line.host, str(error), error.after)
            else:
                rest = refused(self._rests.get(line.source.id, Rest()), now, error.after, random.random())
                self._rests[line.source.id] = rest
            line.health = healths.was_refused(line.health, tally, now, error.outcome, str(error), rest)
            log.warning("source refuses", source=line.source.id, reason=str(error), seconds=rest.seconds(now))
        except Held as error:
            self._held(line, tally, error)
        except BusUnavailable as error:
            self._failed(line, tally, str(error))
        else:
            troubles = [query.trouble for query in line.queries if query.trouble]
            if len(troubles) == len(line.queries):
                self._failed(line, tally, troubles[0])
            else:
                self._succeeded(line, tally, troubles)
                await self._keeper.usual(line.source.id, line.usual)
        await self._write(line)

    def _succeeded(self, line: Line, tally: Tally, troubles: list[str]) -> None:
        self._rests.pop(line.source.id, None)
        line.failures = 0
        tally.trouble = tally.trouble or "; ".join(troubles[:3])
        now = datetime.now(UTC)
        line.usual = healths.learnt(line.usual, line.health, tally, now)
        known = [query.checkpoint for query in line.queries if query.checkpoint]
        line.health = healths.succeeded(line.health, tally, now, line.usual, gaps.open_gaps(known))

    async def _learn(self) -> None:
        """Names that were put on the watchlist since stay readable from now on, and alerts raised since hasten."""
        now = datetime.now(UTC)
        if self._learned is None or now - self._learned >= WATCHLIST_EVERY:
            self._learned = now
            if watchlist := await self._keeper.find(accounts.KIND, accounts.CURRENT):
                self.plan.accounts.learn(watchlist)
                alerts = await self._keeper.bodies("alert")
                self._alerted = alerted_words(watchlist, alerts)

    async def _queries(self, line: Line, due: list[Query], tally: Tally) -> None:
        """Each query in turn; one that fails does not keep the others from being heard, and its `trouble` says why.

        Raises `Refused` where the host refuses, or none of the queries may be asked.
        """
        refusal: Refused | None = None
        line.asked_to_wait = 0.0
        for query in due:
            query.trouble = ""
            try:
                await self._query(line, query, tally)
            except Unreachable as error:
                query.trouble = str(error)
                line.asked_to_wait = max(line.asked_to_wait, min(error.after or 0.0, LONGEST_ASKED))
            except Refused as error:
                if error.whole_host:
                    raise
                query.trouble = str(error)
                refusal = error
        if refusal and all(query.trouble for query in line.queries):
            raise refusal

    async def _query(self, line: Line, query: Query, total: Tally) -> None:
        before = await self._keeper.checkpoint(query)
        now, tally = datetime.now(UTC), Tally()
        alerted = is_alerted(query.name, self._alerted)

        async def keep(state: Checkpoint) -> None:
            await self._keeper.page_read(query, state, datetime.now(UTC))

        async def gone(native_id: str, page: str) -> None:
            await self._keeper.gone(line.source.id, native_id, page, now)

        visit = Visit(
            partial(self._fetching.page, line.source),
            self.plan.pipeline.deliver,
            self.plan.seal,
            query.held,
            tally,
            keep=keep,
            gone=gone,
        )
        over = False
        self.conduct.marks.drop(line.source.id)
        try:
            await visit.make(
                query.opening,
                before,
                pages=line.source.pages,
                interval=timedelta(seconds=line.interval),
                now=now,
                alerted=alerted,
            )
            over = True
        finally:
            total.add(tally)
            query.checkpoint = paced(
                visit.state,
                self._limits(line),
                tally if over else None,
                datetime.now(UTC),
                random.random(),
                alerted=alerted,
            )
            await self._keeper.visit_over(query, datetime.now(UTC), news=tally.published > 0)
            told = gaps.told(before, query.checkpoint, line.source.id, query.name, now, anew=not query.told)
            await self._keeper.gaps(told)
            query.told = True

        await self.conduct.marks.settle(line.source.id)

    def _held(self, line: Line, tally: Tally, error: Held) -> None:
        """Not asked: the host rests, its budget is used, or a person switched it off. No failure of the source."""
        now = datetime.now(UTC)
        refusing = error.fate is Fate.RESTING
        line.health = healths.held(line.health, tally, now, str(error), error.until, refusing=refusing)
        if error.until:
            # Not all at once when the day turns.
            seconds = (error.until - now).total_seconds() + random.random() * min(line.interval, 300.0)
            line.asked_to_wait = max(0.0, seconds)

    def _failed(self, line: Line, tally: Tally, reason: str) -> None:
        line.failures += 1
        line.health = healths.failed(line.health, tally, datetime.now(UTC), reason)
        if line.failures == 1 or line.failures % 10 == 0:
            log.warning("source failed", source=line.source.id, reason=reason, times=line.failures)

    async def _write(self, line: Line) -> None:
        if await self._keeper.health(line.source.id, line.health, line.written, always=self.plan.once):
            line.written = line.health
        await self._keeper.notices(line.source.id, line.health, line.usual, datetime.now(UTC))
