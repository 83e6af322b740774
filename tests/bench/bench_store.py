"""The stores: what full text and roll-ups cost on the way in, and how long questions take over a million mentions.

The million is written once to `.build/bench/` (git-ignored) from a seeded generator: made-up words of Chinese
characters with Zipf-like frequencies, spread over 30 days. `TINGCHAO_BENCH_MENTIONS` sets another number.
"""

import hashlib
import os
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count, islice
from pathlib import Path
from typing import Any

import apsw
import elasticsearch
import msgspec
import psutil
from elasticsearch import helpers

from deploy.local import Services
from tests.bench.harness import Figure, NotMeasurable, compare, latencies, p95_figure
from tingchao.errors import BadSetting, Unavailable
from tingchao.mention import (
    Author,
    Engagement,
    Kind,
    Label,
    Match,
    Mention,
    Risk,
    Role,
    Sentiment,
    encode,
    mention_id,
)
from tingchao.query import parse
from tingchao.store import Facet, Scope, Store, open_store
from tingchao.store.elasticsearch_shape import Names, indexed
from tingchao.store.rules import risks_of, topics_of

COMMAND = "python -m tests.bench store"
FOLDER = Path(__file__).resolve().parents[2] / ".build" / "bench"
MANY = int(os.environ.get("TINGCHAO_BENCH_MENTIONS", "1000000"))
BATCH = 500
FIRST = datetime(2026, 10, 25, tzinfo=UTC)
DAYS = 30
SOURCES = ("weibo", "zhihu", "rss:news", "forum", "hackernews", "mastodon", "complaints", "reviews")
TOPICS = ("brand", "rival-a", "rival-b", "industry", "rules")
REGIONS = ("北京", "上海", "广东", "浙江", "四川", "")

_PLAIN = """
CREATE TABLE mention (
    id TEXT PRIMARY KEY, source TEXT, kind TEXT, label TEXT, published INTEGER, captured INTEGER, region TEXT,
    lang TEXT, author TEXT, url TEXT, title TEXT, topics TEXT, risks TEXT, wire BLOB
)
"""
"""The same rows for somebody who needs no full text: all that is filtered and counted by, and the wire form."""


def vocabulary() -> tuple[list[str], list[float]]:
    """Made-up words of one to four characters, and their cumulated frequencies."""
    dice = random.Random(11)
    characters = [chr(code) for code in dice.sample(range(0x4E00, 0x9FA5), 3_000)]
    often = [1 / (rank + 20) for rank in range(len(characters))]
    words = [
        "".join(dice.choices(characters, often, k=dice.choice((1, 2, 2, 2, 3, 4)))) for _ in range(20_000)
    ]
    return words, list(accumulate(1 / (rank + 5) for rank in range(len(words))))


