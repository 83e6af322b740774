"""Run the crawl: one process, one reactor, all sources, until done or stopped."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from crawlers.health import Health
from crawlers.pipeline import Pipeline
from crawlers.scrapy_settings import scrapy_settings
from crawlers.sources import Source
from crawlers.spiders.sources import Plan, SourcesSpider
from tingchao.bus import open_bus
from tingchao.privacy import Secret, is_organisation, seal
from tingchao.settings import Settings
from tingchao.store import Store, open_store

WATCHLIST = "watchlist"


def crawl(settings: Settings, sources: Sequence[Source], *, once: bool) -> dict[str, Health]:
    """Visit each source once, or again and again until SIGINT or SIGTERM; returns how each is doing.

    Ends within 10 seconds of a signal: what was handed to the bus is flushed, checkpoints stay where they were
    safe. A Twisted reactor runs once per process, so this can be called once. Raises `BadSetting`,
    `BusUnavailable` and `StoreUnavailable` before the first request.
    """
    secret = Secret.load(settings.home)
    with open_store(settings.store_address) as store:
        pipeline = Pipeline(partial(open_bus, settings.bus_address), store)
        try:
            plan = Plan(
                sources=tuple(sources),
                pipeline=pipeline,
                seal=partial(seal, secret=secret, kept=accounts_kept(store)),
                interval=float(settings.crawl_interval),
                once=once,
            )
            process = _process(scrapy_settings(settings, sources))
            process.crawl(SourcesSpider, plan=plan)
            process.start()
        finally:
            pipeline.close()
    return plan.healths


def _process(options: dict[str, Any]) -> AsyncCrawlerProcess:
    """A Scrapy process that writes to our log, and only what went wrong."""
    logging.disable(logging.INFO)
    process = AsyncCrawlerProcess(options)
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    logging.disable(logging.NOTSET)
    return process


def accounts_kept(store: Store) -> Callable[[str], bool]:
    """Which @names stay readable: organisations, and names that are themselves topics of the watchlist."""
    found = store.find(WATCHLIST, "current")
    names = _names(found.body) if found else frozenset()
    return lambda name: name in names or is_organisation(name)


def _names(watchlist: Mapping[str, Any]) -> frozenset[str]:
    topics = watchlist.get("topics")
    return frozenset(
        name
        for topic in (topics if isinstance(topics, list | tuple) else ())
        if isinstance(topic, Mapping)
        for name in (topic.get("name"), *(topic.get("aliases") or ()), *(topic.get("people") or ()))
        if isinstance(name, str)
    )
