"""Measure two ways of doing the same work against each other on a noisy machine.

A and B run in turn (A B B A A B ...), and only the ratio inside a pair counts. A calibrator (SHA-256 of 64 MB)
runs before, between and after the two trials of a pair: if it moved by more than 15 % the machine changed under
the pair, and the pair is dropped. More than a third dropped: the machine is too noisy, and nothing is judged.

    ratio = compare(ours, bare, before_ours=fresh_store, before_other=fresh_table)
    yield ratio.figure("store.sqlite.insert", goal="≥ 0.35", beyond="≥ 0.45", command="python -m tests.bench store")
"""

import hashlib
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

Trial = Callable[[], int]
"""Does the work once, on state made fresh by its `before`, and returns the number of items it did."""

Clock = Literal["cpu", "wall"]
T = TypeVar("T")

DRIFT = 1.15
NOISY_SHARE = 1 / 3
_BLOCK = bytes(64 * 1024 * 1024)
_TICK = 100  # USER_HZ, which Linux fixes at 100 for every program


class NotMeasurable(Exception):
    """This machine lacks what the benchmark needs; the text says what."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. `goal` and `beyond` start with ≥ or ≤; `got` is None if nothing can be judged."""

    name: str
    goal: str
    beyond: str = ""
    got: float | None
    interval: tuple[float, float] | None = None
    unit: str = "ratio"
    command: str = "python -m tests.bench"
    note: str = ""

    @property
    def verdict(self) -> str:
        """`beyond`, `met`, `short`, or `not judged`."""
        if self.got is None or not self.goal:
            return "not judged"
        if self.beyond and reaches(self.got, self.beyond):
            return "beyond"
        return "met" if reaches(self.got, self.goal) else "short"


def reaches(got: float, goal: str) -> bool:
    """Whether `got` keeps a limit written as `≥ 0.8` or `≤ 300`. Raises `ValueError` for another form."""
    sign, number = goal[:1], goal[1:].replace(",", "").strip()
    if sign not in "≥≤" or not sign:
        raise ValueError(f"goal {goal!r}: write it as '≥ 0.8' or '≤ 300'")
    return got >= float(number) if sign == "≥" else got <= float(number)


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its bootstrap 90 % interval, and the extremes."""

    median: float
    low: float
    high: float
    least: float
    most: float

    @property
    def interval(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Cost:
    """What one trial took. `cpu` is of the process tree and the servers named, in seconds."""

    items: int
    wall: float
    cpu: float

    def seconds(self, clock: Clock) -> float:
        return self.cpu if clock == "cpu" else self.wall

    def speed(self, clock: Clock) -> float:
        """Items a second of `clock`."""
        return self.items / max(self.seconds(clock), 1e-9)


@dataclass(frozen=True, slots=True)
class Pair:
    """One trial of each, and the calibrator's costs before, between and after them."""

    ours: Cost
    other: Cost
    calibration: tuple[Cost, Cost, Cost]

    def steady(self, clock: Clock) -> bool:
        seconds = [cost.seconds(clock) for cost in self.calibration]
        return max(seconds) <= DRIFT * min(seconds)

    def ratio(self, clock: Clock) -> float:
        return self.ours.speed(clock) / self.other.speed(clock)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The speed of ours ÷ the speed of the other (above 1: ours is faster), pair by pair."""

    pairs: tuple[Pair, ...]

    def kept(self, clock: Clock) -> list[Pair]:
        return [pair for pair in self.pairs if pair.steady(clock)]

    def noisy(self, clock: Clock = "cpu") -> bool:
        """Whether so many pairs were dropped that nothing should be judged."""
        return len(self.pairs) - len(self.kept(clock)) > NOISY_SHARE * len(self.pairs)

    def spread(self, clock: Clock = "cpu") -> Spread | None:
        """The ratio over the pairs kept, or None on a machine too noisy."""
        return None if self.noisy(clock) else spread([pair.ratio(clock) for pair in self.kept(clock)])

    def speeds(self, clock: Clock = "wall") -> tuple[float, float]:
        """Median items a second of ours and of the other, over all pairs: for orientation."""
        return (
            float(np.median([pair.ours.speed(clock) for pair in self.pairs])),
            float(np.median([pair.other.speed(clock) for pair in self.pairs])),
        )

    def figure(
        self,
        name: str,
        *,
        goal: str,
        beyond: str = "",
        clock: Clock = "cpu",
        invert: bool = False,
        command: str = "python -m tests.bench",
        note: str = "",
    ) -> Figure:
        """The figure for the table, judged by `clock`; `invert`: time of ours ÷ time of the other."""
        found = self.spread(clock)
        if found is not None and invert:
            found = Spread(1 / found.median, 1 / found.high, 1 / found.low, 1 / found.most, 1 / found.least)
        return Figure(
            name=name,
            goal=goal,
            beyond=beyond,
            got=None if found is None else round(found.median, 4),
            interval=None if found is None else (round(found.low, 4), round(found.high, 4)),
            unit=f"ratio of {clock} time" if invert else f"ratio of items per {clock} second",
            command=command,
            note="; ".join(part for part in (note, self._told(clock, found)) if part),
        )

    def _told(self, clock: Clock, found: Spread | None) -> str:
        ours, other = self.speeds("wall")
        dropped = len(self.pairs) - len(self.kept(clock))
        range_ = "machine too noisy" if found is None else f"min {found.least:.3g}, max {found.most:.3g}"
        return f"{range_}, {dropped} of {len(self.pairs)} pairs dropped; {ours:,.0f}/s against {other:,.0f}/s"


def compare(
    ours: Trial,
    other: Trial,
    *,
    pairs: int = 9,
    before_ours: Callable[[], object] | None = None,
    before_other: Callable[[], object] | None = None,
    warmups: int = 1,
    pids: Callable[[], Iterable[int]] = tuple,
    calibrate: Callable[[], None] | None = None,
) -> Ratio:
    """Run both in turn and pair them.

    `before_…` make fresh state and are not timed; `pids` names processes outside the tree of reaped children
    (servers, workers still running) whose CPU seconds count; `warmups` trials of each come first, unmeasured.
    """

    def once(trial: Trial, before: Callable[[], object] | None) -> Cost:
        if before is not None:
            before()
        return measured(trial, pids)

    def calibrated() -> Cost:
        return measured(lambda: (calibrate or hash_block)() or 1)

    for _ in range(warmups):
        once(ours, before_ours)
        once(other, before_other)
    done: list[Pair] = []
    for number in range(pairs):
        first = calibrated()
        if number % 2 == 0:
            a = once(ours, before_ours)
            middle = calibrated()
            b = once(other, before_other)
        else:
            b = once(other, before_other)
            middle = calibrated()
            a = once(ours, before_ours)
        done.append(Pair(a, b, (first, middle, calibrated())))
    return Ratio(tuple(done))


def rate(
    trial: Trial,
    *,
    trials: int = 5,
    before: Callable[[], object] | None = None,
    clock: Clock = "wall",
    pids: Callable[[], Iterable[int]] = tuple,
) -> Spread:
    """Items a second over several trials: an absolute figure, which means little on another machine."""
    speeds = []
    for _ in range(trials):
        if before is not None:
            before()
        speeds.append(measured(trial, pids).speed(clock))
    return spread(speeds)


def measured(trial: Trial, pids: Callable[[], Iterable[int]] = tuple) -> Cost:
    """Run `trial` once between two readings of the clocks."""
    cpu, wall = cpu_seconds(pids()), time.perf_counter()
    items = trial()
    return Cost(items, time.perf_counter() - wall, cpu_seconds(pids()) - cpu)


def cpu_seconds(pids: Iterable[int] = ()) -> float:
    """User and system seconds of this process, its reaped children, and `pids` with their reaped children."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total + sum(_cpu_of(pid) for pid in pids)


