"""V2EX: topics and their replies, by the open API (version 1, a list) and the one with a token (version 2)."""

from typing import Any
from urllib.parse import urlsplit

from crawlers.parsers.listing import plain, said, turned
from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, query_of, rows, tree, words
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

_GONE = ("not found", "不存在", "已删除")


def topics(page: Page, seal: Seal) -> Parsed:
    """Topics of a list, of a node, or a single one; each with replies is followed, by the version it was read with."""
    answer = tree(page.body)
    if refusal := _refusal(answer, page):
        return refusal
    gathering = Gathering(page, seal)
    for row in _rows(answer):
        if at(row, "deleted") in (1, True):
            continue
        mention = _topic(row, gathering, page)
        name = plain(ident(at(row, "id")))
        replies = count(at(row, "replies"))
        if mention and replies and mention.native_id == name:
            gathering.follow.append(_replies_of(name, mention, str(replies), page))
    return gathering.parsed(_next(answer, page, "v2ex.topics"), count(at(answer, "pagination", "total")))


def replies(page: Page, seal: Seal) -> Parsed:
    """Replies to one topic. Their ids start with `r`, for they are counted apart from those of topics; which reply
    answers which is not told."""
    answer = tree(page.body)
    if refusal := _refusal(answer, page):
        return refusal
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "topic_id") or _topic_in(page.url)
    for row in _rows(answer):
        name = ident(at(row, "id"))
        topic = post or ident(at(row, "topic_id"))
        gathering.expect(**{"member.username": words(at(row, "member", "username"))})
        gathering.add(
            native_id=name and f"r{name}",
            kind=Kind.COMMENT,
            text=_text(row),
            published=at(row, "created"),
            url=f"{origin(page.url)}/t/{topic}#r_{name}" if topic else "",
            parent_id=topic or None,
            root_id=topic or None,
            **_author(row),
        )
    return gathering.parsed(_next(answer, page, "v2ex.replies"), count(at(answer, "pagination", "total")))


def _refusal(answer: Any, page: Page) -> Parsed | None:
    """What the envelope says when it holds no list."""
    if isinstance(answer, list):
        return None
    message = words(at(answer, "message"))
    if at(answer, "success") is False or at(answer, "status") == "error":
        if any(sign in message.lower() for sign in _GONE):
            return Parsed(Outcome.EMPTY if page.first and "post" not in page.context else Outcome.END)
        return Parsed(said(message))
    return (
        None
        if isinstance(answer, dict) and "result" in answer
        else Parsed(Outcome.CHANGED, missing=("result",))
    )


def _rows(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else rows(at(answer, "result"))


def _topic(row: Any, gathering: Gathering, page: Page) -> Mention | None:
    name = ident(at(row, "id"))
    title = words(at(row, "title"))
    gathering.expect(title=title, **{"member.username": words(at(row, "member", "username"))})
    return gathering.add(
        native_id=name,
        kind=Kind.POST,
        title=title,
        text=_text(row) or title,
        published=at(row, "created"),
        url=f"{origin(page.url)}/t/{name}",
        comments=count(at(row, "replies")),
        **_author(row),
    )


def _text(row: Any) -> str:
    """The rendered text, for the written one may be Markdown."""
    return html_to_text(words(at(row, "content_rendered")) or words(at(row, "content")))


def _author(row: Any) -> dict[str, str]:
    """By name: version 2 does not always give the number."""
    name = words(at(row, "member", "username"))
    return {"author_id": name, "author_name": name}


def _topic_in(url: str) -> str:
    """The topic in `/api/v2/topics/ID/replies`."""
    parts = urlsplit(url).path.split("/")
    return parts[-2] if len(parts) > 2 and parts[-1] == "replies" and parts[-2].isdecimal() else ""


def _replies_of(name: str, mention: Mention, mark: str, page: Page) -> Follow:
    token = "/api/v2/" in page.url
    path = f"/api/v2/topics/{name}/replies?p=1" if token else f"/api/replies/show.json?topic_id={name}"
    ask = Ask(origin(page.url) + path, "v2ex.replies", {"post": name})
    return Follow(name, ask, mark, mention.published_at)


def _next(answer: Any, page: Page, parser: str) -> Ask | None:
    """Version 1 has no pages."""
    here = count(query_of(page.url, "p")) or 1
    last = count(at(answer, "pagination", "pages")) or 0
    return turned(page, parser, {"p": str(here + 1)}) if here < last else None


PARSERS: dict[str, Parser] = {"v2ex.replies": replies, "v2ex.topics": topics}
