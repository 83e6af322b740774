"""What is usual for a source: how much it yields in an hour, and which fields its records lack. Pure.

No news must not look like no data. A source is `silent` when it yields so little, over its last hours, that chance
explains it less than once in 100,000 looks: Chernoff's bound on the lower tail of the Poisson distribution,
P(X <= k) <= exp(k - m) (m/k)^k for a mean m > k (Mitzenmacher and Upfal, Probability and Computing, theorem 5.4). It is
`blind` to a field that its records used to have and now lack.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

HOUR = 3_600
KEPT = 7 * 24
"""Hours that are remembered."""
LEAST_HOURS = 24
"""Hours that must have been heard before anything counts as usual."""
LOOKS_BACK = 24
RARE = 1e-5
FEW = 0.2
"""Silence is a yield of at most a fifth of what is usual, however certain the numbers are."""

FAST, SLOW = 30.0, 500.0
"""Records over which a field is judged now, and over which it is learnt what is usual."""
MOST_FIELDS = 40
USUALLY_THERE, NOW_LACKING, BACK = 0.1, 0.9, 0.5


class Heard(msgspec.Struct, frozen=True):
    """New entries in one hour (hours since 1970, UTC) in which the source was visited."""

    hour: int
    new: int


class Lack(msgspec.Struct, frozen=True):
    """The share of records that lack a field: `usual`ly and `now`; `since` when the source is blind to it."""

    usual: float
    now: float
    since: datetime | None = None


class Usual(msgspec.Struct, frozen=True):
    """The last `KEPT` hours, oldest first, and the fields by name, learnt from `records`; `silent` since when."""

    silent: datetime | None = None
    hours: tuple[Heard, ...] = ()
    lacks: dict[str, Lack] = {}
    records: int = 0


def heard(usual: Usual, new: int, now: datetime, *, counts: bool = True) -> Usual:
    """With the new entries of a visit. Without `counts` it was a first or late visit, whose entries have gathered
    for longer than this hour: they say nothing about how much comes in one."""
    hour = int(now.timestamp()) // HOUR
    last = usual.hours[-1] if usual.hours else None
    if not counts:
        return usual
    if last and last.hour >= hour:
        return replace(usual, hours=(*usual.hours[:-1], Heard(last.hour, last.new + new)))
    return replace(usual, hours=(*usual.hours, Heard(hour, new))[-KEPT:])


def an_hour(usual: Usual, now: datetime, ago: int = 0) -> float | None:
    """New entries that are usual for the hour that began `ago` hours before this one; None before enough is known.

    The mean of the same hour and its neighbours on other days, where they were heard on three days, else of all."""
    hour = int(now.timestamp()) // HOUR - ago
    before = hour - 1
    if usual.silent:
        before = min(before, int(usual.silent.timestamp()) // HOUR - LOOKS_BACK)
    other = [each for each in usual.hours if each.hour < before]
    if len(other) < LEAST_HOURS:
        return None
    near = [each.new for each in other if (each.hour - hour) % 24 in (0, 1, 23)]
    known = near if len(near) >= 9 else [each.new for each in other]
    return sum(known) / len(known)


def lately(usual: Usual, now: datetime) -> int:
    """New entries in this hour and the one before it."""
    hour = int(now.timestamp()) // HOUR
    return sum(each.new for each in usual.hours if each.hour >= hour - 1)


def judged(usual: Usual, now: datetime) -> Usual:
    """With the verdict whether it is silent now. Hours of silence are not learnt from; after a week of it nothing else
    is remembered, and it counts as usual."""
    silent = _is_silent(usual, now)
    return replace(usual, silent=(usual.silent or now) if silent else None)


def _is_silent(usual: Usual, now: datetime) -> bool:
    """Whether the hours up to now brought far less than usual: as many hours as it takes to tell, `LOOKS_BACK` at
    most. Hours in which the source was not visited say nothing."""
    this = int(now.timestamp()) // HOUR
    by_hour = {each.hour: each.new for each in usual.hours}
    mean, found = 0.0, 0
    for ago in range(LOOKS_BACK + 1):
        per_hour = an_hour(usual, now, ago) if this - ago in by_hour else None
        if per_hour is None:
            continue
        mean += per_hour * (now.timestamp() % HOUR / HOUR if ago == 0 else 1.0)
        found += by_hour[this - ago]
        if mean < -math.log(RARE):
            continue
        if found > FEW * mean:
            return False
        if chance_of_at_most(found, mean) < RARE:
            return True
    return False


def chance_of_at_most(found: int, mean: float) -> float:
    """An upper bound on the probability of `found` or fewer where `mean` are usual.

    >>> round(chance_of_at_most(0, 10), 6)
    4.5e-05
    """
    if mean <= found:
        return 1.0
    return math.exp(found - mean + (found * math.log(mean / found) if found else 0.0))


def seen(usual: Usual, lacking: Mapping[str, float], records: int, now: datetime) -> Usual:
    """With `records` more, of which these shares lack a field. A share that is usual is not learnt while the source
    is blind to the field, or it would come to be usual."""
    if records <= 0:
        return usual
    fast, slow = 1 - math.exp(-records / FAST), 1 - math.exp(-records / SLOW)
    slow = max(slow, min(1.0, records / (usual.records + records)))
    known = usual.records >= FAST
    lacks = {
        name: _lack(
            usual.lacks.get(name), lacking.get(name, 0.0), fast, slow, now if known else None, usual.records
        )
        for name in sorted({*usual.lacks, *lacking})[:MOST_FIELDS]
    }
    return replace(usual, lacks=lacks, records=min(usual.records + records, int(SLOW)))


def blind_to(usual: Usual) -> tuple[str, ...]:
    """The fields that used to be there and are not."""
    return tuple(name for name, lack in usual.lacks.items() if lack.since)


def _lack(
    lack: Lack | None, share: float, fast: float, slow: float, now: datetime | None, records: int
) -> Lack:
    if lack is None:
        # A name that no record lacked until now.
        lack = Lack(0.0, 0.0) if records else Lack(share, share)
    recent = lack.now + fast * (share - lack.now)
    if lack.since:
        return Lack(lack.usual, recent, lack.since if recent > BACK else None)
    if now and lack.usual < USUALLY_THERE and recent > NOW_LACKING:
        return Lack(lack.usual, recent, now)
    if lack.usual < USUALLY_THERE and recent > BACK:
        return Lack(lack.usual, recent)
    return Lack(lack.usual + slow * (share - lack.usual), recent)


LATE = timedelta(hours=2)
"""After so long without a success, what a visit finds has gathered for longer than its hour."""
