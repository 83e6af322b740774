"""百度新闻."""

from crawlers.parsers.page import Parser

PARSERS: dict[str, Parser] = {}
