"""`enrich`: raw mentions in; matched, scored and tagged ones out, and one observation for each matched topic.

decode → match → tag → score → encode, batch by batch; the scorer given remembers texts it has seen. What
matches no topic is dropped and counted.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from models import Scorer
from stream.loop import Dead, Outgoing, Output, Worker
from tingchao.alerts.risk import RiskRules
from tingchao.bus import ENRICHED, OBSERVATIONS, RAW, Message
from tingchao.errors import BadRecord
from tingchao.mention import Match, Mention, Observation, Risk, Sentiment, Target, decode_mention, encode
from tingchao.query import Subject
from tingchao.text import text_key
from tingchao.watchlist import Matcher

NO_MATCH = "matches no topic"


@dataclass(frozen=True, slots=True)
class Matched:
    """A mention that speaks of a topic, with what was found before scoring."""

    mention: Mention
    matches: tuple[Match, ...]
    risk: tuple[Risk, ...]
    text: str


class Enrich(Worker):
    """`matcher` gives the newest watchlist, compiled; it is asked once a batch. A batch is what is scored in a few
    seconds on a slow machine, for a worker that is asked to stop finishes its batch."""

    name = "enrich"
    reads = (RAW,)
    max_messages = 200
    wait = 0.2

    def __init__(self, matcher: Callable[[], Matcher], scorer: Scorer, risks: RiskRules) -> None:
        self._matcher = matcher
        self._scorer = scorer
        self._risks = risks

    def handle(self, messages: Sequence[Message]) -> Output:
        matcher = self._matcher()
        dead: list[Dead] = []
        found: list[Matched] = []
        dropped: Counter[str] = Counter()
        for message in messages:
            try:
                mention = decode_mention(message.value)
            except BadRecord as error:
                dead.append(Dead(message, str(error)))
                continue
            subject = Subject.of(mention)
            matches = matcher.match(subject)
            if matches:
                found.append(Matched(mention, matches, self._tag(subject), scored_text(mention)))
            else:
                dropped[NO_MATCH] += 1
        out: list[Outgoing] = []
        # Partitions of the bus come one after another; alerts are better told in the order of time.
        found.sort(key=lambda each: each.mention.captured_at)
        names = {topic.id: topic.name for topic in matcher.watchlist.topics}
        for each, sentiment, targets in zip(found, *self._score(found, names), strict=True):
            out += _messages(each, sentiment, targets, self._scorer.name)
        return Output(out, dead, dropped)

    def _tag(self, subject: Subject) -> tuple[Risk, ...]:
        return self._risks.risks(f"{subject.title.text}\n{subject.text.text}")

    def _score(
        self, found: Sequence[Matched], names: dict[str, str]
    ) -> tuple[list[Sentiment], list[tuple[Sentiment, ...]]]:
        """Sentiment of each whole text, and towards each of its topics in order. One topic: they are the same."""
        several = [
            (each.text, names[match.topic])
            for each in found
            if len(each.matches) > 1
            for match in each.matches
        ]
        texts = [each.text for each in found] + [text for text, _ in several]
        scores = iter(self._scorer.score(texts, [None] * len(found) + [name for _, name in several]))
        whole = [next(scores) for _ in found]
        targets = [
            (sentiment,) if len(each.matches) == 1 else tuple(next(scores) for _ in each.matches)
            for each, sentiment in zip(found, whole, strict=True)
        ]
        return whole, targets


def scored_text(mention: Mention) -> str:
    """What a reader would read: the title, unless the text begins with it, and the text."""
    if not mention.title or mention.text.startswith(mention.title):
        return mention.text
    return f"{mention.title}\n{mention.text}"


def _messages(
    each: Matched, sentiment: Sentiment, towards: Sequence[Sentiment], model: str
) -> list[Outgoing]:
    mention = each.mention
    key = mention.text_key or text_key(mention.text)
    targets = tuple(
        Target(match.topic, to.label, to.p_negative, to.p_neutral, to.p_positive)
        for match, to in zip(each.matches, towards, strict=True)
    )
    enriched = replace(
        mention,
        text_key=key,
        matches=each.matches,
        sentiment=sentiment,
        targets=targets,
        risk=each.risk,
        model=model,
    )
    out: list[Outgoing] = [(ENRICHED, mention.id, encode(enriched))]
    for match, target in zip(each.matches, targets, strict=True):
        observation = Observation(
            topic=match.topic,
            role=match.role,
            mention_id=mention.id,
            source=mention.source,
            kind=mention.kind,
            published_at=mention.published_at,
            captured_at=mention.captured_at,
            published_precision=mention.published_precision,
            label=target.label,
            p_negative=target.p_negative,
            author_key=mention.author.key,
            text_key=key,
            risk=each.risk,
        )
        out.append((OBSERVATIONS, match.topic, encode(observation)))
    return out
