"""Text to tree: the grammar in `query.lark`, the limits, and one clear sentence for each mistake."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NoReturn
from unicodedata import combining, east_asian_width

from tingchao.catalogue import Language, say
from tingchao.errors import BadQuery
from tingchao.mention import Kind, Label
from tingchao.query.tree import (
    EVERYTHING,
    HAS,
    FieldName,
    InTitle,
    InUrl,
    Is,
    Node,
    Or,
    Published,
    Query,
    Word,
    all_of,
    any_of,
    near,
    negate,
    walk,
    word,
)
from tingchao.text import fold
from tingchao.times import SHANGHAI

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

MAX_LENGTH = 2_000
MAX_TERMS = 200
MAX_DEPTH = 50
MAX_NEAR = 100

FIELDS = (*FieldName, "url", "title", "since", "until")

_CLOSED: dict[str, dict[str, str]] = {
    FieldName.KIND: {kind: kind for kind in Kind},
    FieldName.SENTIMENT: {
        **{label: label for label in Label},
        "负面": Label.NEGATIVE,
        "中性": Label.NEUTRAL,
        "正面": Label.POSITIVE,
    },
    FieldName.HAS: {name: name for name in HAS},
}
# Full-width ASCII but for the quote and the backslash, which would change what a phrase holds.
_NARROW = str.maketrans(
    {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\'} | {"\u3000": " "}
)
_RELATIVE = re.compile(r"([0-9]{1,4})([hd])", re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["“”＂\\])')
_LOWER = re.compile(r"and|or|not|near/[0-9]+")
_AROUND = 60
_QUOTED = 150


class MisreadQuery(BadQuery):
    """A query that does not parse: `column` (from 1, in characters), `reason` in one line, and the `query`."""

    def __init__(self, query: str, column: int, reason: str, language: Language = "zh") -> None:
        self.query = query
        self.column = column
        self.reason = reason
        place = say("query.place", language, column=column, reason=reason)
        super().__init__(f"{place}\n{_pointed(query, column - 1)}")


def parse(text: str, *, now: datetime | None = None, language: Language = "zh") -> Query:
    """The tree of `text`; blanks only are true of everything.

    `now` is what relative times (`since:24h`) count from; without it they raise `ValueError`. Raises
    `MisreadQuery`, in `language`, with the place and what would be right.
    """
    relative = _RELATIVE.search(text.translate(_NARROW)) if len(text) <= MAX_LENGTH else None
    return _parse(text, now if relative else None, language)


def hints(query: Query, language: Language = "zh") -> tuple[str, ...]:
    """What looks meant otherwise than it is read: operators in small letters are words."""
    small = dict.fromkeys(
        node.text for node in walk(query.root) if isinstance(node, Word) and _LOWER.fullmatch(node.text)
    )
    return tuple(say("query.lower_case", language, word=one, operator=one.upper()) for one in small)


@lru_cache(maxsize=8_192)
def _parse(text: str, now: datetime | None, language: Language) -> Query:
    try:
        if len(text) > MAX_LENGTH:
            raise _Mistake(MAX_LENGTH, "too_long", length=f"{len(text):,}", limit=f"{MAX_LENGTH:,}")
        tree = _tree(text)
        _within_limits(tree)
        return Query(text, _Builder(text, now).build(tree)) if tree.children else Query(text, EVERYTHING.root)
    except _Mistake as mistake:
        values = {name: _shortened(str(value)) for name, value in mistake.values.items()}
        reason = say(f"query.{mistake.key}", language, **values)
        raise MisreadQuery(text, mistake.at + 1, reason, language) from None


class _Mistake(Exception):
    """What is wrong, as a key of the catalogue, and where (from 0)."""

    def __init__(self, at: int, key: str, **values: object) -> None:
        self.at = at
        self.key = key
        self.values = values


@cache
def _grammar() -> "Lark":
    from lark import Lark  # 60 ms: only when a query is really read

    grammar = files("tingchao.query").joinpath("query.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=False)


def _tree(text: str) -> "Tree[Token]":
    from lark.exceptions import UnexpectedInput

    try:
        return _grammar().parse(text.translate(_NARROW))
    except UnexpectedInput as error:
        raise _explained(error, len(text)) from None


def _explained(error: "UnexpectedInput", length: int) -> _Mistake:
    from lark import Token
    from lark.exceptions import UnexpectedToken

    if not isinstance(error, UnexpectedToken):
        return _Mistake(error.pos_in_stream or 0, "quote_never_closed")
    met, wanted = error.token, set(error.expected)
    ended = met.type == "$END"
    at = length if ended else met.start_pos or 0
    waiting = [one for one in error.state.value_stack if isinstance(one, Token)]
    if "VALUE" in wanted:
        return _Mistake(at, "value_expected", name=[one for one in waiting if one.type == "FIELD"][-1])
    open_brackets = [one.start_pos for one in waiting if one.type == "LPAR"]
    if ended and "_RPAR" in wanted:
        return _Mistake(open_brackets[-1] or 0, "bracket_never_closed")
    if "_RPAR" in wanted and "_AND" not in wanted:
        return _Mistake(at, "field_group")
    if "WORD" in wanted and "FIELD" not in wanted:
        return _Mistake(at, "near_operand")
    if ended:
        return _Mistake(at, "word_at_end")
    if met.type == "_RPAR" and not open_brackets:
        return _Mistake(at, "bracket_never_opened")
    if met.type in ("_RPAR", "_AND", "_OR") or (met.type == "NEAR" and "WORD" in wanted):
        return _Mistake(at, "word_before", sign=met)
    if met.type == "NEAR":
        return _Mistake(at, "near_operand")
    return _Mistake(at, {"-": "lone_minus", ":": "leading_colon"}.get(met[0], "unexpected"), sign=met)


def _start(node: "Tree[Token] | Token") -> int:
    while not isinstance(node, str):
        node = node.children[0]
    return node.start_pos or 0


def _tokens(tree: "Tree[Token]") -> "list[Token]":
    return [child for child in tree.children if isinstance(child, str)]


def _within_limits(tree: "Tree[Token]") -> None:
    """Walk with a list, not by recursion: a tree of 2,000 brackets would exhaust the stack."""
    todo: list[tuple[Tree[Token] | Token, int]] = [(tree, 0)]
    words = 0
    while todo:
        node, depth = todo.pop()
        if isinstance(node, str):
            words += node.type in ("WORD", "PHRASE", "VALUE")
            if words > MAX_TERMS:
                raise _Mistake(node.start_pos or 0, "too_many_terms", limit=MAX_TERMS)
            continue
        if node.data in ("group", "negate"):
            depth += 1
            if depth > MAX_DEPTH:
                raise _Mistake(_start(node), "too_deep", limit=MAX_DEPTH)
        todo.extend((child, depth) for child in reversed(node.children))


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the parser's tree into ours. Words keep the characters of `text` as they were written."""

    text: str
    now: datetime | None

    def build(self, tree: "Tree[Token] | Token") -> Node:
        assert not isinstance(tree, str)
        match tree.data:
            case "any_of":
                return any_of(*map(self.build, tree.children))
            case "all_of":
                return all_of(*map(self.build, tree.children))
            case "negate":
                return negate(self.build(tree.children[1]))
            case "near":
                return self.near(tree)
            case "group":
                return self.build(tree.children[1])
            case "field":
                name, *values = [token for token in _tokens(tree) if token.type != "LPAR"]
                return any_of(*(self.field(name, value) for value in values))
            case "word":
                return self.word(_tokens(tree)[0])
            case _:
                return self.build(tree.children[0])

    def word(self, token: "Token") -> Word:
        try:
            return word(self.written(token))
        except ValueError:
            self.wrong(token, "empty_word")

    def near(self, tree: "Tree[Token]") -> Node:
        """A chain holds if each two neighbours do; words in brackets are tried one by one."""
        operands = [self.operand(child) for child in tree.children if not isinstance(child, str)]
        pairs: list[Node] = []
        for left, sign, right in zip(operands, _tokens(tree), operands[1:], strict=False):
            found = re.fullmatch(r"NEAR/([0-9]{1,3})", str(sign))
            if found is None or int(found[1]) > MAX_NEAR:
                self.wrong(sign, "near_number", sign=sign, limit=MAX_NEAR)
            if len(left) * len(right) > MAX_TERMS:
                self.wrong(sign, "too_many_terms", limit=MAX_TERMS)
            within = int(found[1])
            pairs.append(any_of(*(near(one.text, other.text, within) for one in left for other in right)))
        return all_of(*pairs)

    def operand(self, tree: "Tree[Token]") -> list[Word]:
        node = self.build(tree)
        words = list(node.children) if isinstance(node, Or) else [node]
        if not all(isinstance(one, Word) for one in words):
            raise _Mistake(_start(tree), "near_operand")
        return [one for one in words if isinstance(one, Word)]

    def field(self, sign: "Token", token: "Token") -> Node:
        name = str(sign)[:-1].lower()
        value = self.unquoted(token, str(token))
        match name:
            case "title":
                return InTitle(self.word(token))
            case "url":
                return InUrl(fold(value).text or self.wrong(token, "empty_word"))
            case "since":
                return Published(since=self.time(token, value))
            case "until":
                return Published(until=self.time(token, value))
        if name not in FIELDS:
            self.wrong(sign, "unknown_field", name=sign, known=" ".join(f"{one}:" for one in FIELDS))
        known = _CLOSED.get(name)
        if known is None:
            return Is(FieldName(name), value or self.wrong(token, "empty_word"))
        if value.lower() not in known:
            self.wrong(token, "bad_value", name=name, value=token, known=" ".join(known))
        return Is(FieldName(name), str(known[value.lower()]))

    def time(self, token: "Token", value: str) -> datetime:
        relative = _RELATIVE.fullmatch(value)
        if relative:
            if self.now is None:
                raise ValueError(
                    f"{value}: parse(..., now=...) is needed for a time that counts back from now"
                )
            unit = timedelta(hours=1) if relative[2].lower() == "h" else timedelta(days=1)
            return (self.now - int(relative[1]) * unit).astimezone(UTC).replace(microsecond=0)
        try:
            written = datetime.fromisoformat(value)
            moment = written if written.tzinfo else written.replace(tzinfo=SHANGHAI)
            return moment.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            self.wrong(token, "bad_time", value=token)

    def written(self, token: "Token") -> str:
        """A word or phrase as it stands in the query, in full width where it was written so."""
        return self.unquoted(token, self.text[token.start_pos : token.end_pos])

    def unquoted(self, token: "Token", text: str) -> str:
        return _ESCAPED.sub(r"\1", text[1:-1]) if token.type == "PHRASE" else text

    def wrong(self, token: "Token", key: str, **values: object) -> NoReturn:
        raise _Mistake(token.start_pos or 0, key, **values)


def _pointed(query: str, at: int) -> str:
    """The query, or the part around `at`, with a caret under that place; wide characters take two columns."""
    start, end = max(0, at - _AROUND), at + _AROUND
    shown = "".join(one if one.isprintable() else " " for one in query[start:end])
    before = ("…" if start else "") + shown[: at - start]
    after = shown[at - start :] + ("…" if end < len(query) else "")
    return f"  {before}{after}\n  {' ' * _width(before)}^"


def _shortened(text: str) -> str:
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown if len(shown) <= _QUOTED else shown[:_QUOTED] + "…"


def _width(text: str) -> int:
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
