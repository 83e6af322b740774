"""什么值得买 search results (HTML): deals (爆料) and articles (原创)."""

import re

from parsel import Selector

from crawlers.parsers.listing import attribute_at, nothing, turned
from crawlers.parsers.markup import decoded, page_tree, text_at
from crawlers.parsers.page import Ask, Gathering, Page, Parsed, Parser
from crawlers.parsers.shapes import count, joined, query_of
from tingchao.mention import Kind
from tingchao.privacy import Seal

_NUMBER = re.compile(r"/p/([0-9a-z]{4,20})", re.ASCII)
_MORE = "阅读全文"
_NOTHING = r"没有找到|暂无|抱歉"
_ARTICLES = "post.smzdm.com"


def search(page: Page, seal: Seal) -> Parsed:
    """Deals and articles. Times are `HH:MM` of today or `MM-DD HH:MM`, without a year; beside them stands the shop,
    in an element of its own."""
    found = page_tree(decoded(page))
    gathering = Gathering(page, seal)
    for row in found.css(".feed-row-wide"):
        _entry(row, page, gathering)
    if not gathering.mentions and not gathering.missing:
        return nothing(page, found, _NOTHING)
    return gathering.parsed(_next(page, found))


def _entry(row: Selector, page: Page, gathering: Gathering) -> None:
    url = joined(page.url, attribute_at(row, ".feed-block-title a", "href"))
    number = _NUMBER.search(url)
    title = attribute_at(row, ".feed-block-title a", "title") or text_at(row, ".feed-block-title a")
    times = (text.strip() for text in row.css(".feed-block-extras::text").getall())
    author = text_at(row, ".feed-block-avatar, .z-avatar-name")
    picture = attribute_at(row, ".z-feed-img img", "src")
    gathering.expect(title=title)
    gathering.add(
        native_id=number[1] if number else "",
        kind=Kind.ARTICLE if _ARTICLES in url else Kind.POST,
        title=title,
        text=text_at(row, ".feed-block-descripe-top, .feed-block-descripe").removesuffix(_MORE).rstrip()
        or title,
        published=next((text for text in times if text), ""),
        url=url if number else "",
        author_name=author,
        likes=count(text_at(row, ".icon-zhi-o-thin + span, .z-icon-zhi-o-thin + span, .price-btn-up span")),
        comments=count(text_at(row, ".feed-btn-comment")),
        media=(joined(page.url, picture),),
    )


def _next(page: Page, found: Selector) -> Ask | None:
    links = found.css(".feed-pagenation a, .pagenation-list a, a.next-page")
    if not any("下一页" in text for text in links.css("::text").getall()):
        return None
    here = count(query_of(page.url, "p")) or 1
    return turned(page, "smzdm.search", {"p": str(here + 1)})


PARSERS: dict[str, Parser] = {"smzdm.search": search}
