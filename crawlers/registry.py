"""The registry: every source there is a parser for, one entry each in `registry.yaml`.

What is known of a source stands there once: its hosts and whether they may be asked, how a spider asks it, which
parsers read it, its caps and rules. `python -m crawlers.registry` writes the pages in docs/sources/ from it.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec
import yaml

RECORDED = "2026-08"
"""When others looked at robots.txt and terms; whoever relies on it fetches them anew."""


class Openness(StrEnum):
    """OPEN: to anybody; KEY: an official API with a key of one's own; CLOSED: robots.txt or terms forbid crawlers."""

    OPEN = "open"
    KEY = "key"
    CLOSED = "closed"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in two languages."""

    zh: str
    en: str


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header by which a key goes to its API: `scheme` and the key, or a token got for it at `token_url` (OAuth
    2.0 client credentials, RFC 6749, 4.4). `holds` says what the key is."""

    header: str
    holds: str
    scheme: str = ""
    token_url: str = ""


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `a_day` requests to addresses whose path starts with `path`; a day begins at midnight in `zone`."""

    name: str
    path: str
    a_day: int
    zone: str = "Asia/Shanghai"


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A first question: `url` with fields of the source in braces; `{each}` is each value of the field `each`."""

    url: str
    parser: str
    each: str = ""


class Spider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a source is asked. `needs` are fields of `Source` it cannot do without; `a|b` is one of the two."""

    asks: tuple[Opening, ...]
    needs: tuple[str, ...] = ()
    base: str = ""
    lists: tuple[str, ...] = ()
    auth: Auth | None = None
    quotas: tuple[Quota, ...] = ()


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source. `comments` are the levels that are read; `parsers` give a typical address each; `stance` is what
    robots.txt and terms said in `RECORDED`; `example` is an entry of sources.yaml, or a command that imports."""

    id: str
    name: Words
    openness: Openness
    reads: Words
    permission: str
    stance: str
    caps: str
    parsers: Mapping[str, str]
    importing: str
    example: str
    hosts: tuple[str, ...] = ()
    spiders: Mapping[str, Spider] = {}
    retention: str = ""
    retention_days: int | None = None
    comments: int = 0


@cache
def entries() -> tuple[Entry, ...]:
    """All of them, as they stand in the file."""
    text = (files("crawlers") / "registry.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader)["sources"], tuple[Entry, ...])


@cache
def spiders() -> Mapping[str, Spider]:
    """Every spider by its name."""
    return {name: spider for entry in entries() for name, spider in entry.spiders.items()}


@cache
def typical_urls() -> Mapping[str, str]:
    """An address of the kind that each parser's pages have."""
    return {parser: url for entry in entries() for parser, url in entry.parsers.items()}


def entry_of_host(host: str) -> Entry | None:
    """The entry that names this host or a domain above it; the nearest one where several do.

    >>> entry_of_host("m.weibo.cn").id, entry_of_host("c.api.weibo.com").id, entry_of_host("news.example")
    ('weibo', 'weibo-open', None)
    """
    named = [
        (len(domain), entry)
        for entry in entries()
        for domain in entry.hosts
        if host == domain or host.endswith(f".{domain}")
    ]
    return max(named, key=lambda found: found[0])[1] if named else None


def closed_entry(url: str) -> Entry | None:
    """The entry of a closed platform that an address lies on; None where it lies on none."""
    entry = entry_of_host((urlsplit(url).hostname or "").rstrip(".").lower())
    return entry if entry and entry.openness is Openness.CLOSED else None


if __name__ == "__main__":
    from crawlers.registry_pages import write

    for path in write():
        print(path)
