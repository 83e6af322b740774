"""Folding on real cascades: how much folds, and that nothing folds that is not a copy.

The checks of what was folded share no code with `tingchao.folding`: plain Unicode, `difflib`, and the parents as recorded.
"""

import gzip
import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

import pytest

from tingchao.folding import Folding, Place, Saying, Why, saying
from tingchao.mention import Kind, Mention, mention_id

pytestmark = [pytest.mark.replay, pytest.mark.slow]

SAMPLE = 500
UNLIKE = 0.6
"""Edit ratio of the letters of two texts below which they differ, unless one repeats or reorders the other."""

BATCH = 500

LEAST_SHARE = {
    "weibo_2022_09_events": 0.03,
    "weibo_2020_covid_threads": 0.35,
    "weibo_2010s_brand_and_rumour_cascades": 0.49,
    "jd_midea_reviews_2017_2020": 0.15,
}
"""Least share of mentions that fold. The cascades say of themselves that about half of their reposts have no words."""


def read(shared: Path, corpus: str, *, captured: datetime | None = None) -> list[Mention]:
    with gzip.open(shared / "data" / "replay" / f"{corpus}.jsonl.gz", "rt", encoding="utf-8") as lines:
        mentions = [_mention(json.loads(line), captured) for line in lines]
    first: dict[str, Mention] = {}
    for mention in mentions:  # forty posts of the cascades stand there twice, under another parent each time
        first.setdefault(mention.id, mention)
    return list(first.values())


def _mention(row: dict, captured: datetime | None) -> Mention:
    at = datetime.fromisoformat(row["time"])
    return Mention(
        id=mention_id(row["platform"], row["id"]),
        source=row["platform"],
        kind=Kind(row["kind"]),
        native_id=row["id"],
        parent_id=row["parent_id"],
        text=row["text"],
        title=row.get("title") or "",
        published_at=at,
        captured_at=captured or at,
    )


def fold_all(sayings: Sequence[Saying], folding: Folding) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for start in range(0, len(sayings), BATCH):
        places |= {place.id: place for place in folding.add(sayings[start : start + BATCH])}
    return places


def origins(places: dict[str, Place]) -> dict[str, str]:
    own = {place.fold: place.id for place in places.values() if not place.folded}
    return {place.id: own[place.fold] for place in places.values()}


def letters(text: str) -> str:
    own = unicodedata.normalize("NFKC", text).lower().partition("//@")[0]
    return "".join(filter(str.isalnum, own.replace("&hellip;", "")))


def unlike(one: str, other: str) -> bool:
    one, other = letters(one), letters(other)
    if SequenceMatcher(None, one, other, False).ratio() >= UNLIKE:
        return False
    pairs, others = (set(pairwise(text)) for text in (one, other))
    return len(pairs & others) < UNLIKE * len(pairs | others)


def wordless(text: str) -> bool:
    """Nothing is left of a repost without the chain, what the site writes, emoticons, links and names."""
    own = unicodedata.normalize("NFKC", text).lower().partition("//@")[0]
    own = re.sub(r"^(回复 ?@[\w·-]+:)+|\[[^\]]*\]|https?:\S*|@[\w·-]+", "", own)
    left = "".join(filter(str.isalnum, own)).translate(str.maketrans("轉發髮", "转发发"))
    return left in {"", "转发微博", "快转微博", "转发", "转", "快转", "repost"}


@pytest.mark.parametrize("corpus", LEAST_SHARE)
def test_no_two_unlike_texts_fold_together(shared, corpus):
    mentions = read(shared, corpus)
    by_id = {mention.id: mention for mention in mentions}
    ids = {mention.native_id: mention.id for mention in mentions}

    places = fold_all([saying(mention) for mention in mentions], Folding())

    why = Counter(place.why for place in places.values())
    assert 1 - why[None] / len(mentions) >= LEAST_SHARE[corpus]
    origin = {place.fold: place.id for place in places.values() if not place.folded}
    copies = [
        place for place in places.values() if place.why in (Why.SAME, Why.NEAR) and place.fold in origin
    ]
    sample = random.Random(5).sample(copies, min(SAMPLE, len(copies)))
    assert not [
        (place.why, place.id)
        for place in sample
        if unlike(by_id[place.id].text, by_id[origin[place.fold]].text)
    ]
    for place in places.values():
        if place.why is Why.REPOST:
            assert wordless(by_id[place.id].text)
            speaker = _who_said_it(by_id[place.id], by_id, ids)
            # An echo of a post not seen lately folds under the first echo.
            assert place.fold == places[speaker].fold or wordless(by_id[origin[place.fold]].text)


def _who_said_it(repost: Mention, by_id: dict[str, Mention], ids: dict[str, str]) -> str:
    """The nearest post above a repost that has words, as the corpus recorded it; the last one known where none has."""
    post = repost
    while post.parent_id in ids and wordless(post.text):
        post = by_id[ids[post.parent_id]]
    return post.id


def test_real_posts_fold_alike_in_any_order_of_arrival(shared):
    mentions = read(shared, "weibo_2022_09_events", captured=datetime(2022, 10, 1, tzinfo=UTC))
    sayings = [saying(mention) for mention in mentions]
    expected = origins(fold_all(sayings, Folding()))

    for order in (sayings[::-1], random.Random(3).sample(sayings, len(sayings))):
        assert origins(fold_all(order, Folding())) == expected


def test_memory_is_bounded_on_a_month_of_reposts(shared):
    sayings = [saying(mention) for mention in read(shared, "weibo_2020_covid_threads")]
    folding = Folding(room=5_000)

    _each(folding, sayings)

    assert len(folding) <= 5_000


def _each(folding: Folding, sayings: Iterable[Saying]) -> None:
    for one in sayings:
        folding.add([one])
