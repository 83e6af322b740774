"""快手."""

from crawlers.parsers.page import Parser

PARSERS: dict[str, Parser] = {}
