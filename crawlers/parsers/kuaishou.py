"""快手: search and comments, in the REST shape (`rootCommentsV2`, `comment_id`) and the older GraphQL one
(`visionSearchPhoto`, camelCase). All are signed POST calls: they are read from what was saved, nothing is followed,
and `next` carries `pcursor` for the body in its query and context.
"""

import re
from typing import Any

from crawlers.parsers.listing import person, said, turned
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, query_of, region, rows, spelt, tree, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

SITE = "https://www.kuaishou.com"

_OK = frozenset({"", "1"})
_BLOCKED = frozenset({"2", "50", "400002"})
_LOGIN = frozenset({"109"})
_NAMED = re.compile(r"(@[^\s@()]{1,40})\(O?3x[0-9a-z]{4,40}\)", re.ASCII)
"""A person named in a text, with his number."""
_VIDEO = 1
_END = "no_more"


def search(page: Page, seal: Seal) -> Parsed:
    """Videos; their captions hold the hashtags. Live rooms and the like are passed over."""
    answer = _answer(page, "visionSearchPhoto")
    if refusal := _refusal(answer, ("feeds",)):
        return refusal
    gathering = Gathering(page, seal)
    for feed in rows(at(answer, "feeds")):
        photo = at(feed, "photo")
        if photo is None and at(feed, "type") not in (None, _VIDEO):
            continue
        author = at(feed, "author") or at(photo, "author")
        name = ident(at(photo, "id"))
        gathering.expect(**{"author.id": person(at(author, "id"))})
        gathering.add(
            native_id=name,
            kind=Kind.POST,
            text=_NAMED.sub(r"\1", words(at(photo, "caption"))),
            published=at(photo, "timestamp"),
            url=_link(name),
            author_id=person(at(author, "id")),
            author_name=words(at(author, "name")),
            likes=_first_count(photo, "real_like_count", "like_count"),
            comments=count(spelt(photo, "comment_count")),
            reposts=count(spelt(photo, "share_count")),
            views=count(spelt(photo, "view_count")),
            media=(words(spelt(photo, "cover_url")),),
        )
    session = words(spelt(answer, "search_session_id"))
    return gathering.parsed(_next(answer, page, "kuaishou.search", {"searchSessionId": session}))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments of one video, with the replies shown below each. Which reply a reply answers is told by its author
    alone (`replyTo`), so that all hang on the comment."""
    answer = _answer(page, "visionCommentList")
    if refusal := _refusal(answer, ("rootCommentsV2", "rootComments")):
        return refusal
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "photoId")
    for row in rows(at(answer, "rootCommentsV2")) or rows(at(answer, "rootComments")):
        name = ident(spelt(row, "comment_id"))
        _comment(row, post, post, gathering)
        for reply in rows(at(row, "subCommentsV2")) or rows(spelt(row, "sub_comments")):
            _comment(reply, name or post, post, gathering)
    total = count(at(answer, "commentCountV2"))
    if total is None:
        total = count(at(answer, "commentCount"))
    return gathering.parsed(_next(answer, page, "kuaishou.comments", {}), total)


def _answer(page: Page, operation: str) -> Any:
    """The REST answer as it is, the GraphQL one out of its envelope."""
    answer = tree(page.body)
    inner = at(answer, "data", operation)
    return answer if inner is None else inner


def _refusal(answer: Any, lists: tuple[str, ...]) -> Parsed | None:
    """What the envelope says when it holds no list. A list may be null, but its name is there."""
    code = ident(at(answer, "result")) or ident(at(answer, "data", "result"))
    if code in _BLOCKED or words(at(answer, "captcha", "url")):
        return Parsed(Outcome.BLOCKED)
    if code in _LOGIN:
        return Parsed(Outcome.LOGIN)
    if code not in _OK:
        return Parsed(said(words(at(answer, "error_msg"))))
    if message := words(at(answer, "errors", 0, "message")):
        return Parsed(said(message))
    if not isinstance(answer, dict) or not any(name in answer for name in lists):
        return Parsed(Outcome.CHANGED, missing=lists[:1])
    return None


def _comment(row: Any, above: str, post: str, gathering: Gathering) -> None:
    author = person(spelt(row, "author_id"))
    gathering.expect(author_id=author)
    gathering.add(
        native_id=ident(spelt(row, "comment_id")),
        kind=Kind.COMMENT,
        text=_NAMED.sub(r"\1", words(at(row, "content"))),
        published=at(row, "timestamp"),
        url=_link(post),
        parent_id=above or None,
        root_id=post or None,
        author_id=author,
        author_name=words(spelt(row, "author_name")),
        likes=_first_count(row, "real_liked_count", "liked_count", "like_count"),
        comments=_first_count(row, "sub_comment_count", "comment_count"),
        region=region(spelt(row, "author_area")),
    )


def _first_count(row: Any, *names: str) -> int | None:
    found = (count(spelt(row, name)) for name in names)
    return next((number for number in found if number is not None), None)


def _link(photo: str) -> str:
    return f"{SITE}/short-video/{photo}" if photo else ""


def _next(answer: Any, page: Page, parser: str, known: dict[str, str]) -> Ask | None:
    cursor = ident(at(answer, "pcursorV2")) or ident(at(answer, "pcursor"))
    if cursor in {_END, query_of(page.url, "pcursor")}:
        return None
    fields = {name: value for name, value in known.items() if value}
    return turned(page, parser, {"pcursor": cursor}, {**fields, "cursor": cursor})


PARSERS: dict[str, Parser] = {"kuaishou.comments": comments, "kuaishou.search": search}
