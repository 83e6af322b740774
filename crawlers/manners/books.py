"""The store's documents as the crawl's manners need them: awaited, merged with what others wrote, and patient."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from tingchao.errors import StaleVersion, StoreUnavailable
from tingchao.store import Document

log = structlog.get_logger("crawl")
TRIES = 5


class Books(Protocol):
    """What `crawlers.pipeline.Pipeline` offers. All raise `StoreUnavailable`."""

    async def find(self, kind: str, id: str) -> Document | None: ...

    async def keep(
        self, kind: str, id: str, body: Mapping[str, Any], expected_version: int | None = None
    ) -> None: ...

    async def documents(self, kind: str) -> Sequence[Document]: ...

    async def remove(self, kind: str, id: str) -> bool: ...


async def found(books: Books, kind: str, id: str) -> Mapping[str, Any]:
    """The body of a document; empty where there is none or the store does not answer."""
    try:
        document = await books.find(kind, id)
    except StoreUnavailable as error:
        log.warning("not read; starting without", kind=kind, id=id, reason=str(error))
        return {}
    return document.body if document else {}


async def merge(
    books: Books, kind: str, id: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Write what `change` makes of the document that is there (empty: none), again if somebody was faster; returns
    what was written. Raises `StoreUnavailable`, and `StaleVersion` if somebody was faster each time."""
    for left in range(TRIES, 0, -1):
        document = await books.find(kind, id)
        body = change(document.body if document else {})
        try:
            await books.keep(kind, id, body, document.version if document else 0)
        except StaleVersion:
            if left == 1:
                raise
            continue
        return body
    raise AssertionError("no try")