def _cpu_of(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = stat.rpartition(")")[2].split()  # the command's name may hold blanks and brackets
    return sum(int(ticks) for ticks in fields[11:15]) / _TICK


def hash_block() -> None:
    """The calibrator: SHA-256 of 64 MB."""
    hashlib.sha256(_BLOCK).digest()


def spread(samples: Sequence[float], *, rounds: int = 2000, seed: int = 7) -> Spread:
    """Median, bootstrap 90 % interval, extremes. Raises `ValueError` without samples."""
    return spread_of(samples, 50, rounds=rounds, seed=seed)


def spread_of(samples: Sequence[float], percent: float, *, rounds: int = 2000, seed: int = 7) -> Spread:
    """Like `spread`, for any percentile; `.median` then is that percentile."""
    if not len(samples):
        raise ValueError("no samples to take a percentile of")
    found = np.asarray(samples, dtype=float)
    drawn = np.random.default_rng(seed).choice(found, size=(rounds, len(found)))
    low, high = np.percentile(np.percentile(drawn, percent, axis=1), [5, 95])
    middle = float(np.percentile(found, percent))
    return Spread(middle, float(low), float(high), float(found.min()), float(found.max()))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Waiting times, in the unit of the samples."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float


def percentiles(samples: Sequence[float]) -> Percentiles:
    """Raises `ValueError` without samples."""
    if not len(samples):
        raise ValueError("no samples to take percentiles of")
    p50, p95, p99 = (float(value) for value in np.percentile(samples, [50, 95, 99]))
    return Percentiles(len(samples), p50, p95, p99, float(max(samples)))


def latencies(call: Callable[[T], Any], inputs: Iterable[T], *, warmups: int = 3) -> list[float]:
    """Wall milliseconds of `call` on each input, after the first `warmups` inputs ran once unmeasured."""
    given = list(inputs)
    for each in given[:warmups]:
        call(each)
    found = []
    for each in given:
        start = time.perf_counter()
        call(each)
        found.append(1000 * (time.perf_counter() - start))
    return found


def p95_figure(
    name: str,
    samples: Sequence[float],
    *,
    goal: str,
    beyond: str = "",
    unit: str = "ms",
    command: str,
    note: str = "",
) -> Figure:
    """The 95th percentile of waiting times as a figure, with its bootstrap interval."""
    found, all_ = spread_of(samples, 95), percentiles(samples)
    told = f"p50 {all_.p50:.3g}, p99 {all_.p99:.3g}, max {all_.most:.3g}, {all_.count} samples"
    return Figure(
        name=name,
        goal=goal,
        beyond=beyond,
        got=round(found.median, 3),
        interval=(round(found.low, 3), round(found.high, 3)),
        unit=f"{unit}, p95",
        command=command,
        note="; ".join(part for part in (note, told) if part),
    )
