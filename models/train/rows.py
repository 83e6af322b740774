"""Which texts the network learns from, with which labels, and how often in a pass over the data.

What a source says depends on its label space: a set of two classes never says that neutral does not exist, and
"neutral" of `ccf2019_fin_entity` means only "not negative". `SOURCES` holds one line for each, in this order: how often its
rows come in a pass (shop reviews are many and alike, so a third of them is drawn), and what they weigh (weak labels less).
"""

import gzip
import random
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import opencc

from models.evaluate.sets import bare, is_held_out
from models.network import HEADS
from models.passage import Passage, passage
from models.train.names import draw_names
from models.train.sentences import fill, joined, sentences
from tingchao.errors import BadSetting


class Space(StrEnum):
    """What the label of a row says of the classes it is not."""

    THREE = "three"
    TWO = "two"
    NOT_NEGATIVE = "not_negative"


class Row(msgspec.Struct, frozen=True):
    """One question to the network. `labels`: head -> number of the class, intensity, or numbers of the categories."""

    text: str
    source: str
    target: str = ""
    context: str = ""
    labels: dict[str, int | float | tuple[int, ...]] = {}
    space: Space = Space.THREE
    weight: float = 1.0

    @property
    def passage(self) -> Passage:
        return Passage(self.text, self.target, self.context)


class Share(NamedTuple):
    """Passes of a source's rows in one pass over the data, their weight, and their label space."""

    times: float = 1.0
    weight: float = 1.0
    space: Space = Space.THREE


_TWO = Space.TWO
SOURCES: Mapping[str, Share] = {
    "online_shopping_10_cats": Share(0.2, 1, _TWO),
    "chnsenticorp": Share(1, 1, _TWO),
    "chnsenticorp_hotel": Share(1, 1, _TWO),
    "waimai_10k": Share(0.7, 0.8, _TWO),
    "senta_mixed": Share(0.7, 1, _TWO),
    "douban_book": Share(0.7, 1, _TWO),
    "weibo2018": Share(1, 0.8, _TWO),
    "fin_news_title": Share(1, 1, _TWO),
    "auto_complaints": Share(1, 1, _TWO),
    "thucnews_headline": Share(0.8, 0.4),
    "bdci2018_car": Share(0.5, 0.7),
    "smp2020_usual": Share(1),
    "smp2020_virus": Share(1.3),
    "covid7": Share(1.5, 0.8),
    "nlpcc2013_sentence": Share(1.5),
    "ecisa2019": Share(2),
    "bilibili2024": Share(2),
    "cstance_np": Share(0.6),
    "restaurant_aste": Share(0.8),
    "product_parts": Share(1, 1, _TWO),
    "ccf2019_fin_entity": Share(1, 1, Space.NOT_NEGATIVE),
    "nlpcc2016_stance": Share(2),
    "zs_csd": Share(4),
    "bdci2018_aspect": Share(0.6, 0.6),
    "tosarcasm": Share(2),
    "cold": Share(0.4),
    "complaint_intensity": Share(3),
    "ccks2019_event": Share(0.6),
    "own": Share(8),
}

_FEELING = {
    "happy": "positive",
    "neutral": "neutral",
    "angry": "negative",
    "sad": "negative",
    "fear": "negative",
}
_FOLDERS = (
    "sentiment",
    "sentiment_more",
    "emotion",
    "target",
    "aspect",
    "irony",
    "offensive",
    "complaint_intensity",
    "crisis",
)
REPLAYS = (
    "weibo_2010s_brand_and_rumour_cascades",
    "weibo_2020_covid_threads",
    "weibo_2022_09_events",
    "jd_midea_reviews_2017_2020",
)

JOINED = 8_000
"""Pairs of our own sentences put together: two brands, a feeling for each."""

_VARIED = 0.02
"""Share of the rows that are read in Traditional characters, and of those read without their punctuation."""

_RENAMED = 0.5
"""Share of the rows about a company that are read with another name: the sentence must decide, not the name."""


def labelled(data: Path, seed: int) -> list[Row]:
    """One pass over everything that has labels and does not measure, drawn by `seed`.

    Raises `BadSetting` where `data` lacks a set.
    """
    random_numbers = random.Random(seed)
    rows: list[Row] = []
    for source, found in _by_source(data).items():
        share = SOURCES[source]
        whole, part = divmod(share.times, 1)
        drawn = found * int(whole) + random_numbers.sample(found, round(part * len(found)))
        rows += [_varied(row, random_numbers) for row in drawn]
    rows += _own(random_numbers)
    random_numbers.shuffle(rows)
    return rows


