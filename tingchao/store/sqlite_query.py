"""Compile a scope into one SQL statement with parameters.

What can be asked of the full-text index in one expression is asked there, and drives the statement in order
of publication; the rest becomes a condition on `fact t`, of which what asks for traits only is asked of the few rows
of `trait c`. Every value is a parameter. The full-text expression holds only phrases of our own tokens, each quoted.
"""

# ruff: noqa: S608  (only names of our own tables are put into SQL; every value is a parameter)

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tingchao.query import HAS, And, FieldName, InTitle, InUrl, Is, Near, Node, Not, Or, Published, Word
from tingchao.store import Scope
from tingchao.store.rules import END, FIRST, span
from tingchao.store.sqlite_rows import ID_BITS, listed, mark

Value = str | int

_DEEPEST = 24
"""Nested brackets of one full-text expression; FTS5 has an end to them."""

_COLUMNS = {
    FieldName.SOURCE: "source",
    FieldName.KIND: "kind",
    FieldName.SENTIMENT: "label",
    FieldName.REGION: "region",
    FieldName.LANG: "lang",
}
_LISTS = {FieldName.TOPIC: "topics", FieldName.RISK: "risks"}
_MARKED = (FieldName.TOPIC, FieldName.RISK, FieldName.AUTHOR)


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL and what its question marks stand for."""

    sql: str
    values: tuple[Value, ...] = ()


EVERYTHING = Condition("1")
"""What `of_traits` makes of a query that asks for nothing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The mentions of a scope, ready to be put into a statement.

    `text` is a full-text expression or None, `rest` a condition on `fact t` or None; [low, high) are seconds of
    publication. `traits` is all of the query as a condition on `trait c`, or None if it asks for more.
    """

    text: str | None
    rest: Condition | None
    traits: Condition | None
    low: int
    high: int

    def statement(self, columns: str, *, fact: bool, tail: str = "") -> tuple[str, tuple[Value, ...]]:
        """`SELECT columns` over the selection; `{seat}` in `columns` and `tail` is the seat. `fact` joins `fact t`."""
        wanted: list[Condition] = []
        if self.text is None:
            seat, source = "t.seat", "fact t"
        else:
            seat, source = "words.rowid", "words"
            wanted.append(Condition("words MATCH ?", (self.text,)))
            if fact or self.rest is not None:
                source += f" CROSS JOIN fact t ON t.seat = {seat}"
        if (self.low, self.high) != (FIRST, END):
            low, high = self.low << ID_BITS, self.high << ID_BITS
            wanted.append(Condition(f"{seat} >= ? AND {seat} < ?", (low, high)))
        if self.rest is not None:
            wanted.append(self.rest)
        where = both(wanted)
        sql = f"SELECT {columns} FROM {source} WHERE {where.sql} {tail}".replace("{seat}", seat)
        return sql, where.values


def compiled(scope: Scope) -> Selection:
    """The selection of `scope`. Raises `BadInput` for a naive time."""
    low, high = span(scope.since, scope.until)
    texts: list[Node] = []
    without: list[Node] = []
    rest: list[Node] = []
    asked: list[Node] = []
    for part in _parts(scope.query.root):
        if isinstance(part, Published):
            since, until = span(part.since, part.until)
            low, high = max(low, since), min(high, until)
            continue
        asked.append(part)
        if isinstance(part, Not) and expression(part.child) is not None:
            without.append(part.child)
        elif expression(part) is not None:
            texts.append(part)
        else:
            rest.append(part)
    if not texts:  # the full-text index cannot say NOT alone
        rest.extend(Not(child) for child in without)
        without = []
    text = expression(And((*texts, *(Not(child) for child in without)))) if texts else None
    high = max(low, high)
    chosen = Selection(
        text=text,
        rest=condition(And(tuple(rest)), low, high) if rest else None,
        traits=of_traits(And(tuple(asked))),
        low=low,
        high=high,
    )
    return chosen if scope.unfolded else _shown(chosen)


def _shown(chosen: Selection) -> Selection:
    """Without what is shown under another mention of the same time."""
    if chosen.traits is not None and (chosen.low, chosen.high) == (FIRST, END):
        origins = of_traits(Not(Is(FieldName.HAS, "folded")))
        assert origins is not None
        rest = both([*filter(None, [chosen.rest]), _of_codes(origins)])
        return replace(chosen, rest=rest, traits=both([chosen.traits, origins]))
    outside = Condition("(t.origin IS NULL OR t.origin < ? OR t.origin >= ?)", (chosen.low, chosen.high))
    rest = both([*filter(None, [chosen.rest]), outside])
    return replace(chosen, rest=rest, traits=None)


def _parts(root: Node) -> Iterable[Node]:
    return root.children if isinstance(root, And) else (root,)


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
        case Is(name=name, value=value) if name in _MARKED:
            return f'"{mark(name, _storable(value))}"'
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


# --- conditions on `fact t` and `trait c`


def condition(node: Node, low: int, high: int) -> Condition:
    """`node` as a condition on `fact t`, whose seats lie within the seconds [low, high)."""
    traits = of_traits(node)
    if traits is not None:
        return _of_codes(traits)
    text = expression(node)
    if text is not None:
        return _in_text(text, low, high)
    match node:
        case Is(name=FieldName.FOLD, value=value):
            return Condition(
                "t.seat IN (SELECT m.seat FROM mention m WHERE m.fold = ? AND m.fold <> '')",
                (_storable(value),),
            )
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
            of_few = [child for child in children if of_traits(child) is not None]
            others = [child for child in children if of_traits(child) is None]
            parts = [And(tuple(of_few)), *others] if of_few else others
            return both([condition(part, low, high) for part in parts])
        case Or(children=children):
            return _balanced("OR", [condition(child, low, high) for child in children], "0")
        case _:
            raise AssertionError(f"no SQL for {node!r}")


def _of_codes(traits: Condition) -> Condition:
    """The mentions whose traits are so."""
    return Condition(f"t.trait IN (SELECT c.code FROM trait c WHERE {traits.sql})", traits.values)


def of_traits(node: Node) -> Condition | None:
    """`node` as a condition on `trait c`, or None if it asks for something else."""
    match node:
        case Is(name=FieldName.HAS, value=value):
            return Condition("c.has & ? <> 0", (1 << HAS.index(value) if value in HAS else 0,))
        case Is(name=name, value=value) if name in _COLUMNS:
            return Condition(f"c.{_COLUMNS[name]} = ?", (_storable(value),))
        case Is(name=name, value=value) if name in _LISTS:
            alone = listed((_storable(value),))
            return (
                Condition(f"instr(c.{_LISTS[name]}, ?)", (alone,))
                if alone.count("\n") == 2
                else Condition("0")
            )
        case Not(child=child):
            inner = of_traits(child)
            return None if inner is None else Condition(f"NOT ({inner.sql})", inner.values)
        case And(children=children) | Or(children=children):
            parts = [of_traits(child) for child in children]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return both(known) if isinstance(node, And) else _balanced("OR", known, "0")
        case _:
            return None


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
