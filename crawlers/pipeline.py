"""The way out of the crawler: mentions to the bus, checkpoints and health to the store, without stopping the
reactor.

Scrapy's item pipelines swallow a failure to publish, after which a checkpoint would move past lost pages; so
pages are handed over here and waited for. The bus belongs to one thread, which is the one of this pipeline.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tingchao.bus import RAW, Bus
from tingchao.mention import Engagement, Mention, encode
from tingchao.store import Document, Store

MOST_REMEMBERED = 100_000
STORING = 4
"""Threads that talk to the store."""

T = TypeVar("T")


class Unchanged:
    """Remembers the counts each mention was last published with, and whether it was gone; the least recently seen
    are forgotten."""

    def __init__(self, limit: int = MOST_REMEMBERED) -> None:
        self._limit = limit
        self._counts: OrderedDict[str, tuple[Engagement, bool]] = OrderedDict()

    def news(self, mentions: Sequence[Mention]) -> list[Mention]:
        """The mentions that were not published with these counts before, each once. The time does not count: one
        told as `2小时前` moves with every look."""
        distinct = {mention.id: mention for mention in mentions}
        for id in distinct.keys() & self._counts.keys():
            self._counts.move_to_end(id)
        return [mention for mention in distinct.values() if self._counts.get(mention.id) != _state(mention)]

    def published(self, mentions: Sequence[Mention]) -> None:
        """Remember that these are on the bus."""
        for mention in mentions:
            self._counts[mention.id] = _state(mention)
            self._counts.move_to_end(mention.id)
        while len(self._counts) > self._limit:
            self._counts.popitem(last=False)


class Pipeline:
    """One per process. `close` waits until what was handed over is durable."""

    def __init__(self, open_bus: Callable[[], Bus], store: Store) -> None:
        """Opens the bus in the pipeline's own thread. Raises what `open_bus` raises."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pipeline")
        self._storing = ThreadPoolExecutor(max_workers=STORING, thread_name_prefix="store")
        self._store = store
        self._unchanged = Unchanged()
        try:
            self._bus: Bus = self._thread.submit(open_bus).result()
        except BaseException:
            self._thread.shutdown()
            self._storing.shutdown()
            raise

    async def deliver(self, mentions: Sequence[Mention]) -> int:
        """Publish what is new and wait until it is durable; returns how many were.

        Raises `BusUnavailable`; then nothing counts as published.
        """
        news = self._unchanged.news(mentions)
        if news:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._publish, news)
            self._unchanged.published(news)
        return len(news)

    async def keep(
        self, kind: str, id: str, body: Mapping[str, Any], expected_version: int | None = None
    ) -> None:
        """Write a document. Raises `StoreUnavailable`, and `StaleVersion` where another version is there."""
        await self._aside(self._store.put, kind, id, body, expected_version)

    async def find(self, kind: str, id: str) -> Document | None:
        """Read a document. Raises `StoreUnavailable`."""
        return await self._aside(self._store.find, kind, id)

    async def documents(self, kind: str) -> list[Document]:
        """All documents of a kind. Raises `StoreUnavailable`."""
        return await self._aside(self._store.documents, kind)

    async def remove(self, kind: str, id: str) -> bool:
        """Remove a document; whether it was there. Raises `StoreUnavailable`."""
        return await self._aside(self._store.remove, kind, id)

    async def ask(self, act: Callable[[Store], T]) -> T:
        """What `act` does with the store. Raises what it raises."""
        return await self._aside(act, self._store)

    def close(self) -> None:
        """End the threads after what they were given, whoever still waits for it, and close the bus."""
        self._storing.shutdown()
        self._thread.submit(self._bus.close).result()
        self._thread.shutdown()

    async def _aside(self, call: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._storing, call, *given)

    def _publish(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            self._bus.publish(RAW, mention.id, encode(mention))
        self._bus.flush()


def _state(mention: Mention) -> tuple[Engagement, bool]:
    return mention.engagement, mention.gone_at is not None
