"""YouTube Data API v3: search (or a list of videos), comment threads of a video, and the replies to a comment.

The operator's key is no part of what is asked next: whoever fetches adds it, so that it is written down nowhere.
"""

from datetime import UTC
from typing import Any

from crawlers.parsers.listing import plain, said, turned
from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, query_of, rows, tree, with_query, words
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

SITE = "https://www.youtube.com"
WORDED = frozenset({400, 403})
"""Statuses whose body says what they are about."""

_ENDED = frozenset({"commentsDisabled", "videoNotFound", "commentNotFound", "commentThreadNotFound"})
_REFUSED = frozenset(
    {
        "quotaExceeded",
        "rateLimitExceeded",
        "dailyLimitExceeded",
        "userRateLimitExceeded",
        "accessNotConfigured",
    }
)
_KEY = frozenset({"keyInvalid", "keyExpired", "badRequest", "authError", "required"})


def search(page: Page, seal: Seal) -> Parsed:
    """Videos of `search.list`, or of `videos.list`, which counts views, likes and comments as well; each is followed
    into its comments unless it says that it has none. The total that a search tells is a guess, and left out."""
    answer = tree(page.body)
    if refusal := _refusal(answer):
        return refusal
    gathering = Gathering(page, seal)
    for item in rows(answer["items"]):
        video = ident(at(item, "id")) or ident(at(item, "id", "videoId"))
        if not video and at(item, "id", "kind") in ("youtube#channel", "youtube#playlist"):
            continue
        mention = _video(item, video, gathering)
        replies = count(at(item, "statistics", "commentCount"))
        if mention and mention.url and plain(video) and replies != 0:
            mark = "" if replies is None else str(replies)
            url = (
                f"{_api(page)}/commentThreads?part=snippet,replies&videoId={video}&order=time&maxResults=100"
            )
            ask = Ask(url, "youtube.comments", {"post": video})
            gathering.follow.append(Follow(video, ask, mark, mention.published_at))
    return gathering.parsed(_next(answer, page, "youtube.search"))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments, with the replies shown below each; where there are more replies than shown, they are to follow."""
    answer = tree(page.body)
    if refusal := _refusal(answer):
        return refusal
    gathering = Gathering(page, seal)
    for item in rows(answer["items"]):
        top = at(item, "snippet", "topLevelComment")
        video = (
            ident(at(item, "snippet", "videoId")) or page.context.get("post") or query_of(page.url, "videoId")
        )
        name = ident(at(top, "id"))
        number = count(at(item, "snippet", "totalReplyCount"))
        mention = _comment(top, video, video, gathering, number)
        shown = rows(at(item, "replies", "comments"))
        for reply in shown:
            _comment(reply, name or video, video, gathering)
        if mention and number and number > len(shown) and plain(name.replace(".", "")):
            url = f"{_api(page)}/comments?part=snippet&parentId={name}&maxResults=100"
            ask = Ask(url, "youtube.replies", {"post": video, "root": name})
            gathering.follow.append(Follow(name, ask, str(number), mention.published_at))
    return gathering.parsed(_next(answer, page, "youtube.comments"))


def replies(page: Page, seal: Seal) -> Parsed:
    """All replies to one comment."""
    answer = tree(page.body)
    if refusal := _refusal(answer):
        return refusal
    gathering = Gathering(page, seal)
    video = page.context.get("post", "")
    above = page.context.get("root") or query_of(page.url, "parentId")
    for item in rows(answer["items"]):
        _comment(item, above, video, gathering)
    return gathering.parsed(_next(answer, page, "youtube.replies"))


def _refusal(answer: Any) -> Parsed | None:
    """By the reason that the API gives: one status stands for comments that are closed and for a quota used up."""
    if isinstance(answer, dict) and isinstance(answer.get("items"), list | dict):
        return None
    error = at(answer, "error")
    if error is None:
        return Parsed(Outcome.CHANGED, missing=("items",))
    reason = words(at(error, "errors", 0, "reason"))
    if reason in _ENDED:
        return Parsed(Outcome.END)
    if reason in _REFUSED:
        return Parsed(Outcome.BLOCKED)
    if reason in _KEY and count(at(error, "code")) in {400, 401}:
        return Parsed(Outcome.LOGIN)
    return Parsed(said(words(at(error, "message"))))


def _video(item: Any, video: str, gathering: Gathering) -> Mention | None:
    snippet = at(item, "snippet")
    title = html_to_text(words(at(snippet, "title")))
    pictures = at(snippet, "thumbnails")
    gathering.expect(title=title, channelId=ident(at(snippet, "channelId")))
    return gathering.add(
        native_id=video,
        kind=Kind.POST,
        title=title,
        text=html_to_text(words(at(snippet, "description"))) or title,
        published=at(snippet, "publishedAt"),
        url=f"{SITE}/watch?v={video}",
        lang=words(at(snippet, "defaultAudioLanguage")) or words(at(snippet, "defaultLanguage")),
        author_id=ident(at(snippet, "channelId")),
        author_name=words(at(snippet, "channelTitle")),
        likes=count(at(item, "statistics", "likeCount")),
        comments=count(at(item, "statistics", "commentCount")),
        views=count(at(item, "statistics", "viewCount")),
        media=(words(at(pictures, "high", "url")) or words(at(pictures, "default", "url")),),
        tz=UTC,
    )


def _comment(
    row: Any, above: str, video: str, gathering: Gathering, replies: int | None = None
) -> Mention | None:
    snippet = at(row, "snippet")
    name = ident(at(row, "id"))
    root = video or ident(at(snippet, "videoId"))
    author = ident(at(snippet, "authorChannelId", "value"))
    gathering.expect(authorChannelId=author)
    return gathering.add(
        native_id=name,
        kind=Kind.COMMENT,
        text=words(at(snippet, "textOriginal")) or html_to_text(words(at(snippet, "textDisplay"))),
        published=at(snippet, "publishedAt"),
        url=f"{SITE}/watch?v={root}&lc={name}" if root else "",
        parent_id=ident(at(snippet, "parentId")) or above or root or None,
        root_id=root or None,
        author_id=author,
        author_name=words(at(snippet, "authorDisplayName")).removeprefix("@"),
        likes=count(at(snippet, "likeCount")),
        comments=replies,
        tz=UTC,
    )


def _api(page: Page) -> str:
    return f"{origin(page.url)}/youtube/v3"


def _next(answer: Any, page: Page, parser: str) -> Ask | None:
    token = words(at(answer, "nextPageToken"))
    following = turned(page, parser, {"pageToken": token}) if token else None
    return following and Ask(with_query(following.url, key=None), parser, following.context)


PARSERS: dict[str, Parser] = {
    "youtube.comments": comments,
    "youtube.replies": replies,
    "youtube.search": search,
}
