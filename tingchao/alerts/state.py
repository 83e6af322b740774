"""What `alert` remembers of one topic, and what it decides when it learns more.

Counts of five minutes by publication are sets of mention ids for the last day, so that a mention delivered
three times counts once; older ones are frozen to quarters of an hour, for four weeks. Decisions are taken
observation by observation in event time, so they depend neither on how the bus cuts its batches nor on a
restart in between. Nothing here reads a clock or a
store: observations in, alert events out. `snapshot` turns the memory into documents and back.

"Now" has rules: an observation captured more than 30 minutes after publication is backfill and feeds the
baseline only; one without a time of day counts nowhere; one from the future counts nowhere. One that the model did
not read (no label) is a mention, and in no share.
"""

from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

import msgspec

from tingchao.alerts.alert import Grade, Raised, Resolved, Updated
from tingchao.alerts.baseline import (
    BUCKET_SECONDS,
    BUCKETS_IN_QUARTER,
    QUARTERS_IN_DAY,
    QUARTERS_IN_HOUR,
    QUARTERS_IN_WEEK,
    WEEKS,
    Count,
    Ground,
    Usual,
    usual,
)
from tingchao.alerts.detect import Verdict, Window, calm, fires, judge
from tingchao.mention import Label, Observation, Precision, Role

WINDOW = 3
LIVE_BUCKETS = 24 * 3600 // BUCKET_SECONDS
MOST_SOURCES = 32
KEPT_QUARTERS = WEEKS * QUARTERS_IN_WEEK + QUARTERS_IN_DAY
BACKFILL_AFTER = timedelta(minutes=30).total_seconds()
CLOCK_SKEW = timedelta(minutes=5).total_seconds()
LEARNING = timedelta(hours=24).total_seconds()
SILENCE = timedelta(hours=24).total_seconds()
CALM_BUCKETS = 2 * 3600 // BUCKET_SECONDS
GROWTH = 1.5
LATELY = 20_000

Decision = tuple[str, Raised | Updated | Resolved]
"""The id of an alert and what happens to it."""


class Taken(StrEnum):
    """What became of an observation."""

    NOW = "now"
    BACKFILL = "backfill"
    REPEATED = "repeated"
    UNDATED = "undated"
    FUTURE = "future"


class Episode(msgspec.Struct):
    """An alert that was not calm yet: `grade`, `negative` as last told, `looked` as last judged; buckets for times."""

    alert: str
    grade: Grade
    negative: int
    looked: int
    looked_at: int
    usual: Usual
    checked: int
    calm_since: int | None = None


class Bucket:
    """The mentions of five minutes: ids in a set, or packed into a sorted array once they are old."""

    __slots__ = ("first", "fresh", "mentions", "negative", "packed", "risks", "sources", "unread")

    def __init__(self) -> None:
        self.mentions = 0
        self.negative = 0
        self.unread = 0
        self.sources: set[str] = set()
        self.risks: Counter[str] = Counter()
        self.first: tuple[int, str] | None = None
        self.fresh: set[int] = set()
        self.packed = array("Q")

    def __contains__(self, id: int) -> bool:
        if id in self.fresh:
            return True
        place = bisect_left(self.packed, id)
        return place < len(self.packed) and self.packed[place] == id

    def __len__(self) -> int:
        """How many ids it knows."""
        return len(self.fresh) + len(self.packed)

    def pack(self) -> None:
        """Move the ids into the array: 8 bytes each instead of 70."""
        for id in self.fresh:
            insort(self.packed, id)
        self.fresh.clear()


