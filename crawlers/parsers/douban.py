"""豆瓣 groups: lists and search (HTML), a topic with its comments (HTML), a topic and its comments (rexxar JSON).

Native ids: `t…` a topic, `c…` a comment. A list shows about 500 newest topics of a group. Its column 最后回应 is the
time of the last answer, never that of the topic: such a topic's own time is not known from the list.
"""

import re
from typing import Any

from parsel import Selector

from crawlers.parsers.markup import attribute, decoded, html_to_text, page_tree, text_at, text_of
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import (
    at,
    count,
    either,
    ident,
    joined,
    later,
    origin,
    query_of,
    region,
    rows,
    tree,
    with_query,
    words,
)
from tingchao.mention import Kind
from tingchao.privacy import Seal
from tingchao.times import when

_SITE = "https://www.douban.com/group/topic"
_TOPIC = re.compile(r"/group/topic/(\d{1,20})")
_PERSON = re.compile(r"/people/([^/?#]{1,64})")
_NUMBER = re.compile(r"\d[\d,.]*\s*万?")
_LAST_ANSWER = "最后回应"
_GATEKEEPER = "//sec."
"""The host that those whom the site refuses are sent to."""
_TIME = 19
"""Characters of `2026-11-23 20:10:11`; what follows in `.pubtime` is the region."""
_NOTHING = ("没有找到", "没有搜索到", "没有相关", "还没有人")
_GONE = ("not_found", "not found", "deleted", "不存在", "已被删除")
_LOGIN = ("need_login", "登录", "login")
_REFUSING = ("rate_limit", "captcha", "need_permission", "频繁", "异常", "验证", "invalid_request")


def group(page: Page, seal: Seal) -> Parsed:
    """Topics of a search or of a group's list, each to follow when its number of answers changes."""
    if _GATEKEEPER in origin(page.url):
        return Parsed(Outcome.BLOCKED)
    tree = page_tree(decoded(page))
    listed = tree.css("table.olt tr:not(.th), table tr:has(td.td-subject)")
    found = [row for row in listed if row.css("a[href*='/group/topic/']")]
    if not found:
        if tree.css("table.olt") or any(word in text_at(tree, "body") for word in _NOTHING):
            return Parsed(Outcome.EMPTY if page.first else Outcome.END)
        return Parsed(Outcome.CHANGED, missing=("table.olt", "td.td-subject"))
    last_answer = _LAST_ANSWER in text_at(tree, "table.olt tr.th")
    gathering = Gathering(page, seal)
    for row in found:
        _listed(row, last_answer, page, gathering)
    return gathering.parsed(_following(tree, page, "douban.group"))


def topic(page: Page, seal: Seal) -> Parsed:
    """A topic (on its first page) and a page of its comments."""
    if _GATEKEEPER in origin(page.url):
        return Parsed(Outcome.BLOCKED)
    tree = page_tree(decoded(page))
    place = _TOPIC.search(page.url)
    post = page.context.get("post") or (f"t{place[1]}" if place else "")
    if not tree.css("#topic-content, .topic-content, ul#comments"):
        gone = any(word in text_at(tree, "body")[:2_000] for word in _GONE)
        return Parsed(Outcome.END if gone else Outcome.CHANGED, missing=() if gone else ("#topic-content",))
    gathering = Gathering(page, seal)
    if count(query_of(page.url, "start")) in {None, 0}:
        _topic(tree, post, gathering, page)
    for row in tree.css("ul#comments > li[data-cid]"):
        _comment(row, post, gathering, page)
    return gathering.parsed(_following(tree, page, "douban.topic", post))


