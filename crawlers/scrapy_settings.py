"""Scrapy's settings, safe for pages from anybody; see its documentation for each name."""

from collections.abc import Sequence
from typing import Any

from crawlers.manners.addresses import host_of
from crawlers.sources import Source
from tingchao.settings import Settings

DEFAULT_DELAY = 2.0
"""Seconds between two requests to one host, give or take a quarter; AutoThrottle makes it longer for slow hosts."""

MEMORY_LIMIT_MB = 1_000
"""Memory at which a crawl is ended."""


def scrapy_settings(settings: Settings, sources: Sequence[Source]) -> dict[str, Any]:
    """What the crawl of `sources` runs with."""
    return {
        "USER_AGENT": settings.user_agent,
        "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"},
        "TINGCHAO_ALLOW_PRIVATE": settings.allow_private_hosts,
        # Ours, for Scrapy's own fetches a page whose robots.txt answered 403, 429 or 503.
        "ROBOTSTXT_OBEY": False,
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.manners.middlewares.AddressGate": 10,
            "crawlers.manners.gates.ConductGate": 15,
            "crawlers.manners.middlewares.RobotsGate": 20,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        },
        "TWISTED_DNS_RESOLVER": "crawlers.manners.addresses.GuardedResolver",
        "DOWNLOAD_HANDLERS": {
            "http": "crawlers.manners.door.Door",
            "https": "crawlers.manners.door.Door",
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "DOWNLOAD_MAXSIZE": 5 * 1024 * 1024,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": 30,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": 5,
        "METAREFRESH_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        # 429 and 503 are answers: the source rests as long as they ask for.
        "RETRY_TIMES": 1,
        "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408],
        # Health and our own log tell it.
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "CONCURRENT_REQUESTS": 32,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": DEFAULT_DELAY,
        "DOWNLOAD_DELAY_JITTER": 0.25,
        "DOWNLOAD_SLOTS": _slots(sources),
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": DEFAULT_DELAY,
        "MEMUSAGE_LIMIT_MB": MEMORY_LIMIT_MB,
        "EXTENSIONS": {"scrapy.extensions.memusage.MemoryUsage": None, "crawlers.memory.Memory": 0},
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
    }


def _slots(sources: Sequence[Source]) -> dict[str, dict[str, Any]]:
    """The delay of each host whose sources set one; the most patient source decides."""
    slots: dict[str, dict[str, Any]] = {}
    for source in sources:
        if source.delay is not None:
            host = host_of(source.root)
            delay = max(source.delay, slots.get(host, {}).get("delay", 0.0))
            slots[host] = {"concurrency": 1, "delay": delay, "jitter": 0.0}
    return slots
