"""Measure a scorer on labelled texts: `python -m models.evaluate FILE... [--model ADDRESS] [--against ADDRESS]`.

A file holds JSON lines `{"text", "label", "source"?, "target"?}`, gzip or plain. Prints macro-F1 and accuracy by
source; with `--against` also how far two scorers agree; with `--blind` the targets are not told.
"""

import argparse
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models import open_scorer
from tingchao.errors import BadInput, TingchaoError
from tingchao.mention import Label, Sentiment


class Row(msgspec.Struct, frozen=True):
    """A text with the label that people gave it."""

    text: str
    label: Label
    source: str = "all"
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the labels fit. `macro_f1` is over the classes that occur in the rows."""

    rows: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two scorers give the same: share of equal labels, largest and mean difference of a probability."""

    same_label: float
    largest: float
    mean: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 2 for a file or a model that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--against", help="another model, to see how far the two agree")
    parser.add_argument("--blind", action="store_true", help="do not tell the targets")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args(arguments)
    try:
        rows = [row for file in chosen.files for row in read_rows(file)]
        found = _scored(rows, chosen.model, chosen.threads, chosen.blind)
        for source, quality in by_source(rows, found).items():
            print(f"{source:26} {quality.rows:6}  F1 {quality.macro_f1:.3f}  accuracy {quality.accuracy:.3f}")
        if chosen.against:
            near = agreement(found, _scored(rows, chosen.against, chosen.threads, chosen.blind))
            print(f"same label {near.same_label:.4f}  |Δp| max {near.largest:.3f} mean {near.mean:.4f}")
    except TingchaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def read_rows(file: Path) -> Iterator[Row]:
    """Raises `BadInput` naming file and line."""
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield msgspec.json.decode(line, type=Row)
                except msgspec.DecodeError as error:
                    raise BadInput(f'{file}, line {number}: not like {{"text", "label"}}: {error}') from None
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error})") from None


def by_source(rows: Sequence[Row], found: Sequence[Sentiment]) -> dict[str, Quality]:
    """Quality for each source, and for all rows together under the key `all rows`."""
    pairs: dict[str, list[tuple[Label, Label]]] = defaultdict(list)
    for row, sentiment in zip(rows, found, strict=True):
        pairs[row.source].append((row.label, sentiment.label))
    table = {source: _quality(pairs[source]) for source in sorted(pairs)}
    return {**table, "all rows": _quality([pair for several in pairs.values() for pair in several])}


def agreement(ours: Sequence[Sentiment], other: Sequence[Sentiment]) -> Agreement:
    same = float(np.mean([a.label is b.label for a, b in zip(ours, other, strict=True)]))
    apart = np.abs(_probabilities(ours) - _probabilities(other))
    return Agreement(same, float(apart.max()), float(apart.mean()))


def _scored(rows: Sequence[Row], address: str, threads: int, blind: bool) -> list[Sentiment]:
    scorer = open_scorer(address, threads=threads)
    return scorer.score([row.text for row in rows], None if blind else [row.target for row in rows])


def _quality(pairs: Sequence[tuple[Label, Label]]) -> Quality:
    right = sum(want is got for want, got in pairs)
    scores = []
    for label in {want for want, _ in pairs}:
        hits = sum(want is label and got is label for want, got in pairs)
        named = sum((want is label) + (got is label) for want, got in pairs)
        scores.append(2 * hits / named)
    return Quality(len(pairs), right / len(pairs), sum(scores) / len(scores))


def _probabilities(found: Sequence[Sentiment]) -> NDArray[np.float64]:
    return np.array([(each.p_negative, each.p_neutral, each.p_positive) for each in found])


if __name__ == "__main__":
    sys.exit(main())
