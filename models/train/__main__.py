"""Train the model from research texts: rows, teacher, answers, student, bundle.

Each step leaves its result in the working folder and is skipped when that is there; a step that is stopped goes on from
its last checkpoint. `all` runs what is missing. Times are for two cores of a server processor with AMX or AVX512-BF16.

With --feedback FILE (of `tingchao corrections export`) the heads of the network --start learn from corrections instead; the
new bundle is refused if it loses more than 0.3 point on any main set.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.torch_scorer import missing_extra
from tingchao.errors import BadSetting, TingchaoError

LAYERS = {
    3: (1, 6, 11),
    4: (1, 4, 8, 11),
    5: (0, 3, 6, 8, 11),
    6: (0, 2, 4, 6, 8, 11),
    8: (0, 1, 3, 4, 6, 8, 9, 11),
    12: tuple(range(12)),
}
"""Which of the teacher's layers a student begins with."""


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    data: Path
    start: Path
    work: Path
    bundle: Path
    seed: int
    passes: float
    student_passes: float
    layers: int
    unlabelled: int
    processes: int
    version: str
    most_rows: int | None
    left_out: list[str]
    temperature: list[tuple[str, float]]
    abstain_below: float
    feedback: Path | None

    @property
    def rows(self) -> Path:
        return self.work / "rows.npz"

    @property
    def opinions(self) -> Path:
        return self.work / "opinions.npz"

    @property
    def teacher(self) -> Path:
        return self.work / "teacher"

    @property
    def answers(self) -> Path:
        return self.work / "answers.npz"

    @property
    def student(self) -> Path:
        return self.work / f"student-{self.layers}"

    @property
    def served(self) -> Path:
        return self.work / f"student-{self.layers}.served"


def _agree(asked: Asked, step: str, **told: object) -> None:
    """Note what the step was asked; what lies there from another asking would be a mixture of two trainings."""
    noted = asked.work / f"{step}.json"
    now = json.loads(json.dumps(told, default=str))
    if not noted.exists():
        asked.work.mkdir(parents=True, exist_ok=True)
        noted.write_text(json.dumps(now, indent=1))
    elif (before := json.loads(noted.read_text())) != now:
        other = ", ".join(f"{name}={before.get(name)}" for name in now if before.get(name) != now[name])
        raise BadSetting(
            f"{noted}: this step was begun with {other}; say the same, or give another --work folder"
        )


def _needs(path: Path, step: str) -> None:
    if not path.exists():
        raise BadSetting(f"{path} is not there; run the step {step} first")


def rows(asked: Asked) -> None:
    """collect and tokenise the rows, ask the character model (4 minutes)"""
    from models.train import examples, tfidf
    from models.train.rows import labelled, made_of, unlabelled

    told = {"data": asked.data, "start": asked.start, "seed": asked.seed, "unlabelled": asked.unlabelled}
    _agree(asked, "rows", **told, most_rows=asked.most_rows, dev_texts_left_out=True)
    if asked.opinions.exists():
        return
    found = labelled(asked.data, asked.seed)[: asked.most_rows]
    for source, count in made_of(found).items():
        print(f"{count:7,} {source}")
    found += unlabelled(asked.data, asked.unlabelled, asked.seed)
    print(f"{len(found):,} rows, {asked.unlabelled:,} of them without labels", flush=True)
    examples.save(examples.prepare(found, asked.start / "tokenizer.json"), asked.rows)
    examples.write_arrays(asked.opinions, opinions=tfidf.opinions(found, asked.seed))


def teacher(asked: Asked) -> None:
    """train all layers and heads on the labels (50 minutes a pass)"""
    _needs(asked.opinions, "rows")
    _train(asked, "teacher", asked.start, 12, asked.passes, labelled_only=True)


def answers(asked: Asked) -> None:
    """write down what the teacher and the character model say of every row (10 minutes)"""
    import numpy as np

    from models.train import distil

    _needs(asked.teacher / "config.json", "teacher")
    if not asked.answers.exists():
        with np.load(asked.opinions) as found:
            opinions = found["opinions"]
        distil.answers(asked.teacher, asked.rows, opinions, asked.answers, workers=asked.processes)


def student(asked: Asked) -> None:
    """train a network of fewer layers to answer as they do (20 minutes a pass with 6 layers)"""
    _needs(asked.answers, "answers")
    _train(
        asked,
        f"student-{asked.layers}",
        asked.teacher,
        asked.layers,
        asked.student_passes,
        labelled_only=False,
    )


def bundle(asked: Asked) -> None:
    """balance the heads whose classes are rare, make the 8-bit bundle that is served (2 minutes)"""
    from models.export import export
    from models.train.balance import balance

    _needs(asked.student / "config.json", "student")
    noted = asked.work / "rows.json"
    balance(asked.student, asked.rows, asked.served)
    clean = noted.exists() and json.loads(noted.read_text()).get("dev_texts_left_out", False)
    card = export(
        asked.served,
        asked.bundle,
        version=asked.version,
        left_out=asked.left_out,
        temperature=dict(asked.temperature),
        abstain_below=asked.abstain_below,
        figures={"dev_texts_left_out": clean},
    )
    print(f"{asked.bundle}: {card.name}/{card.version}")


