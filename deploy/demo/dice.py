"""Decks of texts and the rhythm of days: the chance in the demo, all of it from a given `Random`."""

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from deploy.demo.people import CITIES

SHANGHAI = ZoneInfo("Asia/Shanghai")
T = TypeVar("T")


class Deck:
    """Texts dealt in a shuffled order; only when all have been dealt does one come again, then with a tail."""

    def __init__(self, rng: Random, texts: Sequence[str], tails: Sequence[str]) -> None:
        self._rng = rng
        self._texts = list(texts)
        self._tails = tails
        self._left: list[str] = []
        self._round = 0

    def deal(self, holding: str = "") -> str:
        """The next text, places filled in; one that holds these words, if such a one is left."""
        if not self._left:
            self._left = self._rng.sample(self._texts, len(self._texts))
            self._round += 1
        text = next((text for text in self._left if holding and holding in text), self._left[-1])
        self._left.remove(text)
        if self._round > 1 and self._tails and self._rng.random() < 0.7:
            text += self._rng.choice(self._tails)
        return text.replace("{city}", self._rng.choice(CITIES))


def pick(rng: Random, weights: Mapping[T, int]) -> T:
    """One key, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


def rhythm(
    rng: Random, since: datetime, until: datetime, count: int, hours: Sequence[int], weekdays: Sequence[int]
) -> list[datetime]:
    """`count` moments in [since, until), denser in the hours and on the days that weigh more; sorted."""
    first = since.replace(minute=0, second=0, microsecond=0)
    slots = [first + timedelta(hours=n) for n in range(math.ceil((until - first) / timedelta(hours=1)))]
    local = [slot.astimezone(SHANGHAI) for slot in slots]
    edges = list(accumulate(hours[at.hour] * weekdays[at.weekday()] for at in local))
    moments: list[datetime] = []
    while len(moments) < count:
        slot = slots[bisect(edges, rng.random() * edges[-1])]
        at = slot + timedelta(seconds=rng.random() * 3600)
        if since <= at < until:
            moments.append(at)
    return sorted(moments)


def several(rng: Random, mean: float) -> int:
    """At least one, `mean` on average, with a long tail."""
    return 1 + int(rng.expovariate(1 / max(mean - 0.5, 0.01)))
