"""How a window compares with what is usual: the same hours of the past four weeks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tingchao.store import Bucket

ENOUGH = 30
"""Mentions below which a share or a ratio is not shown (样本不足)."""
WEEKS_NEEDED = 2
"""Weeks of history below which nothing is called usual."""
SPREAD = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number now and its median in the past weeks; None where there is too little to say."""

    now: float | None
    usual: float | None
    n: int
    """How many mentions it rests on."""

    @property
    def change(self) -> float | None:
        """Relative change against the usual: 2.12 is +212 %. None without a usual value above zero."""
        return None if self.now is None or not self.usual else self.now / self.usual - 1


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the trend with the band of what is usual there (None: too little history)."""

    bucket: Bucket
    low: float | None = None
    usual: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """The trend and the two figures that come from it."""

    steps: tuple[Step, ...]
    mentions: Figure
    negative: Figure
    """Share of negatives among the scored, 0..1."""


def summarise(buckets: Sequence[Bucket], past: Sequence[Sequence[Bucket]]) -> Pulse:
    """The pulse of a window; `past` holds the same hours of the weeks before, the last week first."""
    weeks = listening(past)
    totals = [sum(bucket.total for bucket in week) for week in weeks]
    shares = [share for week in weeks if (share := negative_share(week)) is not None]
    total = sum(bucket.total for bucket in buckets)
    return Pulse(
        tuple(_step(index, bucket, weeks) for index, bucket in enumerate(buckets)),
        Figure(total, _usual(totals), total),
        Figure(negative_share(buckets), _usual(shares), scored(buckets)),
    )


def listening(past: Sequence[Sequence[Bucket]]) -> list[Sequence[Bucket]]:
    """The weeks since we began to listen: the oldest ones without a single mention are not history."""
    weeks = list(past)
    while weeks and not any(bucket.total for bucket in weeks[-1]):
        weeks.pop()
    return weeks


def scored(buckets: Sequence[Bucket]) -> int:
    return sum(bucket.negative + bucket.neutral + bucket.positive for bucket in buckets)


def negative_share(buckets: Sequence[Bucket]) -> float | None:
    """Negatives among the scored; None under `ENOUGH` of them."""
    n = scored(buckets)
    return sum(bucket.negative for bucket in buckets) / n if n >= ENOUGH else None


def counted(now: float, past: Sequence[float], weeks: int) -> Figure:
    """A count against its past values, of which only the first `weeks` are history."""
    return Figure(now, _usual(list(past)[:weeks]), int(now))


def fastest(latest: Sequence[tuple[str, int]], before: Sequence[tuple[str, int]]) -> tuple[str, Figure]:
    """The topic that grew most from one hour to the next, and by what factor; only topics with enough now.

    An hour with fewer than three mentions counts as three, so that a start from nothing stays a number.
    """
    was = dict(before)
    grown = [(count / max(was.get(topic, 0), 3), topic, count) for topic, count in latest if count >= ENOUGH]
    if not grown:
        return "", Figure(None, None, max((count for _, count in latest), default=0))
    factor, topic, count = max(grown)
    return topic, Figure(factor, None, count)


def _usual(values: Sequence[float]) -> float | None:
    return float(median(values)) if len(values) >= WEEKS_NEEDED else None


def _step(index: int, bucket: Bucket, weeks: Sequence[Sequence[Bucket]]) -> Step:
    seen = [week[index].total for week in weeks if index < len(week)]
    if len(seen) < WEEKS_NEEDED:
        return Step(bucket)
    middle = float(median(seen))
    spread = max(SPREAD * float(median(abs(value - middle) for value in seen)), middle**0.5)
    return Step(bucket, max(0.0, middle - 2 * spread), middle, middle + 2 * spread)
