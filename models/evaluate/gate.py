"""The gate: a new model is refused if it loses more than 0.3 point on any main set."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models import open_scorer
from models.evaluate.headline import measured
from models.evaluate.sets import Sets, is_clean

MAY_LOSE = 0.003
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Compared:
    """One main figure of both models; `new` is None where the new one no longer answers."""

    name: str
    old: float
    new: float | None

    @property
    def refused(self) -> bool:
        return self.new is None or self.old - self.new > MAY_LOSE + _ROUNDING

    def __str__(self) -> str:
        if self.new is None:
            return f"{self.name:44} {self.old:.4f}       —           REFUSED: no longer answered"
        verdict = "  REFUSED" if self.refused else ""
        return f"{self.name:44} {self.old:.4f}  {self.new:.4f}  {100 * (self.new - self.old):+6.2f} points{verdict}"


def compared(old: Mapping[str, float], new: Mapping[str, float]) -> list[Compared]:
    """Every figure of the old model beside the new one's. What only the new one answers cannot be lost."""
    return [Compared(name, figure, new.get(name)) for name, figure in old.items()]


def passes(table: list[Compared]) -> bool:
    """Whether there is something to compare, and nothing of it is refused."""
    return bool(table) and not any(each.refused for each in table)


def compare(
    old: str, new: str, data: Path, *, sample: int = 0, threads: int = 1, dev_left_out: bool = False
) -> bool:
    """Measure both models on the same rows and print the table; whether the new one may replace the old.

    Raises `BadSetting` for a model that cannot be opened, `BadInput` if `data` lacks a set.
    """
    clean = dev_left_out or all(is_clean(address) for address in (old, new))
    sets = Sets(data, sample=sample, clean=clean)
    figures = [measured(sets, open_scorer(address, threads=threads), sample) for address in (old, new)]
    found = compared(*figures)
    print("\n".join(map(str, found)))
    if passes(found):
        print(f"{new} may replace {old}")
        return True
    print(f"{new} is refused: it loses more than {100 * MAY_LOSE:.1f} point on a main set")
    return False
