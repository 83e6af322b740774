"""Which rows are measured: the development sets, whole or a sample, without texts that the training has read.

Most sets were cut into train and dev each by itself, so a row of one set's dev can lie in another set's train: nearly all
Weibo posts of `sentiment/dev` lie in `emotion/train`. A bundle whose card says `dev_texts_left_out` was trained without all
texts of all dev files; of any other model such rows prove nothing and are left out here.
"""

import gzip
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from models.card import BUNDLE, read_card
from tingchao.errors import BadInput

FOLDERS = (
    "sentiment",
    "sentiment_more",
    "target",
    "aspect",
    "emotion",
    "irony",
    "offensive",
    "complaint_intensity",
    "crisis",
)

MENGNIU, ASPECTS = "mengniu_posts", "bdci2018_aspect"
SOCIAL = ("smp2020_usual", "smp2020_virus", "weibo2018", MENGNIU)
NEUTRAL_POSTS = ("nlpcc2013_sentence", "ecisa2019", "bilibili2024")
THREE_CLASS = ("smp2020_usual", "smp2020_virus", "bdci2018_car", *NEUTRAL_POSTS)
COMPLAINTS, HEADLINES = "auto_complaints", "thucnews_headline"
NOT_NEGATIVE = "ccf2019_fin_entity"
"""Its neutral means only "not negative"."""

YEARS = {
    "nlpcc2013_sentence": "2011-2013",
    "auto_complaints": "2009-2015",
    "weibo2018": "2018",
    "smp2020_usual": "2020",
    "smp2020_virus": "2020",
    "bilibili2024": "2024",
}
"""When the texts of a source were written, where that is known; no row carries its own year."""

_NOT_BARE = re.compile(r"[\W_]+")


class Row(msgspec.Struct, frozen=True):
    """A text with what people said of it. `label` is empty where the set has numbers or categories."""

    text: str
    label: str = ""
    source: str = "all"
    domain: str = ""
    target: str | None = None
    aspect: str | None = None
    context: str | None = None
    topic: str | None = None
    cat: str | None = None
    categories: tuple[str, ...] = ()
    score: float | None = None


def read_rows(file: Path) -> Iterator[Row]:
    """Raises `BadInput` naming file and line."""
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield msgspec.json.decode(line, type=Row)
                except msgspec.DecodeError as error:
                    raise BadInput(f'{file}, line {number}: not like {{"text", "label"}}: {error}') from None
    except OSError as error:
        raise BadInput(
            f"{file}: cannot be read ({error.strerror}); --data must hold the research texts"
        ) from None


class Sets:
    """The rows of `data`. `sample`: at most so many of each source (0: all); `clean`: training left all dev texts out."""

    def __init__(self, data: Path, *, sample: int = 0, clean: bool = False) -> None:
        self._data = data
        self._sample = sample
        self._taught: frozenset[str] = frozenset() if clean else self._read_in_training()
        self.left_out: dict[str, int] = {}

    def dev(self, *folders: str) -> list[Row]:
        """The dev rows of these folders that training did not read, of each source the first `sample` by their hash."""
        rows = []
        for folder in folders:
            there = [_ours(folder, row) for row in read_rows(self._data / folder / "dev.jsonl.gz")]
            kept = [row for row in there if bare(row.text) not in self._taught]
            self.left_out[folder] = len(there) - len(kept)
            rows += kept
        return sampled(rows, self._sample)

    def train(self, *folders: str) -> list[Row]:
        return [
            _ours(folder, row)
            for folder in folders
            for row in read_rows(self._data / folder / "train.jsonl.gz")
        ]

    def replay(self, name: str) -> list[str]:
        """The texts of a replay as they arrived."""
        return [row.text for row in read_rows(self._data / "replay" / f"{name}.jsonl.gz")]

    def _read_in_training(self) -> frozenset[str]:
        return frozenset(bare(row.text) for row in self.train(*FOLDERS))


def folder_of(address: str) -> Path | None:
    """The bundle's folder; None for a checkpoint, which has no card of ours."""
    if address == "bundled":
        return BUNDLE
    scheme, _, folder = address.partition(":")
    return Path(folder) if scheme == "onnx" else None


def is_clean(address: str) -> bool:
    """Whether the model at `address` says that its training read no text of any dev file."""
    folder = folder_of(address)
    return folder is not None and read_card(folder).figures.get("dev_texts_left_out") is True


def is_held_out(text: str) -> bool:
    """Of a set without a dev part, whether this text measures and never trains: a tenth, by its hash."""
    return hashlib.sha256(text.encode()).digest()[0] % 10 == 0


def sampled(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` rows of each source (0: all), chosen by a hash of the text, in their order."""
    if not most:
        return list(rows)
    ranked: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda each: hashlib.sha256(each.text.encode()).digest()):
        ranked.setdefault(row.source, []).append(row)
    chosen = {id(row) for several in ranked.values() for row in several[:most]}
    return [row for row in rows if id(row) in chosen]


def by_source(rows: Sequence[Row]) -> dict[str, list[int]]:
    """Source -> the positions of its rows."""
    found: dict[str, list[int]] = {}
    for position, row in enumerate(rows):
        found.setdefault(row.source, []).append(position)
    return dict(sorted(found.items()))


def bare(text: str) -> str:
    """What two texts have in common that differ in width, case, signs and blanks only."""
    return _NOT_BARE.sub("", unicodedata.normalize("NFKC", text).casefold())


def _ours(folder: str, row: Row) -> Row:
    """Rows as they are asked: what the comment replies to is the context, and the posts on 蒙牛 are no shop reviews."""
    if folder == "irony":
        return msgspec.structs.replace(row, context=row.topic)
    if folder == "aspect":
        return msgspec.structs.replace(row, target=row.aspect, source=ASPECTS)
    if folder == "target":
        return row
    source = MENGNIU if row.cat == "蒙牛" else row.source
    return msgspec.structs.replace(row, source=source, context=None)
