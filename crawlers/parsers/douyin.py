"""抖音 web JSON: general search, the comments of a video and the replies to one. Comments are signed calls: they are
read from what was saved, and not followed from here.
"""

from typing import Any

from crawlers.parsers.listing import person, said, turned
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, query_of, region, rows, tree, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

SITE = "https://www.douyin.com"

_REFUSED = frozenset({b"", b"blocked"})
_LOGIN = frozenset({"8", "2483", "2484"})


def search(page: Page, seal: Seal) -> Parsed:
    """Videos and picture posts; entries of other kinds (users, topics, live rooms) hold none. `aweme_list` of a feed
    and one `aweme_detail` are read as well."""
    answer = _answer(page)
    if isinstance(answer, Parsed):
        return answer
    found = at(answer, "data")
    if found is None and at(answer, "aweme_list") is None and at(answer, "aweme_detail") is None:
        known = "has_more" in answer
        return _nothing(page) if known else Parsed(Outcome.CHANGED, missing=("data",))
    gathering = Gathering(page, seal)
    for entry in rows(found) or rows(at(answer, "aweme_list")) or [at(answer, "aweme_detail")]:
        for video in _videos(entry):
            _video(video, gathering)
    return gathering.parsed(_next_offset(answer, page))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments of one video; `reply_comment` may show first replies inside a row."""
    return _comments(page, seal, "douyin.comments")


def replies(page: Page, seal: Seal) -> Parsed:
    """Replies to one comment; each names by `reply_to_reply_id` which reply it answers, or by `reply_id` the
    comment."""
    return _comments(page, seal, "douyin.replies")


def _comments(page: Page, seal: Seal, parser: str) -> Parsed:
    answer = _answer(page)
    if isinstance(answer, Parsed):
        return answer
    if "comments" not in answer:
        return Parsed(Outcome.CHANGED, missing=("comments",))
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "aweme_id") or query_of(page.url, "item_id")
    above = page.context.get("root") or query_of(page.url, "comment_id")
    for row in rows(answer["comments"]):
        _comment(row, above, post, gathering)
        for reply in rows(at(row, "reply_comment")):
            _comment(reply, ident(at(row, "cid")), post, gathering)
    cursor = ident(at(answer, "cursor"))
    more = count(at(answer, "has_more")) == 1 and cursor != (query_of(page.url, "cursor") or "0")
    following = turned(page, parser, {"cursor": cursor}, {"cursor": cursor}) if more else None
    return gathering.parsed(following, count(at(answer, "total")))


def _answer(page: Page) -> dict[str, Any] | Parsed:
    """The answer, or what it is when it is none."""
    if page.body.strip() in _REFUSED:
        return Parsed(Outcome.BLOCKED)
    answer = tree(page.body)
    if not isinstance(answer, dict):
        return Parsed(Outcome.CHANGED, missing=("{}",))
    nothing = at(answer, "search_nil_info")
    why = words(at(nothing, "search_nil_type")) + words(at(nothing, "search_nil_item"))
    if "verify" in why:
        return Parsed(Outcome.BLOCKED)
    if "login" in why:
        return Parsed(Outcome.LOGIN)
    code = ident(at(answer, "status_code"))
    if code in _LOGIN:
        return Parsed(Outcome.LOGIN)
    if code not in {"", "0"}:
        return Parsed(said(words(at(answer, "status_msg"))))
    return answer


def _nothing(page: Page) -> Parsed:
    return Parsed(Outcome.EMPTY if page.first else Outcome.END)


def _videos(entry: Any) -> list[Any]:
    """The posts of an entry: its own, those of a mixed card, or the entry itself."""
    if at(entry, "aweme_info") is not None:
        return [at(entry, "aweme_info")]
    mixed = rows(at(entry, "aweme_mix_info", "mix_items"))
    return mixed or ([entry] if at(entry, "aweme_id") is not None else [])


def _video(video: Any, gathering: Gathering) -> None:
    author = at(video, "author")
    name = ident(at(video, "aweme_id"))
    topics = [words(at(extra, "hashtag_name")) for extra in rows(at(video, "text_extra"))]
    gathering.expect(**{"author.uid": _person(author), "statistics": at(video, "statistics")})
    gathering.add(
        native_id=name,
        kind=Kind.POST,
        text=words(at(video, "desc")) or " ".join(f"#{topic}" for topic in topics if topic),
        published=at(video, "create_time"),
        url=f"{SITE}/video/{name}",
        author_id=_person(author),
        author_name=words(at(author, "nickname")),
        badge=_badge(author),
        followers=count(at(author, "follower_count")),
        likes=count(at(video, "statistics", "digg_count")),
        comments=count(at(video, "statistics", "comment_count")),
        reposts=count(at(video, "statistics", "share_count")),
        views=count(at(video, "statistics", "play_count")) or None,
        media=_media(video),
    )


def _comment(row: Any, above: str, post: str, gathering: Gathering) -> None:
    user = at(row, "user")
    name = ident(at(row, "cid"))
    video = post or ident(at(row, "aweme_id"))
    answered = [ident(at(row, "reply_to_reply_id")), ident(at(row, "reply_id")), above]
    gathering.expect(**{"user.uid": _person(user)})
    gathering.add(
        native_id=name,
        kind=Kind.COMMENT,
        text=words(at(row, "text")),
        published=at(row, "create_time"),
        url=f"{SITE}/video/{video}" if video else "",
        parent_id=next((other for other in answered if other not in {"", "0"}), video) or None,
        root_id=video or None,
        author_id=_person(user),
        author_name=words(at(user, "nickname")),
        likes=count(at(row, "digg_count")),
        comments=count(at(row, "reply_comment_total")),
        region=region(at(row, "ip_label")),
        media=tuple(
            words(at(picture, "origin_url", "url_list", 0)) for picture in rows(at(row, "image_list"))
        ),
    )


def _person(user: Any) -> str:
    """`uid` is 0 for whoever is not logged in; `sec_uid` is always there."""
    return person(at(user, "uid")) or words(at(user, "sec_uid"))


def _badge(author: Any) -> str:
    if words(at(author, "enterprise_verify_reason")):
        return "blue-v"
    return "yellow-v" if words(at(author, "custom_verify")) else ""


def _media(video: Any) -> tuple[str, ...]:
    pictures = tuple(words(at(picture, "url_list", 0)) for picture in rows(at(video, "images")))
    return pictures or (words(at(video, "video", "cover", "url_list", 0)),)


def _next_offset(answer: Any, page: Page) -> Ask | None:
    """By `cursor`, under the number that the first answer gave to this search."""
    offset = ident(at(answer, "cursor"))
    if count(at(answer, "has_more")) != 1 or offset == (query_of(page.url, "offset") or "0"):
        return None
    search_id = query_of(page.url, "search_id") or words(at(answer, "extra", "logid"))
    query = {"offset": offset, "search_id": search_id} if search_id else {"offset": offset}
    return turned(page, "douyin.search", query)


PARSERS: dict[str, Parser] = {
    "douyin.comments": comments,
    "douyin.replies": replies,
    "douyin.search": search,
}
