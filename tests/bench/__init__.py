"""Benchmarks: ratios from one interleaved run, never bare seconds.

`python -m tests.bench [NAME...]` runs `bench_NAME.py` files. Each has `figures()`, a generator of `harness.Figure`.
Read `harness` first: `compare` two ways of doing the same work, `rate` one of them, `latencies` and
`percentiles` for waiting times. Nothing here asserts a time; `docs/benchmarks.md` records what was found.
"""
