"""What a person asked for, as a scope for the store and as an address that opens it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.places import link
from dashboard.window import Window
from tingchao.catalogue import Language
from tingchao.query import EVERYTHING, FieldName, Is, Node, Query, all_of, any_of, parse
from tingchao.store import Scope

FILTERS = {
    "s": FieldName.SENTIMENT,
    "src": FieldName.SOURCE,
    "kind": FieldName.KIND,
    "topic": FieldName.TOPIC,
    "risk": FieldName.RISK,
    "region": FieldName.REGION,
    "has": FieldName.HAS,
}
"""Filters by their name in the address."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query in words, filters (each: one of these values), and a window."""

    window: Window
    q: str = ""
    s: tuple[str, ...] = ()
    src: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    risk: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    has: tuple[str, ...] = ()

    @property
    def towards(self) -> str:
        """The one topic that is asked about, towards which labels are shown; empty if there are none or several."""
        return self.topic[0] if len(self.topic) == 1 else ""

    def scope(self, now: datetime, language: Language = "zh") -> Scope:
        """For the store. Raises `MisreadQuery` if the words do not parse."""
        words = parse(self.q, now=now, language=language) if self.q.strip() else EVERYTHING
        return Scope(
            Query(self.q, all_of(words.root, *self._filters())), self.window.since, self.window.until
        )

    def address(self, **more: object) -> str:
        """`/search?…` with exactly this question, so that a number can be opened."""
        chosen = {name: getattr(self, name) for name in FILTERS}
        return link("search", q=self.q, **chosen, **{**self.window.parameters(), **more})

    def _filters(self) -> list[Node]:
        return [
            any_of(*(Is(field, each) for each in chosen))
            for name, field in FILTERS.items()
            if (chosen := getattr(self, name))
        ]


def about(window: Window, topics: Sequence[str]) -> Asked:
    """Everything about some topics; without any, everything."""
    return Asked(window, topic=tuple(topics))
