"""App reviews in the shape of Apple's feed: ten pages of fifty, `entry` an object when there is one."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from deploy.demo.posts import Post
from deploy.demo.scenario import Source, Tone
from deploy.demo.sites.page import Answer, Ask, html_answer, json_answer, page_of, permalink, relative
from deploy.demo.world import World

NAME = "应用评论"
LINK = "/review/{id}"
ROBOTS = "User-agent: *\nDisallow: /private/\n"
REVIEWS_A_PAGE = 50
LAST_PAGE = 10
PEOPLE = "https://people.example/cn/reviews/id"
CUPERTINO = timezone(timedelta(hours=-7))
FEED = re.compile(r"/[a-z]{2}/rss/customerreviews/page=(\d{1,3})/id=(\d+)/sortBy=mostRecent/json")
STARS = {Tone.POSITIVE: (5, 5, 4), Tone.NEUTRAL: (3, 3, 4), Tone.NEGATIVE: (1, 1, 2)}


def answer(world: World, ask: Ask, now: datetime) -> Answer | None:
    """`/{country}/rss/customerreviews/page=N/id=APP/sortBy=mostRecent/json`, `/cn/app/idAPP`, `/review/ID`."""
    if asked := FEED.fullmatch(ask.path):
        page, app = int(asked[1]), asked[2]
        reviews = world.roots(Source.REVIEWS, now) if app == world.play.app and page <= LAST_PAGE else ()
        shown = page_of(reviews, page, REVIEWS_A_PAGE)
        entries = [_entry(review, ask.origin, now) for review in shown]
        feed: dict[str, Any] = {
            "author": {"name": {"label": "iTunes Store"}},
            "id": {"label": ask.origin + ask.path},
        }
        if entries:
            feed["entry"] = entries if len(entries) > 1 else entries[0]
        return json_answer({"feed": feed}, shown)
    if ask.path == f"/cn/app/id{world.play.app}":
        return _app(world.roots(Source.REVIEWS, now)[:REVIEWS_A_PAGE], now)
    if ask.path.startswith("/review/"):
        review = world.find(Source.REVIEWS, ask.path.removeprefix("/review/"), now)
        return permalink(NAME, review, now) if review else None
    return None


def _app(reviews: Sequence[Post], now: datetime) -> Answer:
    """The page that a review's link opens: Apple gives a review no address of its own."""
    rows = "".join(
        f"<article><b>{escape(review.title)}</b> {'★' * _stars(review)}<div>{escape(review.text)}</div>"
        f"<time>{relative(review.at, now)}</time></article>"
        for review in reviews
    )
    return html_answer(NAME, f"<header>{NAME}</header><main><h1>云雀智家</h1>{rows}</main>", reviews)


def _stars(review: Post) -> int:
    return STARS[review.tone][int(review.id) // 7 % 3]


def _entry(review: Post, origin: str, now: datetime) -> dict[str, Any]:
    return {
        "id": {"label": review.id},
        "author": {
            "name": {"label": review.author.nickname},
            "uri": {"label": f"{PEOPLE}{review.author.uid}"},
        },
        "updated": {"label": review.at.astimezone(CUPERTINO).isoformat(timespec="seconds")},
        "im:rating": {"label": str(_stars(review))},
        "im:version": {"label": "3.8.1"},
        "im:voteSum": {"label": str(review.likes(now))},
        "title": {"label": review.title},
        "content": {"label": review.text, "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": f"{origin}/review/{review.id}"}},
    }
