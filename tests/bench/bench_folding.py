"""Folding: what a mention costs, that it costs no more after many others, what is remembered of it, and how much folds.

Made-up posts are of common characters: of ten, six are new, two are copies (one of them near), one is a repost without
words and one a short comment. With the research texts beside the checkout, those are measured too.
"""

import gzip
import json
import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.harness import Figure, compare, rate
from tingchao.folding import Folding, Saying, saying
from tingchao.mention import Kind, Mention, mention_id

COMMAND = "python -m tests.bench folding"
COMMON = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以"
    "会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开"
)
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
FEW, MANY, NEW = 5_000, 100_000, 5_000
BATCH = 200
CORPORA = (
    "weibo_2010s_brand_and_rumour_cascades",
    "weibo_2020_covid_threads",
    "weibo_2022_09_events",
    "jd_midea_reviews_2017_2020",
)


def figures() -> Iterator[Figure]:
    posts = made_up(MANY + 20 * NEW)
    sayings = [saying(post) for post in posts]
    many, few = filled(sayings[:MANY]), filled(sayings[MANY - FEW : MANY])
    coming = {id(many): iter(range(MANY, len(posts), NEW)), id(few): iter(range(MANY, len(posts), NEW))}

    def take(folding: Folding) -> int:
        start = next(coming[id(folding)])
        return add(folding, sayings[start : start + NEW])

    yield compare(lambda: take(many), lambda: take(few)).figure(
        f"folding a mention after {MANY:,} others ÷ after {FEW:,}",
        goal="≤ 1.5",
        beyond="≤ 1.25",
        invert=True,
        command=COMMAND,
        note=f"batches of {BATCH}",
    )
    yield _cost("folding a mention, made-up posts", posts[: 2 * NEW])
    yield _memory(sayings[:MANY])
    for corpus, mentions in _real():
        yield _cost(f"folding a mention, {corpus}", mentions[: 4 * NEW])
        yield _share(corpus, mentions)


def add(folding: Folding, sayings: Sequence[Saying]) -> int:
    for start in range(0, len(sayings), BATCH):
        folding.add(sayings[start : start + BATCH])
    return len(sayings)


def filled(sayings: Sequence[Saying]) -> Folding:
    folding = Folding()
    add(folding, sayings)
    return folding


def made_up(count: int) -> list[Mention]:
    dice = random.Random(7)
    posts: list[Mention] = []
    for number in range(count):
        text, kind, parent = "".join(dice.choices(COMMON, k=dice.randint(20, 140))), Kind.POST, None
        chance = dice.random()
        if posts and chance < 0.2:
            text = dice.choice(posts[-2_000:]).text + ("，转给大家" if chance < 0.1 else "")
        elif posts and chance < 0.3:
            text, kind, parent = "转发微博", Kind.REPOST, dice.choice(posts[-2_000:]).native_id
        elif chance < 0.4:
            text, kind = text[:6], Kind.COMMENT
        at = NOON + timedelta(seconds=number)
        posts.append(
            Mention(
                id=mention_id("weibo", str(number)),
                source="weibo",
                kind=kind,
                native_id=str(number),
                parent_id=parent,
                text=text,
                published_at=at,
                captured_at=at,
            )
        )
    return posts


def _cost(name: str, mentions: Sequence[Mention]) -> Figure:
    found = rate(lambda: add(Folding(), [saying(mention) for mention in mentions]), clock="cpu")
    return Figure(
        name=name,
        goal="≤ 100",
        beyond="≤ 50",
        got=round(1e6 / found.median, 1),
        interval=(round(1e6 / found.high, 1), round(1e6 / found.low, 1)),
        unit="µs of CPU per mention",
        command=COMMAND,
        note=f"{found.median:,.0f} mentions a second; folding the text included",
    )


def _memory(sayings: Sequence[Saying]) -> Figure:
    before = _resident()
    folding = filled(sayings)
    return Figure(
        name="folding: memory of a mention remembered",
        goal="≤ 5",
        got=round((_resident() - before) / len(folding), 2),
        unit="KiB",
        command=COMMAND,
        note=f"{len(folding):,} mentions; their texts, which the batch holds as well, not counted",
    )


def _resident() -> float:
    """KiB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def _share(corpus: str, mentions: Sequence[Mention]) -> Figure:
    folding, folded = Folding(), {}
    sayings = [saying(mention) for mention in mentions]
    for start in range(0, len(sayings), BATCH):
        folded |= {place.id: place.why for place in folding.add(sayings[start : start + BATCH])}
    reasons = [why for why in folded.values() if why is not None]
    told = ", ".join(f"{why} {reasons.count(why) / len(folded):.1%}" for why in sorted(set(reasons)))
    return Figure(
        name=f"folding: share folded, {corpus}",
        goal="",
        got=round(len(reasons) / len(folded), 4),
        unit="share of mentions",
        command=COMMAND,
        note=told,
    )


def _real() -> Iterator[tuple[str, list[Mention]]]:
    shared = Path(os.environ.get("TINGCHAO_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
    for corpus in CORPORA:
        file = shared / "data" / "replay" / f"{corpus}.jsonl.gz"
        if file.exists():
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                yield corpus, [_mention(json.loads(line)) for line in lines]


def _mention(row: dict[str, str]) -> Mention:
    at = datetime.fromisoformat(row["time"])
    return Mention(
        id=mention_id(row["platform"], row["id"]),
        source=row["platform"],
        kind=Kind(row["kind"]),
        native_id=row["id"],
        parent_id=row["parent_id"],
        text=row["text"],
        published_at=at,
        captured_at=at,
    )
