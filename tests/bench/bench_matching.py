"""Matching: what 1,000 topics cost beside 10, and what a text costs at all.

Texts are made of common characters with a topic's word in one of eight, so that most topics do not match;
with the research texts beside the checkout, those are measured too.
"""

import gzip
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, Trial, compare, rate
from tingchao.mention import Role
from tingchao.query import Subject
from tingchao.text import index_form
from tingchao.watchlist import Matcher, Topic, Watchlist

COMMAND = "python -m tests.bench matching"
COMMON = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以"
    "会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开"
)
RARE = "赟钰瑾琅鑫淼骁骥曜昀澍翀翊旻昉璟璞瓒珩珏琰琮煜烨焱熠燚灏潞浔漪湉滢潼濮瀚岚嵘峥崟巍"
TEXTS = 4_000


def figures() -> Iterator[Figure]:
    dice = random.Random(7)
    words = ["".join(dice.sample(RARE, 3)) for _ in range(1_000)]
    many, few = Matcher(_watchlist(words)), Matcher(_watchlist(words[:10]))
    texts = [_text(words, dice) for _ in range(TEXTS)]

    yield compare(lambda: _match(many, texts), lambda: _match(few, texts)).figure(
        "matching 1,000 topics ÷ 10 topics, per text",
        goal="≤ 2",
        beyond="≤ 1.5",
        invert=True,
        command=COMMAND,
        note=f"texts of {sum(map(len, texts)) // TEXTS} characters, folding included",
    )
    for name, some in (("made-up texts", texts), *_real()):
        yield _microseconds(
            f"fold and match 1,000 topics, {name}", lambda some=some: _match(many, some), "≤ 30"
        )
        yield _microseconds(
            f"index form, {name}", lambda some=some: sum(1 for _ in map(index_form, some)), "≤ 30"
        )


def _microseconds(name: str, trial: Trial, goal: str) -> Figure:
    found = rate(trial, clock="cpu")
    return Figure(
        name=name,
        goal=goal,
        got=round(1e6 / found.median, 1),
        interval=(round(1e6 / found.high, 1), round(1e6 / found.low, 1)),
        unit="µs of CPU per text",
        command=COMMAND,
    )


def _match(matcher: Matcher, texts: list[str]) -> int:
    for text in texts:
        matcher.match(Subject(text))
    return len(texts)


def _watchlist(words: list[str]) -> Watchlist:
    return Watchlist(
        tuple(
            Topic(
                id=f"t{index}",
                name=word,
                role=Role.BRAND,
                query=f"({word} OR {word[:2]}SU{index}) NOT {word}粥",
            )
            for index, word in enumerate(words)
        )
    )


def _text(words: list[str], dice: random.Random) -> str:
    body = "".join(dice.choices(COMMON + "，。！ 123abcABC", k=dice.randint(40, 100)))
    return body + dice.choice(words) if dice.random() < 1 / 8 else body


def _real() -> Iterator[tuple[str, list[str]]]:
    shared = Path(os.environ.get("TINGCHAO_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
    file = shared / "data" / "replay" / "weibo_2020_covid_threads.jsonl.gz"
    if file.exists():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        yield "posts of 40 to 100 characters", [text for text in texts if 40 <= len(text) <= 100][:TEXTS]
