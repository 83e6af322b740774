"""The tables of the embedded store, and a mention as their rows.

`mention` holds the wire form, and where the mention is folded, which changes without it; `words` the full text with the
marks of a mention (its topics, risks and author); `trait` each distinct set of what mentions are counted by, under a
code; `fact` the code of each mention, and when the origin of a folded one was published, narrow, so that a scan is cheap;
`tally` the mentions of each hour by code. A seat orders mentions by publication and id: see `seat`. `change` counts the
transactions that wrote mentions, so that a count may be kept until the next one.
"""

import re
from functools import lru_cache
from itertools import product

from tingchao.mention import Mention
from tingchao.query import HAS
from tingchao.store.rules import has_of, risks_of, topics_of

OWNER = 0x54_43_53_54
VERSION = 3
HOUR = 3600

ID_BITS = 30
"""A seat is the second of publication and the first 30 bits of the id: newest first is seats descending."""

TABLES = """
CREATE TABLE mention (
    seat INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, url TEXT NOT NULL, wire BLOB NOT NULL,
    fold TEXT NOT NULL DEFAULT '', folded TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX mention_fold ON mention(fold) WHERE fold <> '';
CREATE TABLE trait (
    code INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, region TEXT NOT NULL,
    lang TEXT NOT NULL, has INTEGER NOT NULL, topics TEXT NOT NULL, risks TEXT NOT NULL,
    UNIQUE (source, kind, label, region, topics, risks, lang, has)
) STRICT;
CREATE TABLE fact (seat INTEGER PRIMARY KEY, trait INTEGER NOT NULL, origin INTEGER) STRICT;
CREATE TABLE tally (hour INTEGER PRIMARY KEY, counts BLOB NOT NULL) STRICT;
CREATE TABLE change (n INTEGER NOT NULL) STRICT;
INSERT INTO change VALUES (0);
CREATE VIRTUAL TABLE words USING fts5 (
    title, text, marks, content='', contentless_delete=1, tokenize='ascii'
);
INSERT INTO words(words, rank) VALUES ('pgsz', 8000), ('automerge', 8);
CREATE TABLE event (
    stream TEXT, version INTEGER, event TEXT NOT NULL, PRIMARY KEY (stream, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
    kind TEXT, id TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
"""

UPGRADES = {
    2: """
ALTER TABLE mention ADD COLUMN fold TEXT NOT NULL DEFAULT '';
ALTER TABLE mention ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX mention_fold ON mention(fold) WHERE fold <> '';
ALTER TABLE fact ADD COLUMN origin INTEGER;
"""
}
"""What makes of a file of that version one of the next, without touching a mention."""

Trait = tuple[str, str, str, str, str, int, str, str]
"""A row of `trait` without its code: source, kind, label, region, lang, has, topics, risks."""

_MARK = chr(0xF0001)
"""Begins a mark. In a text it would stand for a control character, which no folded text has: no word finds it."""

_PLAIN = re.compile("[0-9a-z]+")
_BITS = {
    there: sum(1 << bit for bit, is_there in enumerate(there) if is_there)
    for there in product((False, True), repeat=len(HAS))
}


def trait(mention: Mention) -> Trait:
    """What `mention` is filtered and counted by."""
    sentiment = mention.sentiment
    return (
        mention.source,
        mention.kind,
        sentiment.label if sentiment is not None else "",
        mention.region,
        mention.lang,
        _BITS[has_of(mention)],
        listed(topics_of(mention)),
        listed(risks_of(mention)),
    )


def marks(traits: Trait, author: str) -> str:
    """The column `marks` of `words`: one token each for the topics, the risks and the author."""
    of_traits = _marks(traits[6], traits[7])
    return f"{of_traits} {mark('author', author)}" if author else of_traits


@lru_cache(maxsize=10_000)
def _marks(topics: str, risks: str) -> str:
    return " ".join(
        [
            *(mark("topic", topic) for topic in unlisted(topics)),
            *(mark("risk", risk) for risk in unlisted(risks)),
        ]
    )


def mark(field: str, value: str) -> str:
    """The token under which `words` lists the mentions with this topic, risk or author.

    The tokenizer knows letters, digits and what is not ASCII, and folds case: any other value is written in
    hexadecimal.
    """
    if _PLAIN.fullmatch(value):
        return f"{_MARK}{field[0]}{value}"
    return f"{_MARK}{field[0]}{_MARK}{value.encode('utf-8', 'replace').hex()}"


def origin(mention: Mention) -> int | None:
    """When the origin of a folded mention was published, in seconds."""
    return None if mention.origin_at is None else int(mention.origin_at.timestamp())


def listed(values: tuple[str, ...]) -> str:
    """Topics or risks as one text, each between line ends; none of them may have one."""
    return "\n" + "\n".join(values) + "\n" if values else ""


def unlisted(values: str) -> list[str]:
    """The topics or risks of `listed`."""
    return values.split("\n")[1:-1]


def seat(published: int, id: str) -> int:
    """The place of a mention in the order (published_at, id): its second, then the first bits of its id.

    Two mentions of one second with the same 30 bits: the later comer takes the next free seat.
    """
    return published << ID_BITS | int(id[:8], 16) >> 32 - ID_BITS
