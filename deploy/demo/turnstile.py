"""What each site was asked for, and when each mention was first shown to anybody."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from deploy.demo.scenario import Source
from deploy.demo.sites import FORBIDDEN
from deploy.demo.sites.page import Answer, Ask


class Turnstile:
    """Counts, safe to share between threads. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[Source] = Counter()
        self._forbidden: Counter[Source] = Counter()
        self._refused: Counter[Source] = Counter()
        self._first: dict[str, tuple[Source, float]] = {}

    def passed(self, source: Source, ask: Ask, answer: Answer, now: datetime) -> None:
        """`source` gave `answer` to `ask` at `now`."""
        with self._lock:
            self._requests[source] += 1
            self._forbidden[source] += ask.path.startswith(FORBIDDEN)
            self._refused[source] += answer.status in (403, 429)
            for post_id in answer.served:
                self._first.setdefault(post_id, (source, now.timestamp()))

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """`requests`, `refused`, `forbidden_hits` and `served` (distinct mentions) of each source."""
        with self._lock:
            served = Counter(source for source, _ in self._first.values())
            columns = {
                "requests": self._requests,
                "refused": self._refused,
                "forbidden_hits": self._forbidden,
                "served": served,
            }
            return {
                name: {source.value: column[source] for source in Source} for name, column in columns.items()
            }

    def first_served(self, since: datetime) -> dict[str, dict[str, float]]:
        """Source → native id → when it was first served, of what was served from `since` on."""
        found: dict[str, dict[str, float]] = {source.value: {} for source in Source}
        with self._lock:
            for post_id, (source, at) in self._first.items():
                if at >= since.timestamp():
                    found[source.value][post_id] = at
        return found
