"""微博 mobile JSON: the search page (`/api/container/getIndex`) and a post's comments (`/comments/hotflow`)."""

from typing import Any

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, query_of, region, rows, tree, with_query, words
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

_LOGIN = -100
_POST = 9
_NO_REPLY_YET = ("还没有", "没有更多", "暂无", "没有找到", "没有内容")


def search(page: Page, seal: Seal) -> Parsed:
    """Posts in time order, each with its comments to follow."""
    answer = tree(page.body)
    if refusal := _refusal(answer, page):
        return refusal
    gathering = Gathering(page, seal)
    for card in _cards(at(answer, "data", "cards")):
        post = at(card, "mblog")
        mention = _post(post, page, gathering)
        replies = count(at(post, "comments_count"))
        name = ident(at(post, "id")) or ident(at(post, "mid"))
        if mention and replies and mention.native_id == name:
            gathering.follow.append(_comments_of(name, mention, str(replies), page))
    listing = at(answer, "data", "cardlistInfo")
    return gathering.parsed(_next_page(listing, page), total=count(at(listing, "total")))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments of one post, with the answers shown below each."""
    answer = tree(page.body)
    if refusal := _refusal(answer, page):
        return refusal
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "id")
    for row in rows(at(answer, "data", "data")):
        first = _comment(row, post, post, page, gathering)
        for answer_row in rows(at(row, "comments")):
            _comment(answer_row, ident(at(row, "id")) if first else post, post, page, gathering)
    return gathering.parsed(_next_comments(answer, page), total=count(at(answer, "data", "total_number")))


def _refusal(answer: Any, page: Page) -> Parsed | None:
    """What the envelope says when it holds no list."""
    ok = at(answer, "ok")
    if ok == _LOGIN:
        return Parsed(Outcome.LOGIN)
    if isinstance(at(answer, "data"), dict):
        return None
    if words(at(answer, "url")):
        return Parsed(Outcome.BLOCKED)
    message = words(at(answer, "msg"))
    if ok == 0 and (not message or any(word in message for word in _NO_REPLY_YET)):
        return Parsed(Outcome.EMPTY if page.first else Outcome.END)
    return Parsed(Outcome.ERROR if ok == 0 else Outcome.CHANGED, missing=("data",))


def _cards(cards: Any) -> list[Any]:
    """The cards that hold a post, also those inside groups."""
    return [
        inner
        for card in rows(cards)
        for inner in (card, *rows(at(card, "card_group")))
        if at(inner, "card_type") == _POST or at(inner, "mblog") is not None
    ]


def _post(post: Any, page: Page, gathering: Gathering) -> Mention | None:
    user = at(post, "user")
    native_id = ident(at(post, "id")) or ident(at(post, "mid"))
    gathering.expect(**{"user.id": ident(at(user, "id")), "user.screen_name": words(at(user, "screen_name"))})
    text = words(at(post, "longText", "longTextContent")) or words(at(post, "text"))
    shown = html_to_text(text)
    return gathering.add(
        native_id=native_id,
        kind=Kind.POST if at(post, "retweeted_status") is None else Kind.REPOST,
        text=shown.removesuffix("...").rstrip() if at(post, "isLongText") else shown,
        published=at(post, "created_at"),
        url=f"{origin(page.url)}/detail/{native_id}",
        parent_id=ident(at(post, "retweeted_status", "id")) or None,
        root_id=ident(at(post, "retweeted_status", "id")) or None,
        author_id=ident(at(user, "id")),
        author_name=words(at(user, "screen_name")),
        badge=_badge(user),
        followers=count(at(user, "followers_count")),
        likes=count(at(post, "attitudes_count")),
        comments=count(at(post, "comments_count")),
        reposts=count(at(post, "reposts_count")),
        region=region(at(post, "region_name")),
        media=tuple(
            words(at(picture, "large", "url")) or words(at(picture, "url"))
            for picture in rows(at(post, "pics"))
        ),
    )


def _comment(row: Any, parent: str, post: str, page: Page, gathering: Gathering) -> Mention | None:
    user = at(row, "user")
    gathering.expect(**{"user.id": ident(at(user, "id"))})
    native_id = ident(at(row, "id"))
    return gathering.add(
        native_id=native_id,
        kind=Kind.COMMENT,
        text=html_to_text(words(at(row, "text"))),
        published=at(row, "created_at"),
        url=f"{origin(page.url)}/detail/{post}?cid={native_id}",
        parent_id=parent or None,
        root_id=post or None,
        author_id=ident(at(user, "id")),
        author_name=words(at(user, "screen_name")),
        badge=_badge(user),
        followers=count(at(user, "followers_count")),
        likes=count(at(row, "like_count")),
        comments=count(at(row, "total_number")),
        region=region(at(row, "source")) if words(at(row, "source")).startswith("来自") else "",
        media=(words(at(row, "pic", "large", "url")),),
    )


def _badge(user: Any) -> str:
    """The V beside a name: yellow for a person, blue for a firm or an office."""
    if at(user, "verified") is not True:
        return ""
    kind = at(user, "verified_type")
    return "yellow-v" if kind == 0 else "blue-v" if isinstance(kind, int) and 1 <= kind <= 7 else "verified"


def _comments_of(post: str, mention: Mention, mark: str, page: Page) -> Follow:
    url = f"{origin(page.url)}/comments/hotflow?id={post}&mid={post}&max_id_type=0"
    return Follow(post, Ask(url, "weibo.comments", {"post": post}), mark, mention.published_at)


def _next_page(listing: Any, page: Page) -> Ask | None:
    if isinstance(listing, dict) and "page" in listing and listing["page"] is None:
        return None
    here = count(query_of(page.url, "page")) or 1
    following = str(max(count(at(listing, "page")) or 0, here + 1))
    context = {**page.context, "page": following}
    return Ask(with_query(page.url, page=following), "weibo.search", context)


def _next_comments(answer: Any, page: Page) -> Ask | None:
    cursor = ident(at(answer, "data", "max_id"))
    if cursor in {"", "0"} or cursor == query_of(page.url, "max_id"):
        return None
    kind = ident(at(answer, "data", "max_id_type")) or "0"
    number = str((count(page.context.get("page")) or 1) + 1)
    url = with_query(page.url, max_id=cursor, max_id_type=kind)
    return Ask(url, "weibo.comments", {**page.context, "page": number})


PARSERS: dict[str, Parser] = {"weibo.comments": comments, "weibo.search": search}
