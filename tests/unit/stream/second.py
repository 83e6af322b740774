"""Two models for tests: each calls negative what has its own word in it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from models import Abstain, Reading
from stream.enrich import Enrich
from tests.unit.stream.doors import BAD, NOON, PLAIN, OneWordScorer, mention
from tingchao.alerts.risk import shipped_rules
from tingchao.bus import ENRICHED, RAW, Message
from tingchao.errors import BadRecord
from tingchao.mention import Mention, Role, decode_mention, encode
from tingchao.watchlist import Matcher, Topic, Watchlist

WATCHLIST = Watchlist(
    (
        Topic(id="nova", name="新星", role=Role.BRAND),
        Topic(id="luna", name="月光", role=Role.COMPETITOR),
    )
)
TOPICS = {topic.id: topic for topic in WATCHLIST.topics}


class WordScorer(OneWordScorer):
    """Negative is what has `word` in it; it reads no text with 外 and gives no number for one with 坏."""

    def __init__(self, name: str, word: str) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]
        self.word = word

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
    ) -> list[Reading]:
        self.asked += list(zip(texts, targets or [None] * len(texts), strict=True))
        if any("坏" in text for text in texts):
            raise BadRecord("the model gave no number")
        return [
            Reading(
                sentiment=BAD if self.word in text else PLAIN,
                abstain=Abstain.LANGUAGE if "外" in text else "",
            )
            for text in texts
        ]


def first() -> WordScorer:
    return WordScorer("one/1", "冒烟")


def second() -> WordScorer:
    return WordScorer("two/1", "烫")


def enriched(*mentions: Mention, by: WordScorer | None = None) -> list[Mention]:
    """The mentions as `enrich` makes them with a model."""
    worker = Enrich(lambda: Matcher(WATCHLIST), by or first(), shipped_rules())
    output = worker.handle([Message(RAW, each.id, encode(each)) for each in mentions])
    assert not output.dead
    return [decode_mention(value) for topic, _, value in output.messages if topic == ENRICHED]


def messages(mentions: Sequence[Mention], start: int = 0, partition: int = 0) -> list[Message]:
    """As they lie on the bus."""
    return [
        Message(ENRICHED, each.id, encode(each), partition, start + place)
        for place, each in enumerate(mentions)
    ]


def captured(number: int, text: str, at: datetime = NOON, source: str = "forum") -> Mention:
    """A mention published at noon and captured at `at`."""
    return replace(mention(number, text, source=source), captured_at=at)
