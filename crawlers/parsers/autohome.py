"""汽车之家口碑: owners' reviews of a series (JSON) and the comments on one, also where they come in GB 18030."""

from typing import Any

from crawlers.parsers.listing import person, plain, said, turned
from crawlers.parsers.markup import decoded, html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, query_of, region, rows, tree, words
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

SITE = "https://k.autohome.com.cn"
COMMENTS = "/autov9.13.0/news/replytoplevellist.ashx"


def koubei(page: Page, seal: Seal) -> Parsed:
    """Reviews: the day, the model as title, the summary or the whole feeling as text. Each is followed into its
    comments unless it says that it has none; ids of comments start with `c`, for they are counted apart."""
    answer = _answer(page)
    if refusal := _refusal(answer):
        return refusal
    gathering = Gathering(page, seal)
    for row in rows(at(answer, "result", "list")):
        mention = _review(row, gathering)
        name = plain(_id(row))
        replies = _either(row, "commentCount", "commentcount")
        if mention and name and replies != 0:
            shown = plain(ident(at(row, "showId")))
            gathering.follow.append(_comments_of(name, shown, mention, replies, page))
    here = count(query_of(page.url, "pageIndex")) or 1
    last = count(at(answer, "result", "pagecount")) or 0
    following = turned(page, "autohome.koubei", {"pageIndex": str(here + 1)}) if here < last else None
    return gathering.parsed(following, count(at(answer, "result", "rowcount")))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments on one review, the best ones (`wonderfullist`) first and each once, with the replies quoted below."""
    answer = _answer(page)
    if refusal := _refusal(answer):
        return refusal
    found = at(answer, "result")
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "koubeiId")
    url = _link(page.context.get("shown", ""))
    seen: set[str] = set()
    for row in (*rows(at(found, "wonderfullist")), *rows(at(found, "list"))):
        below = [(reply, f"c{ident(at(row, 'replyId'))}") for reply in rows(at(row, "subQuoteList"))]
        for comment, above in ((row, post), *below):
            name = ident(at(comment, "replyId"))
            if name not in seen:
                _comment(comment, above, post, url, gathering)
            seen.add(name)
    cursor = ident(at(found, "next"))
    more = at(found, "hasmore") in (True, 1, "1", "true") and cursor not in {"0", query_of(page.url, "next")}
    following = turned(page, "autohome.comments", {"next": cursor}) if more else None
    return gathering.parsed(following, count(at(found, "freplyCount")))


def _answer(page: Page) -> Any:
    """JSON in UTF-8, else in the encoding that the page has."""
    try:
        page.body.decode("utf-8")
    except UnicodeDecodeError:
        return tree(decoded(page).encode("utf-8", "replace"))
    return tree(page.body)


def _refusal(answer: Any) -> Parsed | None:
    code = ident(at(answer, "returncode"))
    if code not in {"", "0"}:
        return Parsed(said(words(at(answer, "message"))))
    found = at(answer, "result")
    return (
        None if isinstance(found, dict) and "list" in found else Parsed(Outcome.CHANGED, missing=("result",))
    )


def _id(row: Any) -> str:
    return ident(at(row, "Koubeiid")) or ident(at(row, "koubeiid")) or ident(at(row, "koubeiId"))


def _review(row: Any, gathering: Gathering) -> Mention | None:
    user = at(row, "userInfo")
    author = person(at(user, "userid")) or person(at(user, "userId"))
    shown = ident(at(row, "showId"))
    gathering.expect(showId=shown, specname=words(at(row, "specname")), userInfo=author)
    return gathering.add(
        native_id=_id(row),
        kind=Kind.REVIEW,
        title=words(at(row, "specname")),
        text=html_to_text(words(at(row, "feeling")) or words(at(row, "feeling_summary"))),
        published=at(row, "posttime"),
        url=_link(shown),
        author_id=author,
        author_name=words(at(user, "username")) or words(at(user, "nickname")),
        likes=_either(row, "helpfulCount", "helpfulcount"),
        comments=_either(row, "commentCount", "commentcount"),
        views=_either(row, "visitCount", "visitcount"),
    )


def _either(row: Any, *names: str) -> int | None:
    found = (count(at(row, name)) for name in names)
    return next((number for number in found if number is not None), None)


def _link(shown: str) -> str:
    return f"{SITE}/detail/view_{shown}.html" if shown else ""


def _comment(row: Any, above: str, post: str, url: str, gathering: Gathering) -> None:
    name = ident(at(row, "replyId"))
    target = ident(at(row, "rtargetReplyId"))
    gathering.expect(rmemberId=person(at(row, "rmemberId")))
    gathering.add(
        native_id=name and f"c{name}",
        kind=Kind.COMMENT,
        text=html_to_text(words(at(row, "rcontent"))),
        published=at(row, "rreplyDate") or at(row, "replydate"),
        url=url,
        parent_id=(f"c{target}" if target not in {"", "0"} else above) or None,
        root_id=post or None,
        author_id=person(at(row, "rmemberId")),
        author_name=words(at(row, "rmemberName")),
        likes=count(at(row, "rup")),
        comments=count(at(row, "chatcount")),
        region=region(at(row, "location")),
    )


def _comments_of(name: str, shown: str, mention: Mention, replies: int | None, page: Page) -> Follow:
    url = f"{origin(page.url)}{COMMENTS}?pm=1&koubeiId={name}&next=0&pagesize=20"
    mark = "" if replies is None else str(replies)
    return Follow(
        name, Ask(url, "autohome.comments", {"post": name, "shown": shown}), mark, mention.published_at
    )


PARSERS: dict[str, Parser] = {"autohome.comments": comments, "autohome.koubei": koubei}
