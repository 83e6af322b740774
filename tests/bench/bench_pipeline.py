"""The workers: what they add to the scorer, to a bare bulk write, and what the whole costs a mention.

Real posts from the research texts; the scorer alone reads the same texts in the same batches.
"""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from models import Reading, Scorer, open_scorer
from models.cache import CachedScorer
from stream.alert import Alerting
from stream.enrich import Enrich
from stream.index import Index
from stream.loop import Worker, run
from tests.bench.harness import Figure, NotMeasurable, compare, measured, spread
from tingchao.alerts.risk import shipped_rules
from tingchao.bus import ENRICHED, RAW, Message, open_bus
from tingchao.counters import Counters
from tingchao.mention import (
    Kind,
    Label,
    Mention,
    Precision,
    Role,
    Sentiment,
    decode_mention,
    encode,
    mention_id,
)
from tingchao.spoken import scored_text
from tingchao.store import open_store
from tingchao.watchlist import Matcher, Topic, Watchlist

COMMAND = "python -m tests.bench pipeline"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "replay"
FILE = SHARED / "weibo_2022_09_events.jsonl.gz"
SCORED = 400
WATCHED = {"liyifeng": "李易峰", "queen": "女王", "luding": "泸定"}
WATCHLIST = Watchlist(tuple(Topic(id=id, name=name, role=Role.BRAND) for id, name in WATCHED.items()))
EVERYTHING = Watchlist((Topic(id="all", name="all", role=Role.INDUSTRY, query="source:weibo"),))
STRETCHES = {
    "weibo_2022_09_events": 800,
    "weibo_2020_covid_threads": 4_000,
    "weibo_2010s_brand_and_rumour_cascades": 4_000,
}
PLAIN = Reading(sentiment=Sentiment(Label.NEUTRAL, 0.1, 0.8, 0.1))


class NoScorer:
    """Costs nothing: what is left is everything but scoring."""

    name = "none/0"

    heads: ClassVar = {"sentiment": tuple(Label)}
    unsure_below = 0.5

    def score(self, texts: object, targets: object = None, contexts: object = None) -> list[Reading]:
        return [PLAIN] * len(texts)  # type: ignore[arg-type]


@cache
def mentions() -> list[Mention]:
    """The posts of 2022 that name somebody who is watched."""
    return [
        mention_of(row) for row in read_rows(FILE) if any(name in row["text"] for name in WATCHED.values())
    ]


@cache
def read_rows(file: Path) -> list[dict[str, Any]]:
    """The posts of a replay, as they were recorded."""
    if not file.exists():
        raise NotMeasurable(f"the research texts are not at {file}")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def mention_of(row: dict[str, Any]) -> Mention:
    """A recorded post as the crawler would have published it, captured when it was published."""
    at = datetime.fromisoformat(row["time"])
    return Mention(
        id=mention_id("weibo", row["id"]),
        source="weibo",
        kind=Kind(row["kind"]),
        native_id=row["id"],
        text=row["text"],
        published_at=at,
        captured_at=at,
        published_precision=Precision.MINUTE,
    )


def batches(topic: str, wires: list[bytes], size: int) -> Iterator[list[Message]]:
    messages = [Message(topic, str(number), wire, 0, number) for number, wire in enumerate(wires)]
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


def figures() -> Iterator[Figure]:
    yield enrich_over_scorer()
    yield from cpu_outside_scoring()
    yield index_over_upsert()
    yield from whole_pipelines()


def enrich_over_scorer() -> Figure:
    """decode → match → score → encode against the scorer alone, the same questions in the same batches."""
    scorer = open_scorer()
    wires = [encode(each) for each in mentions()[2600 : 2600 + SCORED]]

    def ours() -> int:
        worker = Enrich(lambda: Matcher(WATCHLIST), CachedScorer(scorer), shipped_rules())
        return sum(
            len(worker.handle(batch).messages) > 0 and len(batch) for batch in batches(RAW, wires, 200)
        )

    def alone() -> int:
        cached = CachedScorer(scorer)
        texts = [scored_text(decode_mention(wire)) for wire in wires]
        for start in range(0, len(texts), 200):
            asked = [
                (text, target)
                for text in texts[start : start + 200]
                for target in (None, *(name for name in WATCHED.values() if name in text))
            ]
            cached.score([text for text, _ in asked], [target for _, target in asked])
        return len(texts)

    return compare(ours, alone, pairs=5).figure(
        "pipeline.enrich_over_scorer", goal="≥ 0.8", beyond="≥ 0.9", command=COMMAND
    )


def cpu_outside_scoring() -> Iterator[Figure]:
    """CPU a mention of all workers, bus and store, with a scorer that costs nothing."""
    yield _milliseconds("pipeline.cpu_outside_scoring", NoScorer(), goal="≤ 0.6", beyond="≤ 0.3")


