"""The way out of the crawler: mentions to the bus, checkpoints and health to the store, without stopping the
reactor.

Scrapy's item pipelines swallow a failure to publish, after which a checkpoint would move past lost pages; so
pages are handed over here and waited for. The bus belongs to one thread, which is the one of this pipeline.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tingchao.bus import RAW, Bus
from tingchao.mention import Engagement, Mention, encode
from tingchao.store import Document, Store

MOST_REMEMBERED = 100_000


class Unchanged:
    """Remembers the counts each mention was last published with; the least recently seen are forgotten."""

    def __init__(self, limit: int = MOST_REMEMBERED) -> None:
        self._limit = limit
        self._counts: OrderedDict[str, Engagement] = OrderedDict()

    def news(self, mentions: Sequence[Mention]) -> list[Mention]:
        """The mentions that were not published with these counts before, each once. The time does not count: one
        told as `2小时前` moves with every look."""
        distinct = {mention.id: mention for mention in mentions}
        for id in distinct.keys() & self._counts.keys():
            self._counts.move_to_end(id)
        return [
            mention for mention in distinct.values() if self._counts.get(mention.id) != mention.engagement
        ]

    def published(self, mentions: Sequence[Mention]) -> None:
        """Remember that these are on the bus."""
        for mention in mentions:
            self._counts[mention.id] = mention.engagement
            self._counts.move_to_end(mention.id)
        while len(self._counts) > self._limit:
            self._counts.popitem(last=False)


class Pipeline:
    """One per process. `close` waits until what was handed over is durable."""

    def __init__(self, open_bus: Callable[[], Bus], store: Store) -> None:
        """Opens the bus in the pipeline's own thread. Raises what `open_bus` raises."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pipeline")
        self._store = store
        self._unchanged = Unchanged()
        try:
            self._bus: Bus = self._thread.submit(open_bus).result()
        except BaseException:
            self._thread.shutdown()
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

    async def keep(self, kind: str, id: str, body: Mapping[str, Any]) -> None:
        """Write a document. Raises `StoreUnavailable`."""
        await asyncio.to_thread(self._store.put, kind, id, body)

    async def find(self, kind: str, id: str) -> Document | None:
        """Read a document. Raises `StoreUnavailable`."""
        return await asyncio.to_thread(self._store.find, kind, id)

    def close(self) -> None:
        """End the thread after its last batch and close the bus there."""
        self._thread.submit(self._bus.close).result()
        self._thread.shutdown()

    def _publish(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            self._bus.publish(RAW, mention.id, encode(mention))
        self._bus.flush()
