"""知乎 JSON: search, the comments of an answer, article or video, and what answers a comment.

Native ids: `a…` an answer, `p…` an article, `v…` a video, `c…` a comment, for each has numbers of its own. Pages
follow one another by the `offset` inside `paging.next`, a cursor; `is_end` alone tells the last one.
"""

import re
from typing import Any

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import (
    at,
    count,
    either,
    ident,
    later,
    origin,
    query_of,
    region,
    rows,
    spelt,
    tree,
    with_query,
    words,
)
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

_SITE = "https://www.zhihu.com"
_LETTERS = {"answer": "a", "article": "p", "zvideo": "v"}
_LISTS = {"a": "answers", "p": "articles", "v": "zvideos"}
_ABOUT = re.compile(r"/comment_v5/(answer|article|zvideo)s/(\d{1,30})/")
_ROOT = re.compile(r"/comment_v5/comment/(\d{1,30})/")
_REFUSING = frozenset({10003, 40350, 40352, 40362})
_REFUSING_WORDS = ("异常", "验证", "频繁", "限制", "unhuman")
_GONE = frozenset({404, 4041})
_NOBODY = frozenset({"匿名用户", "知乎用户", "「已注销」"})


def search(page: Page, seal: Seal) -> Parsed:
    """Answers, articles and videos, each with its comments to follow; cards of people, topics and goods are none."""
    answer = tree(page.body)
    if refused := _refusal(answer):
        return refused
    gathering = Gathering(page, seal)
    for row in rows(at(answer, "data")):
        found = at(row, "object")
        if words(at(row, "type")) in {"search_result", "zvideo"}:
            gathering.expect(**{"object.type": words(at(found, "type"))})
        if words(at(found, "type")) in _LETTERS:
            mention = _post(found, at(row, "highlight"), gathering)
            number = count(spelt(found, "comment_count"))
            if mention and number and mention.native_id[:1] in _LISTS:
                gathering.follow.append(_comments_of(mention, number, page))
    return gathering.parsed(_next(answer, page, "zhihu.search"))


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments, and the answers shown below each; those that have more than is shown are followed."""
    answer = tree(page.body)
    if refused := _refusal(answer):
        return refused
    about = _ABOUT.search(page.url)
    post = page.context.get("post") or (f"{_LETTERS[about[1]]}{about[2]}" if about else "")
    gathering = Gathering(page, seal)
    for row in rows(at(answer, "data")):
        first = _comment(row, post, post, gathering)
        inner = rows(spelt(row, "child_comments"))
        name = ident(at(row, "id"))
        for child in inner:
            _comment(child, f"c{name}" if first else post, post, gathering)
        number = count(spelt(row, "child_comment_count")) or 0
        if name.isdecimal() and number > len(inner):
            gathering.follow.append(_answers_of(name, post, number, page, first))
    total = count(either(at(answer, "counts"), "total_counts"))
    return gathering.parsed(
        _next(answer, page, "zhihu.comments"),
        count(at(answer, "paging", "totals")) if total is None else total,
    )


def subcomments(page: Page, seal: Seal) -> Parsed:
    """The answers to one comment; context `root` is that comment, `post` what it is about."""
    answer = tree(page.body)
    if refused := _refusal(answer):
        return refused
    found = _ROOT.search(page.url)
    root = page.context.get("root") or (f"c{found[1]}" if found else "")
    gathering = Gathering(page, seal)
    for row in rows(at(answer, "data")):
        _comment(row, root, page.context.get("post", ""), gathering)
    return gathering.parsed(_next(answer, page, "zhihu.subcomments"), count(at(answer, "paging", "totals")))


def _refusal(answer: Any) -> Parsed | None:
    """What an error says, in a body without the list."""
    error = at(answer, "error")
    if isinstance(error, dict):
        code, message = count(error.get("code")), words(error.get("message"))
        if error.get("need_login") is True or code in {100, 401}:
            return Parsed(Outcome.LOGIN)
        if code in _REFUSING or any(word in message for word in _REFUSING_WORDS):
            return Parsed(Outcome.BLOCKED)
        return Parsed(Outcome.END if code in _GONE else Outcome.ERROR)
    if isinstance(answer, dict) and "data" in answer and isinstance(answer["data"], list | dict | None):
        return None
    return Parsed(Outcome.CHANGED, missing=("data",))


def _post(found: Any, highlight: Any, gathering: Gathering) -> Mention | None:
    kind, name = words(at(found, "type")), ident(at(found, "id"))
    question = at(found, "question")
    title = either(question, "title", "name") or at(found, "title") or at(highlight, "title")
    shown = words(at(found, "content")) or words(either(found, "excerpt", "description"))
    gathering.expect(author=words(at(found, "author", "name")))
    return gathering.add(
        native_id=name and f"{_LETTERS[kind]}{name}",
        kind=Kind.ARTICLE if kind == "article" else Kind.POST,
        title=html_to_text(words(title)),
        text=html_to_text(shown or words(at(highlight, "description")) or words(title)),
        published=_born(found),
        url=_address(f"{_LETTERS[kind]}{name}", ident(at(question, "id"))),
        likes=count(either(found, "voteup_count", "voteupCount", "vote_count")),
        comments=count(spelt(found, "comment_count")),
        views=count(spelt(found, "play_count")),
        region=region(spelt(found, "ip_info")),
        **_author(at(found, "author")),
    )


def _comment(row: Any, parent: str, post: str, gathering: Gathering) -> Mention | None:
    if spelt(row, "is_delete") is True:
        return None  # its text is the site's notice; what answers it stays
    name = ident(at(row, "id"))
    answered = ident(spelt(row, "reply_comment_id"))
    gathering.expect(**{"author.id": ident(at(row, "author", "id"))})
    return gathering.add(
        native_id=name and f"c{name}",
        kind=Kind.COMMENT,
        text=html_to_text(words(at(row, "content"))),
        published=_born(row),
        url=f"{_address(post)}#comment-{name}" if post else "",
        parent_id=(parent if answered in {"", "0"} else f"c{answered}") or None,
        root_id=post or None,
        likes=count(either(row, "like_count", "likeCount", "vote_count")),
        comments=count(spelt(row, "child_comment_count")),
        region=_region(row),
        **_author(at(row, "author")),
    )


def _born(found: Any) -> Any:
    return either(
        found, "created_time", "created", "createdTime", "created_at", "published_at", "publishedAt"
    )


def _author(author: Any) -> dict[str, Any]:
    """Whoever writes as 匿名用户 has no name, and an id that all of them share."""
    name = words(at(author, "name"))
    hidden = name in _NOBODY and ident(at(author, "id")) in {"", "0"}
    firm = spelt(author, "is_org") is True
    marked = bool(rows(either(author, "badge", "badges")))
    return {
        "author_id": "" if hidden else ident(at(author, "id")),
        "author_name": "" if name in _NOBODY else name,
        "badge": "blue-v" if firm else "verified" if marked else "",
        "followers": count(spelt(author, "follower_count")),
    }


def _region(row: Any) -> str:
    for tag in rows(spelt(row, "comment_tag")):
        if words(at(tag, "type")) == "ip_info":
            return region(at(tag, "text"))
    return region(spelt(row, "address_text"))


def _address(post: str, question: str = "") -> str:
    """Where an answer, article or video can be read."""
    match post[:1]:
        case "p":
            return f"https://zhuanlan.zhihu.com/p/{post[1:]}"
        case "v":
            return f"{_SITE}/zvideo/{post[1:]}"
    return f"{_SITE}/question/{question}/answer/{post[1:]}" if question else f"{_SITE}/answer/{post[1:]}"


def _comments_of(mention: Mention, number: int, page: Page) -> Follow:
    post = mention.native_id
    below = f"/api/v4/comment_v5/{_LISTS[post[:1]]}/{post[1:]}/root_comment"
    ask = Ask(f"{origin(page.url)}{below}?order_by=ts&limit=20&offset=", "zhihu.comments", {"post": post})
    return Follow(post, ask, str(number), mention.published_at)


def _answers_of(name: str, post: str, number: int, page: Page, first: Mention | None) -> Follow:
    below = f"/api/v4/comment_v5/comment/{name}/child_comment?order_by=ts&limit=20&offset="
    context = {"post": post, "root": f"c{name}"}
    born = first.published_at if first else page.captured_at
    return Follow(
        f"c{name}", Ask(f"{origin(page.url)}{below}", "zhihu.subcomments", context), str(number), born
    )


def _next(answer: Any, page: Page, parser: str) -> Ask | None:
    """The cursor of `paging.next` on this page's own address: on the last page it leads back to the first."""
    paging = at(answer, "paging")
    address = words(at(paging, "next"))
    offset = query_of(address, "offset") if len(address) < 2_000 else ""
    if spelt(paging, "is_end") is not False or not offset or offset == query_of(page.url, "offset"):
        return None
    carried = {name: query_of(address, name) or None for name in ("lc_idx", "search_hash_id")}
    changes = {name: value for name, value in carried.items() if value}
    url = with_query(page.url, offset=offset, **changes)
    return Ask(url, parser, {**page.context, "page": later(page.context.get("page"))})


PARSERS: dict[str, Parser] = {
    "zhihu.comments": comments,
    "zhihu.search": search,
    "zhihu.subcomments": subcomments,
}
