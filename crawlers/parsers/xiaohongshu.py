"""小红书: search, a note, its comments and their replies. For saved answers and licensed feeds: robots.txt denies
all, and each call is signed, so that nothing is followed from here. Search and note are POST calls; the `next` of a
search carries the page for its body.
"""

import re
from typing import Any
from urllib.parse import quote

from crawlers.parsers.listing import said, turned
from crawlers.parsers.markup import decoded
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import NotJson, at, count, ident, query_of, region, rows, spelt, tree, words
from tingchao.mention import Kind
from tingchao.privacy import Seal
from tingchao.scrubbing import mask_name

SITE = "https://www.xiaohongshu.com"

_GONE = frozenset({"-510000", "-510001", "300031"})
_BLOCKED = frozenset({"461", "471", "300011", "300012", "300013", "300015"})
_LOGIN = frozenset({"-100", "-101", "-104"})
_STATE = re.compile(r"window\.__INITIAL_STATE__\s*=\s*")
# A string that is never closed is one to the end: to look for others inside it would take quadratic time.
_UNDEFINED = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|\bundefined\b', re.DOTALL)
_TOPIC = re.compile(r"\[话题\]#")


def search(page: Page, seal: Seal) -> Parsed:
    """Cards of notes, of the call or of the page's state: they have a title and no text, and a time such as
    `3天前`. `next` has the number of the page in its query and context, and `search_id` if it was in the query."""
    answer = _answer(page)
    if refusal := _refusal(answer, page):
        return refusal
    gathering = Gathering(page, seal)
    feeds = at(answer, "search", "feeds")
    listing = at(answer, "data", "items") if feeds is None else _unwrapped(feeds)
    for item in rows(listing):
        card = spelt(item, "note_card")
        if (words(spelt(item, "model_type")) or "note") == "note":
            shown = (
                spelt(tag, "text")
                for tag in rows(spelt(card, "corner_tag_info"))
                if at(tag, "type") == "publish_time"
            )
            _note(item, card, next(shown, None), gathering)
    more = at(answer, "data", "has_more") is True
    here = count(query_of(page.url, "page")) or count(page.context.get("page")) or 1
    return gathering.parsed(turned(page, "xiaohongshu.search", {"page": str(here + 1)}) if more else None)


def note(page: Page, seal: Seal) -> Parsed:
    """A note in full, of the call or of the page's state, where its first comments are as well."""
    answer = _answer(page)
    if refusal := _refusal(answer, page):
        return refusal
    gathering = Gathering(page, seal)
    for item in rows(at(answer, "data", "items")):
        card = spelt(item, "note_card")
        _note(item, card, at(card, "time"), gathering)
    state = _unwrapped(spelt(answer, "note", "note_detail_map"))
    for detail in state.values() if isinstance(state, dict) else ():
        card = at(detail, "note")
        if card:
            _note(card, card, at(card, "time"), gathering)
        _comments(at(detail, "comments", "list"), ident(spelt(card, "note_id")), gathering)
    return gathering.parsed()


def comments(page: Page, seal: Seal) -> Parsed:
    """Comments of a note, with the replies shown below each; `sub_comment_has_more` says that there are others,
    for which `xiaohongshu.subcomments` reads the answers."""
    return _page_of_comments(page, seal, "xiaohongshu.comments", "")


def subcomments(page: Page, seal: Seal) -> Parsed:
    """Replies to one comment, named by `root_comment_id` in the address or `root` in the context."""
    root = page.context.get("root") or query_of(page.url, "root_comment_id")
    return _page_of_comments(page, seal, "xiaohongshu.subcomments", root)


def _page_of_comments(page: Page, seal: Seal, parser: str, root: str) -> Parsed:
    answer = tree(page.body)
    if refusal := _refusal(answer, page):
        return refusal
    found = at(answer, "data")
    gathering = Gathering(page, seal)
    post = page.context.get("post") or query_of(page.url, "note_id")
    _comments(at(found, "comments"), post, gathering, root)
    following: Ask | None = None
    cursor = ident(at(found, "cursor"))
    if spelt(found, "has_more") is True and cursor != query_of(page.url, "cursor"):
        following = turned(page, parser, {"cursor": cursor}, {"cursor": cursor})
    return gathering.parsed(following, count(spelt(found, "comment_count")))


def _answer(page: Page) -> Any:
    """The call's answer, or the state inside a page for people."""
    if page.body.lstrip()[:1] != b"<":
        return tree(page.body)
    text = decoded(page)
    start = _STATE.search(text)
    if start is None:
        raise NotJson("no __INITIAL_STATE__ in the page")
    state, _, _ = text[start.end() :].partition("</script>")
    known = _UNDEFINED.sub(lambda found: found[1] or "null", state.strip().rstrip(";"))
    return tree(known.encode("utf-8", "replace"))


