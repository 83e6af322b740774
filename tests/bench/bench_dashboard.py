"""Pages over a million mentions: what a rerun costs above the same page with the answers already at hand.

The store is the million of `bench_store`. Each page runs without a browser (AppTest); a trial with the short-lived
cache thrown away (as every refresh finds it) is paired with one whose reads answer from memory, so that what is
left over is the cost of the reads and not that of Streamlit drawing the same elements.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from streamlit.testing.v1 import AppTest

from dashboard import read
from tests.bench.bench_store import FOLDER, MANY, fill
from tests.bench.harness import Figure, p95_figure
from tingchao.store import open_store

COMMAND = "python -m tests.bench dashboard"
PAIRS = 25
BLOCKS = ("figures", "newest", "side", "hot", "filters", "results", "facets")
READS = (
    "search",
    "timeline",
    "facet",
    "past_timelines",
    "past_facets",
    "hot",
    "alerts",
    "topics",
    "documents",
)
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "live_24h": ("live", {}),
    "live_7d_topic": ("live", {"last": "7d", "topic": "brand"}),
    "search_words": ("search", {"q": "topic:brand sentiment:negative", "last": "7d"}),
    "search_everything": ("search", {"last": "30d"}),
}


def figures() -> Iterator[Figure]:
    """See the module."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    address = f"sqlite:///{FOLDER / f'store-{MANY}.db'}"
    with open_store(address) as store:
        fill(store, MANY)
    with TemporaryDirectory() as home, _home(Path(home), address):
        stored = read.search(read.Scope(), limit=1).total
        for name, (page, parameters) in PAGES.items():
            above, bare = _measured(page, parameters)
            yield p95_figure(
                f"dashboard.{name}.rerun",
                above,
                goal="≤ 150",
                beyond="≤ 50",
                unit="ms above the same page with the answers at hand",
                command=COMMAND,
                note=f"{stored:,} mentions; the page itself takes {sorted(bare)[len(bare) // 2]:.0f} ms",
            )


def _measured(page: str, parameters: dict[str, str]) -> tuple[list[float], list[float]]:
    """Milliseconds of each pair: what the reads add, and the page without them."""
    test = AppTest.from_string(f"from dashboard.screens import {page}\n{page}.show()\n", default_timeout=120)
    for key, value in parameters.items():
        test.query_params[key] = value
    _timed(test)
    with _at_hand():
        _timed(test)
        _timed(test)
    above, bare = [], []
    for _ in range(PAIRS):
        _as_a_refresh_finds_it()
        full = _timed(test)
        with _at_hand(primed=test):
            without = _timed(test)
        above.append(max(0.0, full - without))
        bare.append(without)
    return above, bare


def _timed(test: AppTest) -> float:
    start = time.perf_counter()
    test.run()
    spent = 1000 * (time.perf_counter() - start)
    assert not test.exception, test.exception
    failed = [block for block in BLOCKS if f"failed.{block}" in test.session_state]
    assert not failed, failed
    return spent


def _as_a_refresh_finds_it() -> None:
    """Throw away what lives for seconds; what is usual, and the facets that no store rolls up, live longer and stay."""
    for kept in (read._search, read._timeline, read._facet, read._topics, read._alerts, read._documents):
        kept.clear()


@contextmanager
def _at_hand(primed: AppTest | None = None) -> Iterator[None]:
    """Reads answer from memory: the first answer to each question is kept."""
    real = {name: getattr(read, name) for name in READS}
    for name, function in real.items():
        setattr(read, name, _remembering(name, function))
    try:
        if primed is not None:
            primed.run()
        yield
    finally:
        for name, function in real.items():
            setattr(read, name, function)


_answers: dict[str, Any] = {}


def _remembering(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def answer(*asked: Any, **more: Any) -> Any:
        key = f"{name}{asked!r}{more!r}"
        if key not in _answers:
            _answers[key] = function(*asked, **more)
        return _answers[key]

    return answer


@contextmanager
def _home(home: Path, address: str) -> Iterator[None]:
    """Settings that point at the million, with the newest mention as the present."""
    wanted = {"TINGCHAO_HOME": str(home), "TINGCHAO_STORE": address, "TINGCHAO_CLOCK": "events"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    read.settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
        read.settings.cache_clear()
