"""Run the crawl: one process, one reactor, all sources, until done or stopped."""

import logging
import signal
from collections.abc import Sequence
from functools import partial
from threading import Event
from types import FrameType
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from crawlers.accounts import Accounts
from crawlers.pipeline import Pipeline
from crawlers.rights.keys import Keys
from crawlers.scrapy_settings import MEMORY_LIMIT_MB, scrapy_settings
from crawlers.sources import Source
from crawlers.spiders.sources import Plan, SourcesSpider
from crawlers.visits.health import Health
from tingchao.bus import open_bus
from tingchao.errors import TingchaoError
from tingchao.privacy import Secret, seal
from tingchao.settings import Settings
from tingchao.store import open_store


def crawl(settings: Settings, sources: Sequence[Source], *, once: bool) -> dict[str, Health]:
    """Visit each source once, or again and again until SIGINT or SIGTERM; returns how each is doing.

    Ends within 10 seconds of a signal: what was handed to the bus is flushed, checkpoints stay where they were
    safe. A Twisted reactor runs once per process, so this can be called once. Raises `BadSetting`,
    `BusUnavailable` and `StoreUnavailable` before the first request, `KeyboardInterrupt` after a SIGINT, `TingchaoError` if
    memory ran out.
    """
    secret, accounts = Secret.load(settings.home), Accounts()
    with open_store(settings.store_address) as store:
        pipeline = Pipeline(partial(open_bus, settings.bus_address), store)
        try:
            plan = Plan(
                sources=tuple(sources),
                pipeline=pipeline,
                seal=partial(seal, secret=secret, kept=accounts),
                accounts=accounts,
                keys=Keys(settings.home),
                interval=float(settings.crawl_interval),
                once=once,
            )
            process = _process(scrapy_settings(settings, sources))
            crawler = process.create_crawler(SourcesSpider)
            process.crawl(crawler, plan=plan)
            interrupted = _noted_interrupt()
            process.start()
        finally:
            pipeline.close()
    if interrupted.is_set():
        raise KeyboardInterrupt
    if crawler.stats and crawler.stats.get_value("finish_reason") == "memusage_exceeded":
        raise TingchaoError(
            f"the crawl was ended: it held more than {MEMORY_LIMIT_MB:,} MB of memory. Visit fewer sources in one process"
        )
    return plan.healths


def _process(options: dict[str, Any]) -> AsyncCrawlerProcess:
    """A Scrapy process that writes to our log, and only what went wrong."""
    logging.disable(logging.INFO)
    process = AsyncCrawlerProcess(options)
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    logging.disable(logging.NOTSET)
    return process


def _noted_interrupt() -> Event:
    """Set once Ctrl-C was pressed: Scrapy's own handlers stop the crawl, but do not tell by which signal."""
    from twisted.internet import reactor  # only now: an earlier import would choose another reactor

    seen = Event()

    def note() -> None:
        stops = signal.getsignal(signal.SIGINT)

        def heed(number: int, frame: FrameType | None) -> None:
            seen.set()
            if callable(stops):
                stops(number, frame)

        signal.signal(signal.SIGINT, heed)

    asked: Any = reactor
    asked.callWhenRunning(asked.callLater, 0, note)
    return seen
