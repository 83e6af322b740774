"""Reddit (OAuth API): search, and a post's comments in their tree, those that were left out (`more`) included."""

import html
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from crawlers.parsers.listing import plain, said, turned
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, query_of, rows, tree, words
from tingchao.mention import Kind, Mention
from tingchao.privacy import Seal

SITE = "https://www.reddit.com"
MOST_MORE = 100
"""Comments that one call for those left out may name."""
MOST_LEFT = 2_000
"""Comments left out that are remembered for later calls."""

_NAMED = re.compile(r"(?<![\w/.])/?u/([\w-]{3,20})", re.ASCII)
_GONE = frozenset({"[deleted]", "[removed]", ""})


def search(page: Page, seal: Seal) -> Parsed:
    """Posts, each with its comments to follow. Links go by the post's number: the long ones may name its author."""
    answer = tree(page.body)
    if refusal := _refusal(answer):
        return refusal
    if not isinstance(at(answer, "data"), dict):
        return Parsed(Outcome.CHANGED, missing=("data",))
    gathering = Gathering(page, seal)
    for child in rows(at(answer, "data", "children")):
        if at(child, "kind") == "t3":
            post = at(child, "data")
            mention = _post(post, page, gathering)
            replies = count(at(post, "num_comments"))
            name = plain(ident(at(post, "id")))
            if mention and mention.url and name and replies:
                gathering.follow.append(_comments_of(name, mention, str(replies), page))
    after = words(at(answer, "data", "after"))
    return gathering.parsed(turned(page, "reddit.search", {"after": after}) if after else None)


def comments(page: Page, seal: Seal) -> Parsed:
    """A post and its comments (a pair of listings), or comments that had been left out (`json.data.things`). Deleted
    ones hold no text and are passed over. `next` asks for those left out, a hundred at a time; branches cut off for
    their depth name none and stay out."""
    answer = tree(page.body)
    if refusal := _refusal(answer):
        return refusal
    found = _listings(answer)
    if found is None:
        return Parsed(Outcome.CHANGED, missing=("[]",))
    gathering = Gathering(page, seal)
    left = [name for name in page.context.get("more", "").split(",") if name]
    total = None
    for kind, thing in _things(found):
        if kind == "t3":
            _post(thing, page, gathering)
            replies = count(at(thing, "num_comments"))
            total = None if replies is None else replies + 1
        elif kind == "t1":
            _comment(thing, page, gathering)
        elif kind == "more":
            left += [name for name in map(words, rows(at(thing, "children"))) if plain(name)]
    return gathering.parsed(_left_out(page, found, left), total)


def _refusal(answer: Any) -> Parsed | None:
    """What the site says in place of a listing: its own status, or a list of errors."""
    match count(at(answer, "error")):
        case 401:
            return Parsed(Outcome.LOGIN)
        case 403 | 429:
            return Parsed(Outcome.BLOCKED)
        case 404:
            return Parsed(Outcome.END)
        case None:
            pass
        case _:
            return Parsed(Outcome.ERROR)
    if errors := rows(at(answer, "json", "errors")):
        return Parsed(said(" ".join(words(at(errors, 0, place)) for place in range(2))))
    return None


def _listings(answer: Any) -> list[Any] | None:
    things = at(answer, "json", "data", "things")
    if isinstance(things, list):
        return things
    if not isinstance(answer, list) or not any(isinstance(at(part, "data"), dict) for part in answer):
        return None
    return [child for part in answer for child in rows(at(part, "data", "children"))]


def _things(listing: list[Any]) -> Iterator[tuple[str, Any]]:
    """Each post, comment and mark of what was left out, a comment before its answers."""
    waiting = list(reversed(listing))
    while waiting:
        child = waiting.pop()
        yield words(at(child, "kind")), at(child, "data")
        waiting += reversed(rows(at(child, "data", "replies", "data", "children")))


def _post(post: Any, page: Page, gathering: Gathering) -> Mention | None:
    name = ident(at(post, "id"))
    title = _plain_text(at(post, "title"), page)
    text = _plain_text(at(post, "selftext"), page)
    original = words(at(post, "crosspost_parent"))
    picture = at(post, "post_hint") == "image"
    gathering.expect(title=title, author=words(at(post, "author")))
    return gathering.add(
        native_id=words(at(post, "name")) or (name and f"t3_{name}"),
        kind=Kind.REPOST if original else Kind.POST,
        title=title,
        text=title if text in _GONE else text,
        published=at(post, "created_utc"),
        url=f"{SITE}/comments/{name}/",
        parent_id=original or None,
        root_id=original or None,
        likes=count(at(post, "score")),
        comments=count(at(post, "num_comments")),
        media=(words(at(post, "url")),) if picture else (),
        tz=UTC,
        **_author(post),
    )


def _comment(row: Any, page: Page, gathering: Gathering) -> None:
    text = _plain_text(at(row, "body"), page)
    if text in {"[deleted]", "[removed]"}:
        return
    name = ident(at(row, "id"))
    link = words(at(row, "link_id")) or f"t3_{page.context.get('post', '')}"
    gathering.expect(author=words(at(row, "author")))
    gathering.add(
        native_id=words(at(row, "name")) or (name and f"t1_{name}"),
        kind=Kind.COMMENT,
        text=text,
        published=at(row, "created_utc"),
        url=f"{SITE}/comments/{link.removeprefix('t3_')}/_/{name}/",
        parent_id=words(at(row, "parent_id")) or link,
        root_id=link,
        likes=count(at(row, "score")),
        tz=UTC,
        **_author(row),
    )


def _author(thing: Any) -> dict[str, str]:
    name = words(at(thing, "author"))
    if name in _GONE:
        return {}
    return {"author_id": words(at(thing, "author_fullname")) or name, "author_name": name}


def _plain_text(value: Any, page: Page) -> str:
    """Markdown as written, `u/name` as `@name`, so that the seal knows it for a person's. Unless `raw_json=1` was asked
    for, `<`, `>` and `&` come as entities."""
    text = words(value).strip()
    text = text if query_of(page.url, "raw_json") == "1" else html.unescape(text)
    return _NAMED.sub(r"@\1", text)


def _comments_of(name: str, mention: Mention, mark: str, page: Page) -> Follow:
    url = f"{origin(page.url)}/comments/{name}?sort=new&limit=500&raw_json=1"
    return Follow(f"t3_{name}", Ask(url, "reddit.comments", {"post": name}), mark, mention.published_at)


def _left_out(page: Page, found: list[Any], left: list[str]) -> Ask | None:
    """The call for the next hundred comments that were left out; the others wait in its context."""
    names = ((at(child, "data", "link_id"), at(child, "data", "name")) for child in found)
    links = (words(link) or words(name) for link, name in names)
    post = page.context.get("post") or next((link[3:] for link in links if link.startswith("t3_")), "")
    if not left or not plain(post):
        return None
    now, later = left[:MOST_MORE], left[MOST_MORE : MOST_MORE + MOST_LEFT]
    query = f"api_type=json&raw_json=1&sort=new&link_id=t3_{post}&children={','.join(now)}"
    number = str((count(page.context.get("page")) or 1) + 1)
    context = {**page.context, "post": post, "page": number, "more": ",".join(later)}
    return Ask(f"{origin(page.url)}/api/morechildren?{query}", "reddit.comments", context)


PARSERS: dict[str, Parser] = {"reddit.comments": comments, "reddit.search": search}
