"""The Scrapy spider: one for all sources; what differs between them is in `crawlers.openings` and `crawlers.parsers`."""
