"""百度贴吧: search JSON and a thread's floors JSON; pages in HTML are in `tieba_html`.

Native ids: `t…` a thread, `p…` a floor or an answer below one. The thread's call is signed on the site: its next page
names the number (`pn` in the address and in the context) for whoever holds permission to ask.
"""

from typing import Any

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import (
    at,
    count,
    either,
    ident,
    later,
    query_of,
    region,
    rows,
    tree,
    with_query,
    words,
)
from tingchao.mention import Kind
from tingchao.privacy import Seal

SITE = "https://tieba.baidu.com"
_REFUSING = ("验证", "频繁", "安全", "签名", "sign")
_LOGIN = ("登录", "login")
_GONE = ("删除", "不存在", "隐藏")
_THREAD = ("thread", "post_list")
_TEXT, _LINK, _EMOTICON, _PICTURE, _NAME, _PHONE = (
    frozenset(kinds) for kinds in ("0", "1", "2", "3", "4", "9")
)


def search(page: Page, seal: Seal) -> Parsed:
    """Threads; other cards (forums, goods, users) are none."""
    answer = tree(page.body)
    if refused := _refusal(answer):
        return refused
    found = at(answer, "data")
    if not isinstance(found, dict) or "card_list" not in found:
        return Parsed(Outcome.CHANGED, missing=("data.card_list",))
    gathering = Gathering(page, seal)
    for card in rows(found["card_list"]):
        if "thread" in {words(at(card, "cardInfo")), words(at(card, "cardStyle"))}:
            _found(at(card, "data"), gathering)
    here = count(query_of(page.url, "pn")) or 1
    following = None
    if at(found, "has_more") in (1, "1"):
        context = {**page.context, "page": later(page.context.get("page"))}
        following = Ask(with_query(page.url, pn=str(here + 1)), "tieba.search", context)
    return gathering.parsed(following)


def thread(page: Page, seal: Seal) -> Parsed:
    """The first floor as the post, the others and the answers below them as comments."""
    answer = tree(page.body)
    if refused := _refusal(answer):
        return refused
    found = answer if any(key in answer for key in _THREAD) else at(answer, "data")
    head = at(found, "thread")
    name = ident(at(head, "id")) or ident(at(head, "tid")) or page.context.get("post", "").removeprefix("t")
    if not name or not isinstance(found, dict) or not any(key in found for key in _THREAD):
        return Parsed(Outcome.CHANGED, missing=("thread",))
    gathering = Gathering(page, seal)
    gathering.expect(thread=head)
    people = {ident(at(user, "id")): user for user in _records(found, "user_list")}
    first = at(found, "first_floor")
    listed = _records(found, "post_list")
    if first is None:
        first = next((row for row in listed if ident(at(row, "floor")) == "1"), None)
    if first is not None:
        _starter(head, first, name, people, gathering)
    for row in listed:
        if ident(at(row, "floor")) != "1" and (
            first is None or ident(at(row, "id")) != ident(at(first, "id"))
        ):
            _floor(row, name, people, gathering)
    answers = count(at(head, "reply_num"))
    return gathering.parsed(_next(found, name, page), None if answers is None else answers + 1)


def _refusal(answer: Any) -> Parsed | None:
    """What the envelope's number and words say."""
    code = ident(either(answer, "no", "error_code", "errno"))
    if code in {"", "0"}:
        return None if isinstance(answer, dict) else Parsed(Outcome.CHANGED, missing=("{}",))
    message = words(either(answer, "error", "error_msg", "errmsg")).lower()
    if any(word in message for word in _LOGIN):
        return Parsed(Outcome.LOGIN)
    if any(word in message for word in _REFUSING):
        return Parsed(Outcome.BLOCKED)
    return Parsed(Outcome.END if any(word in message for word in _GONE) else Outcome.ERROR)


def _found(row: Any, gathering: Gathering) -> None:
    name, title = ident(at(row, "tid")), html_to_text(words(at(row, "title")))
    user = at(row, "user")
    gathering.expect(title=title, user=author_id_of(user))
    gathering.add(
        native_id=name and f"t{name}",
        kind=Kind.POST,
        title=title,
        text=html_to_text(words(at(row, "content"))) or title,
        published=at(row, "time"),
        url=f"{SITE}/p/{name}",
        author_id=author_id_of(user),
        author_name=words(either(user, "show_nickname", "user_nickname", "user_name")),
        likes=count(either(row, "like_num", "agree_num")),
        comments=count(at(row, "post_num")),
        media=tuple(
            words(either(medium, "big_pic", "water_pic", "small_pic")) for medium in rows(at(row, "media"))
        ),
    )


