"""Tree to text: a query that parses to the same tree again."""

import re
from datetime import datetime

from tingchao.query.tree import And, InTitle, InUrl, Is, Near, Node, Not, Or, Published, Word
from tingchao.times import SHANGHAI

_SIGNS = r"\s()\"“”|\\\uff01-\uff5e"
_BARE = re.compile(rf"(?!(?:AND|OR)(?:-|$)|NOT$|NEAR(?:/|$)|[A-Za-z_]+:)[^{_SIGNS}:-][^{_SIGNS}]*")
_TO_ESCAPE = re.compile(r'["“”＂\\]')


def to_text(node: Node) -> str:
    """Print a tree. `parse(to_text(tree)).root == tree` for every tree in normal form that keeps the limits.

    Raises `ValueError` for an `Or` of nothing: the language cannot say it, and no text would mean everything.

    >>> from tingchao.query import parse
    >>> to_text(parse("（小米｜xiaomi） －小米粥").root)
    '(小米 OR xiaomi) -小米粥'
    """
    match node:
        case Or(children=()):
            raise ValueError("a query that matches nothing has no text")
        case Or(children=children):
            return " OR ".join(map(to_text, children))
        case And(children=children):
            return " ".join(
                f"({to_text(child)})" if isinstance(child, Or) else to_text(child) for child in children
            )
        case Not(child=child):
            return f"-({to_text(child)})" if isinstance(child, And | Or | Near) else f"-{to_text(child)}"
        case Near(left=left, right=right, within=within):
            return f"{to_text(left)} NEAR/{within} {to_text(right)}"
        case Word(text=text):
            return _quoted(text)
        case InTitle(word=word):
            return f"title:{_quoted(word.text)}"
        case InUrl(text=text):
            return f"url:{_quoted(text)}"
        case Is(name=name, value=value):
            return f"{name}:{_quoted(value)}"
        case Published(since=since, until=until):
            sides = [f"{name}:{_time(at)}" for name, at in (("since", since), ("until", until)) if at]
            return " ".join(sides)


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else '"' + _TO_ESCAPE.sub(r"\\\g<0>", text) + '"'


def _time(at: datetime) -> str:
    return f'"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"'
