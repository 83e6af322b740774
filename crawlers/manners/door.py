"""The last door before the wire: what passes here is sent, and stands in the ledger with what came of it."""

import time
from datetime import UTC, datetime
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.http import Response

from crawlers.manners import breakers
from crawlers.manners.conduct import Conduct
from crawlers.manners.gates import WIRE_BYTES, entry_of, headers_of, known_as
from crawlers.manners.ledger import Fate, fate_of
from crawlers.manners.middlewares import ABOUT_ROBOTS


class Door(HTTP11DownloadHandler):  # type: ignore[misc, unused-ignore]
    """Scrapy's own handler, behind a last look at kill switch and breaker: a request may have queued for minutes."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._conduct: Conduct = crawler.spider.conduct

    async def download_request(self, request: Request) -> Response:
        """Raises `Held` instead of sending, else what Scrapy's handler raises."""
        robots = bool(request.meta.get(ABOUT_ROBOTS))
        delay = await self._conduct.leave(known_as(request), robots=robots)
        request.meta[WIRE_BYTES] = 0
        at, began = datetime.now(UTC), time.monotonic()
        response: Response | None = None
        try:
            response = await super().download_request(request)
            if response.status == 304:  # nothing to unpack, whatever it says
                response.headers.pop("Content-Encoding", None)
            return response
        finally:
            self._record(request, response, at, delay, time.monotonic() - began)

    def _record(
        self, request: Request, response: Response | None, at: datetime, delay: float | None, seconds: float
    ) -> None:
        status = response.status if response is not None else 0
        body = response.body if response is not None else b""
        fate = fate_of(status, breakers.refusing(status, body)) if status else Fate.NO_ANSWER
        entry = entry_of(
            request,
            fate,
            at=at,
            status=status,
            bytes=request.meta.get(WIRE_BYTES, 0),
            delay=delay,
            seconds=round(seconds, 3),
        )
        self._conduct.came_back(entry, headers_of(response) if response is not None else {}, body)
