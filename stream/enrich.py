"""`enrich`: raw mentions in; matched, scored and tagged ones out, and one observation for each matched topic.

decode → match → tag → score → encode, batch by batch; the scorer given remembers texts it has seen. What
matches no topic is dropped and counted; a text that cannot be scored is a dead letter and spoils no other.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from models import Scorer
from models.batches import score_each
from stream.loop import Dead, Outgoing, Output, Worker
from tingchao.alerts.risk import RiskRules
from tingchao.bus import ENRICHED, OBSERVATIONS, RAW, Message
from tingchao.errors import BadRecord
from tingchao.mention import Match, Mention, Observation, Risk, Sentiment, Target, decode_mention, encode
from tingchao.query import Subject
from tingchao.text import text_key
from tingchao.watchlist import Matcher

log = structlog.get_logger("enrich")

NO_MATCH = "matches no topic"
NO_TOPICS = "no topic is watched"
REMIND_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Matched:
    """A mention that speaks of a topic, with what was found before scoring."""

    message: Message
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

    def __init__(
        self,
        matcher: Callable[[], Matcher],
        scorer: Scorer,
        risks: RiskRules,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._remind_at = clock()
        self._matcher = matcher
        self._scorer = scorer
        self._risks = risks

    def handle(self, messages: Sequence[Message]) -> Output:
        matcher = self._matcher()
        reason = NO_MATCH if matcher.watchlist.topics else NO_TOPICS
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
                found.append(Matched(message, mention, matches, self._tag(subject), scored_text(mention)))
            else:
                dropped[reason] += 1
        if dropped[NO_TOPICS]:
            self._remind()
        out: list[Outgoing] = []
        # Partitions of the bus come one after another; alerts are better told in the order of time.
        found.sort(key=lambda each: each.mention.captured_at)
        names = {topic.id: topic.name for topic in matcher.watchlist.topics}
        for each, scores in zip(found, self._score(found, names), strict=True):
            good = [score for score in scores if isinstance(score, Sentiment)]
            bad = [score for score in scores if isinstance(score, BadRecord)]
            if bad:
                dead.append(Dead(each.message, str(bad[0])))
            else:
                out += _messages(each, good[0], good[1:] or good, self._scorer.name)
        return Output(out, dead, dropped)

    def _tag(self, subject: Subject) -> tuple[Risk, ...]:
        return self._risks.risks(f"{subject.title.text}\n{subject.text.text}")

    def _remind(self) -> None:
        if self._clock() >= self._remind_at:
            self._remind_at = self._clock() + REMIND_EVERY
            log.warning("no topic is watched: every mention is dropped", load="tingchao watchlist load FILE")

    def _score(
        self, found: Sequence[Matched], names: dict[str, str]
    ) -> Iterator[list[Sentiment | BadRecord]]:
        """Sentiment of each whole text, then towards each of its topics in order where they are several."""
        several = [
            (each.text, names[match.topic])
            for each in found
            if len(each.matches) > 1
            for match in each.matches
        ]
        texts = [each.text for each in found] + [text for text, _ in several]
        scores = score_each(self._scorer, texts, [None] * len(found) + [name for _, name in several])
        towards = iter(scores[len(found) :])
        for each, whole in zip(found, scores, strict=False):
            yield [whole, *(next(towards) for _ in each.matches)] if len(each.matches) > 1 else [whole]


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