class TopicState:
    """The memory of one topic. Mutable: one thread owns it."""

    def __init__(self, topic: str, role: Role) -> None:
        self.topic = topic
        self.role = role
        self.buckets: dict[int, Bucket] = {}
        self.quarters: dict[int, Count] = {}
        self.heard: set[int] = set()
        self.listening_since: int | None = None
        self.born: int | None = None
        self.watermark = 0
        self.episode: Episode | None = None
        self.not_before = 0
        self.touched: set[int] = set()
        self.lately: dict[int, None] = {}
        self._usual: dict[int, Usual] = {}

    # --- learning

    def take(self, seen: Observation) -> tuple[Taken, list[Decision]]:
        """Count an observation; what follows from it, usually nothing."""
        captured = int(seen.captured_at.timestamp())
        published = int(seen.published_at.timestamp())
        if seen.published_precision in (Precision.DAY, Precision.NONE):
            return Taken.UNDATED, []
        if published > captured + CLOCK_SKEW:
            return Taken.FUTURE, []
        bucket = min(published, captured) // BUCKET_SECONDS
        id = _short(seen.mention_id)
        if self._knows(id, bucket):
            return Taken.REPEATED, []
        self.born = min(self.born or captured, captured)
        if captured > self.watermark:
            self._advance(captured)
        if not self._count(seen, id, bucket, published, captured):
            return Taken.BACKFILL, []
        if seen.label is Label.NEGATIVE and self.role is not Role.REGULATION:
            return Taken.NOW, self._look(bucket)
        return Taken.NOW, []

    def pass_time(self, now: int) -> list[Decision]:
        """What follows from it being `now` (seconds since 1970): an episode that stayed calm is over."""
        episode = self.episode
        while episode and episode.checked < now // BUCKET_SECONDS - 1:
            end = episode.checked = episode.checked + 1
            if not calm(self._negative(end), self._episode_usual(episode, end)):
                episode.calm_since = None
                continue
            if episode.calm_since is None:
                episode.calm_since = end
            if end - episode.calm_since >= CALM_BUCKETS:
                self.episode, self.not_before = None, end + 1
                return [(episode.alert, Resolved(at=_time(end + 1), why="calm"))]
        return []

    def begin_again(self) -> list[Decision]:
        """A person had ended the alert that was just updated: graver as it is by now, it is a new alert."""
        episode = self.episode
        if episode is None:
            return []
        end = episode.looked_at
        return self._begin(end, self._episode_usual(episode, end), after=episode.alert)

    @property
    def is_learning(self) -> bool:
        """In the first day also posts of past weeks are counted; later they are mostly old ones, met again."""
        return self.born is not None and self.watermark - self.born <= LEARNING

    def count(self, quarter: int) -> Count:
        """What a quarter of an hour (counted since 1970) holds."""
        mentions, negative, unread = self.quarters.get(quarter, (0, 0, 0))
        first = quarter * BUCKETS_IN_QUARTER
        for number in range(first, first + BUCKETS_IN_QUARTER):
            bucket = self.buckets.get(number)
            if bucket is not None:
                mentions += bucket.mentions
                negative += bucket.negative
                unread += bucket.unread
        return Count(mentions, negative, unread)

    def _knows(self, id: int, bucket: int) -> bool:
        # A site that says "3 minutes ago" dates the same post a minute apart on two visits: look next door too.
        for number in (bucket, bucket - 1, bucket + 1):
            near = self.buckets.get(number)
            if near is not None and id in near:
                return True
        if not self._is_frozen(bucket):
            return False
        known = id in self.lately
        self.lately.pop(id, None)
        self.lately[id] = None
        if len(self.lately) > LATELY:
            del self.lately[next(iter(self.lately))]
        return known

    def _count(self, seen: Observation, id: int, number: int, published: int, captured: int) -> bool:
        """Count it where it belongs; whether it is about now."""
        quarter = number // BUCKETS_IN_QUARTER
        negative, unread = seen.label is Label.NEGATIVE, seen.label is None
        now = captured - published <= BACKFILL_AFTER
        if not now:
            self._usual.clear()
        if self._is_frozen(number):
            if not self.is_learning or quarter < self._newest // BUCKETS_IN_QUARTER - KEPT_QUARTERS:
                return False
            self._freeze(quarter, Count(1, int(negative), int(unread)))
            now = False
        else:
            bucket = self.buckets.setdefault(number, Bucket())
            bucket.fresh.add(id)
            bucket.mentions += 1
            bucket.negative += negative
            bucket.unread += unread
            if len(bucket.sources) < MOST_SOURCES:
                bucket.sources.add(seen.source)
            bucket.risks.update(risk.category for risk in seen.risk)
            if negative and (bucket.first is None or (published, seen.mention_id) < bucket.first):
                bucket.first = (published, seen.mention_id)
            self.touched.add(number)
        self._hear(quarter, captured // BUCKET_SECONDS // BUCKETS_IN_QUARTER if now else None)
        return now

    def _hear(self, quarter: int, listening: int | None) -> None:
        """There is a mention in this quarter, and we listened in that one."""
        known = len(self.heard), self.listening_since
        self.heard.add(quarter // QUARTERS_IN_HOUR)
        if listening is not None:
            self.listening_since = min(self.listening_since or listening, listening)
        if known != (len(self.heard), self.listening_since):
            self._usual.clear()

    def _advance(self, captured: int) -> None:
        if captured - self.watermark > SILENCE:
            # Nobody knows whether we listened meanwhile.
            self.listening_since = captured // BUCKET_SECONDS // BUCKETS_IN_QUARTER
        before, self.watermark = self._newest, captured
        if self._newest == before:
            return
        self._usual.clear()
        for number in [each for each in self.buckets if self._is_frozen(each)]:
            bucket = self.buckets.pop(number)
            count = Count(bucket.mentions, bucket.negative, bucket.unread)
            self._freeze(number // BUCKETS_IN_QUARTER, count)
        oldest = self._newest // BUCKETS_IN_QUARTER - KEPT_QUARTERS
        for quarter in [each for each in self.quarters if each < oldest]:
            del self.quarters[quarter]
            self.heard.discard(quarter // QUARTERS_IN_HOUR)

    def _freeze(self, quarter: int, more: Count) -> None:
        kept = self.quarters.get(quarter, Count(0, 0))
        self.quarters[quarter] = Count(*(a + b for a, b in zip(kept, more, strict=True)))

    # --- deciding

    def _look(self, bucket: int) -> list[Decision]:
        """Judge the fullest window that holds `bucket`: a post crawled late may belong to one that has passed."""
        last = min(bucket + WINDOW - 1, self._newest)
        ends = [end for end in range(bucket, last + 1) if end >= self.not_before]
        if not ends:
            return []
        end = max(ends, key=self._negative)
        negative = self._negative(end)
        if self.episode:
            return self._follow(self.episode, end, negative)
        return self._begin(end, self._usual_at(end))

    def _begin(self, end: int, known: Usual, after: str = "") -> list[Decision]:
        """An alert for the window, if it is one; `after` is the alert that it follows in the same episode."""
        negative = self._negative(end)
        if not fires(negative, known):
            return []
        verdict = judge(self._window(end), known, self.role)
        began = f"{self.topic}\x00{end}\x00{after}" if after else f"{self.topic}\x00{end}"
        self.episode = Episode(
            alert=blake2b(began.encode(), digest_size=8).hexdigest(),
            grade=verdict.grade,
            negative=negative,
            looked=negative,
            looked_at=end,
            usual=known,
            checked=end,
        )
        return [(self.episode.alert, self._raised(end, verdict))]

    def _follow(self, episode: Episode, end: int, negative: int) -> list[Decision]:
        known = self._episode_usual(episode, end)
        if episode.calm_since is not None and not calm(negative, known):
            episode.calm_since = None
        if end == episode.looked_at and negative < 1.1 * episode.looked:
            return []
        episode.looked, episode.looked_at = negative, end
        window = self._window(end)
        verdict = judge(window, known, self.role)
        if verdict.grade <= episode.grade and negative < GROWTH * episode.negative:
            return []
        episode.grade = max(episode.grade, verdict.grade)
        episode.negative = max(episode.negative, negative)
        update = Updated(
            at=self.at,
            grade=episode.grade,
            until=_time(end + 1),
            mentions=window.mentions,
            negative=negative,
            reasons=verdict.reasons,
        )
        return [(episode.alert, update)]

    def _raised(self, end: int, verdict: Verdict) -> Raised:
        window = self._window(end)
        firsts = [bucket.first for bucket in self._in_window(end) if bucket.first]
        published, mention = min(firsts)
        return Raised(
            at=self.at,
            topic=self.topic,
            topic_name=self.topic,
            role=self.role,
            grade=verdict.grade,
            since=_time(end - WINDOW + 1),
            until=_time(end + 1),
            mentions=window.mentions,
            negative=window.negative,
            reasons=verdict.reasons,
            first_mention=mention,
            first_published_at=datetime.fromtimestamp(published, UTC),
        )

    @property
    def at(self) -> datetime:
        """Event time: when the newest observation was captured."""
        return datetime.fromtimestamp(self.watermark, UTC)

    @property
    def _newest(self) -> int:
        return self.watermark // BUCKET_SECONDS

    def _is_frozen(self, bucket: int) -> bool:
        return bucket <= self._newest - LIVE_BUCKETS

    def _in_window(self, end: int) -> Iterable[Bucket]:
        for number in range(end - WINDOW + 1, end + 1):
            bucket = self.buckets.get(number)
            if bucket is not None:
                yield bucket

    def _negative(self, end: int) -> int:
        return sum(bucket.negative for bucket in self._in_window(end))

    def _window(self, end: int) -> Window:
        buckets = list(self._in_window(end))
        newest = self.buckets.get(end)
        return Window(
            mentions=sum(bucket.mentions for bucket in buckets),
            negative=sum(bucket.negative for bucket in buckets),
            newest=newest.negative if newest is not None else 0,
            sources=len(set().union(*(bucket.sources for bucket in buckets))),
            risks=sum((bucket.risks for bucket in buckets), Counter()),
            unread=sum(bucket.unread for bucket in buckets),
        )

    def _usual_at(self, end: int) -> Usual:
        quarter = end // BUCKETS_IN_QUARTER
        found = self._usual.get(quarter)
        if found is None:
            found = self._usual[quarter] = usual(self.count, self.heard, self.listening_since, quarter)
        return found

    def _episode_usual(self, episode: Episode, end: int) -> Usual:
        """Past days and weeks stay a measure in a crisis; the last hours are the crisis itself, but better than a guess."""
        found = self._usual_at(end)
        if found.ground in (Ground.WEEKS, Ground.DAYS):
            return found
        if episode.usual.ground is Ground.GUESS and found.ground is not Ground.GUESS:
            episode.usual = found
        return episode.usual


def _short(mention: str) -> int:
    """64 bits of an id: a day of a million mentions meets a wrong repeat once in ten million days."""
    return int.from_bytes(blake2b(mention.encode(), digest_size=8).digest(), "big")


def _time(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * BUCKET_SECONDS, UTC)
