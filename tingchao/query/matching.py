"""Does a text match a tree, and why: which words, where.

The stores answer the same question from the same tree over indexed tokens; a property test holds them together.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self

from tingchao.mention import UNSURE, Mention
from tingchao.query.tree import (
    And,
    FieldName,
    InTitle,
    InUrl,
    Is,
    Near,
    Node,
    Not,
    Or,
    Published,
    Query,
    Word,
)
from tingchao.text import Folded, fold, is_word_character

MAX_HITS = 200


class Hit(NamedTuple):
    """One reason for a match: `term` as the query writes it, at code points [start, end) of the original
    `title`, `text` or `url`."""

    field: str
    term: str
    start: int
    end: int


class Subject:
    """What is matched: a title and a text, folded once for all queries, and what else is known of them."""

    __slots__ = (
        "author",
        "fold",
        "has",
        "kind",
        "lang",
        "published_at",
        "region",
        "risks",
        "sentiment",
        "source",
        "text",
        "title",
        "topics",
        "url",
    )

    def __init__(
        self,
        text: str,
        title: str = "",
        *,
        url: str = "",
        source: str = "",
        kind: str = "",
        lang: str = "",
        region: str = "",
        author: str = "",
        published_at: datetime | None = None,
        sentiment: str = "",
        topics: frozenset[str] = frozenset(),
        risks: frozenset[str] = frozenset(),
        media: bool = False,
        parent: bool = False,
        abstain: str = "",
        group: str = "",
        folded: bool = False,
    ) -> None:
        self.text = fold(text)
        self.title = fold(title)
        self.url = url
        self.source = source
        self.kind = kind
        self.lang = lang
        self.region = region
        self.author = author
        self.published_at = published_at
        self.sentiment = sentiment
        self.topics = topics
        self.risks = risks
        self.fold = group
        self.has = {
            "title": bool(title),
            "url": bool(url),
            "media": media,
            "region": bool(region),
            "parent": parent,
            "sentiment": bool(sentiment),
            "risk": bool(risks),
            "unsure": abstain == UNSURE,
            "unread": abstain not in ("", UNSURE),
            "folded": folded,
        }

    @classmethod
    def of(cls, mention: Mention) -> Self:
        """The subject that a mention is."""
        return cls(
            mention.text,
            mention.title,
            url=mention.url,
            source=mention.source,
            kind=mention.kind,
            lang=mention.lang,
            region=mention.region,
            author=mention.author.key,
            published_at=mention.published_at,
            sentiment=mention.sentiment.label if mention.sentiment else "",
            topics=frozenset(match.topic for match in mention.matches),
            risks=frozenset(risk.category for risk in mention.risk),
            media=bool(mention.media),
            parent=bool(mention.parent_id),
            abstain=mention.abstain,
            group=mention.fold,
            folded=bool(mention.folded),
        )


def match(query: Query, subject: Subject) -> tuple[Hit, ...] | None:
    """None if `subject` does not match; else why: where its words stand, at most `MAX_HITS` places in order.

    A query of fields or NOTs only matches without a place: the answer is empty then, not None.
    """
    if not holds(query.root, subject):
        return None
    found = dict.fromkeys(spots(query.root, subject))
    return tuple(_original(spot, subject) for spot in sorted(found, key=_order)[:MAX_HITS])


def holds(node: Node, subject: Subject) -> bool:
    """Whether `node` is true of `subject`."""
    return _HOLDS[type(node)](node, subject)


def spots(node: Node, subject: Subject) -> Iterator[Hit]:
    """Where the words stand that make `node` true of `subject`, given that it is; some may come twice.

    These places count in the folded title, text or URL; `match` gives those of the original.
    """
    match node:
        case Word(text=term):
            yield from _word_spots(term, subject, ("title", "text"))
        case InTitle(word=word):
            yield from _word_spots(word.text, subject, ("title",))
        case InUrl(text=term):
            start = fold(subject.url).text.find(term)
            if start >= 0:
                yield Hit("url", term, start, start + len(term))
        case Near():
            for name, folded in (("title", subject.title), ("text", subject.text)):
                for term, start, end in _near(node, folded):
                    yield Hit(name, term, start, end)
        case And(children=children):
            for child in children:
                yield from spots(child, subject)
        case Or(children=children):
            for child in children:
                if holds(child, subject):
                    yield from spots(child, subject)


class Needle(NamedTuple):
    """A folded word, and whether a word character before or after it would make it part of another word."""

    text: str
    whole_before: bool
    whole_after: bool


@lru_cache(maxsize=50_000)
def needle(word: str) -> Needle:
    folded = fold(word).text
    return Needle(folded, is_word_character(folded[0]), is_word_character(folded[-1]))


def occurrences(word: str, folded: str) -> Iterator[tuple[int, int]]:
    """Where `word` stands in a folded text; places may overlap."""
    text, whole_before, whole_after = needle(word)
    start = folded.find(text)
    while start >= 0:
        end = start + len(text)
        if not (whole_before and start and is_word_character(folded[start - 1])) and not (
            whole_after and end < len(folded) and is_word_character(folded[end])
        ):
            yield start, end
        start = folded.find(text, start + 1)


def _occurs(word: str, folded: str) -> bool:
    return next(occurrences(word, folded), None) is not None


def _word_spots(term: str, subject: Subject, fields: tuple[str, ...]) -> Iterator[Hit]:
    for name in fields:
        folded: Folded = getattr(subject, name)
        for start, end in occurrences(term, folded.text):
            yield Hit(name, term, start, end)


def _near(node: Near, folded: Folded) -> Iterator[tuple[str, int, int]]:
    """Both words of each pair that is close enough."""
    lefts = list(occurrences(node.left.text, folded.text))
    rights = list(occurrences(node.right.text, folded.text)) if lefts else []
    for firsts, seconds, terms in (
        (lefts, rights, (node.left.text, node.right.text)),
        (rights, lefts, (node.right.text, node.left.text)),
    ):
        starts = [start for start, _ in seconds]
        for start, end in firsts:
            index = bisect_left(starts, end)
            if index < len(starts) and starts[index] - end <= node.within:
                yield terms[0], start, end
                yield terms[1], *seconds[index]


def _word_holds(node: Word, subject: Subject) -> bool:
    return _occurs(node.text, subject.text.text) or _occurs(node.text, subject.title.text)


def _near_holds(node: Near, subject: Subject) -> bool:
    return any(next(_near(node, folded), None) is not None for folded in (subject.text, subject.title))


def _is_holds(node: Is, subject: Subject) -> bool:
    match node.name:
        case FieldName.TOPIC:
            return node.value in subject.topics
        case FieldName.RISK:
            return node.value in subject.risks
        case FieldName.HAS:
            return subject.has.get(node.value, False)
        case _:
            return bool(getattr(subject, node.name) == node.value)


def _published_holds(node: Published, subject: Subject) -> bool:
    at = subject.published_at
    return at is not None and not ((node.since and at < node.since) or (node.until and at >= node.until))


_HOLDS: dict[type, Callable[[Any, Subject], bool]] = {
    Word: _word_holds,
    Near: _near_holds,
    Is: _is_holds,
    InTitle: lambda node, subject: _occurs(node.word.text, subject.title.text),
    InUrl: lambda node, subject: node.text in fold(subject.url).text,
    Published: _published_holds,
    Not: lambda node, subject: not holds(node.child, subject),
    And: lambda node, subject: all(holds(child, subject) for child in node.children),
    Or: lambda node, subject: any(holds(child, subject) for child in node.children),
}


def _order(spot: Hit) -> tuple[int, int, int]:
    return ("title", "text", "url").index(spot.field), spot.start, spot.end


def _original(spot: Hit, subject: Subject) -> Hit:
    folded: Folded = fold(subject.url) if spot.field == "url" else getattr(subject, spot.field)
    return Hit(spot.field, spot.term, *folded.span(spot.start, spot.end))
