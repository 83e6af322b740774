"""Our own sentences: written for what public sets lack, each with places `{A}`, `{B}` for brands.

One JSON line: `text`; `label` (of the whole, null where a reader could dispute it); `towards` (place -> label); `context`
(what it replies to); `kind`; `group` (minimal pairs stay together). Half is for training, half for testing, by a hash
of the context or the group, so that replies to one post stay together and adding a sentence moves no other.
"""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files

import msgspec

from models.train.names import draw_names

_PLACE = re.compile(r"\{([A-Z])\}")


class Sentence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of `sentences/*.jsonl`."""

    text: str
    kind: str
    label: str | None = None
    towards: dict[str, str] = {}
    context: str | None = None
    group: str | None = None

    @property
    def for_training(self) -> bool:
        return hashlib.sha256((self.context or self.group or self.text).encode()).digest()[0] % 2 == 0


class Filled(msgspec.Struct, frozen=True):
    """A sentence with names: asked as a whole (no `target`) or towards one of them."""

    text: str
    label: str
    kind: str
    target: str | None = None
    context: str | None = None


def sentences() -> Iterator[Sentence]:
    """All of them, in the order of files and lines."""
    folder = files("models.train").joinpath("sentences")
    read = msgspec.json.Decoder(Sentence).decode
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        yield from map(read, filter(None, path.read_text("utf-8").splitlines()))


def for_testing() -> list[Sentence]:
    """The half that measures, without what the other half has too: a reply in the same words, a twin of a pair."""
    found = list(sentences())
    training = [each for each in found if each.for_training]
    groups, texts = {each.group for each in training if each.group}, {each.text for each in training}
    return [
        each
        for each in found
        if not each.for_training and each.group not in groups and each.text not in texts
    ]


def joined(found: Sequence[Sentence], count: int, random_numbers: random.Random) -> list[Sentence]:
    """Two sentences that each judge one brand, put behind one another: whose feeling is whose must be told by the name.

    Of the whole nothing is asked. Sentences that need a context, or name more than one brand, are not taken.
    """
    single = [
        each
        for each in found
        if list(each.towards) == ["A"] and _PLACE.findall(each.text) == ["A"] and not each.context
    ]
    made = []
    for _ in range(count if len(single) > 1 else 0):
        first, second = random_numbers.sample(single, 2)
        end = "" if first.text[-1] in "。！？!?~…" else random_numbers.choice(("，", "。", "；", " "))
        text = f"{first.text}{end}{second.text.replace('{A}', '{B}')}"
        made.append(Sentence(text, "joined", None, {"A": first.towards["A"], "B": second.towards["A"]}))
    return made


def fill(sentence: Sentence, random_numbers: random.Random, *, real: bool) -> list[Filled]:
    """The questions that one sentence asks, with one choice of names."""
    places = sorted({*_PLACE.findall(sentence.text), *_PLACE.findall(sentence.context or "")})
    names = dict(zip(places, draw_names(random_numbers, len(places), real=real), strict=True))

    def named(text: str) -> str:
        return _PLACE.sub(lambda found: names[found[1]], text)

    text, context = named(sentence.text), named(sentence.context) if sentence.context else None
    asked = [Filled(text, sentence.label, sentence.kind, None, context)] if sentence.label else []
    return asked + [
        Filled(text, label, sentence.kind, names[place], context) for place, label in sentence.towards.items()
    ]
