"""`enrich`: raw mentions in; matched, scored and tagged ones out, and one observation for each matched topic.

decode → match → tag → score → encode, batch by batch; the scorer given remembers texts it has seen. What is asked of it
is said in `stream.scoring`. What matches no topic is dropped and counted; a text that cannot be scored is a dead letter
and spoils no other.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from models import Scorer
from stream.loop import Dead, Outgoing, Output, Worker
from stream.scoring import question, score, scored
from stream.threads import Threads
from tingchao.alerts.risk import RiskRules
from tingchao.bus import ENRICHED, OBSERVATIONS, RAW, Message
from tingchao.errors import BadRecord
from tingchao.mention import Match, Mention, Observation, decode_mention, encode
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
    subject: Subject


class Enrich(Worker):
    """`matcher` gives the newest watchlist, compiled; it is asked once a batch. `threads` knows what a mention replies to.
    A batch is what is scored in a few seconds on a slow machine, for a worker that is asked to stop finishes its batch."""

    name = "enrich"
    reads = (RAW,)
    max_messages = 200
    wait = 0.2

    def __init__(
        self,
        matcher: Callable[[], Matcher],
        scorer: Scorer,
        risks: RiskRules,
        threads: Threads | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._remind_at = clock()
        self._matcher = matcher
        self._scorer = scorer
        self._risks = risks
        self._threads = threads or Threads()

    def handle(self, messages: Sequence[Message]) -> Output:
        matcher = self._matcher()
        topics = {topic.id: topic for topic in matcher.watchlist.topics}
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
            self._threads.see([mention])
            subject = Subject.of(mention)
            matches = matcher.match(subject)
            if matches:
                found.append(Matched(message, self._tagged(mention, matches, subject), subject))
            else:
                dropped[reason] += 1
        if dropped[NO_TOPICS]:
            self._remind()
        out: list[Outgoing] = []
        # Partitions of the bus come one after another; alerts are better told in the order of time.
        found.sort(key=lambda each: each.mention.captured_at)
        above = self._threads.above([each.mention for each in found])
        asked = [
            question(each.mention, topics, on, each.subject) for each, on in zip(found, above, strict=True)
        ]
        for each, answers in zip(found, score(self._scorer, asked), strict=True):
            if isinstance(answers, BadRecord):
                dead.append(Dead(each.message, str(answers)))
            else:
                out += _messages(scored(each.mention, answers, self._scorer.name))
        return Output(out, dead, dropped)

    def _tagged(self, mention: Mention, matches: tuple[Match, ...], subject: Subject) -> Mention:
        return replace(
            mention,
            text_key=mention.text_key or text_key(mention.text),
            matches=matches,
            risk=self._risks.risks(f"{subject.title.text}\n{subject.text.text}"),
        )

    def _remind(self) -> None:
        if self._clock() >= self._remind_at:
            self._remind_at = self._clock() + REMIND_EVERY
            log.warning("no topic is watched: every mention is dropped", load="tingchao watchlist load FILE")


def _messages(mention: Mention) -> list[Outgoing]:
    """The mention, and an observation for each topic."""
    out: list[Outgoing] = [(ENRICHED, mention.id, encode(mention))]
    towards = {target.topic: target for target in mention.targets}
    for match in mention.matches:
        target = towards.get(match.topic)
        observation = Observation(
            topic=match.topic,
            role=match.role,
            mention_id=mention.id,
            source=mention.source,
            kind=mention.kind,
            published_at=mention.published_at,
            captured_at=mention.captured_at,
            published_precision=mention.published_precision,
            label=target.label if target else None,
            p_negative=target.p_negative if target else None,
            author_key=mention.author.key,
            text_key=mention.text_key,
            risk=mention.risk,
        )
        out.append((OBSERVATIONS, match.topic, encode(observation)))
    return out
