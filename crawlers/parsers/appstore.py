"""Apple App Store reviews (open customer-reviews feed, JSON form): at most ten pages of fifty."""

import re

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, origin, rows, tree, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

LAST_PAGE = 10
_ADDRESS = re.compile(r"/([a-z]{2})/rss/customerreviews/page=(\d{1,2})/id=(\d+)/")
_PERSON = re.compile(r"/id(\d+)")


def reviews(page: Page, seal: Seal) -> Parsed:
    """Reviews, newest first. `entry` may be one object instead of a list, and is missing when there is none;
    an entry without a rating is the app itself."""
    feed = at(tree(page.body), "feed")
    if not isinstance(feed, dict):
        return Parsed(Outcome.CHANGED, missing=("feed",))
    gathering = Gathering(page, seal)
    address = _ADDRESS.search(page.url)
    for entry in _entries(feed.get("entry")):
        if not isinstance(at(entry, "im:rating"), dict):
            continue
        person = _PERSON.search(words(at(entry, "author", "uri", "label")))
        name = words(at(entry, "author", "name", "label"))
        gathering.expect(author=name)
        gathering.add(
            native_id=ident(at(entry, "id", "label")),
            kind=Kind.REVIEW,
            title=words(at(entry, "title", "label")),
            text=html_to_text(words(at(entry, "content", "label"))),
            published=at(entry, "updated", "label"),
            url=f"{_shop(page.url)}/{address[1]}/app/id{address[3]}" if address else "",
            author_id=person[1] if person else "",
            author_name=name,
            likes=count(at(entry, "im:voteSum", "label")),
        )
    return gathering.parsed(_next(page, address))


def _entries(entry: object) -> list[object]:
    """An entry alone has keys of its own, which `rows` would take for a list where they are numbers."""
    return [entry] if isinstance(entry, dict) and "id" in entry else rows(entry)


def _shop(url: str) -> str:
    return "https://apps.apple.com" if "://itunes.apple.com/" in url else origin(url)


def _next(page: Page, address: re.Match[str] | None) -> Ask | None:
    if address is None or int(address[2]) >= LAST_PAGE:
        return None
    number = str(int(address[2]) + 1)
    url = f"{page.url[: address.start(2)]}{number}{page.url[address.end(2) :]}"
    return Ask(url, "appstore.reviews", {**page.context, "page": number})


PARSERS: dict[str, Parser] = {"appstore.reviews": reviews}