def made(number: int, *, seed: int = 1, total: int | None = None) -> Iterator[Mention]:
    """The first `number` of `total` mentions of a seed, by time of publication."""
    words, often = vocabulary()
    dice = random.Random(seed)
    for index in range(number):
        source, native = dice.choice(SOURCES), f"{seed}-{index}"
        at = FIRST + timedelta(seconds=DAYS * 86_400 * index // (total or number))
        phrases = [
            "".join(dice.choices(words, cum_weights=often, k=dice.randint(3, 9)))
            for _ in range(dice.randint(1, 6))
        ]
        label = dice.choice(tuple(Label))
        yield Mention(
            id=mention_id(source, native),
            source=source,
            kind=dice.choice((Kind.POST, Kind.POST, Kind.COMMENT, Kind.REPOST)),
            native_id=native,
            text="，".join(phrases) + "。",
            published_at=at,
            captured_at=at + timedelta(minutes=3),
            url=f"https://example.com/{source}/{native}",
            author=Author(key=hashlib.md5(b"%d" % dice.randint(0, 50_000)).hexdigest(), name_masked="张**"),
            engagement=Engagement(likes=dice.randint(0, 99), comments=dice.randint(0, 9)),
            region=dice.choice(REGIONS),
            text_key=f"{dice.getrandbits(64):016x}",
            simhash=f"{dice.getrandbits(64):016x}",
            matches=(Match(dice.choice(TOPICS), Role.BRAND, (phrases[0][:2],)),),
            sentiment=Sentiment(label, *(0.8 if label is one else 0.1 for one in Label)),
            risk=(Risk("safety", 0.7),) if dice.random() < 0.1 else (),
            model="bench/1",
        )


def three_term_queries(number: int) -> list[str]:
    """Booleans of three of the thousand most frequent words, in the shapes that analysts write."""
    words, _ = vocabulary()
    dice = random.Random(5)
    shapes = (
        "{} {} {}",
        "({} OR {}) {}",
        "{} {} -{}",
        "{} OR {} OR {}",
        "({} OR {}) -{}",
        "{} NEAR/9 {} -{}",
    )
    names = [word for word in words if len(word) > 1][:1_000]
    return [dice.choice(shapes).format(*dice.sample(names, 3)) for _ in range(number)]


def figures() -> Iterator[Figure]:
    """See the module."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    yield sqlite_insert()
    with open_store(f"sqlite:///{FOLDER / f'store-{MANY}.db'}") as store:
        yield from questions(store, "sqlite")
    services = Services(FOLDER / "services", elasticsearch_heap="1g")
    try:
        address = services.up(kafka=False, elasticsearch=True).store
    except (BadSetting, Unavailable) as error:
        raise NotMeasurable(f"Elasticsearch cannot be started here: {error}") from error
    try:
        pids = [pid for standing in services.status() for pid in _family(standing.pid)]
        yield elasticsearch_insert(address, lambda: pids)
        with open_store(f"{address}/bench{MANY}") as store:
            yield from questions(store, "elasticsearch")
    finally:
        services.down()


# --- the way in


def sqlite_insert() -> Figure:
    """`SqliteStore.upsert` against a plain insert of the same rows into one table."""
    mentions = list(made(10_000, seed=3, total=1_000_000))
    batches = [mentions[at : at + BATCH] for at in range(0, len(mentions), BATCH)]
    open_now: list[Any] = []

    def fresh(open_one: Callable[[Path], Any]) -> Callable[[], None]:
        def before() -> None:
            while open_now:
                open_now.pop().close()
            path = FOLDER / "insert.db"
            for ending in ("", "-wal", "-shm"):
                Path(f"{path}{ending}").unlink(missing_ok=True)
            open_now.append(open_one(path))

        return before

    def ours() -> int:
        return sum(open_now[0].upsert(batch).created for batch in batches)

    def plain() -> int:
        database = open_now[0]
        marks = ",".join("?" * len(_plain_row(mentions[0])))
        for batch in batches:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(f"INSERT INTO mention VALUES ({marks})", map(_plain_row, batch))
            database.execute("COMMIT")
        return len(mentions)

    ratio = compare(
        ours,
        plain,
        before_ours=fresh(lambda path: open_store(f"sqlite:///{path}")),
        before_other=fresh(_plain_table),
    )
    return ratio.figure(
        "store.sqlite.insert",
        goal="≥ 0.35",
        beyond="≥ 0.45",
        command=COMMAND,
        note=f"{len(mentions):,} new mentions in commits of {BATCH}; plain: one table, primary key, the same columns",
    )


def _plain_table(path: Path) -> apsw.Connection:
    database = apsw.Connection(str(path))
    for statement in (
        "PRAGMA page_size=8192",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA wal_autocheckpoint=2000",
        _PLAIN,
    ):
        list(database.execute(statement))
    return database


def _plain_row(mention: Mention) -> tuple[Any, ...]:
    return (
        mention.id,
        mention.source,
        mention.kind,
        mention.sentiment.label if mention.sentiment else "",
        int(mention.published_at.timestamp()),
        int(mention.captured_at.timestamp()),
        mention.region,
        mention.lang,
        mention.author.key,
        mention.url,
        mention.title,
        " ".join(topics_of(mention)),
        " ".join(risks_of(mention)),
        encode(mention),
    )


def elasticsearch_insert(address: str, pids: Callable[[], Sequence[int]]) -> Figure:
    """`ElasticsearchStore.upsert` against `helpers.streaming_bulk` of ready dicts, same documents, same mapping."""
    mentions = list(made(6_000, seed=4, total=1_000_000))
    ready = [msgspec.json.decode(indexed(mention, encode(mention))) for mention in mentions]
    batches = [mentions[at : at + BATCH] for at in range(0, len(mentions), BATCH)]
    client = elasticsearch.Elasticsearch(address, request_timeout=60)
    runs = count()
    now: list[tuple[Store, str]] = []

    def fresh() -> None:
        """A store of its own with its month made, so that neither side pays for that."""
        while now:
            store, prefix = now.pop()
            store.close()
            _drop(client, prefix)
        prefix = f"insert{next(runs)}"
        store = open_store(f"{address}/{prefix}")
        store.upsert(list(made(1, seed=9)))
        now.append((store, prefix))

    def ours() -> int:
        return sum(now[0][0].upsert(batch).created for batch in batches)

    def bare() -> int:
        index = Names(now[0][1]).month(FIRST)
        actions = ({"_op_type": "create", "_index": index, "_id": one["id"], "_source": one} for one in ready)
        return sum(ok for ok, _ in helpers.streaming_bulk(client, actions, chunk_size=BATCH))

    ratio = compare(ours, bare, before_ours=fresh, before_other=fresh, pids=pids, warmups=3)
    while now:
        store, prefix = now.pop()
        store.close()
        _drop(client, prefix)
    client.close()
    return ratio.figure(
        "store.elasticsearch.insert",
        goal="≥ 0.85",
        beyond="≥ 0.95",
        command=COMMAND,
        note=f"{len(mentions):,} new mentions in requests of {BATCH}, CPU of client and server",
    )


def _family(pid: int) -> list[int]:
    """A server's process and those below it: the one that was started may only have changed the user."""
    started = psutil.Process(pid)
    return [pid, *(child.pid for child in started.children(recursive=True))]


def _drop(client: elasticsearch.Elasticsearch, prefix: str) -> None:
    for index in client.indices.get(index=f"{prefix}-*", expand_wildcards="all"):
        client.indices.delete(index=index)


# --- questions


def fill(store: Store, number: int) -> None:
    """Write the million once; a run that was broken off goes on where it stopped."""
    store.refresh()
    there = store.count(Scope())
    mentions = made(number)
    if there < number:
        print(f"  writing {number:,} mentions once ({there:,} are there)", flush=True)
        mentions = islice(mentions, max(0, there - BATCH), None)
        while batch := list(islice(mentions, 2 * BATCH)):
            store.upsert(batch)
        store.refresh()


def questions(store: Store, name: str) -> Iterator[Figure]:
    """Newest 50 of three-term booleans; timeline and facets of what a dashboard shows, and of a text query."""
    fill(store, MANY)
    stored = store.count(Scope())
    scopes = [Scope(parse(text)) for text in three_term_queries(200)]
    yield p95_figure(
        f"store.{name}.newest_50",
        latencies(lambda scope: store.search(scope), scopes),
        goal="≤ 50",
        beyond="≤ 10",
        command=COMMAND,
        note=f"{stored:,} mentions; three-term booleans with their exact totals",
    )
    end = FIRST + timedelta(days=DAYS)
    pages = [
        (Scope(parse(query), since, end if since else None), step)
        for query in (
            "",
            "topic:brand",
            "topic:rival-a sentiment:negative",
            "source:weibo",
            "kind:comment -source:forum",
        )
        for since, step in (
            (None, timedelta(days=1)),
            (end - timedelta(days=7, minutes=7), timedelta(hours=1)),
            (end - timedelta(hours=24, minutes=7), timedelta(minutes=5)),
        )
        for _ in range(4)
    ]
    yield p95_figure(
        f"store.{name}.timeline_and_facets",
        latencies(lambda page: _overview(store, *page), pages),
        goal="≤ 150",
        beyond="≤ 50",
        command=COMMAND,
        note=f"{stored:,} mentions; a timeline and the facets source, sentiment, topic; rolled-up scopes",
    )
    yield p95_figure(
        f"store.{name}.timeline_and_facets_of_words",
        latencies(lambda scope: _overview(store, scope, timedelta(days=1)), scopes[:60]),
        goal="≤ 150",
        beyond="≤ 50",
        command=COMMAND,
        note=f"{stored:,} mentions; the same for three-term booleans over all time",
    )


def _overview(store: Store, scope: Scope, step: timedelta) -> None:
    store.timeline(scope, step)
    for facet in (Facet.SOURCE, Facet.SENTIMENT, Facet.TOPIC):
        store.facet(scope, facet)
