"""What the model is asked about a mention, and what is written of its answers: one way for `enrich`, `shadow` and `rescore`.

The text as a whole, and towards each of its topics by the word with which it calls the topic. Where nothing was read towards
a topic though the whole was read, the whole text's sentiment stands for it, and never a neutral that no model spoke.
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
from tingchao.query.matching import occurrences
from tingchao.text import fold
from tingchao.watchlist import Topic

MOST_TARGETS = 20
"""Names that a text is asked about, the longest; towards the others stands the sentiment of the whole text."""

Answers = list[Reading] | BadRecord
"""The reading of the whole text and those towards its topics in order; or why there are none."""


@dataclass(frozen=True, slots=True)
class Question:
    """A text, and the word by which it calls each of its topics, in the order of the mention's matches."""

    text: str
    names: tuple[str, ...]

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


def question(mention: Mention, topics: Mapping[str, Topic], subject: Subject | None = None) -> Question:
    """What is to be asked of a mention that has its matches. `topics` are those watched now; of another, the word that
    had matched is asked. `subject` is the mention's, if it is folded already."""
    subject = subject or Subject.of(mention)
    names = (called(topics.get(each.topic) or _gone(each), each, subject) for each in mention.matches)
    return Question(scored_text(mention), tuple(names))


def score(scorer: Scorer, questions: Sequence[Question]) -> Iterator[Answers]:
    """What `scorer` answers to each question, in order, asked in one call."""
    asked = [(each.text, target) for each in questions for target in each.asked]
    found = iter(score_each(scorer, [text for text, _ in asked], [target for _, target in asked]))
    for each in questions:
        yield _answers(each, dict(zip(each.asked, found, strict=False)))


def scored(mention: Mention, answers: Sequence[Reading], model: str) -> Mention:
    """The mention with what `model` says of it; nothing else is another."""
    whole, *towards = answers
    return replace(
        mention,
        sentiment=whole.sentiment,
        targets=tuple(_target(match, to) for match, to in zip(mention.matches, towards, strict=True)),
        emotion=whole.feeling,
        abstain=whole.abstain,
        complaint=whole.complaint,
        irony=whole.irony,
        model=model,
    )


def scored_text(mention: Mention) -> str:
    """What a reader would read: the title, unless the text begins with it, and the text."""
    if not mention.title or mention.text.startswith(mention.title):
        return mention.text
    return f"{mention.title}\n{mention.text}"


def called(topic: Topic, match: Match, subject: Subject) -> str:
    """The word by which a text calls the topic, as it is written there.

    The longest of the topic's names that occurs, else the first word of its query that does; its name if there is none,
    as for a query by source.
    """
    names = [_as_written(name, subject) for name in (topic.name, *topic.aliases)]
    words = (_as_written(term, subject) for term in match.terms)
    return max(names, key=len) or next(filter(None, words), topic.name)


def _as_written(word: str, subject: Subject) -> str:
    """`word` as it stands in the text where the matcher would find it, in its own spelling rather than another."""
    if not fold(word).text:
        return ""
    written = [
        folded.original[slice(*folded.span(*spot))]
        for folded in (subject.text, subject.title)
        for spot in occurrences(word, folded.text)
    ]
    return word if word in written else next(iter(written), "")


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
