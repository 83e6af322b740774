"""A Mastodon server: the timeline of a tag, paged by ids, the next page in the Link header."""

from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from deploy.demo.posts import Post
from deploy.demo.scenario import Source
from deploy.demo.sites.page import Answer, Ask, json_answer, permalink
from deploy.demo.world import World

NAME = "长毛象·炊烟站"
LINK = "/web/statuses/{id}"
ROBOTS = "User-agent: *\nDisallow: /private/\nDisallow: /media_proxy/\n"
MOST = 40
USUAL = 20
EVERY_TAG = "小家电"
TIMELINE = "/api/v1/timelines/tag/"


def answer(world: World, ask: Ask, now: datetime) -> Answer | None:
    """`/api/v1/timelines/tag/TAG?limit=&max_id=&since_id=`, `/@name/ID`, `/web/statuses/ID`."""
    if ask.path.startswith(TIMELINE):
        return _timeline(world, ask, now)
    if ask.path.startswith(("/@", "/web/statuses/")):
        toot = world.find(Source.MASTODON, ask.path.rpartition("/")[2], now)
        return permalink(NAME, toot, now) if toot else None
    return None


def _timeline(world: World, ask: Ask, now: datetime) -> Answer:
    tag = unquote(ask.path.removeprefix(TIMELINE))
    limit = min(max(ask.number("limit", USUAL), 1), MOST)
    before, after = ask.number("max_id", 0), max(ask.number("since_id", 0), ask.number("min_id", 0))
    found = [
        toot
        for toot in world.roots(Source.MASTODON, now)
        if tag in _tags(world, toot) and (not before or int(toot.id) < before) and int(toot.id) > after
    ]
    shown = found[:limit]
    links = []
    address = f"{ask.origin}{TIMELINE}{quote(tag)}?limit={limit}"
    if len(found) > limit:
        links.append(f'<{address}&max_id={shown[-1].id}>; rel="next"')
    if shown:
        links.append(f'<{address}&min_id={shown[0].id}>; rel="prev"')
    headers = (("Link", ", ".join(links)),) if links else ()
    return json_answer([_status(world, toot, ask.origin, now) for toot in shown], shown, headers)


def _tags(world: World, toot: Post) -> tuple[str, ...]:
    return (*(topic.tag for topic in world.play.topics if topic.key == toot.topic), EVERY_TAG)


def _status(world: World, toot: Post, origin: str, now: datetime) -> dict[str, Any]:
    author, likes, tags = toot.author, toot.likes(now), _tags(world, toot)
    marks = " ".join(
        f'<a href="{origin}/tags/{quote(tag)}" class="mention hashtag" rel="tag">#<span>{escape(tag)}</span></a>'
        for tag in tags[:-1]
    )
    return {
        "id": toot.id,
        "created_at": f"{toot.at:%Y-%m-%dT%H:%M:%S}.{toot.at.microsecond // 1000:03d}Z",
        "in_reply_to_id": None,
        "language": "zh",
        "visibility": "public",
        "url": f"{origin}/@{author.uid}/{toot.id}",
        "uri": f"{origin}/users/{author.uid}/statuses/{toot.id}",
        "content": f"<p>{escape(toot.text)} {marks}</p>",
        "account": {
            "id": author.uid,
            "username": author.nickname,
            "acct": author.nickname,
            "display_name": author.nickname,
            "url": author.profile,
            "avatar": author.avatar,
            "followers_count": author.followers,
        },
        "replies_count": likes // 6,
        "reblogs_count": likes // 4,
        "favourites_count": likes,
        "tags": [{"name": tag, "url": f"{origin}/tags/{quote(tag)}"} for tag in tags],
        "media_attachments": [],
    }
