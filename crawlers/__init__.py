"""Crawlers: public pages in, sealed mentions on the bus out. The one room that names Scrapy.

The way of one page: `sources` (what the operator wants heard) → `openings` (what to ask a source first) →
`spiders.sources` (each query on its own clock, `visits.schedule`) → `manners` (may the host be asked, and when) → Scrapy's
downloader → `parsers` (a page in, mentions and an outcome out, pure) → `visits` (what to ask next, when to stop, what may
be missing) → `pipeline` (published and flushed, then the checkpoint moves).
`registry` knows every source (spiders, hosts, caps, a page in docs/), `rights` by what right it is asked. `imports` and
`replaying` are the other two ways in. Imports `tingchao` only.
"""
