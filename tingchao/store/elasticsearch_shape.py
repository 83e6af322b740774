"""How things lie in Elasticsearch: index names, templates, and a mention as a document.

A mention lives in the index of the month it was published in as first seen, in UTC; one without a date in the
index `undated`. A later crawl may read another time (or none), so `elsewhere` names the other indices where an
earlier revision can be.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tingchao.mention import Mention, Precision
from tingchao.query import HAS
from tingchao.store.rules import folded_url, given_back, has_of, risks_of, topics_of
from tingchao.text import index_form

Json = dict[str, Any]

VERSION = 2
DOUBT = timedelta(days=2)
"""How far two readings of one time of publication can be apart, where the source gives at least the day."""

_KEYWORD: Json = {"type": "keyword", "ignore_above": 8191}
PLACE: Json = {
    "fold": _KEYWORD,
    "folded": _KEYWORD,
    "origin_at": {"type": "date", "format": "epoch_second"},
}
"""Where a mention is folded; indices of before get these fields when a store is opened."""
KEPT = ["wire", "fold", "folded", "origin_at"]
"""The fields that a mention is read from."""
_KEPT: Json = {"type": "keyword", "index": False, "doc_values": False}
_TEXT: Json = {"type": "text", "analyzer": "whitespace", "norms": False, "index_phrases": True}
_ONE_SHARD: Json = {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "1s"}


class Names:
    """The names of a store's indices, all of which start with its prefix."""

    def __init__(self, prefix: str) -> None:
        self.mentions = f"{prefix}-mentions"
        self.undated = f"{prefix}-mentions-undated"
        self.events = f"{prefix}-events"
        self.documents = f"{prefix}-documents"

    def month(self, at: datetime) -> str:
        """The index of the mentions published in the month of `at`."""
        return f"{self.mentions}-{at.year:04d}-{at.month:02d}"

    def home(self, mention: Mention) -> str:
        """Where `mention` is written if it is new."""
        if mention.published_precision is Precision.NONE:
            return self.undated
        return self.month(mention.published_at)

    def about(self, at: datetime) -> set[str]:
        """Where a mention may lie of which only the time of publication is known."""
        return {self.month(at), self.month(at - DOUBT), self.month(at + DOUBT)}

    def elsewhere(self, mention: Mention) -> set[str]:
        """The other months that may hold an earlier revision of a dated mention."""
        at = mention.published_at
        if DOUBT.days < at.day <= 28 - DOUBT.days:
            return set()
        return {self.month(at - DOUBT), self.month(at + DOUBT)} - {self.month(at)}


def templates(names: Names) -> dict[str, Json]:
    """Index templates by name; strict, so that nothing is mapped by accident."""
    return {
        names.mentions: {
            "index_patterns": [f"{names.mentions}-*"],
            "priority": 200,
            "version": VERSION,
            "template": {
                "aliases": {names.mentions: {}},
                "settings": _ONE_SHARD,
                "mappings": {
                    "dynamic": "strict",
                    "properties": {
                        "id": _KEYWORD,
                        "published_at": {"type": "date", "format": "epoch_second"},
                        "source": _KEYWORD,
                        "kind": _KEYWORD,
                        "sentiment": _KEYWORD,
                        "region": _KEYWORD,
                        "lang": _KEYWORD,
                        "author": _KEYWORD,
                        "topics": _KEYWORD,
                        "risks": _KEYWORD,
                        "has": _KEYWORD,
                        **PLACE,
                        "url": _KEYWORD,
                        "title": _TEXT,
                        "text": _TEXT,
                        "wire": _KEPT,
                    },
                },
            },
        },
        names.events: _book(
            names.events,
            {"stream": _KEYWORD, "first": {"type": "integer"}, "last": {"type": "integer"}, "events": _KEPT},
        ),
        names.documents: _book(
            names.documents, {"kind": _KEYWORD, "id": _KEYWORD, "version": {"type": "integer"}, "body": _KEPT}
        ),
    }


def _book(name: str, properties: Json) -> Json:
    return {
        "index_patterns": [name],
        "priority": 200,
        "version": VERSION,
        "template": {
            "settings": _ONE_SHARD,
            "mappings": {"dynamic": "strict", "properties": {**properties, "token": _KEPT}},
        },
    }


class Indexed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mention as it lies in its index: `wire` is what is given back, the rest is what is searched."""

    id: str
    published_at: int
    source: str
    kind: str
    lang: str
    wire: str
    sentiment: str = ""
    region: str = ""
    author: str = ""
    topics: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    url: str = ""
    title: str = ""
    text: str = ""
    fold: str = ""
    folded: str = ""
    origin_at: int | None = None


def indexed(mention: Mention, wire: bytes) -> bytes:
    """The document of `mention`, as JSON."""
    return _encode(
        Indexed(
            id=mention.id,
            published_at=int(mention.published_at.timestamp()),
            source=mention.source,
            kind=mention.kind,
            lang=mention.lang,
            wire=wire.decode(),
            sentiment=mention.sentiment.label if mention.sentiment else "",
            region=mention.region,
            author=mention.author.key,
            topics=topics_of(mention),
            risks=risks_of(mention),
            has=had(mention),
            url=folded_url(mention.url),
            title=index_form(mention.title) if mention.title else "",
            text=index_form(mention.text),
            fold=mention.fold,
            folded=mention.folded,
            origin_at=_seconds(mention.origin_at),
        )
    )


def shown_at(mention: Mention) -> Json:
    """The part of a document that says where a mention is folded."""
    return {
        "fold": mention.fold,
        "folded": mention.folded,
        "origin_at": _seconds(mention.origin_at),
        "has": had(mention),
    }


def read(source: Json) -> Mention:
    """The mention of a document, of which the fields `KEPT` were asked for."""
    return given_back(
        source["wire"].encode(), source.get("fold", ""), source.get("folded", ""), source.get("origin_at")
    )


def had(mention: Mention) -> tuple[str, ...]:
    """What a mention has, as `has:` looks for it."""
    return tuple(name for name, there in zip(HAS, has_of(mention), strict=True) if there)


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


_encode = msgspec.json.Encoder().encode
