"""Compile a scope into one SQL statement with parameters.

What can be asked of the full-text index in one expression is asked there, and drives the statement in order
of publication; the rest becomes a condition on `fact t`. Every value is a parameter. The full-text expression
holds only phrases of our own tokens, each quoted.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tingchao.query import And, FieldName, InTitle, InUrl, Is, Near, Node, Not, Or, Published, Word
from tingchao.store import Scope
from tingchao.store.rules import HAS, span

Value = str | int

ID_BITS = 30
"""A seat is the second of publication and the first 30 bits of the id: newest first is seats descending."""

_DEEPEST = 24
"""Nested brackets of one full-text expression; FTS5 has an end to them."""

_COLUMNS = {
    FieldName.SOURCE: "source",
    FieldName.KIND: "kind",
    FieldName.SENTIMENT: "label",
    FieldName.REGION: "region",
    FieldName.LANG: "lang",
    FieldName.AUTHOR: "author",
}
_ROLLED = {FieldName.SOURCE, FieldName.KIND, FieldName.SENTIMENT}


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL and what its question marks stand for."""

    sql: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The mentions of a scope, ready to be put into a statement.

    `text` is a full-text expression or None, `topic` one topic that all of them have or None, `rest` a
    condition on `fact t` or None; [low, high) are seconds of publication. `rolled`: the roll-ups know all
    that `rest` asks for.
    """

    text: str | None
    topic: str | None
    rest: Condition | None
    low: int
    high: int

    rolled: bool

    def statement(self, columns: str, *, fact: bool, tail: str = "") -> tuple[str, tuple[Value, ...]]:
        """`SELECT columns` over the selection; `{seat}` in `columns` and `tail` is the seat. `fact` joins `fact t`."""
        low, high = self.low << ID_BITS, self.high << ID_BITS
        wanted: list[Condition] = []
        needs_fact = fact or self.rest is not None
        if self.text is not None:
            seat, source = "words.rowid", "words"
            wanted.append(Condition("words MATCH ?", (self.text,)))
            if self.topic is not None:
                wanted.append(tagged(topic_tag(self.topic), seat))
        elif self.topic is not None:
            seat, source = "tag.seat", "tag"
            wanted.append(Condition("tag.name = ?", (topic_tag(self.topic),)))
        else:
            seat, source, needs_fact = "t.seat", "fact t", False
        if needs_fact:
            source += f" CROSS JOIN fact t ON t.seat = {seat}"
        wanted.append(Condition(f"{seat} >= ? AND {seat} < ?", (low, high)))
        if self.rest is not None:
            wanted.append(self.rest)
        where = both(wanted)
        sql = f"SELECT {columns} FROM {source} WHERE {where.sql} {tail}".replace("{seat}", seat)
        return sql, where.values


def topic_tag(topic: str) -> str:
    """The name under which table `tag` lists the mentions of a topic."""
    return f"topic:{topic}"


def risk_tag(category: str) -> str:
    """The name under which table `tag` lists the mentions with a risk."""
    return f"risk:{category}"


def compiled(scope: Scope) -> Selection:
    """The selection of `scope`. Raises `BadInput` for a naive time."""
    low, high = span(scope.since, scope.until)
    texts: list[Node] = []
    without: list[Node] = []
    topic: str | None = None
    rest: list[Node] = []
    for part in _parts(scope.query.root):
        match part:
            case Published(since=since, until=until):
                since_second, until_second = span(since, until)
                low, high = max(low, since_second), min(high, until_second)
            case Is(name=FieldName.TOPIC, value=value) if topic is None:
                topic = value
            case Not(child=child) if expression(child) is not None:
                without.append(child)
            case _ if expression(part) is not None:
                texts.append(part)
            case _:
                rest.append(part)
    high = max(low, high)
    if not texts:  # the full-text index cannot say NOT alone
        rest.extend(Not(child) for child in without)
        without = []
    text = expression(And((*texts, *(Not(child) for child in without)))) if texts else None
    conditions = [condition(node, low, high) for node in rest]
    return Selection(
        text=text,
        topic=topic,
        rest=both(conditions) if conditions else None,
        low=low,
        high=high,
        rolled=text is None and all(_is_rolled(node) for node in rest),
    )


def _parts(root: Node) -> Iterable[Node]:
    return root.children if isinstance(root, And) else (root,)


def _is_rolled(node: Node) -> bool:
    match node:
        case Is(name=name):
            return name in _ROLLED
        case Not(child=child):
            return _is_rolled(child)
        case And(children=children) | Or(children=children):
            return all(_is_rolled(child) for child in children)
        case _:
            return False


# --- full text


def expression(node: Node, depth: int = 0) -> str | None:
    """`node` in the language of FTS5, or None where that language cannot say it exactly."""
    if depth > _DEEPEST:
        return None
    match node:
        case Word():
            return phrase(node)
        case InTitle(word=word):
            return f"title : {phrase(word)}"
        case Near() if not can_overlap(node.left.tokens, node.right.tokens):
            return _near(node)
        case Or(children=children) if children:
            return _joined(" OR ", [expression(child, depth + 1) for child in children])
        case And(children=children):
            present = [expression(child, depth + 1) for child in children if not isinstance(child, Not)]
            absent = [expression(child.child, depth + 1) for child in children if isinstance(child, Not)]
            wanted = _joined(" AND ", present) if present else None
            if wanted is None or not absent:
                return wanted
            unwanted = _joined(" OR ", absent)
            return None if unwanted is None else f"({wanted} NOT {unwanted})"
        case _:
            return None


def phrase(word: Word) -> str:
    """The tokens of a word next to each other, quoted."""
    return '"' + " ".join(word.tokens).replace('"', '""') + '"'


def can_overlap(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether an occurrence of one can share characters with one of the other, which FTS5 would call near."""
    lengths = range(1, min(len(left), len(right)) + 1)
    if any(left[-size:] == right[:size] or right[-size:] == left[:size] for size in lengths):
        return True
    short, long = sorted((tuple(left), tuple(right)), key=len)
    return any(long[at : at + len(short)] == short for at in range(len(long) - len(short) + 1))