def _unwrapped(value: Any) -> Any:
    """A value out of the box in which the page's framework keeps it."""
    for box in ("_rawValue", "_value"):
        if isinstance(value, dict) and box in value:
            return value[box]
    return value


def _refusal(answer: Any, page: Page) -> Parsed | None:
    """What the envelope says when it holds no list."""
    code = ident(at(answer, "code"))
    if code in _GONE:
        return Parsed(Outcome.END)
    if code in _BLOCKED or at(answer, "data", "verify_type") is not None:
        return Parsed(Outcome.BLOCKED)
    if code in _LOGIN:
        return Parsed(Outcome.LOGIN)
    if code not in {"", "0", "1000"}:
        return Parsed(said(words(at(answer, "msg"))))
    if at(answer, "success") is True and answer.get("data", 0) in ({}, None):
        return Parsed(Outcome.EMPTY if page.first else Outcome.END)
    known = isinstance(at(answer, "data"), dict) or isinstance(at(answer, "search"), dict)
    if known or isinstance(at(answer, "note"), dict):
        return None
    return Parsed(Outcome.CHANGED, missing=("data",))


def _note(item: Any, card: Any, published: Any, gathering: Gathering) -> None:
    name = ident(spelt(card, "note_id")) or ident(at(item, "id"))
    token = words(spelt(item, "xsec_token")) or words(spelt(card, "xsec_token"))
    user = at(card, "user")
    author = ident(spelt(user, "user_id"))
    title = words(spelt(card, "display_title")) or words(at(card, "title"))
    gathering.expect(**{"user.user_id": author})
    gathering.add(
        native_id=name,
        kind=Kind.POST,
        title=title,
        text=_masked(_TOPIC.sub("#", words(at(card, "desc"))), spelt(card, "at_user_list")) or title,
        published=published,
        url=_link(name, token),
        author_id=author,
        author_name=words(at(user, "nickname")) or words(spelt(user, "nick_name")),
        badge="verified" if spelt(user, "red_official_verified") is True else "",
        likes=count(spelt(card, "interact_info", "liked_count")),
        comments=count(spelt(card, "interact_info", "comment_count")),
        reposts=count(spelt(card, "interact_info", "share_count")),
        region=region(spelt(card, "ip_location")),
        media=_pictures(spelt(card, "image_list")) or _pictures([at(card, "cover")]),
    )


def _comments(listing: Any, post: str, gathering: Gathering, root: str = "") -> None:
    """Comments, and the replies shown inside them; `root` is the comment they all answer, where there is one."""
    for row in rows(listing):
        name = ident(at(row, "id"))
        _comment(row, root or post, post, gathering)
        for answer in rows(spelt(row, "sub_comments")):
            _comment(answer, name or post, post, gathering)


def _comment(row: Any, above: str, post: str, gathering: Gathering) -> None:
    """`above` is what it answers unless the row names another comment."""
    name = ident(at(row, "id"))
    root = post or ident(spelt(row, "note_id"))
    user = spelt(row, "user_info")
    author = ident(spelt(user, "user_id"))
    gathering.expect(**{"user_info.user_id": author})
    gathering.add(
        native_id=name,
        kind=Kind.COMMENT,
        text=_masked(words(at(row, "content")), spelt(row, "at_users")),
        published=spelt(row, "create_time"),
        url=_link(root, ""),
        parent_id=ident(spelt(row, "target_comment", "id")) or above or root or None,
        root_id=root or None,
        author_id=author,
        author_name=words(at(user, "nickname")),
        likes=count(spelt(row, "like_count")),
        comments=count(spelt(row, "sub_comment_count")),
        region=region(spelt(row, "ip_location")),
        media=_pictures(at(row, "pictures")),
    )


def _masked(text: str, named: Any) -> str:
    """The text with the nicknames of those it names masked, also such as hold blanks and signs."""
    for user in rows(named):
        if name := words(at(user, "nickname")):
            text = text.replace(f"@{name}", f"@{mask_name(name)}")
    return text


def _link(note: str, token: str) -> str:
    if not note:
        return ""
    asked = f"?xsec_token={quote(token, safe='', errors='replace')}&xsec_source=pc_search" if token else ""
    return f"{SITE}/explore/{quote(note, errors='replace')}{asked}"


def _pictures(listing: Any) -> tuple[str, ...]:
    return tuple(
        words(spelt(picture, "url_default"))
        or words(at(picture, "url"))
        or words(at(spelt(picture, "info_list"), 0, "url"))
        for picture in rows(listing)
    )


PARSERS: dict[str, Parser] = {
    "xiaohongshu.comments": comments,
    "xiaohongshu.note": note,
    "xiaohongshu.search": search,
    "xiaohongshu.subcomments": subcomments,
}