def rexxar(page: Page, seal: Seal) -> Parsed:
    """A topic in JSON, with its comments to follow."""
    answer = tree(page.body)
    if refused := _refusal(answer, "id", "title"):
        return refused
    name, title = ident(at(answer, "id")), html_to_text(words(at(answer, "title")))
    gathering = Gathering(page, seal)
    gathering.expect(title=title)
    mention = gathering.add(
        native_id=name and f"t{name}",
        kind=Kind.POST,
        title=title,
        text=html_to_text(words(either(answer, "content", "abstract"))) or title,
        published=at(answer, "create_time"),
        url=f"{_SITE}/{name}/",
        likes=count(either(answer, "like_count", "reactions_count")),
        comments=count(at(answer, "comments_count")),
        reposts=count(either(answer, "reshares_count", "resharing_count")),
        region=region(at(answer, "ip_location")),
        media=_photos(at(answer, "photos")),
        **_author(answer),
    )
    answers = count(at(answer, "comments_count"))
    if mention and answers and mention.native_id == f"t{name}":
        url = f"{origin(page.url)}/rexxar/api/v2/group/topic/{name}/comments?start=0&count=50"
        ask = Ask(url, "douban.comments", {"post": f"t{name}"})
        gathering.follow.append(Follow(f"t{name}", ask, str(answers), mention.published_at))
    return gathering.parsed()


def comments(page: Page, seal: Seal) -> Parsed:
    """A topic's comments in JSON; popular ones, which stand apart, once. `count` is cut by the site without a word:
    the next page starts after the number that came."""
    answer = tree(page.body)
    if refused := _refusal(answer, "comments"):
        return refused
    place = _TOPIC.search(page.url)
    post = page.context.get("post") or (f"t{place[1]}" if place else "")
    gathering = Gathering(page, seal)
    seen: set[str] = set()
    came = rows(at(answer, "comments"))
    for row in (*rows(at(answer, "popular_comments")), *came):
        _answer(row, post, post, seen, gathering)
        for inner in rows(at(row, "replies")):
            _answer(inner, f"c{ident(at(row, 'id'))}", post, seen, gathering)
    total = count(at(answer, "total"))
    start = (count(query_of(page.url, "start")) or count(at(answer, "start")) or 0) + len(came)
    following = None
    if came and total is not None and start < total:
        context = {**page.context, "post": post, "page": later(page.context.get("page"))}
        following = Ask(with_query(page.url, start=str(start)), "douban.comments", context)
    return gathering.parsed(following, total)


def _refusal(answer: Any, *expected: str) -> Parsed | None:
    """What an error says, in a body without what was asked for."""
    if isinstance(answer, dict) and any(key in answer for key in expected):
        return None
    message = " ".join(
        words(at(answer, key)) for key in ("msg", "localized_message", "message", "reason")
    ).lower()
    if any(word in message for word in _LOGIN):
        return Parsed(Outcome.LOGIN)
    if any(word in message for word in _REFUSING):
        return Parsed(Outcome.BLOCKED)
    if any(word in message for word in _GONE):
        return Parsed(Outcome.END)
    if message.strip():
        return Parsed(Outcome.ERROR)
    return Parsed(Outcome.CHANGED, missing=expected)


def _listed(row: Selector, last_answer: bool, page: Page, gathering: Gathering) -> None:
    link = row.css("a[href*='/group/topic/']")[0]
    place = _TOPIC.search(attribute(link, "href"))
    name = place[1] if place else ""
    clock = row.css("td.td-time, td.time")
    shown = (attribute(clock[0], "title") or text_of(clock[0].root)) if clock else ""
    person = row.css("td a[href*='/people/']")
    answers = _number(text_at(row, "td.td-reply, td.r-count"))
    gathering.expect(**{".time": shown})
    title = attribute(link, "title") or text_of(link.root)
    gathering.add(
        native_id=name and f"t{name}",
        kind=Kind.POST,
        title=title,
        text=title,
        published="" if last_answer else shown,
        url=f"{_SITE}/{name}/",
        comments=answers,
        **_person(person),
    )
    if name:
        born = when(shown, page.captured_at).at or page.captured_at
        ask = Ask(f"{origin(page.url)}/group/topic/{name}/", "douban.topic", {"post": f"t{name}"})
        gathering.follow.append(Follow(f"t{name}", ask, str(answers or 0), born))


