"""What is normal for a topic at this hour, in numbers: a usual value and a spread.

Counts come in quarters of an hour, by publication. The same hour of the past weeks says most; while those are
not known, the same hour of the past days; then the last day; then a modest guess. Known is a day in which
mentions were heard in several hours: elsewhere, no mention means that nobody listened. The value is robust (a
crisis last Tuesday does not make crises normal) and the spread has a floor, so that 0 → 3 mentions of a small
brand and 3,000 → 3,600 of a large one are both quiet. Pure numbers; nothing here reads a clock.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import NamedTuple

BUCKET_SECONDS = 300
BUCKETS_IN_QUARTER = 3
QUARTERS_IN_HOUR = 4
QUARTERS_IN_DAY = 96
QUARTERS_IN_WEEK = 7 * QUARTERS_IN_DAY
WEEKS = 4
DAYS = 7
LEAST_QUARTERS = 8
HOURS_AROUND, LEAST_HOURS_HEARD = 12, 3

GUESS_NEGATIVE, GUESS_MENTIONS = 1.0, 5.0
GUESS_SHARE, GUESS_WEIGHT = 0.2, 10.0
RELATIVE_SPREAD = 0.15
LEAST_SPREAD = 1.0
MAD_TO_SIGMA = 1.4826


class Count(NamedTuple):
    """Mentions of a quarter of an hour; of them the negative, and those that the model did not read."""

    mentions: int
    negative: int
    unread: int = 0


class Ground(StrEnum):
    """What a usual value rests on, best first."""

    WEEKS = "weeks"
    DAYS = "days"
    RECENT = "recent"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Usual:
    """What a quarter of an hour usually holds: negative mentions, mentions, and the negative's share of what was read."""

    ground: Ground
    negative: float
    negative_spread: float
    mentions: float
    mentions_spread: float
    share: float


def usual(
    count: Callable[[int], Count], heard: Container[int], listening_since: int | None, quarter: int
) -> Usual:
    """The usual values for `quarter` (quarters since 1970), from `count` of earlier quarters.

    `heard` are the hours since 1970 that hold a mention: a past day or week is known where several hours around
    it do. Since `listening_since` quarters without mentions are zeros. The quarter itself and the one before
    are never looked at.
    """
    if listening_since is None:
        return _of(Ground.GUESS, [])
    # Four quarters around the same time of day: an hour, so that a sharp peak may come a little early or late.
    around = range(quarter - 2, quarter + 2)
    for ground, period, periods in (
        (Ground.WEEKS, QUARTERS_IN_WEEK, WEEKS),
        (Ground.DAYS, QUARTERS_IN_DAY, DAYS),
    ):
        known = [
            count(each - back * period)
            for back in range(1, periods + 1)
            if is_known(heard, quarter - back * period)
            for each in around
        ]
        if len(known) >= LEAST_QUARTERS:
            return _of(ground, known)
    first = quarter - QUARTERS_IN_DAY
    if not is_known(heard, quarter - QUARTERS_IN_DAY // 2):
        first = max(first, listening_since)
    day = [count(each) for each in range(first, quarter - 1)]
    if len(day) < QUARTERS_IN_HOUR:
        return _of(Ground.GUESS, day)
    # A day has a rhythm: the last two hours may lie above the day's mean without anything being wrong.
    return _larger(_of(Ground.RECENT, day), _of(Ground.RECENT, day[-2 * QUARTERS_IN_HOUR :]))


def is_known(heard: Container[int], quarter: int) -> bool:
    """Whether we listened then: at least 3 of the 12 hours before hold a mention, and 3 of the 12 hours after.

    One old post that is met again makes no past of its own known.
    """
    hour = quarter // QUARTERS_IN_HOUR
    before = sum(each in heard for each in range(hour - HOURS_AROUND, hour))
    after = sum(each in heard for each in range(hour, hour + HOURS_AROUND))
    return min(before, after) >= LEAST_HOURS_HEARD


def z_score(now: float, usual: float, spread: float) -> float:
    """How many spreads `now` lies above what is usual."""
    return round((now - usual) / spread, 2)


def _of(ground: Ground, known: list[Count]) -> Usual:
    negative, negative_spread = _robust(each.negative for each in known)
    mentions, mentions_spread = _robust(each.mentions for each in known)
    read, bad = sum(each.mentions - each.unread for each in known), sum(each.negative for each in known)
    if ground is Ground.GUESS:
        negative, mentions = max(negative, GUESS_NEGATIVE), max(mentions, GUESS_MENTIONS)
    return Usual(
        ground=ground,
        negative=round(negative, 2),
        negative_spread=round(max(negative_spread, _floor(negative)), 2),
        mentions=round(mentions, 2),
        mentions_spread=round(max(mentions_spread, _floor(mentions)), 2),
        share=round((bad + GUESS_SHARE * GUESS_WEIGHT) / (read + GUESS_WEIGHT), 4),
    )


def _robust(values: Iterable[int]) -> tuple[float, float]:
    """A typical value and its spread. The median of small counts says 0 where the mean is a half, so the
    mean of the values, each cut at three spreads above the median, stands in where it is larger."""
    found = list(values)
    if not found:
        return 0.0, 0.0
    middle = median(found)
    spread = MAD_TO_SIGMA * median(abs(each - middle) for each in found)
    limit = middle + 3 * max(spread, LEAST_SPREAD)
    return max(middle, sum(min(each, limit) for each in found) / len(found)), spread


def _floor(value: float) -> float:
    """The least spread to believe in: counting noise, plus 15 % of the value for what changes day by day."""
    return float(max(LEAST_SPREAD, (value + (RELATIVE_SPREAD * value) ** 2) ** 0.5))


def _larger(one: Usual, other: Usual) -> Usual:
    return one if one.negative + one.negative_spread >= other.negative + other.negative_spread else other
