"""The gate between the spider and the downloader that asks `conduct`, and records what was not sent.

Between `AddressGate` and `RobotsGate` (`crawlers.manners.middlewares`): a host that is left alone is not asked for its
robots.txt either. What was sent is recorded by `crawlers.manners.door`, at the wire.
"""

from datetime import UTC, datetime
from typing import Any

from scrapy import Request, signals
from scrapy.http import Response

from crawlers.manners.addresses import host_of
from crawlers.manners.conduct import Conduct, Held
from crawlers.manners.ledger import Entry, Fate
from crawlers.manners.middlewares import ABOUT_ROBOTS, NotPublic, robots_of
from crawlers.manners.patterns import pattern
from tingchao.mention import Robots

SOURCE = "source"
"""`request.meta` key of the source that asks."""
CONDITIONAL = "conditional"
"""`request.meta` key of a page that may be answered with 304: the first one of a query."""
WIRE_BYTES = "wire_bytes"
NO_HOST = "(no host)"
LONGEST_HOST = 180


def request_meta(source: str, *, conditional: bool) -> dict[str, Any]:
    """What a spider says of a request: for which source it is, and whether `304 Not Modified` is a good answer.
    Ask conditionally only for a page whose being unchanged means that there is nothing new at all."""
    return {SOURCE: source, CONDITIONAL: conditional}


def known_as(request: Request) -> str:
    """The host by which conduct and ledger know a request; one name for all addresses that have none, or whose name
    is none that could be resolved."""
    try:
        host = host_of(request.url)
    except ValueError:
        return NO_HOST
    return host if host and len(host) <= LONGEST_HOST and host.isascii() and host.isprintable() else NO_HOST


def entry_of(request: Request, fate: Fate, **found: Any) -> Entry:
    """The ledger's entry for a request, at its host now; `found` are what else is known."""
    robots: Robots | None = robots_of(request)
    at = found.pop("at", None) or datetime.now(UTC)
    return Entry(
        at=at,
        host=known_as(request),
        source=str(request.meta.get(SOURCE, "")),
        pattern="/robots.txt" if request.meta.get(ABOUT_ROBOTS) else pattern(request.url),
        fate=fate,
        allowed=robots.allowed if robots else True,
        rule=robots.rule if robots else "",
        **found,
    )


def headers_of(response: Response) -> dict[str, str]:
    """Headers by lower-case name; those that came twice with a comma between."""
    return {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
    }


class ConductGate:
    """Lets a request pass when its host's turn has come, or raises `Held`."""

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct

    @classmethod
    def from_crawler(cls, crawler: Any) -> "ConductGate":
        gate = cls(crawler.spider.conduct)
        crawler.signals.connect(gate.bytes_received, signals.bytes_received)
        crawler.signals.connect(gate.spider_closed, signals.spider_closed)
        return gate

    async def process_request(self, request: Request) -> None:
        await self._conduct.permit(known_as(request), robots=bool(request.meta.get(ABOUT_ROBOTS)))
        if request.meta.get(CONDITIONAL):
            # A redirect carries the conditions of the page that it came from.
            for name in ("If-None-Match", "If-Modified-Since"):
                request.headers.pop(name, None)
            conditions = await self._conduct.marks.conditions(request.meta[SOURCE], request.url)
            request.headers.update(conditions)

    def process_response(self, request: Request, response: Response) -> Response:
        if request.meta.get(CONDITIONAL) and response.status == 200:
            self._conduct.marks.offer(request.meta[SOURCE], request.url, headers_of(response))
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        if isinstance(exception, Held):
            await self._conduct.withheld(entry_of(request, exception.fate))
        elif isinstance(exception, NotPublic):
            await self._conduct.withheld(entry_of(request, Fate.NOT_PUBLIC))
        elif (robots := robots_of(request)) and not robots.allowed:
            await self._conduct.withheld(entry_of(request, Fate.FORBIDDEN))

    def bytes_received(self, data: bytes, request: Request) -> None:
        request.meta[WIRE_BYTES] = request.meta.get(WIRE_BYTES, 0) + len(data)

    async def spider_closed(self) -> None:
        await self._conduct.close()
