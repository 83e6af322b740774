"""搜狗微信 article search (HTML): titles, summaries and accounts of 微信公众号, without reads, likes or comments."""

import re

from parsel import Selector

from crawlers.parsers.listing import attribute_at, digest, nothing, turned
from crawlers.parsers.markup import attribute, decoded, page_tree, text_at
from crawlers.parsers.page import Ask, Gathering, Page, Parsed, Parser
from crawlers.parsers.shapes import count, query_of
from tingchao.mention import Kind
from tingchao.privacy import Seal

LAST_PAGE = 10
"""Without an account no more pages are shown."""

_TIME = re.compile(r"timeConvert\(\s*['\"](\d{10})['\"]\s*\)")
_TOTAL = re.compile(r"找到约\s*([\d,]{1,15})\s*条")
_LASTING = ("https://mp.weixin.qq.com/s/", "http://mp.weixin.qq.com/s/")
_NOTHING = r"没有找到|暂无|无相关"


def weixin(page: Page, seal: Seal) -> Parsed:
    """Articles. The links lead through a redirect that expires, so that an article is known by the search's own
    number for it (`d`), else by account, title and time, and has an address only where the link is a lasting one."""
    found = page_tree(decoded(page))
    gathering = Gathering(page, seal)
    for row in found.css("ul.news-list > li"):
        if row.css(".txt-box"):
            _article(row, gathering)
    if not gathering.mentions and not gathering.missing:
        return nothing(page, found, _NOTHING)
    total = _TOTAL.search(found.xpath("string()").get(""))
    return gathering.parsed(_next(page, found), count(total[1]) if total else None)


def _article(row: Selector, gathering: Gathering) -> None:
    title = text_at(row, ".txt-box h3 a")
    account = text_at(row, ".s-p .all-time-y2") or text_at(row, ".s-p a")
    script = _TIME.search(" ".join(row.css(".s-p script::text").getall()))
    shown = script[1] if script else attribute_at(row, ".s-p", "t") or text_at(row, ".s-p .s2")
    link = attribute_at(row, ".txt-box h3 a", "href")
    number = attribute(row, "d")
    gathering.expect(title=title, account=account)
    gathering.add(
        native_id=number or (digest(account, title, shown) if title else ""),
        kind=Kind.ARTICLE,
        title=title,
        text=text_at(row, "p.txt-info") or title,
        published=shown,
        url=link if link.startswith(_LASTING) else "",
        author_name=account,
    )


def _next(page: Page, found: Selector) -> Ask | None:
    here = count(query_of(page.url, "page")) or 1
    if here >= LAST_PAGE or not found.css("#sogou_next"):
        return None
    return turned(page, "sogou.weixin", {"page": str(here + 1)})


PARSERS: dict[str, Parser] = {"sogou.weixin": weixin}
