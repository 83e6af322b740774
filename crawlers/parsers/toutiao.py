"""今日头条: the hot board (JSON) and search results (HTML, whose cards carry their JSON in scripts)."""

import re
from collections.abc import Iterator
from typing import Any

from parsel import Selector

from crawlers.parsers.listing import attribute_at, credits, digest, nothing, said, turned
from crawlers.parsers.markup import decoded, html_to_text, page_tree, text_at, text_of
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import NotJson, at, count, ident, query_of, rows, tree, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

SITE = "https://www.toutiao.com"

_ARTICLE = re.compile(r"toutiao\.com/(article|group|item|i|a|w|video)/?(\d{6,25})")
_SEARCH_ID = re.compile(r'"search_?[iI]d"\s*:\s*"([0-9A-Za-z]{1,64})"')
_NOTHING = r"没有找到|未找到|暂无相关|抱歉"


def hot(page: Page, seal: Seal) -> Parsed:
    """The topics of the hot board, also the fixed ones; a topic has a title, no author and no time. `HotValue`
    counts heat, not views, and is left out."""
    answer = tree(page.body)
    if not isinstance(at(answer, "data"), list | dict):
        message = f"{words(at(answer, 'message'))} {words(at(answer, 'msg'))}"
        return Parsed(said(message)) if message.strip() else Parsed(Outcome.CHANGED, missing=("data",))
    gathering = Gathering(page, seal)
    for row in (*rows(at(answer, "fixed_top_data")), *rows(at(answer, "data"))):
        name = ident(at(row, "ClusterIdStr")) or ident(at(row, "ClusterId")) or ident(at(row, "Id"))
        gathering.add(
            native_id=name,
            kind=Kind.ARTICLE,
            title=words(at(row, "Title")),
            text=words(at(row, "Title")) or words(at(row, "QueryWord")),
            published=None,
            url=f"{SITE}/trending/{name}/",
            media=(words(at(row, "Image", "url")),),
        )
    gathering.missing.discard("published")
    return gathering.parsed()


def search(page: Page, seal: Seal) -> Parsed:
    """Articles and short posts (微头条), from the JSON beside each card, or from the cards where there is none."""
    found = page_tree(decoded(page))
    gathering = Gathering(page, seal)
    scripts = list(_scripts(found))
    for card in scripts:
        _result(card, gathering)
    if not scripts:
        for row in found.css("div.result-content"):
            _card(row, page, gathering)
    if not gathering.mentions and not gathering.missing:
        empty = nothing(page, found, _NOTHING)
        # A page after the last is the bare frame, and nothing on a page says that it is the last.
        beyond = empty.outcome is Outcome.CHANGED and not page.first
        return Parsed(Outcome.END) if beyond else empty
    return gathering.parsed(_next(page, found))


def _scripts(found: Selector) -> Iterator[Any]:
    """The data of cards that are results: they have a title and an address."""
    for script in found.css('script[type="application/json"]::text').getall():
        try:
            card = at(tree(script.encode("utf-8", "replace")), "data")
        except NotJson:
            continue
        if _title(card) and _address(card):
            yield card


def _title(card: Any) -> str:
    return html_to_text(words(at(card, "title")) or words(at(card, "display", "title", "text")))


def _address(card: Any) -> str:
    """Toutiao's own articles have it at the top, other sites' under `display`."""
    found = (
        at(card, "article_url"),
        at(card, "display", "info", "url"),
        at(card, "url"),
        at(card, "share_url"),
    )
    return next((url for url in map(words, found) if url.startswith(("http://", "https://"))), "")


def _result(card: Any, gathering: Gathering) -> None:
    kind, name, url = _identity(_address(card))
    source = words(at(card, "media_name")) or words(at(card, "source"))
    source = source or words(at(card, "display", "info", "site_name"))
    summary = words(at(card, "abstract")) or words(at(card, "display", "summary", "text"))
    times = (at(card, "publish_time"), at(card, "create_time"), at(card, "datetime"))
    gathering.expect(source=source)
    gathering.add(
        native_id=name,
        kind=kind,
        title=_title(card),
        text=html_to_text(summary) or _title(card),
        published=next((time for time in times if time), None),
        url=url,
        author_id=ident(at(card, "user_id")) or ident(at(card, "media_creator_id")),
        author_name=source,
        likes=count(at(card, "digg_count")),
        comments=count(at(card, "comment_count")),
        views=count(at(card, "read_count")),
        media=tuple(words(at(picture, "url")) for picture in rows(at(card, "image_list"))),
    )


def _card(row: Selector, page: Page, gathering: Gathering) -> None:
    kind, name, url = _identity(attribute_at(row, "a[href]", "href"))
    source, shown = credits([text_of(part.root) for part in row.css(".cs-source-content span")], page)
    title = text_at(row, "a[href]")
    gathering.expect(source=source)
    gathering.add(
        native_id=name,
        kind=kind,
        title=title,
        text=text_at(row, ".cs-text") or title,
        published=shown,
        url=url,
        author_name=source,
    )


def _identity(url: str) -> tuple[Kind, str, str]:
    """Kind, id and lasting address of a result; another site's page has its address as its id."""
    found = _ARTICLE.search(url)
    if found is None:
        return Kind.ARTICLE, url if len(url) <= 500 else digest(url), url
    short = found[1] == "w"
    return (
        (Kind.POST if short else Kind.ARTICLE),
        found[2],
        f"{SITE}/{'w' if short else 'article'}/{found[2]}/",
    )


def _next(page: Page, found: Selector) -> Ask | None:
    """Pages count from 0, and belong to the search that the first page numbered."""
    here = count(query_of(page.url, "page_num")) or 0
    known = _SEARCH_ID.search(" ".join(found.css("script::text").getall())[:1_000_000])
    search_id = query_of(page.url, "search_id") or (known[1] if known else "")
    query = {"page_num": str(here + 1)} | ({"search_id": search_id} if search_id else {})
    return turned(page, "toutiao.search", query)


PARSERS: dict[str, Parser] = {"toutiao.hot": hot, "toutiao.search": search}
