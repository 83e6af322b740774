"""B站 JSON: search and one video; their comments are in `bilibili_replies`.

Native ids: `av…` a video, `cv…` an article, the bare number a comment. Search and the comments by cursor are signed on
the site: what comes next is asked without `w_rid` and `wts`, and whoever holds permission signs it. What is followed
needs no signature.
"""

from collections.abc import Iterator
from typing import Any

from crawlers.parsers.bilibili_replies import SITE, TYPES, add_reply, badge_of, opened, refusal, unsigned
from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Page, Parsed, Parser
from crawlers.parsers.shapes import (
    at,
    count,
    either,
    ident,
    joined,
    later,
    origin,
    query_of,
    rows,
    tree,
    words,
)
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal


def search(page: Page, seal: Seal) -> Parsed:
    """Videos and articles, each with its comments to follow."""
    answer = tree(page.body)
    if refused := refusal(answer, page):
        return refused
    found = at(answer, "data")
    gathering = opened(answer, page, seal)
    if page.first and count(at(found, "numResults")):
        gathering.expect(result=at(found, "result"))
    for row in _results(at(found, "result")):
        mention = _article(row, page, gathering) if _is_article(row) else _video(row, page, gathering)
        replies = count(either(row, "review", "reply"))
        if mention and replies and mention.native_id[:2] in TYPES:
            gathering.follow.append(_replies_of(mention, replies, page))
    here = count(query_of(page.url, "page")) or count(at(found, "page")) or 1
    following = None
    if here < (count(at(found, "numPages")) or 0):
        context = {**page.context, "page": later(page.context.get("page"))}
        following = Ask(unsigned(page.url, page=str(here + 1)), "bilibili.search", context)
    return gathering.parsed(following, count(at(found, "numResults")))


def video(page: Page, seal: Seal) -> Parsed:
    """One video (`view/detail`, or `view`), its comments to follow, and those that the page shows."""
    answer = tree(page.body)
    if refused := refusal(answer, page):
        return refused
    found = at(answer, "data")
    view = either(found, "View") or found
    gathering = opened(answer, page, seal)
    stat, owner = at(view, "stat"), at(view, "owner")
    card = at(found, "Card")
    gathering.expect(stat="" if stat is None else "there")
    mention = _add_video(
        view,
        page,
        gathering,
        author_id=ident(at(owner, "mid")),
        author_name=words(at(owner, "name")),
        badge=badge_of(at(card, "card", "official_verify") or at(card, "card", "Official")),
        followers=count(at(card, "follower")),
        likes=count(at(stat, "like")),
        comments=count(at(stat, "reply")),
        reposts=count(at(stat, "share")),
        views=count(at(stat, "view")),
    )
    if mention:
        for row in rows(at(found, "Reply", "replies")):
            add_reply(row, mention.native_id, mention.native_id, gathering)
        shown = count(at(stat, "reply"))
        if shown and mention.native_id[:2] in TYPES:
            gathering.follow.append(_replies_of(mention, shown, page))
    return gathering.parsed()


def _results(result: Any) -> Iterator[Any]:
    """Videos and articles, also in the shape of a search for everything, where they lie in groups."""
    for row in rows(result):
        if at(row, "result_type") is not None:
            yield from (inner for inner in rows(at(row, "data")) if _is_text(inner))
        elif _is_text(row):
            yield row


def _is_text(row: Any) -> bool:
    return words(at(row, "type")) in {"", "video", "article"}


def _is_article(row: Any) -> bool:
    return words(at(row, "type")) == "article"


def _video(row: Any, page: Page, gathering: Gathering) -> Mention | None:
    return _add_video(
        row,
        page,
        gathering,
        author_id=ident(at(row, "mid")),
        author_name=words(at(row, "author")),
        likes=count(at(row, "like")),
        comments=count(at(row, "review")),
        views=count(at(row, "play")),
    )


def _add_video(row: Any, page: Page, gathering: Gathering, **fields: Any) -> Mention | None:
    title = html_to_text(words(at(row, "title")))
    description = html_to_text(words(either(row, "desc", "description")))
    gathering.expect(title=title, author=fields["author_id"])
    aid, bvid = ident(at(row, "aid")), ident(at(row, "bvid"))
    return gathering.add(
        native_id=f"av{aid}" if aid else bvid,
        kind=Kind.POST,
        title=title,
        text=description if description.strip("- ") else title,
        published=at(row, "pubdate"),
        url=f"{SITE}/video/{bvid or f'av{aid}'}",
        media=_pictures(at(row, "pic"), page),
        **fields,
    )


def _article(row: Any, page: Page, gathering: Gathering) -> Mention | None:
    name = ident(at(row, "id"))
    title = html_to_text(words(at(row, "title")))
    return gathering.add(
        native_id=name and f"cv{name}",
        kind=Kind.ARTICLE,
        title=title,
        text=html_to_text(words(at(row, "desc"))) or title,
        published=at(row, "pub_time"),
        url=f"{SITE}/read/cv{name}",
        author_id=ident(at(row, "mid")),
        author_name=words(at(row, "author")),
        likes=count(at(row, "like")),
        comments=count(at(row, "reply")),
        views=count(at(row, "view")),
        media=_pictures(at(row, "image_urls", 0), page),
    )


def _pictures(link: Any, page: Page) -> tuple[str, ...]:
    shown = words(link)
    return (joined(page.url, shown),) if shown.startswith(("http", "//")) and "[" not in shown else ()


def _replies_of(mention: Mention, number: int, page: Page) -> Follow:
    post = mention.native_id
    url = f"{origin(page.url)}/x/v2/reply?type={TYPES[post[:2]]}&oid={post[2:]}&sort=0&ps=20&pn=1"
    return Follow(post, Ask(url, "bilibili.replies", {"post": post}), str(number), mention.published_at)


PARSERS: dict[str, Parser] = {"bilibili.search": search, "bilibili.video": video}
