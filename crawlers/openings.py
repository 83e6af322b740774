"""What a source is asked first, filled in from the registry: one question for each of its queries, tags or lists."""

from collections.abc import Mapping
from urllib.parse import quote

from crawlers.parsers import Ask
from crawlers.registry import Opening, spiders
from crawlers.sources import Source


def openings(source: Source) -> list[tuple[str, Ask]]:
    """The first pages of a source, each with the name of its query ("" where there is only one)."""
    spider = spiders()[source.spider]
    fixed = {
        "base": (source.base or spider.base).rstrip("/"),
        "url": source.url,
        "country": quote(source.country, safe=""),
    }
    return [
        (name, Ask(opening.url.format_map({**fixed, "each": value}), opening.parser))
        for opening in spider.asks
        for name, value in _each(opening, source, {"lists": spider.lists})
    ]


def _each(opening: Opening, source: Source, usual: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """The values of an opening's field: as they are called, and as they stand in an address."""
    if not opening.each:
        return [("", "")]
    found = getattr(source, opening.each) or usual.get(opening.each, ())
    values = found if isinstance(found, tuple) else (str(found),)
    # A list is a path, such as statuses/mentions; its signs were checked.
    safe = "/" if opening.each == "lists" else ""
    return [
        (value, quote(value.lstrip("#") if opening.each == "tags" else value, safe=safe)) for value in values
    ]
