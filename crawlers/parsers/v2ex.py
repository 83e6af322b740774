"""V2EX."""

from crawlers.parsers.page import Parser

PARSERS: dict[str, Parser] = {}
