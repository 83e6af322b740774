"""B站 JSON: comments in both of their shapes (by cursor, by page), and what answers a comment.

Pinned comments stand apart, in `top_replies`, `top` or `upper`, and again in the list.
"""

import json
from collections.abc import Iterator
from typing import Any

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
    tree,
    with_query,
    words,
)
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

SITE = "https://www.bilibili.com"
_RISK_CONTROL = frozenset({-352, -412, -509, -799})
_LOGIN = frozenset({-101, -111})
_GONE = frozenset({-404, 62002, 62004, 62012})
_CLOSED = frozenset({12002, 12009, 12061})
"""Comments that are closed, or were never opened."""
_PAST_THE_LAST = "max offset"
_KINDS = {"1": "av", "12": "cv"}
TYPES = {"av": "1", "cv": "12"}
"""The `type` by which comments are asked for, by the first letters of a native id."""
_BADGES = {0: "yellow-v", 1: "blue-v"}


def replies(page: Page, seal: Seal) -> Parsed:
    """Comments and the answers shown below each; pinned ones, which stand apart, once. Those with more answers than
    are shown are followed."""
    answer = tree(page.body)
    if refused := refusal(answer, page):
        return refused
    found = at(answer, "data")
    gathering = opened(answer, page, seal)
    gathering.expect(replies="there" if "replies" in found else "")
    subject = page.context.get("post") or _subject(query_of(page.url, "oid"), query_of(page.url, "type"))
    for row in _unlike((*_pinned(found), *rows(at(found, "replies")))):
        post = subject or _subject(ident(at(row, "oid")), ident(at(row, "type")))
        first = add_reply(row, post, post, gathering)
        answers = rows(at(row, "replies"))
        for inner in answers:
            add_reply(inner, _number(row) if first else post, post, gathering)
        held = count(either(row, "rcount", "count")) or 0
        if first and held > len(answers):
            gathering.follow.append(_answers_of(first, row, post, held, page))
    total = count(at(found, "cursor", "all_count"))
    if total is None:
        total = count(either(at(found, "page"), "acount", "count"))
    return gathering.parsed(_next_replies(found, page), total)


def subreplies(page: Page, seal: Seal) -> Parsed:
    """The answers to one comment; context `root` is that comment, `post` what it is about."""
    answer = tree(page.body)
    if refused := refusal(answer, page):
        return refused
    found = at(answer, "data")
    gathering = opened(answer, page, seal)
    root = page.context.get("root") or query_of(page.url, "root")
    post = page.context.get("post") or _subject(query_of(page.url, "oid"), query_of(page.url, "type"))
    for row in rows(at(found, "replies")):
        add_reply(row, root, post, gathering)
    return gathering.parsed(
        _next_number(found, page, "bilibili.subreplies"), count(at(found, "page", "count"))
    )


def refusal(answer: Any, page: Page) -> Parsed | None:
    """What the envelope's code says; also the answer of risk control that calls itself good."""
    said = at(answer, "code")
    code = said if isinstance(said, int) else 0
    if code in _RISK_CONTROL or words(at(answer, "data", "v_voucher")):
        return Parsed(Outcome.BLOCKED)
    if code in _LOGIN:
        return Parsed(Outcome.LOGIN)
    if code in _GONE or (code == -400 and _PAST_THE_LAST in words(at(answer, "message"))):
        return Parsed(Outcome.END)
    if code in _CLOSED:
        return Parsed(Outcome.EMPTY if page.first else Outcome.END)
    if code:
        return Parsed(Outcome.ERROR)
    return None if isinstance(at(answer, "data"), dict) else Parsed(Outcome.CHANGED, missing=("data",))


def opened(answer: Any, page: Page, seal: Seal) -> Gathering:
    """A gathering for a page whose envelope may lack its code."""
    gathering = Gathering(page, seal)
    gathering.expect(code=at(answer, "code"))
    return gathering


