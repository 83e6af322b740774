"""A newspaper: RSS 2.0 with CDATA, now and then a date without an offset or a relative link (both happen)."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from deploy.demo.dice import SHANGHAI
from deploy.demo.posts import Post
from deploy.demo.scenario import Source
from deploy.demo.sites.page import Answer, Ask, permalink
from deploy.demo.world import World

NAME = "晨岸新闻"
LINK = "/news/{id}.html"
ROBOTS = "User-agent: *\nDisallow: /private/\nDisallow: /search\n"
NEWEST = 100


def answer(world: World, ask: Ask, now: datetime) -> Answer | None:
    """`/feed.xml`, `/news/ID.html`."""
    if ask.path == "/feed.xml":
        return _feed(world.roots(Source.NEWS, now)[:NEWEST], ask.origin)
    if ask.path.startswith("/news/") and ask.path.endswith(".html"):
        article = world.find(Source.NEWS, ask.path[6:-5], now)
        return permalink(NAME, article, now) if article else None
    return None


def _feed(articles: Sequence[Post], origin: str) -> Answer:
    feed = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{NAME}</title><link>{escape(origin)}/</link><description>消费与家电</description>"
        f"<language>zh-cn</language>{''.join(_item(article, origin) for article in articles)}</channel></rss>"
    )
    served = tuple(article.native_id for article in articles)
    return Answer(feed.encode(), "application/rss+xml; charset=utf-8", served=served)


def _item(article: Post, origin: str) -> str:
    number = int(article.id) // 7
    link = f"/news/{article.id}.html" if number % 5 == 0 else f"{origin}/news/{article.id}.html"
    local = article.at.astimezone(SHANGHAI)
    when = f"{local:%a, %d %b %Y %H:%M:%S}" if number % 3 == 0 else format_datetime(local)
    body = f"<p>{escape(article.text)}</p>".replace("]]>", "]]&gt;")
    return (
        f"<item><title><![CDATA[{article.title.replace(']]>', ']]&gt;')}]]></title><link>{escape(link)}</link>"
        f'<guid isPermaLink="false">{article.id}</guid><pubDate>{when}</pubDate>'
        f"<dc:creator>{escape(article.author.nickname)}</dc:creator>"
        f"<description><![CDATA[{body}]]></description></item>"
    )
