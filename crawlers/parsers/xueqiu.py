"""雪球 JSON: search for statuses, and the comments on one."""

from typing import Any

from crawlers.parsers.listing import person, plain, said, turned
from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, query_of, region, rows, tree, words
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

_LOGIN = frozenset({"400016", "10022", "60201"})
_WAF = (b"aliyun_waf", b"_waf_")


def search(page: Page, seal: Seal) -> Parsed:
    """Statuses, newest first, each with its comments to follow. A status's own address (`target`) names its author,
    and there is no other, so that it has none here."""
    answer = _answer(page, "list")
    if isinstance(answer, Parsed):
        return answer
    gathering = Gathering(page, seal)
    for row in rows(answer["list"]):
        mention = _status(row, gathering)
        name = plain(ident(at(row, "id")))
        replies = count(at(row, "reply_count"))
        if mention and replies and mention.native_id == name:
            gathering.follow.append(_comments_of(name, mention, str(replies), page))
    return gathering.parsed(_next(answer, page, "xueqiu.search"), count(answer.get("count")))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments on one status, by page or by `next_max_id`, with the replies shown below each (`child_comments`). Their
    ids start with `c`, for they are counted apart from those of statuses."""
    answer = _answer(page, "comments")
    if isinstance(answer, Parsed):
        return answer
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "id")
    for row in rows(answer["comments"]):
        _comment(row, post, post, gathering)
        for reply in rows(at(row, "child_comments")):
            _comment(reply, f"c{ident(at(row, 'id'))}", post, gathering)
    return gathering.parsed(_next(answer, page, "xueqiu.comments"), count(answer.get("count")))


def _answer(page: Page, listing: str) -> dict[str, Any] | Parsed:
    """The answer, or what it is when it holds no list."""
    if any(sign in page.body[:50_000] for sign in _WAF):
        return Parsed(Outcome.BLOCKED)
    answer = tree(page.body)
    code = ident(at(answer, "error_code"))
    if code in _LOGIN:
        return Parsed(Outcome.LOGIN)
    if code not in {"", "0"}:
        return Parsed(said(words(at(answer, "error_description"))))
    if isinstance(answer, dict) and listing in answer:
        return answer
    return Parsed(Outcome.CHANGED, missing=(listing,))


def _status(row: Any, gathering: Gathering) -> Mention | None:
    user = at(row, "user")
    author = person(at(row, "user_id")) or person(at(user, "id"))
    origin_id = ident(at(row, "retweeted_status", "id")) or ident(at(row, "retweet_status_id"))
    origin_id = "" if origin_id == "0" else origin_id
    gathering.expect(user_id=author, **{"user.screen_name": words(at(user, "screen_name"))})
    return gathering.add(
        native_id=ident(at(row, "id")),
        kind=Kind.REPOST if origin_id else Kind.POST,
        title=html_to_text(words(at(row, "title"))),
        text=html_to_text(words(at(row, "text")) or words(at(row, "description"))),
        published=at(row, "created_at"),
        parent_id=origin_id or None,
        root_id=origin_id or None,
        author_id=author,
        author_name=words(at(user, "screen_name")),
        badge="verified" if at(user, "verified") is True else "",
        followers=count(at(user, "followers_count")),
        likes=count(at(row, "like_count")),
        comments=count(at(row, "reply_count")),
        reposts=count(at(row, "retweet_count")),
        views=count(at(row, "view_count")),
        region=region(at(row, "ip_location")),
        media=tuple(picture.partition("!")[0] for picture in words(at(row, "pic")).split(",") if picture),
    )


def _comment(row: Any, above: str, post: str, gathering: Gathering) -> None:
    user = at(row, "user")
    name = ident(at(row, "id"))
    answered = ident(at(row, "reply_comment", "id")) or ident(at(row, "in_reply_to_comment_id"))
    author = person(at(row, "user_id")) or person(at(user, "id"))
    gathering.expect(user_id=author)
    gathering.add(
        native_id=name and f"c{name}",
        kind=Kind.COMMENT,
        text=html_to_text(words(at(row, "text")) or words(at(row, "description"))),
        published=at(row, "created_at"),
        parent_id=(f"c{answered}" if answered not in {"", "0"} else above) or None,
        root_id=post or None,
        author_id=author,
        author_name=words(at(user, "screen_name")),
        badge="verified" if at(user, "verified") is True else "",
        followers=count(at(user, "followers_count")),
        likes=count(at(row, "like_count")),
        comments=count(at(row, "reply_count")),
        region=region(at(row, "ip_location")),
    )


def _comments_of(name: str, mention: Mention, mark: str, page: Page) -> Follow:
    url = f"{origin(page.url)}/statuses/comments.json?id={name}&count=20&page=1&asc=false"
    return Follow(name, Ask(url, "xueqiu.comments", {"post": name}), mark, mention.published_at)


def _next(answer: dict[str, Any], page: Page, parser: str) -> Ask | None:
    """By the cursor where there is one (-1 or 0 at the end), else by the number of the page up to `maxPage`."""
    if "next_max_id" in answer:
        cursor = ident(answer["next_max_id"])
        ended = cursor in {"", "0", "-1", query_of(page.url, "max_id")}
        return None if ended else turned(page, parser, {"max_id": cursor})
    here = count(query_of(page.url, "page")) or 1
    last = count(answer.get("maxPage")) or 0
    return turned(page, parser, {"page": str(here + 1)}) if here < last else None


PARSERS: dict[str, Parser] = {"xueqiu.comments": comments, "xueqiu.search": search}