def _starter(head: Any, first: Any, name: str, people: dict[str, Any], gathering: Gathering) -> None:
    title = html_to_text(words(at(head, "title")))
    gathering.expect(title=title)
    gathering.add(
        native_id=f"t{name}",
        kind=Kind.POST,
        title=title,
        published=either(first, "time") or at(head, "create_time"),
        url=f"{SITE}/p/{name}",
        comments=count(at(head, "reply_num")),
        likes=count(either(at(head, "agree"), "agree_num")),
        **_spoken(first, people, title),
    )


def _floor(row: Any, name: str, people: dict[str, Any], gathering: Gathering) -> None:
    """A floor, and the answers that are shown below it."""
    number = ident(at(row, "id"))
    added = gathering.add(
        native_id=number and f"p{number}",
        kind=Kind.COMMENT,
        published=at(row, "time"),
        url=f"{SITE}/p/{name}?pid={number}#{number}",
        parent_id=f"t{name}",
        root_id=f"t{name}",
        comments=count(at(row, "sub_post_number")),
        likes=count(either(at(row, "agree"), "agree_num")),
        **_spoken(row, people),
    )
    below = at(row, "sub_post_list")
    for inner in rows(at(below, "sub_post_list") if at(below, "sub_post_list") is not None else below):
        below_number = ident(at(inner, "id"))
        gathering.add(
            native_id=below_number and f"p{below_number}",
            kind=Kind.COMMENT,
            published=at(inner, "time"),
            url=f"{SITE}/p/{name}?pid={number}&cid={below_number}#{below_number}",
            parent_id=f"p{number}" if added else f"t{name}",
            root_id=f"t{name}",
            likes=count(either(at(inner, "agree"), "agree_num")),
            **_spoken(inner, people),
        )


def _spoken(row: Any, people: dict[str, Any], otherwise: str = "") -> dict[str, Any]:
    """The words and pictures of a floor, and who wrote it: `author`, or `author_id` in the list of users."""
    content = at(row, "content")
    parts = rows(content)
    user = either(row, "author") or people.get(ident(at(row, "author_id")))
    text = html_to_text(content) if isinstance(content, str) else "".join(map(_part, parts))
    pictures = [
        words(either(part, "origin_src", "big_cdn_src", "cdn_src", "src"))
        for part in parts
        if words(at(part, "type")) in _PICTURE
    ]
    return {
        "text": text.strip() or otherwise or ("[图片]" if pictures else ""),
        "author_id": author_id_of(user) or ident(at(row, "author_id")),
        "author_name": words(either(user, "name_show", "show_nickname", "name")),
        "region": region(either(user, "ip_address", "ip")),
        "media": tuple(pictures),
    }


def _part(part: Any) -> str:
    """One part of a floor's words: text, link, emoticon, @name."""
    kind, text = words(at(part, "type")), words(at(part, "text"))
    if kind in _TEXT | _LINK | _NAME | _PHONE:
        return text
    return f"[{words(at(part, 'c')) or text}]" if kind in _EMOTICON and (at(part, "c") or text) else ""


def author_id_of(user: Any) -> str:
    """An account's number, or else the name of its portrait, which tells it as well."""
    known = ident(at(user, "id"))
    return known if known not in {"", "0"} else ident(at(user, "portrait")).partition("?")[0]


def _records(found: Any, key: str) -> list[Any]:
    """A list, or an object by ids, which `rows` would take for one record if a key is no number."""
    held = at(found, key)
    if isinstance(held, dict) and held and all(isinstance(value, dict) for value in held.values()):
        return list(held.values())
    return rows(held)


def _next(found: Any, name: str, page: Page) -> Ask | None:
    here = count(at(found, "page", "current_page")) or count(query_of(page.url, "pn")) or 1
    last = count(either(at(found, "page"), "total_page", "new_total_page"))
    if last is None or here >= last:
        return None
    number = str(here + 1)
    context = {**page.context, "post": f"t{name}", "page": later(page.context.get("page")), "pn": number}
    return Ask(with_query(page.url, pn=number), "tieba.thread", context)


PARSERS: dict[str, Parser] = {"tieba.search": search, "tieba.thread": thread}
