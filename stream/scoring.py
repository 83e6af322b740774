"""What the model is asked about a mention, and what is written of its answers: one way for `enrich`, `shadow` and `rescore`.

The text as a whole, and towards each of its topics by the word with which it calls the topic, below what it replies to.
Where nothing was read towards a topic though the whole was read, the whole text's sentiment stands for it. A text that was
not read as a whole has no sentiment, only the reason: a neutral that no model spoke would thin out the negative share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from models import Abstain, Reading, Scorer
from models.batches import score_each
from models.reading import UNREAD
from tingchao.errors import BadRecord
from tingchao.mention import Match, Mention, Target
from tingchao.query import Subject
from tingchao.spoken import called, scored_text
from tingchao.watchlist import Topic

MOST_TARGETS = 20
"""Names that a text is asked about, the longest; towards the others stands the sentiment of the whole text."""

Answers = list[Reading] | BadRecord
"""The reading of the whole text and those towards its topics in order; or why there are none."""


@dataclass(frozen=True, slots=True)
class Question:
    """A text, and the word by which it calls each of its topics, in the order of the mention's matches; `above` is what it
    replies to, empty for nothing that is known."""

    text: str
    names: tuple[str, ...]
    above: str = ""

    @property
    def only_names(self) -> bool:
        """Whether the text is nothing but the name of a topic: nobody says anything of it."""
        text = self.text.strip(" #\n").casefold()
        return any(name.casefold() == text for name in self.names)

    @property
    def asked(self) -> tuple[str | None, ...]:
        """What the model is asked about: the whole (None), and each name once; nothing if there are only names."""
        if self.only_names:
            return ()
        names = dict.fromkeys(self.names)
        longest = set(sorted(names, key=len, reverse=True)[:MOST_TARGETS])
        return None, *(name for name in names if name in longest)


def question(
    mention: Mention, topics: Mapping[str, Topic], above: str, subject: Subject | None = None
) -> Question:
    """What is to be asked of a mention that has its matches. `topics` are those watched now; of another, the word that
    had matched is asked. `above` is what it replies to (`stream.threads`), `subject` the mention's, if it is folded
    already."""
    subject = subject or Subject.of(mention)
    names = (called(topics.get(each.topic) or _gone(each), each, subject) for each in mention.matches)
    return Question(scored_text(mention), tuple(names), above)


def score(scorer: Scorer, questions: Sequence[Question]) -> Iterator[Answers]:
    """What `scorer` answers to each question, in order, asked in one call.

    The text above is shown for topics only: that is what models learn from threads. How a text as a whole is meant they
    learn from texts alone.
    """
    asked = [(each, target) for each in questions for target in each.asked]
    texts, targets = [each.text for each, _ in asked], [target for _, target in asked]
    contexts = [each.above if target and each.above else None for each, target in asked]
    found = iter(score_each(scorer, texts, targets, contexts))
    for each in questions:
        yield _answers(each, dict(zip(each.asked, found, strict=False)))


def scored(mention: Mention, answers: Sequence[Reading], model: str) -> Mention:
    """The mention with what `model` says of it; nothing else is another."""
    whole, *towards = answers
    aimed = () if whole.unread else zip(mention.matches, towards, strict=True)
    return replace(
        mention,
        sentiment=None if whole.unread else whole.sentiment,
        targets=tuple(_target(match, to) for match, to in aimed),
        emotion=whole.feeling,
        abstain=whole.abstain,
        complaint=whole.complaint,
        irony=whole.irony,
        model=model,
    )


def _gone(match: Match) -> Topic:
    """A topic that is watched no more, as far as the mention remembers it."""
    name = match.terms[0] if match.terms else match.topic
    return Topic.model_construct(id=match.topic, name=name, role=match.role)


def _answers(asked: Question, found: Mapping[str | None, Reading | BadRecord]) -> Answers:
    readings: dict[str | None, Reading] = {}
    for name, reading in found.items():
        if isinstance(reading, BadRecord):
            return reading
        if name is None or not reading.unread:
            readings[name] = reading
    whole = readings.get(None, UNREAD[Abstain.NAME])
    return [whole, *(readings.get(name, whole) for name in asked.names)]


def _target(match: Match, reading: Reading) -> Target:
    found = reading.sentiment
    return Target(match.topic, found.label, found.p_negative, found.p_neutral, found.p_positive)
