"""A made-up web on loopback: every source that is asked live, each as an origin of its own, holding a known set.

`serving` answers requests, `faults` spoils some of the answers, `open_sources`, `official` and `closed` hold what each
source shows, in its own shape and paging. `crawler` is the crawl as a process of its own, with less patience.
"""
