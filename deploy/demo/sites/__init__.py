"""The six sites: one module each, with its NAME, the LINK to a mention, its ROBOTS text and `answer(world, ask, now)`: pure.

`page` holds what they share. A site knows its own paths only; robots.txt, what robots forbids and refusals are
`serve_page`'s, the same for all.
"""

from datetime import datetime
from types import ModuleType

from deploy.demo.scenario import Source
from deploy.demo.sites import complaints, forum, mastodon, microblog, news, reviews
from deploy.demo.sites.page import Answer, Ask, front_page
from deploy.demo.world import World

SITES: dict[Source, ModuleType] = {
    Source.NEWS: news,
    Source.FORUM: forum,
    Source.MICROBLOG: microblog,
    Source.COMPLAINTS: complaints,
    Source.REVIEWS: reviews,
    Source.MASTODON: mastodon,
}
FORBIDDEN = "/private/"
NEWEST = 30
NOT_FOUND = Answer("没有这个页面\n".encode(), "text/plain; charset=utf-8", 404)
FORBIDDEN_PAGE = Answer("robots.txt 说了不要来\n".encode(), "text/plain; charset=utf-8")


def serve_page(world: World, source: Source, ask: Ask, now: datetime) -> Answer:
    """What `source` answers to `ask` at `now`."""
    site = SITES[source]
    if ask.path == "/robots.txt":
        return Answer(site.ROBOTS.encode(), "text/plain; charset=utf-8")
    if ask.path.startswith(FORBIDDEN):
        return FORBIDDEN_PAGE
    if refusal := world.refusal(source, now):
        headers = (("Retry-After", str(refusal.retry_after)),) if refusal.retry_after else ()
        return Answer("请求过于频繁\n".encode(), "text/plain; charset=utf-8", refusal.status, headers)
    answer: Answer | None = site.answer(world, ask, now)
    if answer is None and ask.path == "/":
        return front_page(site.NAME, site.LINK, world.roots(source, now)[:NEWEST], now)
    return answer or NOT_FOUND
