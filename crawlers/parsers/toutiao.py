"""今日头条."""

from crawlers.parsers.page import Parser

PARSERS: dict[str, Parser] = {}
