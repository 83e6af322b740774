"""RSS and Atom feeds of newsrooms and blogs, however broken."""

import re
from io import BytesIO
from typing import Any

import feedparser

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import joined
from tingchao.mention import Kind
from tingchao.privacy import Seal

_DECLARATION = re.compile(
    rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w-]{1,30})[\"'][^>]{0,100}\?>", re.IGNORECASE
)
_CHINESE = frozenset({b"gb2312", b"gbk", b"gb18030", b"gb_2312-80"})
LARGEST = 2_000_000
"""Bytes; feedparser needs seconds for each megabyte."""
_FROM_FEEDPARSER = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What `feedparser.parse` lets through on a few broken inputs (its issue 599)."""


def feed(page: Page, seal: Seal) -> Parsed:
    """Articles; a time without an offset is +08:00, a relative link belongs to the feed's address."""
    if len(page.body) > LARGEST:
        return Parsed(Outcome.CHANGED, missing=(f"feed of at most {LARGEST:,} bytes",))
    body, headers = _as_utf8(page)
    try:
        found = feedparser.parse(BytesIO(body), response_headers=headers)
    except _FROM_FEEDPARSER:
        return Parsed(Outcome.CHANGED, missing=("feed",))
    if not found.get("version") and not found.entries:
        return Parsed(Outcome.CHANGED, missing=("feed",))
    gathering = Gathering(page, seal)
    for entry in found.entries:
        link = joined(page.url, _word(entry, "link")) or page.url
        title = html_to_text(_word(entry, "title"))
        gathering.expect(title=title, link=_word(entry, "link"))
        gathering.add(
            native_id=(_word(entry, "id") or link)[:512],
            kind=Kind.ARTICLE,
            title=title,
            text=html_to_text(_content(entry)) or title,
            published=_word(entry, "published") or _word(entry, "updated"),
            url=link,
            author_id=_word(entry, "author"),
            author_name=_word(entry, "author"),
            media=tuple(
                _word(enclosure, "href")
                for enclosure in entry.get("enclosures") or ()
                if _word(enclosure, "type").startswith("image/")
            ),
        )
    return gathering.parsed()


def _as_utf8(page: Page) -> tuple[bytes, dict[str, str]]:
    """Feeds that declare GB 2312 use the characters of GB 18030: decode as that before the parser looks."""
    declared = _DECLARATION.match(page.body)
    if declared and declared[1].lower() in _CHINESE:
        text = page.body[declared.end() :].decode("gb18030", "replace")
        return text.encode("utf-8", "replace"), {"content-type": "application/xml; charset=utf-8"}
    kind = page.headers.get("content-type", "")
    return page.body, {"content-type": kind} if kind else {}


def _word(entry: Any, name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _content(entry: Any) -> str:
    """The longest of content and summary: some feeds put the article in one, some in the other."""
    parts = [_word(part, "value") for part in entry.get("content") or ()]
    return max([*parts, _word(entry, "summary")], key=len)


PARSERS: dict[str, Parser] = {"rss": feed}
