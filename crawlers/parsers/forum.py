"""A forum in HTML: the list of threads, and a thread's floors.

The shape is that of the demo site; a real forum is a copy of this file with other selectors.
"""

import re

from parsel import Selector

from crawlers.parsers.markup import attribute, decoded, page_tree, text_at
from crawlers.parsers.page import Ask, Follow, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import count, joined, origin
from tingchao.mention import Kind
from tingchao.privacy import Seal
from tingchao.scrubbing import names_profile
from tingchao.times import when

_THREAD = re.compile(r"/thread/([\w-]{1,64})")
_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)


def listing(page: Page, seal: Seal) -> Parsed:
    """Threads, the last answered first; each is followed when its number of answers changed."""
    tree = page_tree(decoded(page))
    if not tree.css("ul.threads"):
        return Parsed(Outcome.CHANGED, missing=("ul.threads",))
    gathering = Gathering(page, seal)
    for row in tree.css("ul.threads > li.thread"):
        link = row.css("a::attr(href)").get("")
        thread = _named(attribute(row, "data-id")) or _thread(link)
        answers = text_at(row, "span.count")
        gathering.expect(**{"data-id": thread, "a": link, "span.count": answers})
        if thread and link:
            url = joined(page.url, link)
            born = when(_time(row), page.captured_at).at or page.captured_at
            # What is followed is written down: no title, and nothing that might be words.
            ask = Ask(url, "forum.thread", {"thread": thread})
            mark = "" if count(answers) is None else answers
            if origin(url) == origin(page.url) and not names_profile(url):
                gathering.follow.append(Follow(thread, ask, mark, born))
    return gathering.parsed(_next(tree, page, "forum.list"))


def thread(page: Page, seal: Seal) -> Parsed:
    """The floors of a thread: the first is the post, the others answer it."""
    tree = page_tree(decoded(page))
    if not tree.css("article.post"):
        return Parsed(
            Outcome.CHANGED if page.first else Outcome.END, missing=("article.post",) if page.first else ()
        )
    name = page.context.get("thread") or _thread(page.url)
    title = text_at(tree, "h1")
    gathering = Gathering(page, seal)
    for number, post in enumerate(tree.css("article.post")):
        starter = (attribute(post, "data-floor") or ("1" if page.first and number == 0 else "")) == "1"
        uid = post.css("span.author::attr(data-uid)").get("")
        floor = attribute(post, "data-id")
        gathering.expect(**{"span.author": uid, "data-id": floor})
        gathering.add(
            native_id=f"t{name}" if starter else floor and f"p{floor}",
            kind=Kind.POST if starter else Kind.COMMENT,
            title=title if starter else "",
            text=text_at(post, "div.content"),
            published=_time(post),
            url=f"{origin(page.url)}/thread/{name}" + ("" if starter else f"#p{floor}"),
            parent_id=None if starter else f"t{name}",
            root_id=None if starter else f"t{name}",
            author_id=uid,
            author_name=text_at(post, "span.author"),
            likes=count(text_at(post, "span.likes")),
        )
    return gathering.parsed(_next(tree, page, "forum.thread"))


def _time(row: Selector) -> str:
    """The machine's time where there is one, else the one for people."""
    return row.css("time::attr(datetime)").get("") or text_at(row, "time")


def _named(shown: str) -> str:
    return shown if _NAME.fullmatch(shown) else ""


def _thread(address: str) -> str:
    found = _THREAD.search(address)
    return found[1] if found else ""


def _next(tree: Selector, page: Page, parser: str) -> Ask | None:
    link = tree.css("a.next::attr(href)").get("")
    url = joined(page.url, link)
    if not link or url == page.url or origin(url) != origin(page.url):
        return None
    number = str((count(page.context.get("page")) or 1) + 1)
    return Ask(url, parser, {**page.context, "page": number})


PARSERS: dict[str, Parser] = {"forum.list": listing, "forum.thread": thread}
