"""百度新闻 search results (HTML, also in GB 18030)."""

import re

from parsel import Selector

from crawlers.parsers.listing import attribute_at, credits, digest, nothing, turned
from crawlers.parsers.markup import attribute, decoded, page_tree, text_at, text_of
from crawlers.parsers.page import Ask, Gathering, Page, Parsed, Parser
from crawlers.parsers.shapes import count, joined, query_of
from tingchao.mention import Kind
from tingchao.privacy import Seal

PER_PAGE = 10
LONGEST_ID = 500

_NOTHING = r"没有找到|未找到|很抱歉"
_TOTAL = re.compile(r"找到相关(?:资讯|新闻|结果)约?\s*([\d,]{1,15})\s*[篇个条]")
_REDIRECT = re.compile(r"https?://www\.baidu\.com/link\?")
_END_OF_SUMMARY = "摘要结束，点击查看详情"


def news(page: Page, seal: Seal) -> Parsed:
    """Articles: title, summary, the medium as author. An article is known by its own address (`mu`, or the link);
    where there is only Baidu's redirect, which changes, by its title and medium."""
    found = page_tree(decoded(page))
    blocks = found.css("div.result-op, div.result")
    gathering = Gathering(page, seal)
    for block in blocks:
        if block.css("h3 a"):
            _article(block, page, gathering)
    if not gathering.mentions and not gathering.missing:
        return nothing(page, found, _NOTHING)
    total = _TOTAL.search(found.xpath("string()").get(""))
    return gathering.parsed(_next(page, found), count(total[1]) if total else None)


def _article(block: Selector, page: Page, gathering: Gathering) -> None:
    title = text_at(block, "h3 a")
    credit = [text_of(part.root) for part in block.css(".news-source span, p.c-author")]
    credit = credit or [text_of(part.root) for part in block.css(".news-source, .c-color-gray")]
    source, shown = credits(credit, page)
    summary = text_at(block, ".c-font-normal.c-color-text")
    if not summary:
        summary = text_at(block, ".c-summary").removeprefix(text_at(block, "p.c-author")).strip()
    url = attribute(block, "mu") or joined(page.url, attribute_at(block, "h3 a", "href"))
    lasting = not _REDIRECT.match(url) and len(url) <= LONGEST_ID
    gathering.expect(title=title, source=source)
    gathering.add(
        native_id=url if lasting else digest(title, source),
        kind=Kind.ARTICLE,
        title=title,
        text=summary.removesuffix(_END_OF_SUMMARY).removesuffix("...").rstrip() or title,
        published=shown,
        url=url,
        author_name=source,
    )


def _next(page: Page, found: Selector) -> Ask | None:
    if not any("下一页" in text for text in found.css("#page a::text, a.n::text").getall()):
        return None
    here = count(query_of(page.url, "pn")) or 0
    return turned(page, "baidu.news", {"pn": str(here + PER_PAGE)})


PARSERS: dict[str, Parser] = {"baidu.news": news}
