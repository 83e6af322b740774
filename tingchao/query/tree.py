"""The tree of a query, and the few ways to build one.

Trees are in normal form: no `And` or `Or` with a single child or directly inside its like, no `Not` inside a
`Not`, times in separate `Published` nodes. `all_of`, `any_of`, `negate`, `word` and `near` keep them so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tingchao.text import FILLER, fold, tokens


@dataclass(frozen=True, slots=True)
class Word:
    """A word or "phrase": `tokens` of `tingchao.text.tokens`, to be found next to each other, in title or text.

    Fillers after the last word token are left out, but inside a `Near`, where the length of the word counts.
    """

    text: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """`left` and `right` in the same field, in either order, apart, with at most `within` characters between."""

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
    FOLD = "fold"
    HAS = "has"


HAS = ("title", "url", "media", "region", "parent", "sentiment", "risk", "unsure", "unread", "folded")
"""The values of `has:`. A store numbers them by their place here: add new ones at the end.

`unsure` has a label that the model is not sure of, `unread` a text that it did not read at all.
`folded` is shown under another mention that says the same.
"""


@dataclass(frozen=True, slots=True)
class Is:
    """A keyword field with exactly this value; for `has` one of `HAS`."""

    name: FieldName
    value: str


@dataclass(frozen=True, slots=True)
class InTitle:
    """The word in the title only."""

    word: Word


@dataclass(frozen=True, slots=True)
class InUrl:
    """The folded URL contains this folded text, anywhere."""

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
    """One of the children; none at all is true of nothing."""

    children: tuple["Node", ...]


Node = Word | Near | Is | InTitle | InUrl | Published | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: `text` as a person wrote it, `root` its tree."""

    text: str
    root: Node = field(default_factory=lambda: And(()))


EVERYTHING = Query("")


def word(text: str) -> Word:
    """The word or phrase `text`. Raises `ValueError` if nothing of it is left after folding."""
    found = _tokens(text)
    while found[-1] == FILLER:
        found.pop()
    return Word(text, tuple(found))


def near(left: str, right: str, within: int) -> Near:
    """`left` at most `within` characters before or after `right`."""
    return Near(Word(left, tuple(_tokens(left))), Word(right, tuple(_tokens(right))), within)


def all_of(*nodes: Node) -> Node:
    """What all of `nodes` match; without any, everything."""
    return _joined(And, nodes)


def any_of(*nodes: Node) -> Node:
    """What one of `nodes` matches; without any, nothing."""
    return _joined(Or, nodes)


def negate(node: Node) -> Node:
    """What `node` does not match."""
    return node.child if isinstance(node, Not) else Not(node)


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, from left to right."""
    yield node
    if isinstance(node, And | Or):
        for child in node.children:
            yield from walk(child)
    elif isinstance(node, Not):
        yield from walk(node.child)


def terms(query: Query) -> tuple[str, ...]:
    """The words and phrases that speak for a match, as written, each once; those under NOT are left out."""
    return tuple(dict.fromkeys(_positive(query.root)))


def _positive(node: Node) -> Iterator[str]:
    match node:
        case Word(text=text):
            yield text
        case Near(left=left, right=right):
            yield from (left.text, right.text)
        case InTitle(word=inner):
            yield inner.text
        case And(children=children) | Or(children=children):
            for child in children:
                yield from _positive(child)
        case _:
            return


def _joined(form: type[And] | type[Or], nodes: tuple[Node, ...]) -> Node:
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, form) else (node,))
    return flat[0] if len(flat) == 1 else form(tuple(flat))


def _tokens(text: str) -> list[str]:
    found = tokens(fold(text).text)
    if not found:
        raise ValueError(f"{text!r} has no character that can be searched for")
    return found
