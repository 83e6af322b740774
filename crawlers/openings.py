"""What a source is asked first: one question for each of its queries, tags or lists."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from crawlers.parsers import Ask
from crawlers.sources import Source, Spider


def openings(source: Source) -> list[tuple[str, Ask]]:
    """The first pages of a source, each with the name of its query ("" where there is only one)."""
    return OPENINGS[source.spider](source)


def _root(source: Source, usual: str = "") -> str:
    return (source.base or usual).rstrip("/")


def _rss(source: Source) -> list[tuple[str, Ask]]:
    return [("", Ask(source.url, "rss"))]


def _hackernews(source: Source) -> list[tuple[str, Ask]]:
    base = _root(source, "https://hn.algolia.com")
    fixed = {"tags": "(story,comment)", "hitsPerPage": "100", "page": "0"}
    return [
        (
            query,
            Ask(f"{base}/api/v1/search_by_date?{urlencode({'query': query, **fixed})}", "hackernews.search"),
        )
        for query in source.queries
    ]


def _mastodon(source: Source) -> list[tuple[str, Ask]]:
    return [
        (
            tag,
            Ask(
                f"{_root(source)}/api/v1/timelines/tag/{quote(tag.lstrip('#'), safe='')}?limit=40",
                "mastodon.tag",
            ),
        )
        for tag in source.tags
    ]


def _appstore(source: Source) -> list[tuple[str, Ask]]:
    base = _root(source, "https://itunes.apple.com")
    path = f"{source.country}/rss/customerreviews/page=1/id={source.app}/sortBy=mostRecent/json"
    return [(str(source.app), Ask(f"{base}/{path}", "appstore.reviews"))]


def _forum(source: Source) -> list[tuple[str, Ask]]:
    return [("", Ask(f"{_root(source)}/list?page=1", "forum.list"))]


def _microblog(source: Source) -> list[tuple[str, Ask]]:
    path = "/api/container/getIndex"
    return [
        (query, Ask(f"{_root(source)}{path}?{urlencode({'q': query, 'page': '1'})}", "weibo.search"))
        for query in source.queries
    ]


def _complaints(source: Source) -> list[tuple[str, Ask]]:
    return [
        (
            query,
            Ask(
                f"{_root(source)}/api/index/s?{urlencode({'keywords': query, 'page': '1'})}", "heimao.search"
            ),
        )
        for query in source.queries
    ]


OPENINGS: dict[Spider, Callable[[Source], list[tuple[str, Ask]]]] = {
    Spider.RSS: _rss,
    Spider.HACKERNEWS: _hackernews,
    Spider.MASTODON: _mastodon,
    Spider.APPSTORE: _appstore,
    Spider.FORUM: _forum,
    Spider.MICROBLOG: _microblog,
    Spider.COMPLAINTS: _complaints,
}