def add_reply(row: Any, parent: str, post: str, gathering: Gathering) -> Mention | None:
    """A comment; `parent` is what it answers unless it says so itself."""
    member = at(row, "member")
    # Number 0 is nobody: an account that was given up.
    author = (ident(at(member, "mid")) or ident(at(row, "mid"))).removeprefix("0")
    name = _number(row)
    said = ident(either(row, "parent_str", "parent"))
    gathering.expect(**{"member.mid": author})
    return gathering.add(
        native_id=name,
        kind=Kind.COMMENT,
        text=words(at(row, "content", "message")),
        published=at(row, "ctime"),
        url=f"{_address(post)}#reply{name}" if post else "",
        parent_id=(parent if said in {"", "0"} else said) or None,
        root_id=post or None,
        author_id=author,
        author_name=words(at(member, "uname")),
        badge=badge_of(at(member, "official_verify")),
        likes=count(at(row, "like")),
        comments=count(either(row, "rcount", "count")),
        region=region(at(row, "reply_control", "location")),
        media=tuple(words(at(picture, "img_src")) for picture in rows(at(row, "content", "pictures"))),
    )


def unsigned(url: str, **changes: str | None) -> str:
    """The address with another page, without the signature of this one."""
    return with_query(url, w_rid=None, wts=None, **changes)


def badge_of(verified: Any) -> str:
    """The mark beside a name: yellow for a person, blue for a firm or an office."""
    kind = at(verified, "type")
    return _BADGES.get(kind, "") if isinstance(kind, int) else ""


def _number(row: Any) -> str:
    return ident(at(row, "rpid_str")) or ident(at(row, "rpid"))


def _pinned(found: Any) -> list[Any]:
    """`top_replies` is a list; `top` and `upper` are objects of single ones, by who pinned them."""
    held = [*rows(at(found, "top_replies")), *rows(at(found, "hots"))]
    top, upper = at(found, "top"), at(found, "upper")
    single = list(top.values()) if isinstance(top, dict) and "rpid" not in top else [top]
    return [row for row in (*held, *single, at(upper, "top")) if isinstance(row, dict)]


def _unlike(found: tuple[Any, ...]) -> Iterator[Any]:
    """Each comment once."""
    seen: set[str] = set()
    for row in found:
        name = _number(row)
        if not name or name not in seen:
            seen.add(name)
            yield row


def _subject(oid: str, kind: str) -> str:
    """The native id of what is commented on."""
    if not oid:
        return ""
    return f"{_KINDS[kind or '1']}{oid}" if (kind or "1") in _KINDS else f"o{kind}-{oid}"


def _address(post: str) -> str:
    """Where something commented on can be read."""
    if post.startswith("cv"):
        return f"{SITE}/read/{post}"
    return (
        f"{SITE}/video/{post}" if post.startswith(("av", "BV")) else f"{SITE}/opus/{post.partition('-')[2]}"
    )


def _answers_of(comment: Mention, row: Any, post: str, number: int, page: Page) -> Follow:
    root = comment.native_id
    oid = ident(at(row, "oid")) or query_of(page.url, "oid") or post[2:]
    kind = ident(at(row, "type")) or query_of(page.url, "type") or TYPES.get(post[:2], "1")
    url = f"{origin(page.url)}/x/v2/reply/reply?oid={oid}&type={kind}&root={root}&ps=20&pn=1"
    ask = Ask(url, "bilibili.subreplies", {"post": post, "root": root})
    return Follow(root, ask, str(number), comment.published_at)


def _next_replies(found: Any, page: Page) -> Ask | None:
    cursor = at(found, "cursor")
    if not isinstance(cursor, dict):
        return _next_number(found, page, "bilibili.replies")
    offset = words(at(cursor, "pagination_reply", "next_offset"))
    number = ident(at(cursor, "next"))
    if at(cursor, "is_end") is not False or not (offset or number):
        return None
    changes = {"pagination_str": json.dumps({"offset": offset})} if offset else {"next": number}
    url = unsigned(page.url, **changes)
    if url == unsigned(page.url):
        return None
    return Ask(url, "bilibili.replies", {**page.context, "page": later(page.context.get("page"))})


def _next_number(found: Any, page: Page, parser: str) -> Ask | None:
    held = at(found, "page")
    here = count(either(held, "num")) or count(query_of(page.url, "pn")) or 1
    size, total = count(at(held, "size")), count(at(held, "count"))
    if not size or not total or here * size >= total:
        return None
    context = {**page.context, "page": later(page.context.get("page"))}
    return Ask(unsigned(page.url, pn=str(here + 1)), parser, context)


PARSERS: dict[str, Parser] = {"bilibili.replies": replies, "bilibili.subreplies": subreplies}