def corrected(asked: Asked, corrections: Path) -> bool:
    """Learn from corrections, make a bundle, and hold it against the one that ships; whether it may replace it.

    What the shipped card says of heads, temperature and limit is kept. Raises `BadSetting` if the bundle would be written
    over the one it is to be compared with.
    """
    from models.card import BUNDLE, read_card
    from models.evaluate.gate import compare
    from models.export import export
    from models.network import HEADS
    from models.train.feedback import learn

    if asked.bundle.resolve() == BUNDLE.resolve():
        raise BadSetting(
            f"--bundle {asked.bundle} is the model that ships; name another folder, and copy it when it has passed"
        )
    asked.work.mkdir(parents=True, exist_ok=True)
    shipped = read_card(BUNDLE)
    count = learn(asked.start, corrections, asked.data, asked.work / "feedback", asked.seed)
    card = export(
        asked.work / "feedback",
        asked.bundle,
        version=asked.version,
        left_out=[head for head in HEADS if head not in shipped.heads],
        temperature=shipped.temperature,
        abstain_below=shipped.abstain_below,
        figures={"dev_texts_left_out": shipped.figures.get("dev_texts_left_out", False)},
    )
    print(f"{asked.bundle}: {card.name}/{card.version}, from {count:,} corrections", flush=True)
    return compare(f"onnx:{BUNDLE}", f"onnx:{asked.bundle}", asked.data)


STEPS: dict[str, Callable[[Asked], None]] = {
    step.__name__: step for step in (rows, teacher, answers, student, bundle)
}


def _train(asked: Asked, name: str, start: Path, layers: int, passes: float, *, labelled_only: bool) -> None:
    from models.network import save_network, start_network
    from models.train import examples, loop
    from models.train.shared_weights import Pace

    result = asked.work / name
    _agree(asked, name, seed=asked.seed, start=start, passes=passes, processes=asked.processes)
    if (result / "config.json").exists():
        return
    first = asked.work / f"{name}.start"
    if not (first / "tokenizer.json").exists():
        network = start_network(start, layers=None if layers == 12 else LAYERS[layers], seed=asked.seed)
        save_network(network, first, asked.start / "tokenizer.json")
    used = asked.work / f"{name}.rows.npz" if labelled_only else asked.rows
    if not used.exists():
        examples.save(examples.only_labelled(examples.load(asked.rows)), used)
    batches = examples.batches_a_pass(examples.load(used).lengths, loop.TOKENS_A_BATCH)
    pace = Pace(heads=5e-4, encoder=1e-4) if labelled_only else Pace(heads=5e-4, encoder=2e-4)
    loop.train(
        loop.Plan(
            start=first,
            rows=used,
            result=result,
            steps=max(1, round(passes * batches / asked.processes)),
            pace=pace,
            seed=asked.seed,
            teacher=None if labelled_only else asked.answers,
            processes=asked.processes,
        )
    )


def degree(text: str) -> tuple[str, float]:
    """`sentiment=0.9` as a head and its temperature."""
    head, _, number = text.partition("=")
    return head, float(number)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="steps:\n" + "\n".join(f"  {name:8} {step.__doc__}" for name, step in STEPS.items()),
    )
    parser.add_argument("step", choices=[*STEPS, "all"], nargs="?", default="all")
    parser.add_argument("--data", type=Path, required=True, help="folder of the research texts")
    parser.add_argument(
        "--start", type=Path, required=True, help="checkpoint to start from (a 12-layer encoder)"
    )
    parser.add_argument(
        "--work", type=Path, default=Path(".build/train"), help="where results and checkpoints go"
    )
    parser.add_argument("--bundle", type=Path, default=Path(".build/bundle"), help="where the bundle goes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--passes", type=float, default=1.0, help="over the rows, for the teacher")
    parser.add_argument("--student-passes", type=float, default=1.0)
    parser.add_argument("--layers", type=int, choices=sorted(LAYERS), default=6, help="of the student")
    parser.add_argument(
        "--unlabelled", type=int, default=40_000, help="texts of the replays that the student reads too"
    )
    parser.add_argument("--processes", type=int, default=2, help="cores to use")
    parser.add_argument("--version", default="1")
    parser.add_argument(
        "--left-out", nargs="+", default=[], metavar="HEAD", help="heads that the bundle does not ship"
    )
    parser.add_argument(
        "--temperature",
        nargs="+",
        type=degree,
        default=[],
        metavar="HEAD=T",
        help="divide a head's logits by T in the bundle",
    )
    parser.add_argument(
        "--abstain-below", type=float, default=0.5, help="less sure than this is for a person to decide"
    )
    parser.add_argument("--feedback", type=Path, help="corrections by people, as JSON lines")
    parser.add_argument("--most-rows", type=int, help="for a trial: only this many rows")
    asked = parser.parse_args(arguments)
    chosen = Asked(**{name: value for name, value in vars(asked).items() if name != "step"})
    try:
        if chosen.feedback:
            return 0 if corrected(chosen, chosen.feedback) else 1
        for name in STEPS if asked.step == "all" else [asked.step]:
            print(f"— {name}: {STEPS[name].__doc__}", flush=True)
            STEPS[name](chosen)
    except ModuleNotFoundError as error:
        print(missing_extra("training", error), file=sys.stderr)
        return 2
    except TingchaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
