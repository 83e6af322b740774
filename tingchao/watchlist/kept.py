"""The watchlist in the store: one document that people edit while workers run."""

import time
from collections.abc import Callable

import structlog

from tingchao.errors import BadWatchlist, StoreUnavailable
from tingchao.store import Store
from tingchao.watchlist.matcher import Matcher
from tingchao.watchlist.topics import Watchlist, from_document, to_document

KIND = "watchlist"
ID = "current"

_log = structlog.get_logger(__name__)


def save(store: Store, watchlist: Watchlist, expected_version: int) -> int:
    """Write the watchlist (version 0: there is none yet) and return its new version. Raises `StaleVersion`."""
    return store.put(KIND, ID, to_document(watchlist), expected_version)


def read(store: Store) -> tuple[Watchlist, int]:
    """The watchlist and its version; an empty one and 0 before the first `save`. Raises `BadWatchlist`."""
    document = store.find(KIND, ID)
    return (from_document(document.body), document.version) if document else (Watchlist(), 0)


class Watching:
    """The current matcher for a worker: it looks for a newer watchlist every `every` seconds, when asked.

    A watchlist that cannot be read, or a store that does not answer, is logged and the matcher before it stays;
    only the first read raises. `clock` gives seconds that never go back.
    """

    def __init__(self, store: Store, every: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._every = every
        self._clock = clock
        watchlist, self.version = read(store)
        if not watchlist.topics:
            _log.warning("no topic is watched: every mention is dropped", load="tingchao watchlist load FILE")
        self._matcher = Matcher(watchlist)
        self._looked = clock()

    @property
    def matcher(self) -> Matcher:
        """The matcher of the newest watchlist that could be read."""
        if self._clock() - self._looked >= self._every:
            self._looked = self._clock()
            self._look()
        return self._matcher

    def _look(self) -> None:
        try:
            document = self._store.find(KIND, ID)
            version = document.version if document else 0
            if version == self.version:
                return
            self.version = version
            self._matcher = Matcher(from_document(document.body) if document else Watchlist())
            _log.info("watchlist reloaded", version=version, topics=len(self._matcher.watchlist.topics))
        except (BadWatchlist, StoreUnavailable) as error:
            _log.warning("watchlist not reloaded, the one before it stays", reason=str(error))
