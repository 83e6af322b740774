"""Where the words that matched stand in a mention, and the text with those places marked. Pure."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from dashboard.paper import Node, el, text
from tingchao.mention import Mention
from tingchao.query import Hit, Query, Subject, any_of, match, terms, word
from tingchao.query import Node as Tree

SNIPPET = 180
"""Characters of a text shown in a list."""
BEFORE = 40
"""Of these, how many may stand before the first marked word."""


def hits(mention: Mention, query: Query | None = None) -> tuple[Hit, ...]:
    """Why it is here: the words of `query`, or without any in it the watchlist's words that matched."""
    if query is None or not terms(query):
        query = _topic_words(tuple(term for found in mention.matches for term in found.terms))
    return match(query, Subject.of(mention)) or ()


def marked(shown: str, places: Sequence[tuple[int, int]]) -> list[Node]:
    """`shown` as text and `mark` elements; overlapping places become one."""
    nodes: list[Node] = []
    at = 0
    for start, end in _joined(places):
        if start > at:
            nodes.append(text(shown[at:start]))
        nodes.append(el("mark", shown[start:end]))
        at = end
    if at < len(shown):
        nodes.append(text(shown[at:]))
    return nodes


def snippet(shown: str, places: Sequence[tuple[int, int]], length: int = SNIPPET) -> list[Node]:
    """The stretch of a text around its first marked word, marked; cut ends carry an ellipsis."""
    first = min((start for start, _ in places), default=0)
    start = max(0, min(first - BEFORE, len(shown) - length))
    end = min(len(shown), start + length)
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in places if a < end and b > start]
    nodes = marked(shown[start:end], inside)
    return [*(["…"] if start else []), *nodes, *(["…"] if end < len(shown) else [])]


def places_in(field: str, found: Sequence[Hit]) -> list[tuple[int, int]]:
    return [(hit.start, hit.end) for hit in found if hit.field == field]


def _joined(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


@lru_cache(maxsize=2_000)
def _topic_words(found: tuple[str, ...]) -> Query:
    words: list[Tree] = []
    for term in dict.fromkeys(found):
        with suppress(ValueError):
            words.append(word(term))
    return Query("", any_of(*words))
