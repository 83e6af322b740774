"""One page of a source, asked for by its right, and brought to the parsers' form; what kept it away by its name.

A pass comes first (`rights.access`): what it refuses is not asked. Then Scrapy's downloader, with all its middlewares.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawlers.manners.conduct import Held
from crawlers.manners.gates import headers_of, request_meta
from crawlers.manners.middlewares import FAILURES, ROBOTS, NotAllowed
from crawlers.openings import openings
from crawlers.parsers import Ask, Outcome, Page
from crawlers.rights.access import Access, Find, Keep, NoPass
from crawlers.rights.keys import Keys
from crawlers.sources import Source
from crawlers.visits.reading import Refused, Unreachable
from tingchao.mention import Robots

Send = Callable[[Request], Awaitable[Response]]
"""Give a request to the downloader, and wait for its response."""


class Fetching:
    """One per process."""

    def __init__(self, keys: Keys, find: Find, keep: Keep, send: Send) -> None:
        self._send = send
        self._access = Access(keys, self._post, find, keep)

    async def page(self, source: Source, ask: Ask) -> Page:
        """Ask for a page of `source`. Raises `Refused`, `Held`, `Unreachable`."""
        try:
            granted = await self._access.pass_for(source, ask.url, datetime.now(UTC))
        except NoPass as error:
            if error.after is None:
                raise Unreachable(str(error)) from None
            raise Refused(Outcome.BLOCKED, str(error), error.after, whole_host=False) from None
        # What an index of lists leads to may have changed though it has not.
        first = ask.parser != "sitemap" and ask.url in _first_pages(source)
        meta = {**request_meta(source.id, conditional=first), **granted.meta}
        response = await self._download(
            Request(ask.url, headers=dict(granted.headers), dont_filter=True, meta=meta)
        )
        if response.status == 401:
            self._access.refused_key(source)
        return Page(
            url=response.url,
            body=response.body,
            captured_at=datetime.now(UTC),
            source=source.id,
            status=response.status,
            headers=headers_of(response),
            context=ask.context,
            robots=response.meta.get(ROBOTS, Robots()),
        )

    async def _post(
        self, url: str, headers: Mapping[str, str], body: bytes, meta: Mapping[str, Any]
    ) -> tuple[int, bytes]:
        """For a token of an official API; see `crawlers.rights.access`."""
        request = Request(
            url, method="POST", headers=dict(headers), body=body, dont_filter=True, meta=dict(meta)
        )
        response = await self._download(request)
        return response.status, response.body

    async def _download(self, request: Request) -> Response:
        try:
            return await self._send(request)
        except NotAllowed as error:
            raise Refused(Outcome.BLOCKED, str(error), whole_host=False) from None
        except Held:
            raise
        except IgnoreRequest as error:
            raise Unreachable(str(error)) from None
        except FAILURES as error:
            raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from None


@cache
def _first_pages(source: Source) -> frozenset[str]:
    """Asked for every page; a source never changes while it is crawled."""
    return frozenset(ask.url for _, ask in openings(source))
