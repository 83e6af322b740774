"""The boolean query language: parse once; match a text with the tree, or compile the tree for a store.

Read in this order: `tree` (the nodes), `query.lark` (the grammar), `reading` (text to tree, and what is said of
a mistake), `writing` (tree to text), `matching` (tree against a text, and why). The stores compile the same
tree in `tingchao.store`. `docs/queries.md` is the reference for people.
"""

from tingchao.query.matching import Hit, Subject, match, spots
from tingchao.query.reading import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, MisreadQuery, hints, parse
from tingchao.query.tree import (
    EVERYTHING,
    HAS,
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
    all_of,
    any_of,
    near,
    negate,
    terms,
    walk,
    word,
)
from tingchao.query.writing import to_text

__all__ = [
    "EVERYTHING",
    "HAS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TERMS",
    "And",
    "FieldName",
    "Hit",
    "InTitle",
    "InUrl",
    "Is",
    "MisreadQuery",
    "Near",
    "Node",
    "Not",
    "Or",
    "Published",
    "Query",
    "Subject",
    "Word",
    "all_of",
    "any_of",
    "hints",
    "match",
    "near",
    "negate",
    "parse",
    "spots",
    "terms",
    "to_text",
    "walk",
    "word",
]