def _near(node: Near) -> str:
    return f"NEAR({phrase(node.left)} {phrase(node.right)}, {node.within})"


def _joined(operator: str, parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else f"({operator.join(known)})"


# --- conditions on `fact t`


def condition(node: Node, low: int, high: int) -> Condition:
    """`node` as a condition on `fact t`, whose seats lie within the seconds [low, high)."""
    text = expression(node)
    if text is not None:
        return _in_text(text, low, high)
    match node:
        case Is(name=FieldName.HAS, value=value):
            return Condition("t.has & ? <> 0", (1 << HAS.index(value) if value in HAS else 0,))
        case Is(name=FieldName.TOPIC, value=value):
            return tagged(topic_tag(value), "t.seat")
        case Is(name=FieldName.RISK, value=value):
            return tagged(risk_tag(value), "t.seat")
        case Is(name=name, value=value):
            return Condition(f"t.{_COLUMNS[name]} = ?", (_storable(value),))
        case InUrl(text=part):
            return Condition(
                "(SELECT instr(m.url, ?) FROM mention m WHERE m.seat = t.seat) > 0", (_storable(part),)
            )
        case Published(since=since, until=until):
            first, end = span(since, until)
            return Condition("(t.seat >= ? AND t.seat < ?)", (first << ID_BITS, end << ID_BITS))
        case Near(left=left, right=right, within=within):
            found = _in_text(_near(node), low, high)
            check = "(SELECT apart(m.wire, ?, ?, ?) FROM mention m WHERE m.seat = t.seat)"
            return both([found, Condition(check, (left.text, right.text, within))])
        case Not(child=child):
            inner = condition(child, low, high)
            return Condition(f"NOT ({inner.sql})", inner.values)
        case And(children=children):
            return both([condition(child, low, high) for child in children])
        case Or(children=children):
            return _balanced("OR", [condition(child, low, high) for child in children], "0")
        case _:
            raise AssertionError(f"no SQL for {node!r}")


def tagged(name: str, seat: str) -> Condition:
    """The mention at `seat` is listed under this tag."""
    return Condition(f"EXISTS (SELECT 1 FROM tag g WHERE g.name = ? AND g.seat = {seat})", (_storable(name),))


def both(conditions: Sequence[Condition]) -> Condition:
    """All of the conditions."""
    return _balanced("AND", conditions, "1")


def _in_text(text: str, low: int, high: int) -> Condition:
    return Condition(
        "t.seat IN (SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ?)",
        (text, low << ID_BITS, high << ID_BITS),
    )


def _balanced(operator: str, conditions: Sequence[Condition], without_any: str) -> Condition:
    """Joined as a balanced tree: SQLite refuses one that is a thousand deep."""
    if not conditions:
        return Condition(without_any)
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    left = _balanced(operator, conditions[:middle], without_any)
    right = _balanced(operator, conditions[middle:], without_any)
    return Condition(f"({left.sql} {operator} {right.sql})", left.values + right.values)


def _storable(value: str) -> str:
    """Lone surrogates cannot be bound, and nothing that is stored has one."""
    return value.encode("utf-8", "replace").decode()
