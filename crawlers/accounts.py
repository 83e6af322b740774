"""Which @names stay readable in texts: organisations, and names that are themselves topics of the watchlist."""

from collections.abc import Mapping
from typing import Any

from tingchao.scrubbing import is_organisation

KIND, CURRENT = "watchlist", "current"


class Accounts:
    """Called with a name, says whether it stays readable. `learn` what the watchlist holds now."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()

    def __call__(self, name: str) -> bool:
        return name in self._names or is_organisation(name)

    def learn(self, watchlist: Mapping[str, Any]) -> None:
        """Take names, aliases and people from a document of kind `watchlist`, whatever its shape."""
        topics = watchlist.get("topics")
        self._names = frozenset(
            name
            for topic in (topics if isinstance(topics, list | tuple) else ())
            if isinstance(topic, Mapping)
            for name in (topic.get("name"), *_texts(topic.get("aliases")), *_texts(topic.get("people")))
            if isinstance(name, str)
        )


def _texts(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
