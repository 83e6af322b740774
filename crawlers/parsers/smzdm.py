"""什么值得买."""

from crawlers.parsers.page import Parser

PARSERS: dict[str, Parser] = {}
