"""Compile a scope into Elasticsearch's query language, as plain JSON.

Words go through `multi_match` phrases, whose text is analysed and never parsed; there is no `query_string`. All of
it filters, nothing scores.
"""

from collections.abc import Sequence
from typing import Any

from tingchao.errors import BadInput
from tingchao.query import And, FieldName, InTitle, InUrl, Is, Near, Node, Not, Or, Published, Word
from tingchao.store import Scope
from tingchao.store.rules import seconds, span, window

Json = dict[str, Any]

DEEPEST = 30
"""Elasticsearch's own limit of nested queries (`indices.query.bool.max_nested_depth`)."""

_COLUMNS = {
    FieldName.SOURCE: "source",
    FieldName.KIND: "kind",
    FieldName.SENTIMENT: "sentiment",
    FieldName.TOPIC: "topics",
    FieldName.RISK: "risks",
    FieldName.REGION: "region",
    FieldName.LANG: "lang",
    FieldName.AUTHOR: "author",
    FieldName.FOLD: "fold",
    FieldName.HAS: "has",
}
_NOTHING: Json = {"match_none": {}}


def compiled(scope: Scope) -> Json:
    """The query of `scope`. Raises `BadInput` for a naive time or a tree deeper than Elasticsearch takes."""
    low, high = span(scope.since, scope.until)
    published: Json = {"range": {"published_at": {"gte": low, "lt": high, "format": "epoch_second"}}}
    asked = _query(scope.query.root)
    if _depth(asked) > DEEPEST:
        raise BadInput(
            f"the query nests {_depth(asked)} levels deep; Elasticsearch takes {DEEPEST}. Flatten it"
        )
    filters = [] if scope.since is None and scope.until is None else [published]
    if not scope.unfolded:
        filters.append(_shown(scope))
    return {"bool": {"filter": [*filters, asked]}}


def _shown(scope: Scope) -> Json:
    """All but what is shown under another mention of the same time."""
    low, high = window(scope)
    return _any(
        [
            {"bool": {"must_not": [{"exists": {"field": "origin_at"}}]}},
            {"range": {"origin_at": {"lt": low, "format": "epoch_second"}}},
            {"range": {"origin_at": {"gte": high, "format": "epoch_second"}}},
        ]
    )


def _query(node: Node) -> Json:
    match node:
        case Word(tokens=tokens):
            return _phrase(tokens, ["title", "text"])
        case InTitle(word=word):
            return _phrase(word.tokens, ["title"])
        case Near():
            return _any([_near(node, field) for field in ("title", "text")])
        case Is(name=name, value=value):
            return {"term": {_COLUMNS[name]: {"value": _storable(value)}}}
        case InUrl(text=text):
            return {"wildcard": {"url": {"value": f"*{_literal(_storable(text))}*"}}}
        case Published(since=since, until=until):
            bounds: Json = {"format": "epoch_second"}
            if since is not None:
                bounds["gte"] = seconds(since)
            if until is not None:
                bounds["lt"] = seconds(until)
            return {"range": {"published_at": bounds}}
        case Not(child=child):
            return {"bool": {"must_not": [_query(child)]}}
        case And(children=children):
            wanted = [_query(child) for child in children if not isinstance(child, Not)]
            unwanted = [_query(child.child) for child in children if isinstance(child, Not)]
            if not children:
                return {"match_all": {}}
            return {"bool": {"filter": wanted, "must_not": unwanted}}
        case Or(children=children):
            return _any([_query(child) for child in children])
        case _:
            raise AssertionError(f"no Elasticsearch query for {node!r}")


def _any(queries: Sequence[Json]) -> Json:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}} if queries else _NOTHING


def _phrase(tokens: Sequence[str], fields: Sequence[str]) -> Json:
    return {"multi_match": {"query": " ".join(tokens), "type": "phrase", "fields": list(fields)}}


def _near(node: Near, field: str) -> Json:
    """Either order, each without overlap: an unordered `span_near` would let the two share characters."""
    left, right = _span(node.left, field), _span(node.right, field)
    orders = [
        {"span_near": {"clauses": pair, "slop": node.within, "in_order": True}}
        for pair in ([left, right], [right, left])
    ]
    return {"span_or": {"clauses": orders}}


def _span(word: Word, field: str) -> Json:
    terms = [{"span_term": {field: token}} for token in word.tokens]
    return terms[0] if len(terms) == 1 else {"span_near": {"clauses": terms, "slop": 0, "in_order": True}}


def _literal(text: str) -> str:
    """`text` with the signs of a wildcard escaped."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _storable(value: str) -> str:
    """Lone surrogates cannot be sent, and nothing that is stored has one."""
    return value.encode("utf-8", "replace").decode()


def _depth(query: Json) -> int:
    """Queries inside each other, the outermost `bool` of the scope included."""
    deepest = 0
    waiting: list[tuple[Any, int]] = [(query, 2)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = one.get("bool", {})
        waiting += [
            (child, depth + 1) for key in ("filter", "must_not", "should") for child in inner.get(key, ())
        ]
    return deepest
