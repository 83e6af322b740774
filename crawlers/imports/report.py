"""What an import came to: counts, the first problems with their places, what was detected, a preview."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from tingchao.mention import Mention, Precision
from tingchao.times import iso

SHOWN_PROBLEMS = 20
SHOWN_WARNINGS = 20
PREVIEW_TEXT = 60
MOST_REMEMBERED = 2_000_000
"""Ids that are remembered to count repeats; later ones are published all the same, but not counted as repeats."""


@dataclass(slots=True)
class Report:
    """What an import or a replay came to. `problems` and `warnings` hold the first twenty, each with its place;
    `times` counts the forms in which times were written, `detected` says how the file was read."""

    read: int = 0
    published: int = 0
    refused: int = 0
    repeated: int = 0
    undated: int = 0
    first: datetime | None = None
    last: datetime | None = None
    problems: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    more_warnings: int = 0
    detected: dict[str, Any] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    preview: list[str] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set, repr=False)

    def took(self, mention: Mention) -> None:
        """One mention was read."""
        self.undated += mention.published_precision is Precision.NONE
        self.first = min(self.first or mention.published_at, mention.published_at)
        self.last = max(self.last or mention.published_at, mention.published_at)

    def counted(self, mention: Mention) -> None:
        """`took`, and whether the same id came before."""
        self.took(mention)
        known = bytes.fromhex(mention.id)
        if known in self._seen:
            self.repeated += 1
        elif len(self._seen) < MOST_REMEMBERED:
            self._seen.add(known)

    def refuse(self, number: int, reason: str, where: str = "line") -> None:
        """One row was not."""
        self.refused += 1
        self.reasons[reason] += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(f"{where} {number}: {reason}")

    def warn(self, warning: str) -> None:
        """Something that came in, but may not be what it should be."""
        if warning in self.warnings:
            return
        if len(self.warnings) < SHOWN_WARNINGS:
            self.warnings.append(warning)
        else:
            self.more_warnings += 1

    def to_dict(self) -> dict[str, Any]:
        """For printing; times are ISO 8601 in UTC. What was not looked for is not named."""
        warnings = [*self.warnings, *([f"... and {self.more_warnings:,} more"] if self.more_warnings else [])]
        more = {
            **self.detected,
            "times": dict(self.times.most_common()),
            "warnings": warnings,
            "preview": list(self.preview),
        }
        return {
            "read": self.read,
            "published": self.published,
            "refused": self.refused,
            "repeated": self.repeated,
            "undated": self.undated,
            "first": iso(self.first) if self.first else None,
            "last": iso(self.last) if self.last else None,
            "problems": list(self.problems),
            **{name: value for name, value in more.items() if value},
        }


def shown(mention: Mention) -> str:
    """A sealed mention in one line, for a preview."""
    precision = mention.published_precision
    time = "no time" if precision is Precision.NONE else f"{iso(mention.published_at)} ({precision})"
    text = " / ".join(part for part in (mention.title, mention.text) if part).replace("\n", " ")
    cut = text if len(text) <= PREVIEW_TEXT else text[:PREVIEW_TEXT] + "..."
    return f"{mention.source} {mention.kind} {mention.native_id}, {time}, {mention.author.name_masked or '-'}: {cut}"


def letter(name: str, number: int, size: int, reason: str, worker: str, now: datetime) -> bytes:
    """A refused row for the dead-letter shelf: the same fields as a worker's letter, without the text, which may
    hold personal data."""
    return msgspec.json.encode(
        {
            "reason": reason,
            "topic": worker,
            "partition": 0,
            "offset": number,
            "key": name,
            "worker": worker,
            "at": iso(now),
            "bytes": size,
        }
    )
