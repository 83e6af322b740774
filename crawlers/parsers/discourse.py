"""Discourse forums (open JSON of any of them): the latest topics (`/latest.json`) and a topic (`/t/ID.json`).

Posts are called `tTOPIC-NUMBER`, so that an answer names its parent even where that stands on another page.
"""

import re
from datetime import UTC
from typing import Any

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, query_of, rows, tree, with_query, words
from tingchao.mention import Kind
from tingchao.privacy import Seal
from tingchao.times import when

_LIKE = 2
_WRITTEN = (None, 1, 2)
"""Kinds of posts with words of people: regular ones and those of moderators; not "closed this topic"."""
_TOPIC_PAGE = 20
_EMOJI = re.compile(r'alt=":([\w+-]{1,10}):"')
_QUOTE, _QUOTE_ENDS = '<aside class="quote', "</aside>"
_SAID = {
    "not_logged_in": Outcome.LOGIN,
    "invalid_access": Outcome.LOGIN,
    "rate_limit": Outcome.BLOCKED,
    "not_found": Outcome.END,
}


def latest(page: Page, seal: Seal) -> Parsed:
    """Topics, the last answered first; each is followed when its number of posts changed."""
    answer = tree(page.body)
    found = at(answer, "topic_list")
    if not isinstance(found, dict):
        return _no_list(answer, "topic_list")
    gathering = Gathering(page, seal)
    prefix = page.url.partition("/latest.json")[0]
    for topic in rows(at(found, "topics")):
        name, posts = ident(at(topic, "id")), count(at(topic, "posts_count"))
        gathering.expect(id=name, posts_count=posts)
        if name.isdecimal() and at(topic, "visible") is not False:
            born = when(at(topic, "created_at"), page.captured_at, tz=UTC).at or page.captured_at
            ask = Ask(f"{prefix}/t/{name}.json?page=1", "discourse.topic", {"thread": name})
            gathering.follow.append(Follow(name, ask, "" if posts is None else str(posts), born))
    return gathering.parsed(_next_list(page) if words(at(found, "more_topics_url")) else None)


def topic(page: Page, seal: Seal) -> Parsed:
    """The posts of a topic, twenty a page: the first opens it, the others answer."""
    answer = tree(page.body)
    stream = at(answer, "post_stream")
    if not isinstance(stream, dict):
        return _no_list(answer, "post_stream")
    gathering = Gathering(page, seal)
    name = page.context.get("thread") or ident(at(answer, "id"))
    shown = rows(at(stream, "posts"))
    for post in shown:
        if at(post, "post_type") in _WRITTEN and not (at(post, "user_deleted") or at(post, "deleted_at")):
            _post(post, answer, name, page, gathering)
    total = count(at(answer, "posts_count"))
    here = count(query_of(page.url, "page")) or 1
    more = (
        bool(shown) and total is not None and here * (count(at(answer, "chunk_size")) or _TOPIC_PAGE) < total
    )
    return gathering.parsed(_turned(page, here + 1, "discourse.topic") if more else None, total)


def _post(post: Any, answer: Any, topic: str, page: Page, gathering: Gathering) -> None:
    number = count(at(post, "post_number"))
    gathering.expect(post_number=number, username=words(at(post, "username")))
    if not number or not topic:
        return
    opens = number == 1
    answered = count(at(post, "reply_to_post_number")) or 1
    likes = [count(at(row, "count")) for row in rows(at(post, "actions_summary")) if at(row, "id") == _LIKE]
    gathering.add(
        native_id=f"t{topic}-{number}",
        kind=Kind.POST if opens else Kind.COMMENT,
        title=words(at(answer, "title")) if opens else "",
        text=html_to_text(_own_words(words(at(post, "cooked")))),
        published=at(post, "created_at"),
        url=f"{page.url.partition('/t/')[0]}/t/{topic}/{number}",
        parent_id=None if opens else f"t{topic}-{answered}",
        root_id=None if opens else f"t{topic}-1",
        author_id=ident(at(post, "user_id")) or words(at(post, "username")),
        author_name=words(at(post, "username")),
        badge="staff" if at(post, "staff") is True else "",
        likes=next(iter(likes), None),
        comments=count(at(answer, "reply_count") if opens else at(post, "reply_count")),
        views=count(at(answer, "views")) if opens else None,
        tz=UTC,
    )


def _own_words(html: str) -> str:
    """Without what is quoted of others, and with emoji as `[rage]`."""
    kept, place = [], 0
    while (start := html.find(_QUOTE, place)) >= 0 and (end := html.find(_QUOTE_ENDS, start)) >= 0:
        kept.append(html[place:start])
        place = end + len(_QUOTE_ENDS)
    return _EMOJI.sub(r'alt="[\1]"', "".join([*kept, html[place:]]))


def _no_list(answer: Any, expected: str) -> Parsed:
    """What the answer says instead of a list."""
    said = _SAID.get(words(at(answer, "error_type")))
    return Parsed(said) if said else Parsed(Outcome.CHANGED, missing=(expected,))


def _next_list(page: Page) -> Ask:
    return _turned(page, (count(query_of(page.url, "page")) or 0) + 1, "discourse.latest")


def _turned(page: Page, number: int, parser: str) -> Ask:
    turned = str((count(page.context.get("page")) or 1) + 1)
    return Ask(with_query(page.url, page=str(number)), parser, {**page.context, "page": turned})


PARSERS: dict[str, Parser] = {"discourse.latest": latest, "discourse.topic": topic}
