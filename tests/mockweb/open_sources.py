"""Sources that are open to anybody: feeds, reviews, forums, timelines."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.mockweb.serving import NONE, Answer, Asked, Holding, in_html, in_json
from tests.unit.crawlers.searching import PATH, Archive


def said(number: int | str) -> str:
    """What somebody wrote; every text is another."""
    return f"炸锅用了第{number}天就冒烟，客服一直推诿，想退款"


def feed(now: datetime) -> Holding:
    """A feed that declares GB 2312 and uses a letter beyond it."""
    holds = {f"n{number}": f"{said(number)}镕" for number in range(30)}
    items = "".join(
        f"<item><title>炸锅 {name}</title><link>https://news.example/{name}</link><guid>{name}</guid>"
        f"<description>{text}</description><pubDate>{now:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for name, text in holds.items()
    )
    body = f"<?xml version='1.0' encoding='gb2312'?><rss version='2.0'><channel><title>x</title>{items}</channel></rss>"
    page = Answer(200, {"Content-Type": "application/rss+xml"}, body.encode("gb18030"))

    def answer(asked: Asked) -> Answer:
        if asked.path != "/feed":
            return NONE
        return replace(page, body=re.sub(rb"<item>.*</item>", b"", page.body)) if asked.empty else page

    return Holding({"spider": "rss"}, holds, answer, host="url", path="/feed")


def appstore(now: datetime) -> Holding:
    holds = {f"{9000 + number}": said(number) for number in range(120)}

    def answer(asked: Asked) -> Answer:
        found = re.search(r"/cn/rss/customerreviews/page=(\d+)/id=414478124/", asked.path)
        if not found:
            return NONE
        shown = asked.part(list(holds.items()), (int(found[1]) - 1) * 50, 50)
        entries = [
            {
                "id": {"label": name},
                "author": {"name": {"label": "路人"}, "uri": {"label": "https://itunes.example/id77"}},
                "im:rating": {"label": "1"},
                "title": {"label": "冒烟"},
                "content": {"label": text},
                "updated": {"label": now.isoformat()},
            }
            for name, text in shown
        ]
        return in_json(
            {"feed": {"entry": entries[0] if len(entries) == 1 else entries}} if entries else {"feed": {}}
        )

    return Holding({"spider": "appstore", "app": "414478124"}, holds, answer)


def hackernews(now: datetime) -> Holding:
    archive = Archive()
    for number in range(250):
        archive.post(number, now - timedelta(minutes=number + 1))

    def answer(asked: Asked) -> Answer:
        if asked.path != PATH:
            return NONE
        if asked.empty:
            return in_json({"hits": [], "nbHits": 250, "page": asked.number("page", 0), "nbPages": 3})
        query = "&".join(f"{name}={value}" for name, value in asked.query.items())
        return Answer(200, {"Content-Type": "application/json"}, archive.answer(f"{PATH}?{query}"))

    return Holding(
        {"spider": "hackernews", "queries": ["x"]}, {n: f"炸锅 {n}" for n in archive.posts}, answer
    )


def mastodon(now: datetime) -> Holding:
    holds = {f"{500 - number}": said(number) for number in range(100)}

    def answer(asked: Asked) -> Answer:
        if unquote(asked.path) != "/api/v1/timelines/tag/小米":
            return NONE
        older = [(name, text) for name, text in holds.items() if int(name) < asked.number("max_id", 10**6)]
        shown = asked.part(older, 0, 40)
        rows = [
            {"id": name, "created_at": now.isoformat(), "content": f"<p>{text}</p>", "visibility": "public",
             "account": {"id": "7", "acct": "a"}}
            for name, text in shown
        ]  # fmt: skip
        last = older[39][0] if len(older) > 39 else ""
        link = {"Link": f'<{asked.origin}{asked.path}?limit=40&max_id={last}>; rel="next"'} if last else {}
        return in_json(rows, **link)

    return Holding({"spider": "mastodon", "tags": ["小米"]}, holds, answer)


def discourse(now: datetime) -> Holding:
    sizes = {100 + topic: 1 + topic % 3 * 12 for topic in range(35)}
    holds = {
        f"t{topic}-{number}": said(f"{topic}之{number}")
        for topic, size in sizes.items()
        for number in range(1, size + 1)
    }

    def listed(asked: Asked) -> Answer:
        page = asked.number("page", 0)
        topics = [
            {
                "id": topic,
                "title": "炸锅",
                "posts_count": size,
                "created_at": now.isoformat(),
                "visible": True,
            }
            for topic, size in asked.part(list(sizes.items()), page * 30, 30)
        ]
        more = {"more_topics_url": "/latest?page=1"} if (page + 1) * 30 < len(sizes) else {}
        return in_json({"topic_list": {"topics": topics, **more}})

    def answer(asked: Asked) -> Answer:
        if asked.path == "/latest.json":
            return listed(asked)
        found = re.fullmatch(r"/t/(\d+)\.json", asked.path)
        if not found or int(found[1]) not in sizes:
            return NONE
        topic = int(found[1])
        numbers = asked.part(range(1, sizes[topic] + 1), (asked.number("page") - 1) * 20, 20)
        posts = [
            {"id": topic * 100 + n, "post_number": n, "post_type": 1, "username": "u", "user_id": 7,
             "cooked": f"<p>{holds[f't{topic}-{n}']}</p>", "created_at": now.isoformat(), "reply_count": 0}
            for n in numbers
        ]  # fmt: skip
        return in_json(
            {"id": topic, "title": "炸锅", "posts_count": sizes[topic], "post_stream": {"posts": posts}}
        )

    return Holding({"spider": "discourse"}, holds, answer)


def forum(now: datetime) -> Holding:
    """Threads of up to three pages; odd ones come in GB 18030 and say that they are UTF-8."""
    sizes = {thread: 1 + thread % 4 * 9 for thread in range(1, 41)}
    holds = {
        name: said(f"{thread}之{floor}")
        for thread, size in sizes.items()
        for floor in range(1, size + 1)
        for name in [f"t{thread}" if floor == 1 else f"p{thread * 100 + floor}"]
    }

    def listed(asked: Asked) -> Answer:
        page = asked.number("page")
        rows = "".join(
            f"<li class='thread' data-id='{thread}'><a href='/thread/{thread}'>t</a><span class='count'>{size - 1}</span>"
            f"<time datetime='{now.isoformat()}'>x</time></li>"
            for thread, size in asked.part(list(sizes.items()), (page - 1) * 15, 15)
        )
        more = f"<a class='next' href='/list?page={page + 1}'>n</a>" if page * 15 < len(sizes) else ""
        return in_html(f"<ul class='threads'>{rows}</ul>{more}")

    def answer(asked: Asked) -> Answer:
        if asked.path == "/list":
            return listed(asked)
        thread = int(asked.path.rpartition("/")[2] or 0) if asked.path.startswith("/thread/") else 0
        if thread not in sizes:
            return NONE
        page = asked.number("page")
        floors = asked.part(range(1, sizes[thread] + 1), (page - 1) * 10, 10)
        posts = "".join(
            f"<article class='post' data-id='{thread * 100 + floor}' data-floor='{floor}'>"
            f"<span class='author' data-uid='7'>n</span><time datetime='{now.isoformat()}'>x</time>"
            f"<div class='content'>{holds[f't{thread}' if floor == 1 else f'p{thread * 100 + floor}']}</div></article>"
            for floor in floors
        )
        more = (
            f"<a class='next' href='/thread/{thread}?page={page + 1}'>n</a>"
            if page * 10 < sizes[thread]
            else ""
        )
        text = f"<html><head><meta charset='utf-8'></head><body><h1>冒烟</h1>{posts}{more}</body></html>"
        return in_html(text, "gb18030" if thread % 2 else "utf-8", says="utf-8")

    return Holding({"spider": "forum"}, holds, answer)


def v2ex(now: datetime) -> Holding:
    replies = {number: number % 5 for number in range(1, 31)}
    holds = {f"{number}": said(number) for number in replies}
    holds |= {
        f"r{number * 10 + n}": said(f"{number}之{n}") for number, many in replies.items() for n in range(many)
    }
    lists = {"latest": range(1, 16), "hot": range(10, 21), "show": range(18, 31)}

    def row(name: int, text: str, **more: Any) -> dict[str, Any]:
        return {
            "id": name,
            "content": text,
            "created": int(now.timestamp()),
            "member": {"username": "u"},
            **more,
        }

    def answer(asked: Asked) -> Answer:
        place, _, name = asked.path.removeprefix("/api/").removesuffix(".json").partition("/")
        if place == "topics" and name in lists:
            shown = [] if asked.empty else lists[name]
            return in_json([row(n, holds[f"{n}"], title="炸锅", replies=replies[n]) for n in shown])
        if place == "replies":
            topic = asked.number("topic_id", 0)
            shown = range(0 if asked.empty else replies.get(topic, 0))
            return in_json([row(topic * 10 + n, holds[f"r{topic * 10 + n}"]) for n in shown])
        return NONE

    return Holding({"spider": "v2ex", "nodes": ["apple"]}, holds, answer)


def news(now: datetime) -> Holding:
    """An index of sitemaps that lead to articles."""
    parts = {
        f"/a/{number}.html": [f"第{number}号报道的第{part}段：云雀电器宣布召回空气炸锅，加热管可能过热，消费者可以免费更换。"
                              for part in range(4)]
        for number in range(12)
    }  # fmt: skip

    def answer(asked: Asked) -> Answer:
        if asked.path == "/sitemap.xml":
            listed = "".join(
                f"<sitemap><loc>{asked.origin}/{name}.xml</loc></sitemap>" for name in ("one", "two")
            )
            return Answer(
                200, {"Content-Type": "application/xml"}, f"<sitemapindex>{listed}</sitemapindex>".encode()
            )
        if asked.path in ("/one.xml", "/two.xml"):
            half = list(parts)[:6] if asked.path == "/one.xml" else list(parts)[6:]
            listed = "".join(
                f"<url><loc>{asked.origin}{path}</loc><lastmod>{now:%Y-%m-%dT%H:%M:%SZ}</lastmod></url>"
                for path in asked.part(half, 0, 6)
            )
            return Answer(200, {"Content-Type": "application/xml"}, f"<urlset>{listed}</urlset>".encode())
        if asked.path not in parts:
            return NONE
        text = "".join(f"<p>{part}</p>" for part in parts[asked.path])
        return in_html(
            f"<html><head><title>报道{asked.path}</title>"
            f"<meta property='article:published_time' content='{now.isoformat()}'></head>"
            f"<body><article><h1>报道{asked.path}</h1>{text}</article></body></html>"
        )

    holds = {path: "\n".join(part) for path, part in parts.items()}
    return Holding({"spider": "sitemap"}, holds, answer, host="url", path="/sitemap.xml")


def all_open(now: datetime) -> dict[str, Holding]:
    at = now.astimezone(UTC).replace(microsecond=0) - timedelta(hours=1)
    makers = (feed, appstore, hackernews, mastodon, discourse, forum, v2ex, news)
    return {maker.__name__: maker(at) for maker in makers}
