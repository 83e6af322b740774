"""What a teacher says of every row: its columns, mixed with the character model's opinion, and its first token's state."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.multiprocessing as processes
from numpy.typing import NDArray

from models.network import columns, load_network
from models.train import examples as eaten

PORTION = 10_000
"""Rows of one file: what an interruption costs."""

CHARACTERS = 0.35
"""Weight of the character model in the mixture: a soft vote, as one that helped another teacher; not tuned."""


def answers(
    teacher: Path, rows: Path, opinions: NDArray[np.float32], result: Path, *, workers: int = 2
) -> None:
    """Write `logits` and `states` of all rows to `result`; what an earlier run has finished is kept."""
    folder = result.with_suffix(".parts")
    folder.mkdir(parents=True, exist_ok=True)
    processes.spawn(_work, (teacher, rows, folder, workers), nprocs=workers)
    parts = [_read(folder / f"{at}.npz") for at in range(0, len(eaten.load(rows)), PORTION)]
    logits = np.concatenate([part[0] for part in parts])
    logits[:, columns()["sentiment"]] = mixed(logits[:, columns()["sentiment"]], opinions)
    eaten.write_arrays(result, logits=logits, states=np.concatenate([part[1] for part in parts]))


def mixed(logits: NDArray[Any], opinions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of the two teachers' soft vote."""
    powers = np.exp(logits.astype(np.float32) - logits.max(-1, keepdims=True))
    p = (1 - CHARACTERS) * powers / powers.sum(-1, keepdims=True) + CHARACTERS * opinions
    return np.asarray(np.log(np.clip(p, 1e-4, None)), np.float32)


def _read(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    with np.load(path) as found:
        return found["logits"], found["states"]


def _work(rank: int, teacher: Path, rows: Path, folder: Path, workers: int) -> None:
    torch.set_num_threads(1)
    network = load_network(teacher).bfloat16()
    examples = eaten.load(rows)
    starts = range(0, len(examples), PORTION)
    for at in list(starts)[rank::workers]:
        path = folder / f"{at}.npz"
        if path.exists():
            continue
        logits, states = _answers(network, examples, np.arange(at, min(at + PORTION, len(examples))))
        eaten.write_arrays(path, logits=logits, states=states)
        print(f"answers to rows {at:,} to {at + len(logits):,} of {len(examples):,}", flush=True)


def _answers(
    network: Any, examples: eaten.Examples, rows: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    count = sum(len(classes) for classes in network.heads_of.values())
    logits = np.empty((len(rows), count), np.float16)
    states = np.empty((len(rows), network.config.hidden_size), np.float16)
    lengths = examples.lengths[rows]
    order = np.argsort(lengths, kind="stable")
    with torch.inference_mode():
        for at in range(0, len(order), 48):
            batch = order[at : at + 48]
            found, first = network.read(*examples.inputs(rows[batch], network.config.pad_token_id))
            logits[batch], states[batch] = found.float().numpy(), first.float().numpy()
    return logits, states
