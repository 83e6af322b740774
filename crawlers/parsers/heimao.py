"""黑猫投诉 search JSON: complaints, the earliest sign of a product crisis."""

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, joined, query_of, rows, tree, with_query, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

_ACCESS_CONTROL = ("签名", "sign", "验证", "频繁", "限制", "登录")
_NOBODY = frozenset({"匿名", "匿名用户"})


def search(page: Page, seal: Seal) -> Parsed:
    """Complaints, newest first; whoever complains as 匿名 has no author."""
    result = at(tree(page.body), "result")
    code = ident(at(result, "status", "code"))
    if code not in {"", "0"}:
        message = words(at(result, "status", "msg")).lower()
        refused = any(word in message for word in _ACCESS_CONTROL)
        return Parsed(Outcome.BLOCKED if refused else Outcome.ERROR)
    found = at(result, "data")
    if not isinstance(found, dict):
        return Parsed(Outcome.CHANGED, missing=("data",))
    gathering = Gathering(page, seal)
    for row in rows(found.get("lists") or found.get("complaints") or found.get("list")):
        main = row["main"] if isinstance(at(row, "main"), dict) else row
        name = words(at(row, "author", "title"))
        summary = html_to_text(words(at(main, "summary")))
        title = html_to_text(words(at(main, "title")))
        gathering.expect(title=title)
        gathering.add(
            native_id=ident(at(main, "sn")),
            kind=Kind.COMPLAINT,
            title=title,
            text=summary or title,
            published=at(main, "timestamp"),
            url=joined(page.url, words(at(main, "url"))),
            author_id=ident(at(row, "author", "id")) or ident(at(row, "author", "wb_id")),
            author_name="" if name in _NOBODY else name,
            likes=count(at(main, "upvote_amt")),
            comments=count(at(main, "comment_amt")),
            reposts=count(at(main, "share_amt")),
        )
    pager = at(found, "pager")
    return gathering.parsed(
        _next(page, at(pager, "next"), at(pager, "page_amount")), count(at(pager, "item_count"))
    )


def _next(page: Page, following: object, pages: object) -> Ask | None:
    here = count(query_of(page.url, "page")) or 1
    number, last = count(following), count(pages)
    if number is None or number <= here or (last is not None and number > last):
        return None
    return Ask(with_query(page.url, page=str(number)), "heimao.search", {**page.context, "page": str(number)})


PARSERS: dict[str, Parser] = {"heimao.search": search}
