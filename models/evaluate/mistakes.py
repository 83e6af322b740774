"""Wrong negatives for a person to read, and what a person found to be their causes.

The texts are research copies and stay out of the repository: the list goes to a folder that git ignores. What a
reader makes of it goes into `causes.yaml`, with made-up examples.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from models import Reading
from models.evaluate.dev import NEGATIVE
from models.evaluate.judge import Judge
from models.evaluate.results import Tables
from models.evaluate.sets import HEADLINES, SOCIAL, THREE_CLASS, Row, Sets, by_source

MANY = 30
CAUSES = Path(__file__).parent / "causes.yaml"


class Wrong(msgspec.Struct, frozen=True):
    """A negative that was missed, or something else that was called negative. `cause` is for the reader."""

    error: Literal["missed", "false alarm"]
    source: str
    text: str
    label: str
    said: str
    confidence: float
    cause: str = ""


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of mistake: how many of the list, an example of our own making, and what would mend it."""

    cause: str
    chinese: str
    example: str
    mend: str
    missed: int = 0
    false_alarms: int = 0


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`causes.yaml`: of which model a person read the list, when, and what was found."""

    model: str
    date: str
    causes: tuple[Cause, ...]

    @property
    def count(self) -> int:
        return sum(each.missed + each.false_alarms for each in self.causes)


def read_causes(path: Path = CAUSES) -> Read:
    return msgspec.yaml.decode(path.read_bytes(), type=Read)


def mistakes(sets: Sets, judge: Judge, path: Path) -> Tables:
    """Write 30 misses and 30 false alarms of posts and headlines to `path`; count all of them by source."""
    asked = {*SOCIAL, *THREE_CLASS, HEADLINES}
    rows = [row for row in sets.dev("sentiment", "sentiment_more") if row.source in asked]
    wrong = wrong_negatives(rows, judge(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = [each for error in ("missed", "false alarm") for each in spread_out(wrong, error)]
    path.write_bytes(msgspec.json.Encoder().encode_lines(chosen))
    return {
        "wrong negatives by source": {
            source: {
                "n": len(places),
                "missed": sum(each.error == "missed" and each.source == source for each in wrong),
                "false alarms": sum(each.error == "false alarm" and each.source == source for each in wrong),
            }
            for source, places in by_source(rows).items()
        }
    }


def wrong_negatives(rows: Sequence[Row], readings: Sequence[Reading]) -> list[Wrong]:
    found = []
    for row, reading in zip(rows, readings, strict=True):
        got = str(reading.sentiment.label)
        if got != row.label and NEGATIVE in (got, row.label):
            error: Literal["missed", "false alarm"] = "missed" if row.label == NEGATIVE else "false alarm"
            found.append(Wrong(error, row.source, row.text, row.label, got, round(reading.confidence, 3)))
    return found


def spread_out(wrong: Sequence[Wrong], error: str, many: int = MANY) -> list[Wrong]:
    """`many` of one kind, taken from the sources in turn, in an order that a hash of the text gives."""
    ranked = sorted(
        (each for each in wrong if each.error == error),
        key=lambda each: hashlib.sha256(each.text.encode()).digest(),
    )
    turn: dict[str, int] = {}
    numbered: list[tuple[int, int, Wrong]] = []
    for each in ranked:
        turn[each.source] = turn.get(each.source, -1) + 1
        numbered.append((turn[each.source], len(numbered), each))
    return [each for _, _, each in sorted(numbered, key=lambda one: one[:2])[:many]]