def unlabelled(data: Path, count: int, seed: int) -> list[Row]:
    """Different texts of the replays, the same number from each while they last."""
    found: list[Row] = []
    for number, name in enumerate(REPLAYS):
        texts = {passage(row["text"]).text for row in _read(data / "replay" / f"{name}.jsonl.gz")}
        usable = sorted(text for text in texts if len(text) >= 4)
        share = (count - len(found)) // (len(REPLAYS) - number)
        chosen = random.Random(seed).sample(usable, min(share, len(usable)))
        found += [Row(text, name) for text in chosen]
    return found


def _by_source(data: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    measured = _measured(data)
    feelings = {row.text for row in _folder(data, "emotion", measured)}
    for folder in _FOLDERS:
        for row in _folder(data, folder, measured):
            if folder == "sentiment" and row.text in feelings:
                continue
            found.setdefault(row.source, []).append(row)
    return found


def _folder(data: Path, folder: str, measured: frozenset[str]) -> Iterator[Row]:
    for raw in _read(data / folder / "train.jsonl.gz"):
        held_out = folder == "complaint_intensity" and is_held_out(raw["text"])
        if not held_out and bare(raw["text"]) not in measured:
            yield _row(folder, raw)


def _measured(data: Path) -> frozenset[str]:
    """All texts of all dev files: one set's dev rows lie in another set's train."""
    files = [data / folder / "dev.jsonl.gz" for folder in _FOLDERS]
    return frozenset(bare(row["text"]) for file in files if file.exists() for row in _read(file))


def _row(folder: str, raw: Mapping[str, Any]) -> Row:
    source = "bdci2018_aspect" if folder == "aspect" else raw["source"]
    source = source if source in SOURCES else _CRISIS_SOURCES.get(source, source)
    if source not in SOURCES:
        raise BadSetting(
            f"{folder}: rows of an unknown source {source!r}; say in models/train/rows.py what they teach"
        )
    share = SOURCES[source]
    target = raw.get("target") or raw.get("aspect")
    read = passage(
        raw["text"], target, raw.get("topic") if folder == "irony" else raw.get("context") if target else None
    )
    return Row(read.text, source, read.target, read.context, _labels(folder, raw), share.space, share.weight)


_CRISIS_SOURCES = {"cosmetics_review2019": "ccks2019_event"}


def _labels(folder: str, raw: Mapping[str, Any]) -> dict[str, int | float | tuple[int, ...]]:
    def number(head: str, label: str) -> dict[str, int | float | tuple[int, ...]]:
        return {head: HEADS[head].index(label)}

    if folder in ("sentiment", "sentiment_more"):
        return number("sentiment", raw["label"])
    if folder == "emotion":
        feeling = _FEELING.get(raw["label"])
        return number("emotion", raw["label"]) | (number("sentiment", feeling) if feeling else {})
    if folder in ("target", "aspect"):
        return number("target", raw["label"])
    if folder in ("irony", "offensive"):
        return number(folder, raw["label"])
    if folder == "complaint_intensity":
        return {"complaint": float(raw["score"])}
    return {
        "crisis": tuple(HEADS["crisis"].index(one) for one in raw["categories"] if one in HEADS["crisis"])
    }


def _own(random_numbers: random.Random) -> list[Row]:
    rows = []
    known = [each for each in sentences() if each.for_training]
    for sentence in known * int(SOURCES["own"].times) + joined(known, JOINED, random_numbers):
        for asked in fill(sentence, random_numbers, real=True):
            read = passage(asked.text, asked.target, asked.context)
            head = "target" if asked.target else "sentiment"
            rows.append(
                Row(read.text, "own", read.target, read.context, {head: HEADS[head].index(asked.label)})
            )
    return rows


def _varied(row: Row, random_numbers: random.Random) -> Row:
    if row.source == "ccf2019_fin_entity" and random_numbers.random() < _RENAMED:
        (name,) = draw_names(random_numbers, 1, real=True)
        return msgspec.structs.replace(row, text=row.text.replace(row.target, name), target=name)
    chance = random_numbers.random()
    if chance < _VARIED:
        traditional = _TRADITIONAL.convert
        return msgspec.structs.replace(row, text=traditional(row.text), target=traditional(row.target))
    if chance < 2 * _VARIED and not row.target:
        bare = "".join(one for one in row.text if one not in "，。！？,.!?、~；;：:")
        return msgspec.structs.replace(row, text=bare or row.text)
    return row


_TRADITIONAL = opencc.OpenCC("s2t")


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with gzip.open(path, "rb") as lines:
            yield from map(msgspec.json.decode, lines)
    except OSError as error:
        raise BadSetting(
            f"{path}: cannot be read ({error.strerror}); --data must hold the research texts"
        ) from None


def made_of(rows: Sequence[Row]) -> dict[str, int]:
    """Rows by source, most first: what a pass is made of."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.source] = counts.get(row.source, 0) + 1
    return dict(sorted(counts.items(), key=lambda each: -each[1]))
