"""`alert`: observations in; alerts raised, updated and resolved, and one message about each.

What it decides is `tingchao.alerts.state`; here are the store and the bus around it. A decision is written at
once, the memory behind it (a snapshot for each topic that changed) before the commit: whatever is killed in
between is decided again, the same way, and writing it again changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from stream.loop import Dead, Outgoing, Output, Worker
from tingchao.alerts import desk
from tingchao.alerts.alert import Raised, Resolved, State, Updated
from tingchao.alerts.baseline import BUCKET_SECONDS
from tingchao.alerts.snapshot import NOW, kind_of, restored, snapshot
from tingchao.alerts.state import CLOCK_SKEW, Decision, Taken, TopicState
from tingchao.bus import ALERTS, OBSERVATIONS, Message
from tingchao.errors import BadRecord
from tingchao.ledger import NotThere, UnknownEvent
from tingchao.mention import Observation, decode_observation
from tingchao.store import Store

log = structlog.get_logger("alert")

STEADY_AFTER = timedelta(seconds=60)
BACKLOG_AGE = timedelta(minutes=10)
"""After a start, or an observation this old, the clock says nothing about a topic before a minute has passed."""


UNREADABLE = "an alert that cannot be read"


class Standing(msgspec.Struct, frozen=True):
    """As much of a kept alert as a start needs: an alert of any version has it."""

    topic: str
    state: State


class AlertNews(msgspec.Struct, frozen=True):
    """What goes out on `alerts`: which event of which alert."""

    alert: str
    event: str
    version: int


class Alerting(Worker):
    """Watches topics. `name_of` gives a topic's name as people know it; `wall`: quiet hours pass by the clock too."""

    name = "alert"
    reads = (OBSERVATIONS,)
    max_messages = 1_000
    wait = 0.2
    checkpoint_every = 1.0

    def __init__(
        self,
        store: Store,
        name_of: Callable[[str], str],
        *,
        wall: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._name_of = name_of
        self._wall = wall
        self._now = now
        self.reset()

    def reset(self) -> None:
        self._states: dict[str, TopicState] = {}
        self._stored: dict[str, set[int]] = {}
        self._versions: dict[str, int] = {}
        self._changed: set[str] = set()
        self._homes: dict[str, int] = {}
        self._offsets: dict[int, int] = {}
        self._times: dict[int, int] = {}
        self._looked = 0
        self._steady_from: datetime | None = None
        self._dropped: Counter[str] = Counter()

    def handle(self, messages: Sequence[Message]) -> Output:
        now = self._now()
        self._wake(now)
        ahead = now + timedelta(seconds=CLOCK_SKEW)
        dead: list[Dead] = []
        news: list[Outgoing] = []
        for message in messages:
            self._follow(message)
            try:
                seen = decode_observation(message.value)
            except BadRecord as error:
                dead.append(Dead(message, str(error)))
                continue
            if self._wall and seen.captured_at > ahead:
                # A crawler whose clock is wrong would make all that the others see old.
                self._dropped[Taken.FUTURE.value] += 1
                continue
            state = self._state(seen, message.partition)
            taken, decisions = state.take(seen)
            if taken is not Taken.NOW:
                self._dropped[taken.value] += 1
            if taken in (Taken.NOW, Taken.BACKFILL):
                self._changed.add(seen.topic)
            news += self._write(state, decisions)
            news += self._time_of(message.partition, state.watermark)
            if now - seen.captured_at > BACKLOG_AGE:
                self._steady_from = now + STEADY_AFTER
        return Output(news, dead, self._counted())

    def tick(self, now: datetime) -> Output:
        self._wake(now)
        bucket = int(now.timestamp()) // BUCKET_SECONDS
        if not self._wall or self._steady_from is None or now < self._steady_from or bucket == self._looked:
            return Output(dropped=self._counted())
        self._looked = bucket
        news = self._pass(list(self._states), int(now.timestamp()))
        return Output(news, dropped=self._counted())

    def _counted(self) -> Counter[str]:
        """What was dropped since it was last asked."""
        counted, self._dropped = self._dropped, Counter()
        return counted

    def checkpoint(self) -> None:
        for topic in sorted(self._changed):
            kind = kind_of(topic)
            written = snapshot(self._states[topic], self._stored[topic])
            for id, body in written.puts:
                if id == NOW:
                    self._versions[topic] = self._store.put(kind, id, body, self._versions.get(topic, 0))
                else:
                    self._store.put(kind, id, body)
            for id in written.removes:
                self._store.remove(kind, id)
        self._changed.clear()

    def _wake(self, now: datetime) -> None:
        """After a start, remember the topics whose alerts are not over: they may never be spoken of again."""
        if self._steady_from is None:
            self._steady_from = now + STEADY_AFTER
            for document in self._store.documents(desk.ALERTS.kind):
                try:
                    alert = msgspec.convert(document.body, Standing)
                except msgspec.ValidationError as error:
                    self._skip(document.id, error)
                    continue
                if alert.state in (State.OPEN, State.ACKNOWLEDGED) and alert.topic not in self._states:
                    self._load(alert.topic)

    def _skip(self, alert: str, reason: Exception) -> None:
        log.error("alert cannot be read and is left alone", alert=alert, reason=str(reason))
        self._dropped[UNREADABLE] += 1

    def _follow(self, message: Message) -> None:
        """A jump in a partition's offsets: another worker had it meanwhile, and knows more of its topics."""
        expected = self._offsets.get(message.partition, message.offset)
        self._offsets[message.partition] = message.offset + 1
        if message.offset > expected:
            for topic in [topic for topic, home in self._homes.items() if home == message.partition]:
                self._states.pop(topic, None)
                self._homes.pop(topic)
                self._changed.discard(topic)

    def _state(self, seen: Observation, partition: int) -> TopicState:
        state = self._states.get(seen.topic) or self._load(seen.topic)
        if state is None:
            state = self._states[seen.topic] = TopicState(seen.topic, seen.role)
            self._stored[seen.topic], self._versions[seen.topic] = set(), 0
        state.role = seen.role
        self._homes[seen.topic] = partition
        return state

    def _load(self, topic: str) -> TopicState | None:
        documents = self._store.documents(kind_of(topic))
        found = restored(topic, documents)
        if found is None:
            return None
        self._states[topic], self._stored[topic] = found
        self._versions[topic] = next(each.version for each in documents if each.id == NOW)
        return found[0]

    def _time_of(self, partition: int, watermark: int) -> list[Outgoing]:
        """Time passes for the topics of a partition as its own messages say: others may lie hours apart."""
        before = self._times.get(partition, 0)
        if watermark // BUCKET_SECONDS <= before // BUCKET_SECONDS:
            return []
        self._times[partition] = watermark
        return self._pass([topic for topic, home in self._homes.items() if home == partition], watermark)

    def _pass(self, topics: Sequence[str], now: int) -> list[Outgoing]:
        """It is `now` for these topics: alerts that were calm long enough end."""
        news: list[Outgoing] = []
        for topic in topics:
            state = self._states[topic]
            decisions = state.pass_time(now) if state.episode else []
            if decisions and not self._is_newest(topic):
                # Another worker watches the topic by now, and knows more.
                state = self._load(topic) or state
                decisions = state.pass_time(now)
            if decisions:
                self._changed.add(topic)
                news += self._write(state, decisions)
        return news

    def _is_newest(self, topic: str) -> bool:
        kept = self._store.find(kind_of(topic), NOW)
        return kept is None or kept.version == self._versions.get(topic, 0)

    def _write(self, state: TopicState, decisions: Sequence[Decision]) -> list[Outgoing]:
        news: list[Outgoing] = []
        for id, event in decisions:
            try:
                version = self._record(state.topic, id, event)
            except (NotThere, UnknownEvent) as error:
                self._skip(id, error)
                version = None
            if version is not None:
                news.append((ALERTS, id, msgspec.json.encode(AlertNews(id, _told(event), version))))
            elif isinstance(event, Updated):
                news += self._write(state, state.begin_again())
        return news

    def _record(self, topic: str, id: str, event: Raised | Updated | Resolved) -> int | None:
        """Write an event; returns its version, None where a person had ended the alert."""
        if not isinstance(event, Raised):
            return desk.update(self._store, id, event)
        event = replace(event, topic_name=self._name_of(topic), recorded_at=self._now())
        log.info("alert raised", alert=id, topic=topic, grade=event.grade.name, negative=event.negative)
        return desk.raise_alert(self._store, id, event)


def _told(event: Raised | Updated | Resolved) -> str:
    match event:
        case Raised():
            return "raised"
        case Updated():
            return "updated"
        case Resolved():
            return "resolved"
