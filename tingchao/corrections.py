"""What people say of the model's labels: the stream `corrections` and its fold.

Every word stays in the stream, which is only appended to; the last one on a mention, or on a mention towards one of
its topics, counts. An event holds no text: `tingchao.feedback` reads that from the store, so that a mention that was
erased is never trained on. `correct` is the only writer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from tingchao.errors import BadInput, StaleVersion
from tingchao.ledger import UnknownEvent
from tingchao.mention import Label, Mention, Sentiment, Target
from tingchao.store import Recorded, Store

STREAM = "corrections"
MAX_NAME = 40
TRIES = 20


class NotPossible(BadInput):
    """The mention is gone, or is not about that topic, or nobody says who corrects it."""


class Correction(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="corrected"):
    """At `at` (UTC) `by` gave `label` to a mention towards `topic`; an empty topic is the text as a whole.

    `published_at` is the mention's, which never changes. The rest is the model's word at that time: its label or None,
    the probabilities (negative, neutral, positive), its reason to abstain, its name and version. A person may confirm
    the model's label.
    """

    at: datetime
    by: str
    mention: str
    published_at: datetime
    topic: str = ""
    label: Label
    was: Label | None = None
    p: tuple[float, ...] = ()
    abstain: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Corrections:
    """The word that counts, by mention and topic, as of `version` of the stream."""

    version: int = 0
    words: Mapping[tuple[str, str], Correction] = field(default_factory=dict)

    def on(self, mention: str, topic: str = "") -> Correction | None:
        """What a person said of a mention towards `topic`."""
        return self.words.get((mention, topic))

    def decided(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        """The mentions published in [since, until) of which a person has said how the whole text is meant.

        However sure the model was then: another one may be less sure, and the word still counts.
        """
        return [
            id
            for (id, topic), word in self.words.items()
            if not topic
            and (since is None or word.published_at >= since)
            and (until is None or word.published_at < until)
        ]


NOTHING = Corrections()


def read_on(store: Store, known: Corrections = NOTHING) -> Corrections:
    """What people have said, read on from what is `known`. Raises `UnknownEvent`."""
    newer = store.read(STREAM, known.version)
    if not newer:
        return known
    words = dict(known.words)
    for word in map(_correction, newer):
        words[word.mention, word.topic] = word
    return Corrections(newer[-1].version, words)


def correct(
    store: Store,
    mention: str,
    label: Label,
    *,
    by: str,
    at: datetime,
    topic: str = "",
    known: Corrections = NOTHING,
) -> Correction:
    """Say which label is right. Saying the same a second time changes nothing.

    Raises `NotPossible`; `StaleVersion` if others keep being faster.
    """
    word = _word(store, mention, label, _name(by), at, topic)
    for _ in range(TRIES):
        known = read_on(store, known)
        before = known.on(mention, topic)
        if before and (before.label, before.by, before.model) == (word.label, word.by, word.model):
            return before
        try:
            store.append(STREAM, known.version, [msgspec.to_builtins(word)])
        except StaleVersion as error:
            faster = error
        else:
            return word
    raise faster


def judged(mention: Mention, topic: str = "") -> Sentiment | Target | None:
    """The model's word on a mention: towards `topic`, or as a whole; None if it has none."""
    if not topic:
        return mention.sentiment
    return next((target for target in mention.targets if target.topic == topic), None)


def _word(store: Store, id: str, label: Label, by: str, at: datetime, topic: str) -> Correction:
    found = store.get([id])
    if not found:
        raise NotPossible(f"mention {id[:40]!r} is not in the store; it may have been erased")
    [mention] = found
    if topic and topic not in {match.topic for match in mention.matches}:
        raise NotPossible(
            f"mention {id} is not about {topic[:40]!r}; correct the whole text, or one of its topics"
        )
    model = judged(mention, topic)
    return Correction(
        at=at,
        by=by,
        mention=id,
        published_at=mention.published_at,
        topic=topic,
        label=label,
        was=model.label if model else None,
        p=(model.p_negative, model.p_neutral, model.p_positive) if model else (),
        abstain=mention.abstain,
        model=mention.model,
    )


def _correction(record: Recorded) -> Correction:
    try:
        return msgspec.convert(record.event, Correction)
    except msgspec.ValidationError as error:
        raise UnknownEvent(
            f"{record.stream}, event {record.version}: {error}. A newer Tingchao may have written it: upgrade this one"
        ) from error


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise NotPossible(f"name {text[:60]!r}: it takes 1 to {MAX_NAME} visible characters")
    return name
