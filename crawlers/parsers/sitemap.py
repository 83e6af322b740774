"""Sitemaps (sitemaps.org, with Google's news extension): which articles of a site are new.

An index leads from one of its sitemaps to the next. What is followed is an article of the last week, at the address
as the sitemap gives it, on the sitemap's own site.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from crawlers.parsers.page import APART, Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import count
from tingchao.privacy import Seal
from tingchao.times import when

LOOKBACK = timedelta(days=7)
MOST_ARTICLES = 200
MOST_SITEMAPS = 10
LARGEST = 5_000_000
"""Bytes of a sitemap after unpacking."""
LONGEST_ADDRESS = 1_000
_SETTLED = timedelta(days=2)
"""Set before the time of an article: it has no comments that would make it worth a visit while it is young."""
_REST, _SHARE = "rest", "share"


@dataclass(frozen=True, slots=True)
class _Listed:
    """An entry: its address, and when it was published or changed (None where it does not tell)."""

    url: str
    shown: str
    at: datetime | None


def sitemap(page: Page, seal: Seal) -> Parsed:
    """Articles to follow, the newest first; of an index, its sitemaps one after another."""
    root = _root(page.body)
    kind = _name(root)
    if kind not in {"urlset", "sitemapindex"}:
        return Parsed(Outcome.CHANGED, missing=("urlset",))
    gathering = Gathering(page, seal)
    listed = sorted(_listed(root, page, gathering), key=_newest_first)
    if kind == "sitemapindex":
        following = [entry.url for entry in listed][:MOST_SITEMAPS]
        share = str(max(MOST_ARTICLES // max(len(following), 1), 1))
        return Parsed(
            Outcome.ITEMS if following else Outcome.EMPTY,
            next=_next(following, {**page.context, _SHARE: share}),
            missing=tuple(sorted(gathering.missing)),
        )
    for entry in listed[: count(page.context.get(_SHARE)) or MOST_ARTICLES]:
        name = hashlib.blake2b(entry.url.encode(), digest_size=12).hexdigest()
        ask = Ask(entry.url, "article", {"thread": name})
        gathering.follow.append(Follow(name, ask, entry.shown, (entry.at or page.captured_at) - _SETTLED))
    parsed = gathering.parsed()
    rest = [url for url in page.context.get(_REST, "").split("\n") if url][:MOST_SITEMAPS]
    return Parsed(
        parsed.outcome, next=_next(rest, page.context), missing=parsed.missing, follow=parsed.follow
    )


def _next(sitemaps: list[str], context: Any) -> Ask | None:
    if not sitemaps:
        return None
    number = str((count(context.get("page")) or 1) + 1)
    kept = {_SHARE: context[_SHARE]} if _SHARE in context else {}
    return Ask(
        sitemaps[0], "sitemap", {**kept, "page": number, _REST: "\n".join(sitemaps[1:]), APART: "true"}
    )


def _listed(root: Any, page: Page, gathering: Gathering) -> Iterator[_Listed]:
    """Entries of the last week, and those that tell no time."""
    for entry in root:
        if _name(entry) not in {"url", "sitemap"}:
            continue
        own = {_name(element): (element.text or "").strip() for element in entry}
        gathering.expect(loc=own.get("loc", ""))
        url = _on_site(own.get("loc", ""), page.url)
        shown = _news_date(entry) or own.get("lastmod", "")
        moment = when(shown, page.captured_at, tz=UTC).at if shown else None
        if url and not (moment and page.captured_at - moment > LOOKBACK):
            yield _Listed(url, shown[:40], moment)


def _news_date(entry: Any) -> str:
    elements = (element for element in entry.iter() if _name(element) == "publication_date")
    return next(((element.text or "").strip() for element in elements), "")


def _newest_first(entry: _Listed) -> float:
    return -entry.at.timestamp() if entry.at else 0.0


def _on_site(address: str, sitemap: str) -> str:
    """The address, if it is of the sitemap's site or one below it; else ""."""
    if not address or len(address) > LONGEST_ADDRESS or any(sign <= " " for sign in address):
        return ""
    try:
        url = urljoin(sitemap, address)
        parts, own = urlsplit(url), urlsplit(sitemap)
        host, site = parts.hostname or "", (own.hostname or "").removeprefix("www.")
        same = parts.netloc == own.netloc or host == site or host.endswith(f".{site}")
    except ValueError:
        return ""
    return url if same and parts.scheme in {"http", "https"} else ""


def _root(body: bytes) -> Any:
    if body[:2] == b"\x1f\x8b":
        try:
            body = zlib.decompressobj(31).decompress(body, LARGEST)
        except zlib.error:
            return None
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _name(element: Any) -> str:
    """An element's name without its namespace."""
    tag = getattr(element, "tag", "")
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


PARSERS: dict[str, Parser] = {"sitemap": sitemap}