def _topic(tree: Selector, post: str, gathering: Gathering, page: Page) -> None:
    clock = text_at(tree, ".create-time")
    title = text_at(tree, "h1")
    body = tree.css(".topic-richtext") or tree.css(".topic-content") or tree.css("#topic-content")
    person = tree.css(".topic-doc .from a[href*='/people/']") or tree.css(".topic-doc h3 a[href*='/people/']")
    gathering.expect(**{"h1": title, ".create-time": clock})
    gathering.add(
        native_id=post,
        kind=Kind.POST,
        title=title,
        text=(text_of(body[0].root) if body else "") or title,
        published=clock[:_TIME],
        url=f"{_SITE}/{post[1:]}/",
        likes=_number(text_at(tree, ".action-react .react-num, .react-num")),
        comments=_number(text_at(tree, ".comment-count, .topic-comments-count")),
        region=region(text_at(tree, ".create-ip")) or region(clock[_TIME:]),
        media=tuple(joined(page.url, attribute(image, "src")) for image in body.css("img")) if body else (),
        **_person(person),
    )


def _comment(row: Selector, post: str, gathering: Gathering, page: Page) -> None:
    name = attribute(row, "data-cid")
    clock = text_at(row, ".pubtime")
    quoted = attribute(row, "data-ref-cid") or row.css(".reply-quote::attr(data-cid)").get("")
    gathering.expect(**{".pubtime": clock})
    gathering.add(
        native_id=name and f"c{name}",
        kind=Kind.COMMENT,
        text=text_at(row, ".reply-content"),
        published=clock[:_TIME],
        url=f"{_SITE}/{post[1:]}/?cid={name}#{name}",
        parent_id=(f"c{quoted}" if quoted else post) or None,
        root_id=post or None,
        likes=_number(text_at(row, ".comment-vote, .lnk-vote")),
        region=region(clock[_TIME:]),
        media=tuple(joined(page.url, link) for link in row.css(".cmt-img img::attr(src)").getall()),
        **_person(row.css("h4 a[href*='/people/']")),
    )


def _answer(row: Any, parent: str, post: str, seen: set[str], gathering: Gathering) -> None:
    name = ident(at(row, "id"))
    if name in seen or at(row, "is_deleted") is True:
        return
    seen.add(name)
    quoted = ident(either(row, "parent_comment_id", "parent_cid")) or ident(at(row, "ref_comment", "id"))
    gathering.add(
        native_id=name and f"c{name}",
        kind=Kind.COMMENT,
        text=html_to_text(words(at(row, "text"))),
        published=at(row, "create_time"),
        url=f"{_SITE}/{post[1:]}/?cid={name}#{name}",
        parent_id=(f"c{quoted}" if quoted not in {"", "0"} else parent) or None,
        root_id=post or None,
        likes=count(either(row, "vote_count", "like_count")),
        comments=count(at(row, "total_replies")),
        region=region(at(row, "ip_location")),
        media=_photos(at(row, "photos")),
        **_author(row),
    )


def _author(row: Any) -> dict[str, Any]:
    author = at(row, "author")
    return {"author_id": ident(at(author, "id")), "author_name": words(at(author, "name"))}


def _person(link: Any) -> dict[str, Any]:
    """Who a link to a person's page names."""
    found = _PERSON.search(attribute(link[0], "href")) if link else None
    return {"author_id": found[1] if found else "", "author_name": text_of(link[0].root) if link else ""}


def _photos(photos: Any) -> tuple[str, ...]:
    return tuple(
        words(at(photo, "image", "large", "url"))
        or words(at(photo, "image", "normal", "url"))
        or words(at(photo, "url"))
        for photo in rows(photos)
    )


def _number(shown: str) -> int | None:
    """The number in `12回应`, `赞 (3)`; None where there is none."""
    found = _NUMBER.search(shown)
    return count(found[0]) if found else None


def _following(tree: Selector, page: Page, parser: str, post: str = "") -> Ask | None:
    url = joined(page.url, tree.css("span.next a::attr(href)").get(""))
    if not url or url == page.url or origin(url) != origin(page.url):
        return None
    context = {**page.context, **({"post": post} if post else {}), "page": later(page.context.get("page"))}
    return Ask(url, parser, context)


PARSERS: dict[str, Parser] = {
    "douban.comments": comments,
    "douban.group": group,
    "douban.rexxar": rexxar,
    "douban.topic": topic,
}
