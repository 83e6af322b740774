"""Crawlers: public pages in, sealed mentions on the bus out. The one room that names Scrapy.

The way of one page: `sources` (what the operator wants heard) → `openings` (what to ask a source first) →
`spiders.sources` (when: each source on its own clock) → `middlewares` (may it be asked: `addresses`, `robots`,
pace) → Scrapy's downloader → `parsers` (a page in, mentions and an outcome out, pure) → `visiting` (what to ask
next, when to stop) → `pipeline` (published and flushed, then the `checkpoint` moves) → `health` (what the
operator sees). `manners` knows how long a refusing site is left alone. `importing` and `replaying` are the
other two ways in. Imports `tingchao` only.
"""
