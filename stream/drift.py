"""`drift`: keeps, for each source and day, what the model said, and tells operators when it sees something else.

One document a source (kind `drift`) holds the counts of five weeks, so a look costs the same however long the history is.
What is found is a notice for operators (`tingchao.notices`) and a line in the log, and never an alert: a source may
have changed, or the model; or people really are angrier.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

import msgspec
import structlog

from models.drift import Day, Drift, Measure, Seen, counted, drifts, seen_in
from stream.counting import Body, Counting, Marks
from stream.loop import Output
from tingchao import notices
from tingchao.bus import ENRICHED, Message
from tingchao.errors import BadRecord
from tingchao.mention import Mention, decode_mention
from tingchao.notices import Notice
from tingchao.store import Store
from tingchao.times import shanghai

log = structlog.get_logger("drift")

KIND = "drift"
LOOK_EVERY = timedelta(minutes=10)
SKEW = timedelta(minutes=10)
"""How far a crawler's clock may be ahead: a day that has not come would push the true ones out."""
MOST_SOURCES = 1_000
NAME_BYTES = 150

UNREADABLE = "cannot be read"
UNSCORED = "has no sentiment"
AHEAD = "captured in the future"
TOO_MANY = "too many sources"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The document of a source."""

    source: str
    days: list[Day]
    marks: Marks = Marks()


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A mention to be counted: where its message lay, its day in Shanghai, its model and what it adds."""

    partition: int
    offset: int
    mention: str
    day: date
    model: str
    seen: Seen


class Drifting(Counting[str, Looked]):
    """`wall`: days pass by the clock; else by the newest mention, as in replays."""

    name = "drift"
    kind = KIND
    reads = (ENRICHED,)
    max_messages = 1_000
    checkpoint_every = 10.0

    def __init__(
        self, store: Store, *, wall: bool = True, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(store)
        self._wall = wall
        self._now = now
        self._look_at: datetime | None = None
        self._known: set[str] | None = None

    def handle(self, messages: Sequence[Message]) -> Output:
        if self._known is None:
            self._known = {document.id for document in self._store.documents(KIND)}
        dropped: Counter[str] = Counter()
        for message in messages:
            try:
                mention = decode_mention(message.value)
            except BadRecord:
                dropped[UNREADABLE] += 1
                continue
            if why := self._why_not(mention, self._known):
                dropped[why] += 1
                continue
            self._known.add(document_id(mention.source))
            self.count(mention.source, _looked(message, mention))
        return Output(dropped=dropped)

    def tick(self, now: datetime) -> Output:
        if self._look_at is None or now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._known = look(self._store, shanghai(now).date() if self._wall else None, now)
        return super().tick(now)

    def id_of(self, group: str) -> str:
        return document_id(group)

    def counted(self, group: str, seen: Sequence[Looked], body: Body | None) -> tuple[Body, int]:
        kept = (_read(body) if body else None) or Counts(source=group, days=[])
        fresh, marks = kept.marks.new(seen)
        days = counted(kept.days, ((each.day, each.model, each.seen) for each in fresh))
        return msgspec.to_builtins(Counts(source=group, days=days, marks=marks)), len(fresh)

    def _why_not(self, mention: Mention, known: set[str]) -> str:
        if mention.sentiment is None and not mention.unread:
            return UNSCORED
        if self._wall and mention.captured_at > self._now() + SKEW:
            return AHEAD
        if len(known) >= MOST_SOURCES and document_id(mention.source) not in known:
            return TOO_MANY
        return ""


def look(store: Store, today: date | None, now: datetime) -> set[str]:
    """Put up a notice for each source that drifts and take back those that no longer do; returns the ids of sources.

    `today` None: the newest day of any source. What has not been heard of for so long that nothing is compared is removed.
    """
    documents = store.documents(KIND)
    sources = {document.id: kept for document in documents if (kept := _read(document.body))}
    newest = {id: max((each.day for each in kept.days), default=date.min) for id, kept in sources.items()}
    today = today or max(newest.values(), default=now.date())
    up: list[str] = []
    for id, kept in sources.items():
        if newest[id] < today - timedelta(days=60):
            store.remove(KIND, id)
            continue
        for drift in drifts(kept.days, today, sources=len(sources)):
            notice = Notice(by=KIND, about=kept.source, sentence=sentence(kept.source, drift), since=now)
            up.append(f"{KIND}-{drift.measure}-{id}"[:200])
            notices.give(store, up[-1], notice)
    notices.take_back(store, KIND, but=up)
    return set(sources)


def standing(store: Store) -> list[Counts]:
    """The counts of every source, by name."""
    found = [_read(document.body) for document in store.documents(KIND)]
    return sorted((each for each in found if each), key=lambda each: each.source)


def sentence(source: str, drift: Drift) -> str:
    """What an operator reads, in English.

    >>> drift = Drift(measure=Measure.LABELS, window=1, model="m/1", now=(0.4, 0.4, 0.2), before=(0.2, 0.6, 0.2),
    ...               texts_now=900, texts_before=20_000, distance=0.16, usual=0.04)
    >>> sentence("weibo", drift)
    'weibo: the labels of m/1 in the last day are not those of the weeks before: negative 20% -> 40% (900 texts against \
20,000; distance 0.16, before at most 0.04). See docs/model-versions.md'
    """
    name, before, now = drift.moved
    what = {
        Measure.LABELS: "the labels",
        Measure.CONFIDENCE: "the confidence",
        Measure.READING: "what can be read",
    }
    span = "day" if drift.window == 1 else f"{drift.window} days"
    differ = "is not that" if drift.measure is not Measure.LABELS else "are not those"
    return (
        f"{source}: {what[drift.measure]} of {drift.model} in the last {span} {differ} of the weeks before: "
        f"{name} {before:.0%} -> {now:.0%} ({drift.texts_now:,} texts against {drift.texts_before:,}; "
        f"distance {drift.distance:.2f}, before at most {drift.usual:.2f}). See docs/model-versions.md"
    )


def document_id(source: str) -> str:
    """The id of a source's document: its name, or a hash of a long one."""
    wire = source.encode("utf-8", "replace")
    return (
        source
        if len(wire) <= NAME_BYTES and source.isprintable()
        else blake2b(wire, digest_size=16).hexdigest()
    )


def _looked(message: Message, mention: Mention) -> Looked:
    return Looked(
        partition=message.partition,
        offset=message.offset,
        mention=mention.id,
        day=shanghai(mention.captured_at).date(),
        model=mention.model,
        seen=seen_in(mention),
    )


def _read(body: Body) -> Counts | None:
    try:
        return msgspec.convert(body, Counts)
    except msgspec.ValidationError as error:
        log.warning("the counts of a source cannot be read, and begin anew", reason=str(error))
        return None
