"""Small doors for the tests of the workers: a scorer that knows one word, and a bus that lives in lists."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from models import Reading
from models.heads import LABELS
from tingchao.bus import Batch, Message
from tingchao.errors import BadRecord, BusUnavailable
from tingchao.mention import Kind, Label, Mention, Sentiment, mention_id

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)

BAD = Sentiment(Label.NEGATIVE, 0.9, 0.08, 0.02)
PLAIN = Sentiment(Label.NEUTRAL, 0.1, 0.8, 0.1)


class OneWordScorer:
    """Negative is what speaks of smoke; towards a target only where the target stands before it."""

    name = "one-word/1"
    heads: ClassVar = {"sentiment": LABELS, "target": LABELS}
    unsure_below = 0.5

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
    ) -> list[Reading]:
        pairs = list(zip(texts, targets or [None] * len(texts), strict=True))
        self.asked += pairs
        return [
            Reading(
                sentiment=BAD if "冒烟" in text and f"{target or ''}" in text.partition("冒烟")[0] else PLAIN
            )
            for text, target in pairs
        ]


class ListBus:
    """A bus of one partition a topic, in memory. `fail_next` lets the next calls of a method fail."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Message]] = {}
        self.committed: dict[str, int] = {}
        self.fail_next: dict[str, int] = {}
        self.too_large: set[str] = set()
        self._unflushed: list[Message] = []
        self.calls: list[str] = []

    def publish(self, topic: str, key: str, value: bytes) -> None:
        self._call("publish")
        if key in self.too_large:
            raise BadRecord(f"message {key} is too large")
        self._unflushed.append(Message(topic, key, value))

    def flush(self, timeout: float = 30.0) -> None:
        sent, self._unflushed = self._unflushed, []
        self._call("flush")
        for message in sent:
            kept = self.topics.setdefault(message.topic, [])
            kept.append(Message(message.topic, message.key, message.value, 0, len(kept)))

    def subscribe(
        self, topics: Sequence[str], group: str, *, max_messages: int = 500, wait: float = 0.5
    ) -> Iterator[Batch]:
        (topic,) = topics
        place = self.committed.get(topic, 0)
        while True:
            self._call("subscribe")
            messages = tuple(self.topics.get(topic, [])[place : place + max_messages])
            place += len(messages)
            yield Batch(messages, (topic, place))

    def commit(self, batch: Batch) -> bool:
        self._call("commit")
        topic, place = batch.subscription  # type: ignore[misc]
        self.committed[topic] = place
        return True

    def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        return {topic: len(self.topics.get(topic, [])) - self.committed.get(topic, 0) for topic in topics}

    def close(self) -> None:
        self.flush()

    def __enter__(self) -> "ListBus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.fail_next.get(name, 0) > 0:
            self.fail_next[name] -= 1
            raise BusUnavailable(f"{name}: the bus does not answer")


def fill(bus: ListBus, topic: str, values: Sequence[bytes]) -> None:
    """Put messages onto a topic."""
    for number, value in enumerate(values):
        bus.publish(topic, str(number), value)
    bus.flush()
    bus.calls.clear()


def mention(
    number: int, text: str, *, at: datetime = NOON, source: str = "forum", title: str = ""
) -> Mention:
    """A mention as a crawler makes it."""
    return Mention(
        id=mention_id(source, str(number)),
        source=source,
        kind=Kind.POST,
        native_id=str(number),
        text=text,
        title=title,
        published_at=at,
        captured_at=at,
    )
