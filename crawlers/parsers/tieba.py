"""百度贴吧."""

from crawlers.parsers.page import Parser

PARSERS: dict[str, Parser] = {}