def _milliseconds(name: str, scorer: Scorer, *, goal: str, beyond: str) -> Figure:
    found = spread([_through_all(scorer) for _ in range(5)])
    return Figure(
        name=name, goal=goal, beyond=beyond, got=round(found.median, 3), interval=found.interval,
        unit="ms of CPU a mention", command=COMMAND,
        note="enrich, index and alert with the embedded bus and store, each read and written through it",
    )  # fmt: skip


def _through_all(scorer: Scorer) -> float:
    with TemporaryDirectory() as folder:
        bus_address, store = f"sqlite:///{folder}/bus.db", open_store(f"sqlite:///{folder}/store.db")
        with store, open_bus(bus_address) as bus:
            for each in mentions():
                bus.publish(RAW, each.id, encode(each))
            bus.flush()
            matcher = Matcher(WATCHLIST)

            def work() -> int:
                for worker in (
                    Enrich(lambda: matcher, scorer, shipped_rules()),
                    Index(store),
                    Alerting(store, WATCHED.__getitem__, wall=False),
                ):
                    drain(worker, bus_address)
                return len(mentions())

            cost = measured(work)
    return 1000 * cost.cpu / cost.items


def drain(worker: Worker, bus_address: str) -> None:
    """Run a worker until nothing is left."""
    stop = threading.Event()
    tick = worker.tick

    with open_bus(bus_address) as bus:
        counters = Counters(worker.name, datetime.now().astimezone())
        total = sum(bus.lag(worker.name, worker.reads).values())

        def ticking(now: datetime) -> object:
            if counters.seen >= total:
                stop.set()
            return tick(now)

        worker.tick = ticking  # type: ignore[method-assign, assignment]
        run(worker, bus, counters, stop=stop)


def index_over_upsert() -> Figure:
    """The index worker against a bare bulk write of mentions that are decoded already."""
    enriched = [
        value
        for batch in batches(RAW, [encode(each) for each in mentions()], 1000)
        for topic, _, value in Enrich(lambda: Matcher(WATCHLIST), NoScorer(), shipped_rules())
        .handle(batch)
        .messages
        if topic == ENRICHED
    ]
    ready = [decode_mention(value) for value in enriched]

    def ours() -> int:
        with TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/store.db") as store:
            worker = Index(store)
            for batch in batches(ENRICHED, enriched, 2000):
                worker.handle(batch)
        return len(enriched)

    def bare() -> int:
        with TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/store.db") as store:
            for start in range(0, len(ready), 2000):
                store.upsert(ready[start : start + 2000])
        return len(ready)

    return compare(ours, bare, pairs=7).figure(
        "pipeline.index_over_upsert",
        goal="",
        command=COMMAND,
        note="embedded store; decoding is the difference",
    )


def whole_pipelines() -> Iterator[Figure]:
    """Mentions a second through all workers with the real scorer, for a stretch of each Weibo replay; nothing is
    dropped, so every distinct text is scored."""
    for name, size in STRETCHES.items():
        some = stretch(name, size)
        with TemporaryDirectory() as folder:
            took = through_all(
                some, f"sqlite:///{folder}/bus.db", f"sqlite:///{folder}/store.db", open_scorer(threads=2)
            )
        distinct = len({each.text for each in some})
        yield Figure(
            name=f"pipeline.embedded.{name}",
            goal="≥ 600",
            beyond="≥ 1500",
            got=round(len(some) / took, 1),
            unit="mentions/s",
            command=COMMAND,
            note=f"{len(some):,} posts from the middle, {distinct:,} distinct texts, 2 threads, workers one after the other",
        )


def stretch(name: str, size: int) -> list[Mention]:
    """`size` posts in a row from the middle of a replay."""
    rows = read_rows(SHARED / f"{name}.jsonl.gz")
    start = max(0, len(rows) // 2 - size // 2)
    return [mention_of(row) for row in rows[start : start + size]]


def through_all(some: list[Mention], bus_address: str, store_address: str, scorer: Scorer) -> float:
    """Wall seconds of enrich, index and alert, each run until nothing waits; publishing comes before the clock."""
    matcher = Matcher(EVERYTHING)
    with open_store(store_address) as store, open_bus(bus_address) as bus:
        for each in some:
            bus.publish(RAW, each.id, encode(each))
        bus.flush()
        began = time.perf_counter()
        drain(Enrich(lambda: matcher, CachedScorer(scorer), shipped_rules()), bus_address)
        drain(Index(store), bus_address)
        drain(Alerting(store, str, wall=False), bus_address)
        return time.perf_counter() - began
