"""Measure the model on the research texts, part by part, and write the model card.

Results are kept in the working folder, so that a part can be run again by itself; --write makes models/README.md and
the plots of what is there. A text that the training read proves nothing: unless the bundle's card says
`dev_texts_left_out` (or --dev-left-out does), dev rows that lie in any training file are left out. Lists with texts stay
in the working folder.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from models import open_scorer
from models.card import NETWORK, read_card
from models.evaluate import dev, judge, measures
from models.evaluate.against import against
from models.evaluate.card import page, plots, read_words
from models.evaluate.gate import compare
from models.evaluate.invariance import invariance
from models.evaluate.judge import Judge
from models.evaluate.markdown import table
from models.evaluate.mistakes import mistakes, read_causes
from models.evaluate.own import own
from models.evaluate.results import Part, Results, Tables, cpu_model, keep, read_results
from models.evaluate.robustness import robustness
from models.evaluate.sets import Row, Sets, by_source, folder_of, is_clean, read_rows
from models.evaluate.slices import slices
from models.evaluate.speed import Contest, front, speed
from models.evaluate.sureness import sureness
from models.evaluate.unseen import unseen
from tingchao.errors import BadInput, TingchaoError

ROOT = Path(__file__).resolve().parents[2]
CARD, IMAGES = ROOT / "models" / "README.md", ROOT / "docs" / "images"
_ON_DEMAND = {"front": "--front", "against": "--against"}
"""Parts that need to be told of other models."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 if the gate refuses; 2 for a file or a model that cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.gate:
            old, new = asked.gate
            told = {"sample": asked.sample, "threads": asked.threads, "dev_left_out": asked.dev_left_out}
            return 0 if compare(old, new, asked.data, **told) else 1
        if asked.files:
            return _files(asked)
        return _measure(asked)
    except TingchaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"parts: {', '.join(_PARTS)}; all but {' and '.join(_ON_DEMAND)} without --only",
    )
    parser.add_argument(
        "files", nargs="*", type=Path, help='measure only these: JSON lines {"text", "label", "target"?}'
    )
    parser.add_argument("--model", default="bundled", help="bundled, onnx:FOLDER or torch:FOLDER")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the research texts"
    )
    parser.add_argument(
        "--sample", type=int, default=0, metavar="N", help="a trial: at most N rows of each source"
    )
    parser.add_argument("--only", nargs="+", choices=list(_PARTS), metavar="PART", help="measure these parts")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the card and the plots from what is kept of this model; by itself it measures only if nothing is",
    )
    parser.add_argument(
        "--work", type=Path, default=Path(".build/evaluate"), help="where results and lists go"
    )
    parser.add_argument(
        "--dev-left-out", action="store_true", help="the training read no text of any dev file"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--gate",
        nargs=2,
        metavar=("OLD", "NEW"),
        help="may NEW replace OLD? 1 if it loses more than 0.3 point",
    )
    parser.add_argument(
        "--against", nargs="+", default=[], metavar="ADDRESS", help="its 32-bit source, its teacher"
    )
    parser.add_argument(
        "--front",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="bundles to draw F1 against speed of",
    )
    parser.add_argument(
        "--loso", type=Path, metavar="FOLDER", help="FOLDER/SOURCE: a bundle trained without that source"
    )
    parser.add_argument(
        "--teacher", type=Path, default=Path(".build/evaluate/teacher"), help="bundle of the 12-layer teacher"
    )
    parser.add_argument(
        "--checkpoint", metavar="torch:FOLDER", help="this network in 32-bit floats, for the speed part"
    )
    parser.add_argument("--texts", type=int, default=600, help="of each replay in a trial of the speed part")
    parser.add_argument("--pairs", type=int, default=9, help="trials of each side in the speed part")
    return parser


Asked = argparse.Namespace


def _contest(asked: Asked) -> Contest:
    return Contest(asked.model, asked.teacher, asked.checkpoint, asked.threads, asked.texts, asked.pairs)


def _against(sets: Sets, judge_: Judge, asked: Asked) -> Tables:
    others = [open_scorer(address, threads=asked.threads) for address in asked.against]
    return against(sets, judge_.scorer, others, asked.sample)


