"""微博 mobile JSON: search (`/api/container/getIndex`), comments and what answers them (`/comments/hotflow`,
`/comments/hotFlowChild`), reposts (`/api/statuses/repostTimeline`), one post (`/detail/ID`, `/statuses/show`,
`/statuses/extend`). The desktop's search and the open platform are in `weibo_desktop` and `weibo_open`.
"""

from typing import Any

from crawlers.parsers.markup import decoded, html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import (
    at,
    count,
    either,
    embedded,
    ident,
    later,
    origin,
    query_of,
    rows,
    tree,
    with_query,
    words,
)
from crawlers.parsers.weibo_records import add_comment, add_post, number_of, own_words, refusal, shown_text
from tingchao.mention import Mention
from tingchao.privacy import Seal

_POST = 9
_RENDERED = "$render_data"
_GONE = ("微博不存在", "暂无查看权限", "已被作者删除", "已被删除")


def search(page: Page, seal: Seal) -> Parsed:
    """Posts in time order, each with its comments to follow."""
    answer = tree(page.body)
    if refused := refusal(answer, page):
        return refused
    gathering = Gathering(page, seal)
    gathering.expect(cards="there" if "cards" in answer["data"] else "")
    for card in _cards(at(answer, "data", "cards")):
        post = at(card, "mblog")
        mention = add_post(post, shown_text(post), origin(page.url), gathering)
        replies = count(at(post, "comments_count"))
        if mention and replies and mention.native_id == number_of(post):
            gathering.follow.append(_comments_of(mention, str(replies), page))
    listing = at(answer, "data", "cardlistInfo")
    return gathering.parsed(_next_page(listing, page), total=count(at(listing, "total")))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments of one post, with the answers shown below each; those that have more are followed."""
    answer = tree(page.body)
    if refused := refusal(answer, page, dict, list):
        return refused
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "id")
    for row in _listed(answer):
        first = _comment(row, post, post, page, gathering)
        answers = rows(at(row, "comments"))
        for answer_row in answers:
            _comment(answer_row, number_of(row) if first else post, post, page, gathering)
        held = count(at(row, "total_number")) or 0
        if first and held > len(answers):
            gathering.follow.append(_answers_of(first, post, str(held), page))
    return gathering.parsed(_next_comments(answer, page, "weibo.comments"), _total(answer))


def subcomments(page: Page, seal: Seal) -> Parsed:
    """The answers to one comment; context `root` is that comment, `post` the post."""
    answer = tree(page.body)
    if refused := refusal(answer, page, dict, list):
        return refused
    gathering = Gathering(page, seal)
    root = page.context.get("root") or query_of(page.url, "cid")
    post = page.context.get("post", "")
    for row in _listed(answer):
        _comment(row, ident(at(row, "reply_comment", "id")) or root, post, page, gathering)
    return gathering.parsed(_next_comments(answer, page, "weibo.subcomments"), _total(answer))


def reposts(page: Page, seal: Seal) -> Parsed:
    """Reposts of one post, with the words each adds (`raw_text` before the first `//`)."""
    answer = tree(page.body)
    if refused := refusal(answer, page, dict, list):
        return refused
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "id")
    for row in _listed(answer):
        text = words(at(row, "raw_text")) or html_to_text(words(at(row, "text")))
        if isinstance(row, dict):
            row = {**row, "retweeted_status": {"id": post}, "isLongText": False}
        add_post(row, own_words(text) if text else "", origin(page.url), gathering)
    pages = count(either(at(answer, "data"), "max") or at(answer, "max"))
    here = count(query_of(page.url, "page")) or 1
    following = None
    if pages and here < pages:
        context = {**page.context, "post": post, "page": later(page.context.get("page"))}
        following = Ask(with_query(page.url, page=str(here + 1)), "weibo.reposts", context)
    return gathering.parsed(following, _total(answer))


def detail(page: Page, seal: Seal) -> Parsed:
    """One post whole, its comments and reposts to follow: from the page `/detail/ID`, from `/statuses/show`, or from
    the desktop's `/ajax/statuses/show`. `/statuses/extend` holds only the words and counts: id and time come from
    the context (`post`, `published`)."""
    if page.body.lstrip()[:1] == b"<":
        html = decoded(page)
        if _RENDERED not in html and any(word in html for word in _GONE):
            return Parsed(Outcome.END)
        answer: Any = {"ok": 1, "data": at(embedded(html, _RENDERED), 0, "status")}
    else:
        answer = tree(page.body)
    post = _one_post(answer)
    if post is None:
        return refusal(answer, page, tuple) or Parsed(Outcome.CHANGED, missing=("data",))
    gathering = Gathering(page, seal)
    if text := words(at(post, "longTextContent")):
        name = page.context.get("post") or query_of(page.url, "id")
        bare = {**post, "id": name, "created_at": page.context.get("published", "")}
        add_post(bare, html_to_text(text), origin(page.url), gathering)
        return gathering.parsed()
    mention = add_post(post, shown_text(post), origin(page.url), gathering)
    if mention and mention.native_id == number_of(post):
        if replies := count(at(post, "comments_count")):
            gathering.follow.append(_comments_of(mention, str(replies), page))
        if handed_on := count(at(post, "reposts_count")):
            gathering.follow.append(_reposts_of(mention, str(handed_on), page))
    return gathering.parsed()


def _one_post(answer: Any) -> dict[str, Any] | None:
    held = (at(answer, "data", "status"), at(answer, "data"), at(answer, "status"), answer)
    known = ("created_at", "longTextContent")
    return next((post for post in held if isinstance(post, dict) and any(key in post for key in known)), None)


def _listed(answer: Any) -> list[Any]:
    """The rows of `data.data`, or of `data` itself."""
    held = at(answer, "data")
    return rows(at(held, "data")) if isinstance(held, dict) else rows(held)


def _total(answer: Any) -> int | None:
    return count(either(at(answer, "data"), "total_number") or at(answer, "total_number"))


def _cards(cards: Any) -> list[Any]:
    """The cards that hold a post, also those inside groups."""
    return [
        inner
        for card in rows(cards)
        for inner in (card, *rows(at(card, "card_group")))
        if at(inner, "card_type") == _POST or at(inner, "mblog") is not None
    ]


def _comment(row: Any, parent: str, post: str, page: Page, gathering: Gathering) -> Mention | None:
    return add_comment(row, html_to_text(words(at(row, "text"))), parent, post, origin(page.url), gathering)


def _comments_of(mention: Mention, mark: str, page: Page) -> Follow:
    post = mention.native_id
    url = f"{origin(page.url)}/comments/hotflow?id={post}&mid={post}&max_id_type=0"
    return Follow(post, Ask(url, "weibo.comments", {"post": post}), mark, mention.published_at)


def _answers_of(comment: Mention, post: str, mark: str, page: Page) -> Follow:
    root = comment.native_id
    url = f"{origin(page.url)}/comments/hotFlowChild?cid={root}&max_id=0&max_id_type=0"
    ask = Ask(url, "weibo.subcomments", {"post": post, "root": root})
    return Follow(root, ask, mark, comment.published_at)


def _reposts_of(mention: Mention, mark: str, page: Page) -> Follow:
    post = mention.native_id
    url = f"{origin(page.url)}/api/statuses/repostTimeline?id={post}&page=1"
    ask = Ask(url, "weibo.reposts", {"post": post})
    return Follow(f"{post}-reposts", ask, mark, mention.published_at)


def _next_page(listing: Any, page: Page) -> Ask | None:
    if isinstance(listing, dict) and "page" in listing and listing["page"] is None:
        return None
    here = count(query_of(page.url, "page")) or 1
    following = str(max(count(at(listing, "page")) or 0, here + 1))
    context = {**page.context, "page": following}
    return Ask(with_query(page.url, page=following), "weibo.search", context)


def _next_comments(answer: Any, page: Page, parser: str) -> Ask | None:
    """By `max_id`, which is 0 at the end; where there is none (`/api/comments/show`), by number up to `max` pages."""
    held = at(answer, "data") if isinstance(at(answer, "data"), dict) else answer
    context = {**page.context, "page": later(page.context.get("page"))}
    cursor = ident(at(held, "max_id"))
    here = count(query_of(page.url, "page"))
    if not cursor and here and here < (count(at(held, "max")) or 0):
        return Ask(with_query(page.url, page=str(here + 1)), parser, context)
    if cursor in {"", "0"} or cursor == query_of(page.url, "max_id"):
        return None
    kind = ident(at(held, "max_id_type")) or "0"
    return Ask(with_query(page.url, max_id=cursor, max_id_type=kind), parser, context)


PARSERS: dict[str, Parser] = {
    "weibo.comments": comments,
    "weibo.detail": detail,
    "weibo.extend": detail,
    "weibo.reposts": reposts,
    "weibo.search": search,
    "weibo.subcomments": subcomments,
}
