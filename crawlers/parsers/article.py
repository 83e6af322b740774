"""An article of any site: its text without menus and advertisements (trafilatura), title, time, canonical address."""

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from parsel import Selector
from w3lib.url import canonicalize_url, url_query_cleaner

from crawlers.parsers.markup import decoded, html_to_text
from crawlers.parsers.page import Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, rows, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

LARGEST = 2_000_000
"""Characters; what is longer is no article."""
ENOUGH = 100
"""Characters of text that make an article."""
LONGEST_ID = 512
_MOST_LD = 20
_TRACKING = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "spm",
    "from",
    "fbclid",
    "gclid",
]
_FROM_TRAFILATURA = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What it lets through on pages that are no HTML. lxml's own errors are of these."""
_TIMES = (
    "meta[property='article:published_time']::attr(content)",
    "meta[itemprop='datePublished']::attr(content)",
    "meta[name='publishdate']::attr(content)",
    "meta[name='PubDate']::attr(content)",
    "time[datetime]::attr(datetime)",
)
_SURROGATES = re.compile("[\ud800-\udfff\x00]")


def article(page: Page, seal: Seal) -> Parsed:
    """One article. Where the page has none: `end` if a sitemap led here, for that lists other pages too; else `changed`."""
    html = _SURROGATES.sub("\ufffd", decoded(page))
    if len(html) > LARGEST or "<" not in html:
        return _none(page)
    found = _extracted(html, page.captured_at)
    selector = Selector(text=html, type="html")
    title = words(getattr(found, "title", None)) or html_to_text(selector.css("title").get(""))
    text = words(getattr(found, "text", None)) or words(getattr(found, "description", None))
    if found is None or not (title and text):
        return _none(page)
    author = _author(selector) or words(getattr(found, "author", None))
    url = _canonical(selector, page.url)
    gathering = Gathering(page, seal)
    gathering.add(
        native_id=native_id(url),
        kind=Kind.ARTICLE,
        title=title,
        text=text.removeprefix(f"{title}\n"),
        published=_published(selector) or words(getattr(found, "date", None)),
        url=url,
        author_id=author,
        author_name=author,
        media=(words(getattr(found, "image", None)),),
    )
    return gathering.parsed()


def _none(page: Page) -> Parsed:
    return Parsed(Outcome.END if "thread" in page.context else Outcome.CHANGED, missing=("article",))


@cache
def _thread() -> ThreadPoolExecutor:
    """The one thread of this process that runs trafilatura: in two at once it crashes the process (its issue 925)."""
    return ThreadPoolExecutor(1, thread_name_prefix="article")


def _extracted(html: str, captured_at: datetime) -> Any:
    return _thread().submit(_extract, html, captured_at.date().isoformat()).result()


def _extract(html: str, today: str) -> Any:
    """A trafilatura `Document`, or None: by its own rules, and with its slower second opinions where those find little."""
    found = _read(html, today, fast=True)
    return found if len(words(getattr(found, "text", None))) >= ENOUGH else _read(html, today, fast=False)


def _read(html: str, today: str, *, fast: bool) -> Any:
    import trafilatura  # only here: it is large, and no other parser needs it

    dates = {"original_date": True, "extensive_search": False, "max_date": today}
    try:
        return trafilatura.bare_extraction(
            html, fast=fast, with_metadata=True, include_comments=False, date_extraction_params=dates
        )
    except _FROM_TRAFILATURA:
        return None


def _canonical(selector: Selector, asked: str) -> str:
    """The address the page calls its own, if that is on its site; else the one asked, without marks of campaigns."""
    own = selector.css("link[rel='canonical']::attr(href)").get("") or selector.css(
        "meta[property='og:url']::attr(content)"
    ).get("")
    try:
        url = urljoin(asked, own.strip())
        if urlsplit(url).netloc != urlsplit(asked).netloc or urlsplit(url).scheme not in {"http", "https"}:
            url = asked
        return own_address(url)
    except ValueError:
        return own_address(asked)


def own_address(url: str) -> str:
    """An address in one form, without marks of campaigns; as it is where it cannot be read."""
    try:
        return str(canonicalize_url(url_query_cleaner(url, _TRACKING, remove=True)))
    except ValueError:
        return url


def native_id(address: str) -> str:
    """By what an article is known: its address, or that one's hash where it is long."""
    if len(address) <= LONGEST_ID:
        return address
    return "u-" + hashlib.blake2b(address.encode(), digest_size=16).hexdigest()


def _author(selector: Selector) -> str:
    return selector.css("meta[name='author']::attr(content)").get("").strip()[:64]


def _published(selector: Selector) -> str:
    """The time of publication as the page tells programs; "" where it does not."""
    for path in _TIMES:
        if shown := selector.css(path).get("").strip():
            return shown
    return next((words(at(node, "datePublished")) for node in _linked(selector)), "")


def _linked(selector: Selector) -> Iterator[Any]:
    """The objects of schema.org that a page holds and that tell when they were published."""
    for script in selector.css("script[type='application/ld+json']::text").getall()[:_MOST_LD]:
        try:
            found = json.loads(script)
        except (ValueError, RecursionError):
            continue
        for node in [*rows(found), *rows(at(found, "@graph"))]:
            if words(at(node, "datePublished")):
                yield node


PARSERS: dict[str, Parser] = {"article": article}
