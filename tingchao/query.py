"""The boolean query language: parse once; match a text with it, or compile it for a store."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Word:
    """A word or "phrase": `tokens` of `tingchao.text.tokens`, to be found next to each other, in title or text."""

    text: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """`left` and `right` in the same field, in either order, with at most `within` characters between them."""

    left: Word
    right: Word
    within: int


class FieldName(StrEnum):
    SOURCE = "source"
    KIND = "kind"
    SENTIMENT = "sentiment"
    TOPIC = "topic"
    RISK = "risk"
    REGION = "region"
    LANG = "lang"
    AUTHOR = "author"
    HAS = "has"


@dataclass(frozen=True, slots=True)
class Is:
    """A keyword field with exactly this value (`has`: title, url, media, region, parent, sentiment, risk)."""

    name: FieldName
    value: str


@dataclass(frozen=True, slots=True)
class InTitle:
    """The word in the title only."""

    word: Word


@dataclass(frozen=True, slots=True)
class InUrl:
    """The folded URL contains this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Published:
    """Published in [since, until); one side may be open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Not:
    child: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All of the children; none at all is true of everything."""

    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    children: tuple["Node", ...]


Node = Word | Near | Is | InTitle | InUrl | Published | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: `text` as a person wrote it, `root` its tree."""

    text: str
    root: Node = field(default_factory=lambda: And(()))


EVERYTHING = Query("")
