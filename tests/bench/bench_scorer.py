"""The scorer against a naive one: the same network, the texts padded to the longest of 32 as they arrive."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models import open_scorer
from models.card import BUNDLE, NETWORK, TOKENIZER, read_card
from models.passage import passage
from tests.bench.harness import Figure, NotMeasurable, compare, spread

COMMAND = "python -m tests.bench scorer"
SHARED = Path(os.environ.get("TINGCHAO_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
REPLAYS = ("weibo_2022_09_events", "weibo_2020_covid_threads", "weibo_2010s_brand_and_rumour_cascades")
TEXTS = 96
CALL = 64
THREADS = 1

_START = """
import time
start = time.perf_counter()
from models import open_scorer
open_scorer("bundled", threads=1)
print(time.perf_counter() - start)
"""
_MEMORY = """
from pathlib import Path
from models import open_scorer
scorer = open_scorer("bundled", threads=1)
scorer.score([chr(0x4E00 + n) + "新星奶茶客服不退款，" * (n % 40) for n in range(400)])
# Not getrusage: its maximum is inherited from the process that forked this one.
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024)
"""


class Naive:
    """What one writes first: batches of 32 in arrival order, padded by the tokenizer."""

    def __init__(self) -> None:
        card = read_card(BUNDLE)
        self._heads = card.heads_of()
        self._tokenizer = Tokenizer.from_file(str(BUNDLE / TOKENIZER))
        self._tokenizer.enable_truncation(card.max_tokens)
        self._tokenizer.enable_padding(pad_id=card.pad_id)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            BUNDLE / NETWORK, options, providers=["CPUExecutionProvider"]
        )

    def score(self, texts: list[str]) -> int:
        for start in range(0, len(texts), 32):
            encoded = self._tokenizer.encode_batch([passage(text).text for text in texts[start : start + 32]])
            ids = np.array([each.ids for each in encoded], np.int64)
            mask = np.array([each.attention_mask for each in encoded], np.int64)
            logits = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            self._heads.readings(logits, [False] * len(logits))
        return len(texts)


def figures() -> Iterator[Figure]:
    """Per replay on its posts as they come; one on distinct texts only; start time and memory."""
    naive, ours = Naive(), open_scorer("bundled", threads=THREADS)

    def bucketed(texts: list[str]) -> int:
        for start in range(0, len(texts), CALL):
            ours.score(texts[start : start + CALL])
        return len(texts)

    for name in REPLAYS:
        arriving = list(islice(_texts(name), 2000, 2000 + TEXTS))
        distinct = list(islice(dict.fromkeys(_texts(name)), 1000, 1000 + TEXTS))
        for kind, texts in (("as they arrive", arriving), ("distinct texts", distinct)):
            ratio = compare(partial(bucketed, texts), partial(naive.score, texts))
            yield ratio.figure(
                f"scorer ÷ naive onnxruntime: {name}, {kind}",
                goal="≥ 1.5" if kind == "as they arrive" else "≥ 1.2",
                command=COMMAND,
                note=f"{TEXTS} texts, calls of {CALL}, {THREADS} thread, one process",
            )
    found = spread([_told_by(_START) for _ in range(5)])
    yield Figure(
        name="scorer: start, with checksum and self-test",
        goal="≤ 1.5",
        got=round(found.median, 3),
        interval=(round(found.low, 3), round(found.high, 3)),
        unit="s",
        command=COMMAND,
    )
    yield Figure(
        name="scorer: memory of a process that scores long texts",
        goal="≤ 350",
        got=round(_told_by(_MEMORY), 1),
        unit="MB resident at most",
        command=COMMAND,
    )


def _texts(name: str) -> Iterator[str]:
    path = SHARED / "data" / "replay" / f"{name}.jsonl.gz"
    if not path.exists():
        raise NotMeasurable(f"no replay at {path}; set TINGCHAO_SHARED")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def _told_by(program: str) -> float:
    """What a fresh Python prints."""
    return float(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    )
