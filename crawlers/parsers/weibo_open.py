"""微博 open platform (api.weibo.com, the user's own token): `statuses[]` of a search or timeline, `comments[]` of a post.

The token is no part of what is asked next: whoever fetches adds it, so that it is in no checkpoint and no ledger.
"""

from typing import Any

from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, later, origin, query_of, rows, tree, with_query, words
from crawlers.parsers.weibo_records import MOBILE, add_comment, add_post, number_of
from tingchao.mention import Mention
from tingchao.privacy import Seal

WORDED = frozenset({400, 403})
"""Statuses whose body says what they are about."""
_USUAL_COUNT = 50
_TOO_OFTEN = frozenset({10003, 10004, 10005, 10013, 10014, 10022, 10023, 10024})
"""Rate limits, and calls that the platform has not granted."""
_GONE = frozenset({20101, 20201})
_TOKEN = range(21301, 21400)


def openplatform(page: Page, seal: Seal) -> Parsed:
    """Posts, each with its comments to follow; or comments, with the post each is about."""
    answer = tree(page.body)
    if (code := count(at(answer, "error_code"))) is not None:
        return Parsed(_outcome(code))
    listed = (
        next((key for key in ("statuses", "comments") if key in answer), "")
        if isinstance(answer, dict)
        else ""
    )
    if not listed:
        return Parsed(Outcome.CHANGED, missing=("statuses", "comments"))
    gathering = Gathering(page, seal)
    records = rows(answer[listed])
    for row in records:
        if listed == "comments":
            _comment(row, page, gathering)
        else:
            _post(row, page, gathering)
    total = count(at(answer, "total_number"))
    return gathering.parsed(_next(page, len(records), total), total)


def _post(row: Any, page: Page, gathering: Gathering) -> None:
    mention = add_post(row, words(at(row, "text")), MOBILE, gathering)
    replies = count(at(row, "comments_count"))
    if mention and replies and mention.native_id == number_of(row):
        gathering.follow.append(_comments_of(mention, str(replies), page))


def _comment(row: Any, page: Page, gathering: Gathering) -> None:
    post = number_of(at(row, "status")) or page.context.get("post") or query_of(page.url, "id")
    parent = number_of(at(row, "reply_comment")) or _root(row) or post
    add_comment(row, words(at(row, "text")), parent, post, MOBILE, gathering)


def _root(row: Any) -> str:
    root = ident(at(row, "rootid"))
    return "" if root == number_of(row) else root


def _comments_of(mention: Mention, mark: str, page: Page) -> Follow:
    post = mention.native_id
    url = f"{origin(page.url)}/2/comments/show.json?id={post}&count={_USUAL_COUNT}"
    return Follow(post, Ask(url, "weibo.openplatform", {"post": post}), mark, mention.published_at)


def _next(page: Page, held: int, total: int | None) -> Ask | None:
    here = count(query_of(page.url, "page")) or 1
    size = count(query_of(page.url, "count")) or _USUAL_COUNT
    if not held or (held < size if total is None else here * size >= total):
        return None
    url = with_query(page.url, page=str(here + 1), access_token=None)
    return Ask(url, "weibo.openplatform", {**page.context, "page": later(page.context.get("page"))})


def _outcome(code: int) -> Outcome:
    if code in _TOKEN or code == 10006:
        return Outcome.LOGIN
    if code in _TOO_OFTEN:
        return Outcome.BLOCKED
    return Outcome.END if code in _GONE else Outcome.ERROR


PARSERS: dict[str, Parser] = {"weibo.openplatform": openplatform}
