"""Processes that `bench_crawl` starts: `server` is the site, `ours` and `bare` crawl it and print what it took."""
