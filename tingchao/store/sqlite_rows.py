"""The tables of the embedded store, and a mention as their rows.

`mention` holds the wire form, `fact` what is filtered and counted (narrow, so that a scan is cheap), `words` the
full text, `tag` the mentions of a topic or risk, `rollup` the mentions of each hour by topic, source, kind, label
and, within a topic, by all topics they have; topic '' stands for all mentions. A seat orders mentions by
publication and id: see `seat`.
"""

import json
from functools import lru_cache

from tingchao.mention import Mention
from tingchao.store.rules import has_of, risks_of, topics_of
from tingchao.store.sqlite_query import ID_BITS, risk_tag, topic_tag

OWNER = 0x54_43_53_54
VERSION = 1
HOUR = 3600

TABLES = """
CREATE TABLE mention (seat INTEGER PRIMARY KEY, url TEXT NOT NULL, wire BLOB NOT NULL) STRICT;
CREATE TABLE fact (
    seat INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, source TEXT NOT NULL, kind TEXT NOT NULL,
    label TEXT NOT NULL, region TEXT NOT NULL, lang TEXT NOT NULL, author TEXT NOT NULL, has INTEGER NOT NULL,
    topics TEXT NOT NULL, risks TEXT NOT NULL
) STRICT;
CREATE TABLE tag (name TEXT, seat INTEGER, PRIMARY KEY (name, seat)) STRICT, WITHOUT ROWID;
CREATE TABLE rollup (
    topic TEXT, hour INTEGER, source TEXT, kind TEXT, label TEXT, topics TEXT, n INTEGER NOT NULL,
    PRIMARY KEY (topic, hour, source, kind, label, topics)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    title, text, content='', contentless_delete=1, tokenize='ascii'
);
INSERT INTO words(words, rank) VALUES ('pgsz', 8000), ('automerge', 8);
CREATE TABLE event (
    stream TEXT, version INTEGER, event TEXT NOT NULL, PRIMARY KEY (stream, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
    kind TEXT, id TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
"""


Facts = tuple[str, str, str, str, str, str, int, str, str]
"""A row of `fact` without seat and id: source, kind, label, region, lang, author, has, topics, risks."""

Cell = tuple[str, int, str, str, str, str]
"""A row of `rollup` without its number: topic, hour, source, kind, label, topics."""


def facts(mention: Mention) -> Facts:
    """The row of `fact` for `mention`."""
    has = 0
    for bit, there in enumerate(has_of(mention)):
        has |= there << bit
    return (
        mention.source,
        mention.kind,
        mention.sentiment.label if mention.sentiment else "",
        mention.region,
        mention.lang,
        mention.author.key,
        has,
        _listed(topics_of(mention)),
        _listed(risks_of(mention)),
    )


def tags(mention: Mention) -> list[str]:
    """The names under which `tag` lists `mention`."""
    return [*map(topic_tag, topics_of(mention)), *map(risk_tag, risks_of(mention))]


def cells(mention: Mention) -> list[Cell]:
    """The rows of `rollup` that count `mention`."""
    hour = int(mention.published_at.timestamp()) // HOUR
    label = mention.sentiment.label if mention.sentiment else ""
    topics = topics_of(mention)
    listed = _listed(topics)
    common = (hour, mention.source, mention.kind, label)
    return [("", *common, ""), *((topic, *common, listed) for topic in topics)]


def seat(published: int, id: str) -> int:
    """The place of a mention in the order (published_at, id): its second, then the first bits of its id.

    Two mentions of one second with the same 30 bits: the later comer takes the next free seat.
    """
    return published << ID_BITS | int(id[:8], 16) >> 32 - ID_BITS


@lru_cache(maxsize=10_000)
def _listed(values: tuple[str, ...]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""
