"""百度贴吧 in HTML: the old search (`/f/search/res`) and a forum's list (`/f?kw=`). Native ids as in `tieba`."""

import re
from typing import Any

from parsel import Selector

from crawlers.parsers.markup import attribute, decoded, page_tree, text_at, text_of
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import NotJson, at, count, either, ident, joined, later, origin, tree, words
from crawlers.parsers.tieba import SITE, author_id_of
from tingchao.mention import Kind
from tingchao.privacy import Seal

_PLACE = re.compile(r"/p/(\d{1,30})(?:\?(?:.*?&)?pid=(\d{1,30}))?")
_ANSWER = re.compile(r"^\s*回复\s*[:：]\s*")
_NO_THREAD = ("本吧暂时没有", "还没有贴子", "还没有帖子", "没有找到")


def old_search(page: Page, seal: Seal) -> Parsed:
    """The HTML of `/f/search/res`: threads, and floors whose title says 回复."""
    top = page_tree(decoded(page))
    found = top.css("div.s_post")
    if not found:
        if (
            top.css("div.search_noresult, div.s_noresult")
            or "没有找到" in text_at(top, "div.s_container, body")[:2_000]
        ):
            return Parsed(Outcome.EMPTY if page.first else Outcome.END)
        return Parsed(Outcome.CHANGED, missing=("div.s_post",))
    gathering = Gathering(page, seal)
    for row in found:
        _shown(row, gathering, page)
    return gathering.parsed(_following(top.css("div.pager a.next"), page, "tieba.html"))


def forum(page: Page, seal: Seal) -> Parsed:
    """A forum's list: threads with the day they were begun, where the page tells it; pinned ones are among them. The
    site hands the list out inside a comment of HTML."""
    html = decoded(page)
    top = page_tree(html.replace("<!--", "").replace("-->", ""))
    found = top.css("li.j_thread_list")
    if not found:
        if any(word in html for word in _NO_THREAD):
            return Parsed(Outcome.EMPTY if page.first else Outcome.END)
        return Parsed(Outcome.CHANGED, missing=("li.j_thread_list",))
    gathering = Gathering(page, seal)
    for row in found:
        _thread(row, gathering, page)
    return gathering.parsed(_following(top.css("a.next"), page, "tieba.forum"))


def _thread(row: Selector, gathering: Gathering, page: Page) -> None:
    field = _field(attribute(row, "data-field"))
    link = row.css("a.j_th_tit")
    place = _PLACE.search(attribute(link[0], "href")) if link else None
    name = ident(either(field, "id", "tid")) or (place[1] if place else "")
    title = (attribute(link[0], "title") or text_of(link[0].root)) if link else ""
    gathering.expect(**{"a.j_th_tit": title, "data-field": "" if field is None else "there"})
    gathering.add(
        native_id=name and f"t{name}",
        kind=Kind.POST,
        title=title,
        text=text_at(row, "div.threadlist_abs") or title,
        published=text_at(row, ".is_show_create_time"),
        url=f"{SITE}/p/{name}",
        author_id=author_id_of({"id": at(field, "author_id"), "portrait": at(field, "author_portrait")}),
        author_name=words(either(field, "author_nickname", "author_name")),
        comments=count(at(field, "reply_num")),
        media=tuple(
            joined(page.url, attribute(image, "bpic") or attribute(image, "data-original"))
            for image in row.css("img.threadlist_pic")
        ),
    )


def _field(shown: str) -> Any:
    """The JSON in an attribute; None where there is none."""
    try:
        return tree(shown.encode("utf-8", "replace"))
    except NotJson:
        return None


def _following(link: Any, page: Page, parser: str) -> Ask | None:
    url = joined(page.url, attribute(link[0], "href")) if link else ""
    if not url or url == page.url or origin(url) != origin(page.url):
        return None
    return Ask(url, parser, {**page.context, "page": later(page.context.get("page"))})


def _shown(row: Selector, gathering: Gathering, page: Page) -> None:
    link = row.css("span.p_title a")
    place = _PLACE.search(attribute(link[0], "href")) if link else None
    shown = text_of(link[0].root) if link else ""
    thread = place[1] if place else ""
    floor = (place[2] or "") if place and _ANSWER.match(shown) else ""
    title = _ANSWER.sub("", shown)
    author = row.css('a[href*="/home/main"], a[href*="/i/sys"]')
    gathering.expect(**{"span.p_title a": shown, "author": text_of(author[0].root) if author else ""})
    name = f"p{floor}" if floor else thread and f"t{thread}"
    gathering.add(
        native_id=name,
        kind=Kind.COMMENT if floor else Kind.POST,
        title=title,
        text=text_at(row, "div.p_content") or title,
        published=text_at(row, ".p_date"),
        url=f"{SITE}/p/{thread}" + (f"?pid={floor}#{floor}" if floor else ""),
        parent_id=f"t{thread}" if floor else None,
        root_id=f"t{thread}" if floor else None,
        author_name=text_of(author[0].root) if author else "",
        media=tuple(
            joined(page.url, attribute(image, "original") or attribute(image, "src"))
            for image in row.css(".p_mediaCont img")
        ),
    )


PARSERS: dict[str, Parser] = {"tieba.forum": forum, "tieba.html": old_search}