_PARTS: Mapping[str, Callable[[Sets, Judge, Asked], Tables]] = {
    "sentiment": lambda sets, judge_, _: dev.sentiment(sets, judge_),
    "target": lambda sets, judge_, _: dev.target(sets, judge_),
    "others": lambda sets, judge_, _: dev.others(sets, judge_),
    "own": lambda _, judge_, asked: own(judge_, asked.sample),
    "slices": lambda sets, judge_, _: slices(sets, judge_),
    "sureness": lambda sets, judge_, _: sureness(sets, judge_),
    "invariance": lambda _, judge_, asked: invariance(judge_, asked.sample),
    "robustness": lambda sets, judge_, asked: robustness(sets, judge_, asked.sample),
    "mistakes": lambda sets, judge_, asked: mistakes(sets, judge_, asked.work / "wrong_negatives.jsonl"),
    "unseen": lambda sets, judge_, asked: unseen(sets, judge_, asked.loso, asked.sample),
    "speed": lambda sets, _, asked: speed(sets, _contest(asked)),
    "front": lambda sets, _, asked: front(sets, asked.front, _contest(asked)),
    "against": _against,
}


def _measure(asked: Asked) -> int:
    for name, option in _ON_DEMAND.items():
        if name in (asked.only or ()) and not getattr(asked, name):
            raise BadInput(f"--only {name} needs {option}")
    wanted = asked.only or [name for name in _PARTS if name not in _ON_DEMAND or getattr(asked, name)]
    kept = asked.work / "results.json"
    results = {
        name: part for name, part in read_results(kept).items() if part.model == _identity(asked.model)
    }
    if asked.only or not asked.write or not results:
        scorer = open_scorer(asked.model, threads=asked.threads)
        sets = Sets(asked.data, sample=asked.sample, clean=asked.dev_left_out or is_clean(asked.model))
        for name in wanted:
            results = keep(kept, name, _part(name, sets, Judge(scorer), asked))
    if asked.write:
        _write(results, asked)
    return 0


def _part(name: str, sets: Sets, judge_: Judge, asked: Asked) -> Part:
    print(f"\n## {name}", flush=True)
    start = time.monotonic()
    tables = _PARTS[name](sets, judge_, asked)
    part = Part(
        model=_identity(asked.model),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        cpu=cpu_model(),
        sample=asked.sample,
        seconds=time.monotonic() - start,
        tables=tables,
    )
    for title, lines in tables.items():
        if lines:
            print(f"\n{table(lines, title)}", flush=True)
    return part


def _write(results: Results, asked: Asked) -> None:
    folder = folder_of(asked.model)
    if folder is None:
        raise BadInput(
            f"--write needs a bundle, which has a card; --model is {asked.model!r}. Make one: python -m models.export"
        )
    card = read_card(folder)
    CARD.write_text(page(results, card, read_causes(), read_words()), "utf-8")
    IMAGES.mkdir(parents=True, exist_ok=True)
    drawn = plots(results)
    for name, image in drawn.items():
        (IMAGES / name).write_text(image, "utf-8")
    print(
        f"\nwrote {', '.join(str(path.relative_to(ROOT)) for path in (CARD, *(IMAGES / name for name in drawn)))}"
    )


def _files(asked: Asked) -> int:
    """Labelled files of one's own: quality by source, and how far two models agree."""
    rows = [row for file in asked.files for row in read_rows(file)]
    readings = Judge(open_scorer(asked.model, threads=asked.threads))(rows, ("target", "context"))
    got = judge.labels(readings)
    lines = {
        source: _quality(rows, got, places)
        for source, places in {**by_source(rows), "all rows": list(range(len(rows)))}.items()
    }
    print(table(lines, "source"))
    for address in asked.against:
        others = Judge(open_scorer(address, threads=asked.threads))(rows, ("target", "context"))
        near = measures.agreement(judge.probabilities(readings), judge.probabilities(others))
        print(
            f"{address}: same label {near.same_label:.4f}  |Δp| max {near.largest:.3f} mean {near.mean:.4f}"
        )
    return 0


def _quality(
    rows: Sequence[Row], got: Sequence[str], places: Sequence[int]
) -> dict[str, float | int | str | None]:
    found = measures.quality([rows[place].label for place in places], [got[place] for place in places])
    return {"n": found.rows, "accuracy": found.accuracy, "macro-F1": found.macro_f1}


def _identity(address: str) -> str:
    """Name, version and the first digits of the network's hash: two trainings can bear one name."""
    folder = folder_of(address)
    if folder is None:
        return address
    card = read_card(folder)
    return f"{card.name}/{card.version} ({card.files.get(NETWORK, '')[:12]})"


if __name__ == "__main__":
    sys.exit(main())
