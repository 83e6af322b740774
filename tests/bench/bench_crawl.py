"""The crawl: pages a CPU second against `scrapy bench`, memory over many pages, how late an entry reaches the bus, and
what each parser reads.

Crawls run in processes of their own (`tests.bench.crawling`) against a site in another one, whose time does not count.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from crawlers.parsers import Page, parse
from tests.bench.harness import Figure, measured, p95_figure, spread
from tingchao.bus import RAW, open_bus
from tingchao.mention import decode_mention
from tingchao.privacy import Secret, seal
from tingchao.settings import Settings

COMMAND = "python -m tests.bench crawl"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PARSED = ROOT / "tests" / "unit" / "parsers"
SEAL = partial(seal, secret=Secret(b"s" * 32))
SOURCES = 20
PAGES = 1_500
LONG = int(os.environ.get("TINGCHAO_BENCH_PAGES", "50000"))
"""Pages over which memory is to be flat; what is remembered of published posts is full after a tenth of them."""
PAIRS = 5
INTERVAL = 4.0
LATE = 40
"""Entries that are timed."""
ALONE = {
    "PYTHONPATH": str(ROOT),
    "TINGCHAO_ALLOW_PRIVATE_HOSTS": "true",
    "TINGCHAO_BUS": "",
    "TINGCHAO_STORE": "",
}
"""The settings of a crawl with a bus and a store of its own, in its home."""
A_TRIAL = 0.2
"""CPU seconds a parser is watched for in one trial."""


def figures() -> Iterator[Figure]:
    """See the module."""
    yield from _parsers()
    with _site() as port:
        yield _against_scrapy(port)
        yield _memory(port)
        yield _late(port)


# --- parsers


def _parsers() -> Iterator[Figure]:
    """Of each kind of page the slowest parser, each on the saved page of it that has most mentions."""
    found: dict[str, list[tuple[float, str, tuple[float, float]]]] = {"JSON": [], "HTML": [], "feed": []}
    for name, (page, kind) in sorted(_pages().items()):
        speed = spread([measured(partial(_read, name, page)).speed("cpu") for _ in range(5)])
        found[kind].append((speed.median, name, speed.interval))
    for kind, goal in (("JSON", "≥ 2000"), ("HTML", "≥ 500"), ("feed", "≥ 500")):
        median, name, (low, high) = min(found[kind])
        yield Figure(
            name=f"crawl.parse.slowest {kind}",
            goal=goal,
            got=round(median),
            interval=(round(low), round(high)),
            unit="mentions a CPU second",
            command=COMMAND,
            note=f"{name}, the slowest of {len(found[kind])}; small pages, parsed and sealed",
        )


def _pages() -> Mapping[str, tuple[Page, str]]:
    best: dict[str, tuple[int, Page, str]] = {}
    for case in PARSED.glob("*/*/asked.json"):
        asked: dict[str, Any] = json.loads(case.read_text("utf-8"))
        file = next(case.parent.glob("page.*"))
        told = {name: asked[name] for name in ("status", "headers", "context") if name in asked}
        at = datetime(2026, 11, 24, 2, tzinfo=UTC)
        page = Page(url=asked["url"], body=file.read_bytes(), captured_at=at, source="bench", **told)
        kind = {".json": "JSON", ".html": "HTML"}.get(file.suffix, "feed")
        many = len(parse(asked["parser"], page, SEAL).mentions)
        if many > best.get(asked["parser"], (0,))[0]:
            best[asked["parser"]] = many, page, kind
    return {name: (page, kind) for name, (_, page, kind) in best.items()}


def _read(parser: str, page: Page) -> int:
    done, end = 0, time.process_time() + A_TRIAL
    while time.process_time() < end:
        done += len(parse(parser, page, SEAL).mentions)
    return done


# --- the whole crawl


@contextmanager
def _site() -> Iterator[int]:
    server = _start("server.py", stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["port"]
    finally:
        server.kill()
        server.wait()


def _start(script: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    env = {**os.environ, **ALONE}
    return subprocess.Popen([sys.executable, str(HERE / "crawling" / script), *arguments], env=env, **options)


def _told(script: str, *arguments: str) -> dict[str, Any]:
    """The numbers that a script prints in its last line."""
    process = _start(script, *arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out, _ = process.communicate()
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def _ours(port: int, pages: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        usual = {"spider": "hackernews", "queries": ["x"], "delay": 0, "interval": 1, "pages": 50}
        # Every address of 127.0.0.0/8 is this machine, and a host of its own to the crawler.
        _write(
            folder,
            [{**usual, "id": f"s{n}", "base": f"http://127.0.0.{n + 1}:{port}"} for n in range(SOURCES)],
        )
        return _told("ours.py", folder, str(pages))


def _write(folder: str, sources: list[dict[str, Any]]) -> None:
    (Path(folder) / "sources.yaml").write_text(json.dumps({"sources": sources}), "utf-8")


def _against_scrapy(port: int) -> Figure:
    ratios, speeds = [], []
    for number in range(PAIRS):
        first = _ours(port, PAGES) if number % 2 == 0 else None
        bare = _told("bare.py", str(PAGES))
        ours = first or _ours(port, PAGES)
        ratios.append((ours["pages"] / ours["cpu"]) / (bare["pages"] / bare["cpu"]))
        speeds.append((ours["pages"] / ours["cpu"], bare["pages"] / bare["cpu"]))
    found = spread(ratios)
    ours_speed, bare_speed = sorted(speeds)[len(speeds) // 2]
    return Figure(
        name="crawl.pages_over_scrapy_bench",
        goal="≥ 0.6",
        got=round(found.median, 3),
        interval=(round(found.low, 3), round(found.high, 3)),
        unit="ratio of pages per cpu second",
        command=COMMAND,
        note=f"20 posts a page parsed, sealed, published and flushed, ledger and checkpoints kept; {SOURCES} hosts; "
        f"{ours_speed:.0f}/s against {bare_speed:.0f}/s",
    )


def _memory(port: int) -> Figure:
    samples = _ours(port, LONG)["memory"]
    settled = samples[len(samples) // 10 - 1 :]
    return Figure(
        name="crawl.memory_growth",
        goal="≤ 1.1",
        got=round(max(settled) / settled[0], 3),
        unit="ratio of MB resident",
        command=COMMAND,
        note=f"the most ever ÷ after a tenth of {LONG:,} pages ({settled[0]:.0f} MB), 20 new posts a page",
    )


def _late(port: int) -> Figure:
    """Entries appear each second and say when."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"http://127.0.0.1:{port}/each-second"
        _write(folder, [{"id": "one", "spider": "rss", "url": address, "delay": 0, "interval": INTERVAL}])
        env = {**os.environ, **ALONE, "TINGCHAO_HOME": folder, "TINGCHAO_SOURCES": "sources.yaml"}
        command = [sys.executable, "-m", "tingchao.cli", "crawl"]
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            seconds = _waited(Path(folder))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    return p95_figure(
        "crawl.appearance_to_bus",
        seconds,
        goal=f"≤ {INTERVAL + 2:g}",
        unit="s",
        command=COMMAND,
        note=f"a feed with an interval of {INTERVAL:g} s in which an entry appears each second",
    )


def _waited(home: Path) -> list[float]:
    """Of entries that appeared after the first visit."""
    found: list[float] = []
    heard = 0.0
    with open_bus(Settings(home=home).bus_address) as bus:
        for batch in bus.subscribe([RAW], "bench", wait=0.05):
            now = time.time()
            heard = heard or (now if batch else 0.0)
            appeared = [int(decode_mention(message.value).title) for message in batch.messages]
            found += [now - at for at in appeared if at > heard]
            bus.commit(batch)
            if len(found) >= LATE:
                break
    return found
