"""What every request passes on its way out: may this address be asked at all, and does robots.txt allow it?

Redirects come through here again, hop by hop. A refusal is a Scrapy `IgnoreRequest` with its reason.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectError, ConnectionClosed

from crawlers.manners.addresses import host_of, refusal
from crawlers.manners.conduct import Held
from crawlers.manners.robots import Rules, read_rules, unanswered
from crawlers.rights.permission import PERMITTED, decided
from tingchao.mention import Robots

ROBOTS = "robots"
"""`request.meta` key of the decision that a response's mentions carry."""
ABOUT_ROBOTS = "about_robots"
"""`request.meta` key of a request for robots.txt itself."""
ROBOTS_TIMEOUT = 15
"""Seconds that a host has for its robots.txt."""

FAILURES: tuple[type[Exception], ...] = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    ConnectError,
    ConnectionClosed,
    OSError,
)
"""What a download ends with when no whole response came."""
_NO_RESPONSE: tuple[type[Exception], ...] = (IgnoreRequest, *FAILURES)


class NotAllowed(IgnoreRequest):
    """It may not be asked, by robots.txt or by our own rules."""


class NotPublic(NotAllowed):
    """The address is none that may be asked."""


def robots_of(request: Request) -> Robots | None:
    """What robots.txt said of a request; None while it was not looked at."""
    found: Robots | None = request.meta.get(ROBOTS)
    return found


class AddressGate:
    """Refuses addresses that are not public, and sends each host's requests through its own slot."""

    def __init__(self, allow_private: bool, paced: frozenset[str]) -> None:
        self._allow_private = allow_private
        self._paced = paced

    @classmethod
    def from_crawler(cls, crawler: Any) -> "AddressGate":
        settings = crawler.settings
        return cls(settings.getbool("TINGCHAO_ALLOW_PRIVATE"), frozenset(settings.getdict("DOWNLOAD_SLOTS")))

    def process_request(self, request: Request) -> None:
        came_from = (request.meta.get("redirect_urls") or [""])[-1]
        reason = refusal(request.url, allow_private=self._allow_private, came_from=came_from)
        if reason:
            raise NotPublic(f"not asked: {reason}")
        host = host_of(request.url)
        request.meta["download_slot"] = host
        # AutoThrottle would move a delay that the operator has set towards the default.
        request.meta["autothrottle_dont_adjust_delay"] = host in self._paced


class RobotsGate:
    """Obeys robots.txt as `crawlers.manners.robots` reads it, and keeps the delay that it asks for."""

    def __init__(self, crawler: Any, agent: str) -> None:
        self._crawler = crawler
        self._agent = agent
        self._rules: dict[str, Rules] = crawler.spider.conduct.rules
        self._asking: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> "RobotsGate":
        return cls(crawler, crawler.settings["USER_AGENT"])

    async def process_request(self, request: Request) -> None:
        if request.meta.get(ABOUT_ROBOTS):
            return
        rules = await self._rules_for(request.url)
        said = rules.decide(request.url, self._agent)
        # A right stands above what a site tells crawlers, never above its being in trouble.
        right = request.meta.get(PERMITTED) if rules.able else None
        decision = decided(said, right, host_of(request.url))
        request.meta[ROBOTS] = decision
        if not decision.allowed:
            self._crawler.stats.inc_value("robots/refused")
            if rules.answered:
                raise NotAllowed(decision.rule)
            raise IgnoreRequest(decision.rule)
        self._keep_pace(host_of(request.url), rules.delay(self._agent), request)

    async def _rules_for(self, url: str) -> Rules:
        site = f"{url.split(':', 1)[0]}://{host_of(url)}"
        async with self._asking.setdefault(site, asyncio.Lock()):
            known = self._rules.get(site)
            if known is None or known.expires <= datetime.now(UTC):
                known = self._rules[site] = await self._ask(site)
            return known

    async def _ask(self, site: str) -> Rules:
        meta = {ABOUT_ROBOTS: True, "download_timeout": ROBOTS_TIMEOUT}
        request = Request(f"{site}/robots.txt", meta=meta, dont_filter=True)
        try:
            response = await self._crawler.engine.download_async(request)
        except Held:
            raise  # nothing was asked, so nothing is known of it
        except _NO_RESPONSE as error:
            return unanswered(f"robots.txt could not be fetched ({type(error).__name__})", datetime.now(UTC))
        return read_rules(response.status, response.body, datetime.now(UTC))

    def _keep_pace(self, host: str, delay: float, request: Request) -> None:
        """A crawl-delay slows the host's slot; AutoThrottle must not speed it up again."""
        if not delay:
            return
        downloader = self._crawler.engine.downloader
        configured = downloader.per_slot_settings.setdefault(host, {"concurrency": 1, "jitter": 0.0})
        configured["delay"] = max(configured.get("delay", 0.0), delay)
        if slot := downloader.slots.get(host):
            slot.delay = max(slot.delay, delay)
        request.meta["autothrottle_dont_adjust_delay"] = True
