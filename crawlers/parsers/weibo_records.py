"""微博 records: a post, a repost and a comment, as its mobile, desktop and open JSON write them."""

import re
from typing import Any

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Gathering, Outcome, Page, Parsed
from crawlers.parsers.shapes import at, count, either, ident, region, rows, words
from tingchao.mention import Kind, Mention

MOBILE = "https://m.weibo.cn"
"""Where a post can be read by its number alone: other addresses of it name its author."""
_LOGIN = -100
_NOTHING_YET = ("还没有", "没有更多", "暂无数据", "暂无评论", "暂无内容", "没有找到", "没有内容")
_GONE = ("不存在", "已被删除", "查看权限", "target weibo")
_TAKEN_BACK = ("抱歉，此微博已被", "抱歉，由于作者设置", "该微博因被多人投诉")
_OTHERS_WORDS = re.compile(r"(?<!:)//")


def refusal(answer: Any, page: Page, *shapes: type) -> Parsed | None:
    """What the envelope says when its `data` has none of the shapes that hold something."""
    if at(answer, "ok") == _LOGIN:
        return Parsed(Outcome.LOGIN)
    if isinstance(at(answer, "data"), shapes or dict):
        return None
    if words(at(answer, "url")):
        return Parsed(Outcome.BLOCKED)
    message = words(either(answer, "msg", "message"))
    if any(word in message for word in _GONE):
        return Parsed(Outcome.END)
    if at(answer, "ok") == 0 and (not message or any(word in message for word in _NOTHING_YET)):
        return Parsed(Outcome.EMPTY if page.first else Outcome.END)
    return Parsed(Outcome.ERROR if at(answer, "ok") == 0 else Outcome.CHANGED, missing=("data",))


def number_of(post: Any) -> str:
    """The number of a post or comment."""
    return ident(at(post, "id")) or ident(at(post, "mid")) or ident(at(post, "idstr"))


def add_post(post: Any, text: str, address: str, gathering: Gathering) -> Mention | None:
    """A post with `text` as its words; with a post inside it, a repost of that. None for one that its author took
    back, where the site's notice stands for the text."""
    if words(at(post, "deleted")) == "1" or text.startswith(_TAKEN_BACK):
        return None
    user = at(post, "user")
    author = ident(either(user, "id", "idstr"))
    gathering.expect(**{"user.id": author, "user.screen_name": words(at(user, "screen_name"))})
    origin_post = number_of(at(post, "retweeted_status")) or None
    return gathering.add(
        native_id=number_of(post),
        kind=Kind.POST if at(post, "retweeted_status") is None else Kind.REPOST,
        text=text.removesuffix("...").rstrip() if at(post, "isLongText") else text,
        published=at(post, "created_at"),
        url=f"{address}/detail/{number_of(post)}",
        parent_id=origin_post,
        root_id=origin_post,
        likes=count(at(post, "attitudes_count")),
        comments=count(at(post, "comments_count")),
        reposts=count(at(post, "reposts_count")),
        region=region(at(post, "region_name")),
        media=_pictures(post),
        **_author(user, author),
    )


def shown_text(post: Any) -> str:
    """The words of a post in HTML, whole where they are there."""
    whole = words(at(post, "longText", "longTextContent"))
    return html_to_text(whole or words(at(post, "text"))) or words(at(post, "text_raw"))


def own_words(text: str) -> str:
    """What a repost adds: its words before those it hands on (`//@name:`); 转发微博 where it adds none."""
    return _OTHERS_WORDS.split(text, maxsplit=1)[0].strip() or "转发微博"


def add_comment(
    row: Any, text: str, parent: str, post: str, address: str, gathering: Gathering
) -> Mention | None:
    """A comment on `post` that answers `parent`."""
    user = at(row, "user")
    author = ident(either(user, "id", "idstr"))
    gathering.expect(**{"user.id": author})
    native_id = number_of(row)
    return gathering.add(
        native_id=native_id,
        kind=Kind.COMMENT,
        text=text,
        published=at(row, "created_at"),
        url=f"{address}/detail/{post}?cid={native_id}",
        parent_id=parent or None,
        root_id=post or None,
        likes=count(either(row, "like_count", "like_counts")),
        comments=count(at(row, "total_number")),
        region=region(at(row, "source")) if words(at(row, "source")).startswith("来自") else "",
        media=(words(at(row, "pic", "large", "url")) or words(at(row, "pic", "url")),),
        **_author(user, author),
    )


def _author(user: Any, author: str) -> dict[str, Any]:
    return {
        "author_id": author,
        "author_name": words(at(user, "screen_name")),
        "badge": _badge(user),
        "followers": count(at(user, "followers_count")),
    }


def _badge(user: Any) -> str:
    """The V beside a name: yellow for a person, blue for a firm or an office."""
    if at(user, "verified") is not True:
        return ""
    kind = at(user, "verified_type")
    return "yellow-v" if kind == 0 else "blue-v" if isinstance(kind, int) and 1 <= kind <= 7 else "verified"


def _pictures(post: Any) -> tuple[str, ...]:
    """Large pictures: `pics` (mobile), `pic_infos` (desktop), `pic_urls` (open platform)."""
    described = at(post, "pic_infos")
    found = list(described.values()) if isinstance(described, dict) else rows(at(post, "pics"))
    if not found:
        thumbnails = (words(at(row, "thumbnail_pic")) for row in rows(at(post, "pic_urls")))
        return tuple(link.replace("/thumbnail/", "/large/") for link in thumbnails)
    return tuple(words(at(row, "large", "url")) or words(at(row, "url")) for row in found)
