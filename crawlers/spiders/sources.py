"""The spider that visits every source on its own clock, in one process and one reactor.

Each source is a task: it visits, writes its health, and sleeps; a slow or refusing one delays no other. Pages
are fetched one by one through Scrapy's downloader, with all its middlewares, and waited for in place, because
what is asked next depends on what was seen and on what is safely on the bus.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest

from crawlers import accounts
from crawlers import checkpoint as checkpoints
from crawlers import health as healths
from crawlers.accounts import Accounts
from crawlers.addresses import host_of
from crawlers.checkpoint import Checkpoint
from crawlers.health import Health
from crawlers.manners import LONGEST_ASKED, Rest, pause, refused
from crawlers.middlewares import FAILURES, ROBOTS, NotAllowed
from crawlers.openings import openings
from crawlers.parsers import Ask, Outcome, Page
from crawlers.pipeline import Pipeline
from crawlers.sources import Source
from crawlers.visiting import Refused, Tally, Unreachable, Visit
from tingchao.errors import BusUnavailable, StoreUnavailable
from tingchao.mention import Robots
from tingchao.privacy import Seal

log = structlog.get_logger("crawl")

HEALTH_EVERY = timedelta(seconds=2)
"""A source that is visited more often writes its health only so often, unless something changed."""
CHECKPOINT_EVERY = timedelta(seconds=30)
"""A visit that published nothing moves its checkpoint in the store only so often."""
START_AGAIN_AFTER = 60.0
WATCHLIST_EVERY = timedelta(seconds=30)
"""How long the names of the watchlist are believed."""


@dataclass(frozen=True)
class Plan:
    """What the spider is to do. `interval` is for sources that set none; `accounts` are the names that `seal` keeps;
    `healths` is filled in for the caller."""

    sources: tuple[Source, ...]
    pipeline: Pipeline
    seal: Seal
    accounts: Accounts
    interval: float
    once: bool
    healths: dict[str, Health] = field(default_factory=dict)


@dataclass
class Line:
    """One source while it is listened to."""

    source: Source
    host: str
    interval: float
    health: Health
    failures: int = 0
    asked_to_wait: float = 0.0
    written: Health | None = None
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    kept_at: dict[str, datetime] = field(default_factory=dict)
    held: dict[str, dict[str, set[str]]] = field(default_factory=dict)


class SourcesSpider(Spider):
    """Visits the sources of a `Plan`, once or until it is stopped."""

    name = "sources"

    def __init__(self, plan: Plan, **options: Any) -> None:
        super().__init__(**options)
        self.plan = plan
        self._rests: dict[str, Rest] = {}
        self._learned: datetime | None = None

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

    async def _listen(self, source: Source, wait: float = 0.0) -> None:
        await asyncio.sleep(wait)
        line = await self._line(source)
        if not self.plan.once:
            # So that sources with one interval do not all start at once.
            await asyncio.sleep(random.random() * min(line.interval / 10, 5.0))
        while True:
            rest = self._rest(line)
            if rest and not self.plan.once:
                await asyncio.sleep(rest)
                continue
            if not rest:
                await self._visit(line)
            self.plan.healths[source.id] = line.health
            if self.plan.once:
                return
            await asyncio.sleep(max(line.asked_to_wait, pause(line.interval, line.failures, random.random())))

    def _rest(self, line: Line) -> float:
        """Seconds for which the host, or this source of it, is to be left alone."""
        now = datetime.now(UTC)
        return max(self._rests.get(key, Rest()).seconds(now) for key in (line.host, line.source.id))

    async def _line(self, source: Source) -> Line:
        interval = source.interval or self.plan.interval
        known = await self._find(healths.KIND, source.id)
        health = healths.from_body(known or {}, source.title, interval)
        host = host_of(openings(source)[0][1].url)
        if health.retry_at and health.state is healths.State.REFUSED:
            self._rests[source.id] = Rest(1, health.retry_at)
        return Line(source, host, interval, health)

    async def _visit(self, line: Line) -> None:
        """Visit all queries of a source, and write down how it went."""
        await self._learn_names()
        tally = Tally()
        try:
            troubles = await self._queries(line, tally)
        except Refused as error:
            now = datetime.now(UTC)
            key = line.host if error.whole_host else line.source.id
            rest = refused(self._rests.get(key, Rest()), now, error.after, random.random())
            self._rests[key] = rest
            line.health = healths.was_refused(line.health, tally, now, error.outcome, str(error), rest)
            log.warning("source refuses", source=line.source.id, reason=str(error), seconds=rest.seconds(now))
        except BusUnavailable as error:
            self._failed(line, tally, str(error))
        else:
            if len(troubles) == len(openings(line.source)):
                self._failed(line, tally, troubles[0])
            else:
                self._rests.pop(line.host, None)
                self._rests.pop(line.source.id, None)
                line.failures = 0
                tally.trouble = tally.trouble or "; ".join(troubles[:3])
                line.health = healths.succeeded(line.health, tally, datetime.now(UTC))
        await self._write(line)

    async def _learn_names(self) -> None:
        """Names that were put on the watchlist since stay readable from now on."""
        now = datetime.now(UTC)
        if self._learned is None or now - self._learned >= WATCHLIST_EVERY:
            self._learned = now
            if watchlist := await self._find(accounts.KIND, accounts.CURRENT):
                self.plan.accounts.learn(watchlist)

    async def _queries(self, line: Line, tally: Tally) -> list[str]:
        """Each query in turn; one that fails does not keep the others from being heard. Returns the failures.

        Raises `Refused` where the host refuses, or none of the queries may be asked.
        """
        troubles = []
        refusal: Refused | None = None
        line.asked_to_wait = 0.0
        for query, opening in openings(line.source):
            try:
                await self._query(line, query, opening, tally)
            except Unreachable as error:
                troubles.append(str(error))
                line.asked_to_wait = max(line.asked_to_wait, min(error.after or 0.0, LONGEST_ASKED))
            except Refused as error:
                if error.whole_host:
                    raise
                troubles.append(str(error))
                refusal = error
        if refusal and len(troubles) == len(openings(line.source)):
            raise refusal
        return troubles

    async def _query(self, line: Line, query: str, opening: Ask, tally: Tally) -> None:
        name = checkpoints.checkpoint_id(line.source.id, query)
        before = line.checkpoints.get(query)
        if before is None:
            before = checkpoints.from_body(await self._find(checkpoints.KIND, name) or {})
        held = line.held.setdefault(query, {})
        published = tally.published
        now = datetime.now(UTC)
        visit = Visit(
            partial(self._fetch, line.source), self.plan.pipeline.deliver, self.plan.seal, held, tally
        )
        after = await visit.make(
            opening, before, pages=line.source.pages, interval=timedelta(seconds=line.interval), now=now
        )
        line.checkpoints[query] = after
        due = now - line.kept_at.get(query, now) >= CHECKPOINT_EVERY or query not in line.kept_at
        if after != before and (tally.published > published or due):
            await self._keep(checkpoints.KIND, name, checkpoints.to_body(after))
            line.kept_at[query] = now

    async def _fetch(self, source: Source, ask: Ask) -> Page:
        request = Request(ask.url, dont_filter=True)
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(request)
        except NotAllowed as error:
            raise Refused(Outcome.BLOCKED, str(error), whole_host=False) from None
        except IgnoreRequest as error:
            raise Unreachable(str(error)) from None
        except FAILURES as error:
            raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from None
        return Page(
            url=response.url,
            body=response.body,
            captured_at=datetime.now(UTC),
            source=source.id,
            status=response.status,
            headers={
                name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
                for name, values in response.headers.items()
            },
            context=ask.context,
            robots=response.meta.get(ROBOTS, Robots()),
        )

    def _failed(self, line: Line, tally: Tally, reason: str) -> None:
        line.failures += 1
        line.health = healths.failed(line.health, tally, datetime.now(UTC), reason)
        if line.failures == 1 or line.failures % 10 == 0:
            log.warning("source failed", source=line.source.id, reason=reason, times=line.failures)

    async def _write(self, line: Line) -> None:
        """Health to the store, at most every two seconds while it says the same."""
        last, health = line.written, line.health
        same = last is not None and (last.state, last.outcome, last.error) == (
            health.state,
            health.outcome,
            health.error,
        )
        recent = (
            last is not None
            and last.last_try
            and health.last_try
            and health.last_try - last.last_try < HEALTH_EVERY
        )
        if not (same and recent) or self.plan.once:
            await self._keep(healths.KIND, line.source.id, healths.to_body(health))
            line.written = health

    async def _keep(self, kind: str, id: str, body: Mapping[str, Any]) -> None:
        try:
            await self.plan.pipeline.keep(kind, id, body)
        except StoreUnavailable as error:
            log.warning("not written; it will be with the next visit", kind=kind, id=id, reason=str(error))

    async def _find(self, kind: str, id: str) -> Mapping[str, Any] | None:
        try:
            found = await self.plan.pipeline.find(kind, id)
        except StoreUnavailable as error:
            log.warning("not read; starting without", kind=kind, id=id, reason=str(error))
            return None
        return found.body if found else None
