"""What is not normal, and how grave: the last fifteen minutes against what is usual, in; a verdict, out.

It fires when negative mentions exceed the usual number by `FIRE_Z` spreads, and a floor. The grade is the
weighted sum of five signals, each 0..1, then the floors of the dangers that people speak of (playbook 5.2).
Every number a verdict rests on is in its reasons. Nothing here reads a clock or a store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log10

from tingchao.alerts.alert import Grade, Reason
from tingchao.alerts.baseline import Usual, z_score
from tingchao.mention import Role

LEAST_NEGATIVE = 5
FIRE_Z = 5.0
LEAST_TIMES_USUAL = 2.0
CALM_Z = 2.0

WEIGHTS = {"negative": 0.35, "size": 0.25, "negative_share": 0.15, "speed": 0.15, "sources": 0.10}
LIMITS = {Grade.RED: 0.85, Grade.ORANGE: 0.70, Grade.YELLOW: 0.50, Grade.BLUE: 0.0}
FULL_Z = 20.0
FULL_SIZE = 500
FULL_SHARE_RISE = 0.4
FULL_SPEED_Z = 6.0
FULL_SOURCES = 4

LEAST_RISKY = 3
FLOORS = {
    "injury": Grade.ORANGE,
    "fire": Grade.ORANGE,
    "food_safety": Grade.ORANGE,
    "minors": Grade.ORANGE,
    "data_leak": Grade.ORANGE,
    "regulator": Grade.YELLOW,
    "recall": Grade.YELLOW,
}
"""The least grade where at least `LEAST_RISKY` mentions of the window speak of the danger; of an industry, one lower."""


@dataclass(frozen=True, slots=True)
class Window:
    """Three buckets of five minutes. `newest` is the number of negative mentions in the last of them; `unread` mentions
    the model did not read: they count as mentions, and in no share."""

    mentions: int
    negative: int
    newest: int
    sources: int
    risks: Mapping[str, int]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The grade, the score it was read from (0..1, before floors) and the numbers behind both."""

    grade: Grade
    score: float
    reasons: tuple[Reason, ...]


def fires(negative: int, usual: Usual) -> bool:
    """Whether so many negative mentions are an alert."""
    return (
        negative >= LEAST_NEGATIVE
        and negative >= LEAST_TIMES_USUAL * usual.negative
        and z_score(negative, usual.negative, usual.negative_spread) >= FIRE_Z
    )


def calm(negative: int, usual: Usual) -> bool:
    """Whether so many negative mentions are no longer a matter of concern."""
    return negative < LEAST_NEGATIVE or z_score(negative, usual.negative, usual.negative_spread) < CALM_Z


def judge(window: Window, usual: Usual, role: Role = Role.BRAND) -> Verdict:
    """Grade a window, with reasons: the five signals that are always there, then the dangers spoken of."""
    read = max(window.mentions - window.unread, 1)
    share = window.negative / read
    share_spread = max((usual.share * (1 - usual.share) / read) ** 0.5, 0.02)
    before = (window.negative - window.newest) / 2
    reasons = [
        _reason("negative", window.negative, usual.negative, usual.negative_spread),
        _reason("negative_share", share, usual.share, share_spread),
        _reason("volume", window.mentions, usual.mentions, usual.mentions_spread),
        _reason("speed", window.newest, before, max(before, 1.0) ** 0.5),
        _reason("sources", window.sources, 1.0, 1.0),
    ]
    strengths = {
        "negative": reasons[0].z / FULL_Z,
        "size": log10(max(window.negative, 1) / LEAST_NEGATIVE) / log10(FULL_SIZE / LEAST_NEGATIVE),
        "negative_share": (share - usual.share) / FULL_SHARE_RISE,
        "speed": reasons[3].z / FULL_SPEED_Z,
        "sources": (window.sources - 1) / (FULL_SOURCES - 1),
    }
    score = sum(WEIGHTS[signal] * min(max(strength, 0.0), 1.0) for signal, strength in strengths.items())
    grade = next(grade for grade, limit in LIMITS.items() if score >= limit)
    for risk, count in sorted(window.risks.items()):
        if count >= LEAST_RISKY and risk in FLOORS:
            grade = max(grade, Grade(FLOORS[risk] - (role is Role.INDUSTRY)))
            reasons.append(_reason(f"risk_{risk}", count, 0.0, 1.0))
    return Verdict(grade, round(score, 3), tuple(reasons))


def _reason(signal: str, now: float, usual: float, spread: float) -> Reason:
    """Real floats: a count kept as 1 and read again as 1.0 would make another event of the same reason."""
    return Reason(
        signal=signal,
        now=round(float(now), 4),
        usual=round(float(usual), 4),
        spread=round(float(spread), 4),
        z=z_score(now, usual, spread),
    )
