"""Official APIs that are asked with a key of one's own; their robots.txt forbids crawlers, which is not about them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.mockweb.open_sources import said
from tests.mockweb.serving import FORBID, NONE, Answer, Asked, Holding, in_json

KEYS = {"REDDIT_KEY": "client:made-up", "YOUTUBE_KEY": "made-up", "WEIBO_TOKEN": "made-up"}


def reddit(now: datetime) -> Holding:
    """A post has comments in a tree, and some that were left out, which come a hundred at a time."""
    posts = {f"p{number}": said(number) for number in range(130)}
    shown = dict.fromkeys(list(posts)[::20], 4)
    left = {"p0": 150}
    comments = {
        f"{post}c{n}": said(f"{post}之{n}")
        for post, many in shown.items()
        for n in range(many + left.get(post, 0))
    }

    def thing(kind: str, name: str, text: str, **more: Any) -> dict[str, Any]:
        told = {"id": name, "name": f"{kind}_{name}", "author": "u", "author_fullname": "t2_u", "body": text,
                "created_utc": now.timestamp(), "score": 1}  # fmt: skip
        return {"kind": kind, "data": told | more}

    def comment(name: str) -> dict[str, Any]:
        post = name.partition("c")[0]
        return thing("t1", name, comments[name], link_id=f"t3_{post}", parent_id=f"t3_{post}", replies="")

    def post(name: str) -> dict[str, Any]:
        many = shown.get(name, 0) + left.get(name, 0)
        return thing("t3", name, "", title="炸锅", selftext=posts[name], num_comments=many)

    def listing(children: Iterable[Any], after: str | None = None) -> dict[str, Any]:
        return {"kind": "Listing", "data": {"after": after, "children": list(children)}}

    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/v1/access_token":
            return in_json({"access_token": "made-up", "expires_in": 3600})
        if asked.path == "/search":
            start = int(asked.query.get("after", "t3_p0")[4:])
            part = asked.part(list(posts), start, 100)
            return in_json(
                listing(map(post, part), f"t3_p{start + 100}" if start + 100 < len(posts) else None)
            )
        if asked.path == "/api/morechildren":
            things = [] if asked.empty else [comment(name) for name in asked.query["children"].split(",")]
            return in_json({"json": {"errors": [], "data": {"things": things}}})
        name = asked.path.removeprefix("/comments/")
        if asked.path == f"/comments/{name}" and name in posts:
            there = [comment(f"{name}c{n}") for n in range(shown.get(name, 0))]
            out = [f"{name}c{shown[name] + n}" for n in range(left.get(name, 0))]
            more = [{"kind": "more", "data": {"children": out}}] if out else []
            return in_json([listing([post(name)]), listing([*there, *more])])
        return NONE

    holds = {f"t3_{name}": text for name, text in posts.items()}
    holds |= {f"t1_{name}": text for name, text in comments.items()}
    source = {"spider": "reddit", "key": "REDDIT_KEY", "queries": ["x"]}
    return Holding(source, holds, answer, robots=FORBID)


def youtube(now: datetime) -> Holding:
    """Two videos: their comments, a few replies shown below each, and the others where they are asked for."""
    videos = {"aB3dFgHiJk0": 130, "aB3dFgHiJk1": 20}
    replies = {f"Ug{video[-1]}x{n}": n % 13 for video, many in videos.items() for n in range(many)}
    holds = {name: said(name) for name in replies}
    holds |= {f"{name}.r{n}": said(f"{name}之{n}") for name, many in replies.items() for n in range(many)}

    def spoken(name: str) -> dict[str, Any]:
        told = {
            "textOriginal": holds[name],
            "authorChannelId": {"value": "UCx"},
            "publishedAt": now.isoformat(),
        }
        return {"id": name, "snippet": told}

    def answer(asked: Asked) -> Answer:
        start = int(asked.query.get("pageToken", "t0")[1:])
        if asked.path == "/youtube/v3/commentThreads":
            video = asked.query["videoId"]
            names = [name for name in replies if name[2] == video[-1]]
            items = [
                {
                    "id": name,
                    "snippet": {
                        "videoId": video,
                        "topLevelComment": spoken(name),
                        "totalReplyCount": replies[name],
                    },
                    "replies": {"comments": [spoken(f"{name}.r{n}") for n in range(min(replies[name], 5))]},
                }
                for name in asked.part(names, start, 100)
            ]
            more = {"nextPageToken": f"t{start + 100}"} if start + 100 < len(names) else {}
            return in_json({"items": items, **more})
        if asked.path == "/youtube/v3/comments":
            name = asked.query["parentId"]
            numbers = asked.part(range(replies.get(name, 0)), start, 100)
            return in_json({"items": [spoken(f"{name}.r{n}") for n in numbers]})
        return NONE

    source = {"spider": "youtube", "key": "YOUTUBE_KEY", "videos": list(videos)}
    return Holding(source, holds, answer, robots=FORBID)


def weibo_open(now: datetime) -> Holding:
    posts = {f"{5230000000000000 + number}": said(number) for number in range(120)}
    many = dict.fromkeys(list(posts)[::40], 60)
    comments = {
        f"{int(post[-3:]) * 1000 + n + 7000000}": said(f"{post[-3:]}之{n}")
        for post in many
        for n in range(60)
    }

    def row(name: str, text: str, **more: Any) -> dict[str, Any]:
        at = now.astimezone().strftime("%a %b %d %H:%M:%S %z %Y")
        return {"idstr": name, "text": text, "created_at": at, "user": {"id": 7, "screen_name": "u"}, **more}

    def answer(asked: Asked) -> Answer:
        start = (asked.number("page") - 1) * 50
        if asked.path == "/2/statuses/mentions.json":
            shown = asked.part(list(posts), start, 50)
            statuses = [row(name, posts[name], comments_count=many.get(name, 0)) for name in shown]
            return in_json({"statuses": statuses, "total_number": len(posts)})
        if asked.path == "/2/comments/show.json":
            post = asked.query["id"]
            names = [name for name in comments if name.startswith(f"{int(post[-3:]) + 7000}")]
            shown = [
                row(name, comments[name], status={"id": int(post)}) for name in asked.part(names, start, 50)
            ]
            return in_json({"comments": shown, "total_number": many.get(post, 0)})
        return NONE

    source = {"spider": "weibo-open", "key": "WEIBO_TOKEN", "lists": ["statuses/mentions"]}
    return Holding(source, posts | comments, answer, robots=FORBID)


def all_official(now: datetime) -> dict[str, Holding]:
    at = now.astimezone(UTC).replace(microsecond=0) - timedelta(hours=1)
    return {"reddit": reddit(at), "youtube": youtube(at), "weibo-open": weibo_open(at)}
