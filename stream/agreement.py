"""How far two models agree on the same texts: counts, and the newest texts on which they differ. Pure.

`dp` of a text is the largest difference between the two models' probabilities of one label.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from models import Reading
from models.heads import LABELS
from stream.counting import Marks
from tingchao.bus import Message
from tingchao.mention import Label, Mention, Sentiment, Target

DIFFERENCES = 200
SOURCES = 200
OTHERS = "(other sources)"

P = tuple[float, float, float]


class Said(msgspec.Struct, frozen=True):
    """What a model says: a label and the probabilities of `LABELS`."""

    label: Label
    p: P


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What both models say of a mention: of the whole text (None unless both read it), and towards its topics."""

    partition: int
    offset: int
    mention: str
    source: str
    at: datetime
    old_read: bool
    new_read: bool
    whole: tuple[Said, Said] | None
    towards: tuple[tuple[str, Said, Said], ...]


class Tally(msgspec.Struct):
    """`matrix[old][new]` counts texts by both labels, in the order of `LABELS`; `moved` is the sum of dp."""

    n: int = 0
    matrix: list[list[int]] = msgspec.field(default_factory=lambda: [[0] * 3 for _ in LABELS])
    moved: float = 0.0

    def add(self, old: Said, new: Said) -> None:
        self.n += 1
        self.matrix[LABELS.index(old.label)][LABELS.index(new.label)] += 1
        self.moved += max(abs(a - b) for a, b in zip(old.p, new.p, strict=True))

    @property
    def same(self) -> float:
        """The share of texts with one label from both, 0..1."""
        return sum(self.matrix[each][each] for each in range(3)) / max(self.n, 1)

    @property
    def mean_dp(self) -> float:
        return self.moved / max(self.n, 1)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A mention to which the models give different labels, towards a topic or (empty) as a whole. No text."""

    mention: str
    topic: str
    source: str
    at: datetime
    old: Said
    new: Said


class Agreement(msgspec.Struct, kw_only=True):
    """All that is known of two models, `old` (which scores) and `new` (which shadows it)."""

    old: str
    new: str
    since: datetime
    until: datetime
    whole: Tally = msgspec.field(default_factory=Tally)
    towards: Tally = msgspec.field(default_factory=Tally)
    sources: dict[str, Tally] = msgspec.field(default_factory=dict)
    unread: dict[str, int] = msgspec.field(default_factory=lambda: {"old only": 0, "new only": 0, "both": 0})
    differences: tuple[Difference, ...] = ()
    marks: Marks = Marks()

    def add(self, seen: Iterable[Compared]) -> int:
        """Count what was not counted; how many that were."""
        fresh, self.marks = self.marks.new(seen)
        found: list[Difference] = []
        for each in fresh:
            self.since, self.until = min(self.since, each.at), max(self.until, each.at)
            if each.whole:
                self.whole.add(*each.whole)
                self._of(each.source).add(*each.whole)
                found += _different(each, "", *each.whole)
            else:
                self.unread[_who(each)] += 1
            for topic, old, new in each.towards:
                self.towards.add(old, new)
                found += _different(each, topic, old, new)
        self.differences = (*self.differences, *found)[-DIFFERENCES:]
        return len(fresh)

    def _of(self, source: str) -> Tally:
        name = source if source in self.sources or len(self.sources) < SOURCES else OTHERS
        return self.sources.setdefault(name, Tally())


def compared(message: Message, mention: Mention, answers: Sequence[Reading]) -> Compared:
    """What both models say of a mention: the first one's word is on it, `answers` are the second one's (whole, topics)."""
    whole, *towards = answers
    old = {each.topic: each for each in mention.targets}
    said = None if mention.unread or whole.unread else mention.sentiment
    return Compared(
        partition=message.partition,
        offset=message.offset,
        mention=mention.id,
        source=mention.source,
        at=mention.captured_at,
        old_read=not mention.unread,
        new_read=not whole.unread,
        whole=(_said(said), _said(whole.sentiment)) if said else None,
        towards=tuple(
            (match.topic, _said(old[match.topic]), _said(reading.sentiment))
            for match, reading in zip(mention.matches, towards, strict=True)
            if match.topic in old and not reading.unread
        ),
    )


def read_agreement(body: Mapping[str, Any]) -> Agreement:
    """What a document holds. Raises `msgspec.ValidationError` for one that is none."""
    return msgspec.convert(body, Agreement)


def _said(found: Sentiment | Target) -> Said:
    p = found.p_negative, found.p_neutral, found.p_positive
    return Said(found.label, (round(p[0], 4), round(p[1], 4), round(p[2], 4)))


def _different(each: Compared, topic: str, old: Said, new: Said) -> list[Difference]:
    if old.label is new.label:
        return []
    return [Difference(mention=each.mention, topic=topic, source=each.source, at=each.at, old=old, new=new)]


def _who(each: Compared) -> str:
    return "old only" if each.new_read else "new only" if each.old_read else "both"
