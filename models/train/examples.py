"""Rows as the network eats them: token ids and labels in flat arrays, in a file; and the order in which they are eaten."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.network import HEADS
from models.passage import token_ids
from models.train.losses import ABSENT, SPACES, Labels
from models.train.rows import Row

WINDOW = 4096
"""Rows that are sorted by length together: little padding, and yet another mixture each pass."""

TRAINED_TOKENS = 128
"""Tokens of a row: attention over more would make each step dearer, and few posts have more."""

_BOS, _EOS = 0, 2
_NUMBERED = ("sentiment", "target", "emotion", "irony", "offensive")


@dataclass(frozen=True)
class Examples:
    """`ids[starts[i]:starts[i + 1]]` are row i's tokens. `labels`: head -> one value or line for each row."""

    ids: NDArray[np.uint16]
    starts: NDArray[np.int64]
    spaces: NDArray[np.int8]
    weights: NDArray[np.float32]
    aimed: NDArray[np.bool_]
    labels: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def inputs(self, rows: Sequence[int] | NDArray[np.int64], pad: int) -> tuple[Any, Any]:
        """`input_ids` and `attention_mask` of these rows."""
        width = int(self.lengths[rows].max())
        ids = torch.full((len(rows), width), pad, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for line, row in enumerate(rows):
            own = self.ids[self.starts[row] : self.starts[row + 1]]
            ids[line, : len(own)] = torch.from_numpy(own.astype(np.int64))
            mask[line, : len(own)] = 1
        return ids, mask

    def labels_of(self, rows: Sequence[int]) -> Labels:
        return Labels(
            {head: torch.from_numpy(values[rows]) for head, values in self.labels.items()},
            torch.from_numpy(self.spaces[rows].astype(np.int64)),
            torch.from_numpy(self.weights[rows]),
        )


def prepare(rows: Sequence[Row], tokenizer: Path) -> Examples:
    """Tokenise and number the rows."""
    encoder = Tokenizer.from_file(str(tokenizer))

    def encode(texts: list[str]) -> list[list[int]]:
        return [each.ids for each in encoder.encode_batch_fast(texts, add_special_tokens=False)]

    ids: list[NDArray[np.uint16]] = []
    for at in range(0, len(rows), 1000):
        part = [row.passage for row in rows[at : at + 1000]]
        ids += [
            np.array(one, np.uint16)
            for one in token_ids(part, encode, bos=_BOS, eos=_EOS, most=TRAINED_TOKENS)
        ]
    labels: dict[str, NDArray[Any]] = {
        head: np.array([row.labels.get(head, ABSENT) for row in rows], np.int64) for head in _NUMBERED
    }
    labels["complaint"] = np.array([row.labels.get("complaint", np.nan) for row in rows], np.float32)
    crisis = np.full((len(rows), len(HEADS["crisis"])), ABSENT, np.float32)
    for line, row in enumerate(rows):
        categories = row.labels.get("crisis")
        if isinstance(categories, tuple):
            crisis[line] = 0
            crisis[line, list(categories)] = 1
    labels["crisis"] = crisis
    return Examples(
        np.concatenate(ids),
        np.cumsum([0, *map(len, ids)]),
        np.array([SPACES.index(row.space) for row in rows], np.int8),
        np.array([row.weight for row in rows], np.float32),
        np.array([bool(row.target) for row in rows]),
        labels,
    )


def save(examples: Examples, path: Path) -> None:
    fields = {name: getattr(examples, name) for name in ("ids", "starts", "spaces", "weights", "aimed")}
    write_arrays(path, **fields, **{f"label_{head}": values for head, values in examples.labels.items()})


def load(path: Path) -> Examples:
    with np.load(path) as found:
        labels = {
            name.removeprefix("label_"): found[name] for name in found.files if name.startswith("label_")
        }
        return Examples(
            found["ids"], found["starts"], found["spaces"], found["weights"], found["aimed"], labels
        )


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """All or nothing: who finds the file finds all of it."""
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, allow_pickle=False, **arrays)
    os.replace(unfinished, path)


def batches(lengths: NDArray[np.int64], seed: int, tokens: int) -> Iterator[list[int]]:
    """Passes over all rows without end, in batches of like length and at most `tokens` with their padding."""
    order = np.random.default_rng(seed)
    while True:
        found = _one_pass(lengths, order, tokens)
        for number in order.permutation(len(found)):
            yield found[number]


def batches_a_pass(lengths: NDArray[np.int64], tokens: int) -> int:
    """About how many batches one pass has."""
    return len(_one_pass(lengths, np.random.default_rng(0), tokens))


def _one_pass(lengths: NDArray[np.int64], order: np.random.Generator, tokens: int) -> list[list[int]]:
    rows = order.permutation(len(lengths))
    found = []
    for at in range(0, len(rows), WINDOW):
        window = rows[at : at + WINDOW]
        found += _cut(window[np.argsort(lengths[window], kind="stable")], lengths, tokens)
    return found


def _cut(rows: NDArray[np.int64], lengths: NDArray[np.int64], tokens: int) -> list[list[int]]:
    found: list[list[int]] = [[]]
    for row in rows:
        if found[-1] and (len(found[-1]) + 1) * lengths[row] > tokens:
            found.append([])
        found[-1].append(int(row))
    return found


def only_labelled(examples: Examples) -> Examples:
    """The rows that have a label of some head."""
    known = [
        ~np.isnan(values) if head == "complaint" else (values[:, 0] if values.ndim == 2 else values) != ABSENT
        for head, values in examples.labels.items()
    ]
    rows = np.flatnonzero(np.any(known, axis=0))
    parts = [examples.ids[examples.starts[row] : examples.starts[row + 1]] for row in rows]
    return Examples(
        np.concatenate(parts),
        np.cumsum([0, *map(len, parts)]),
        examples.spaces[rows],
        examples.weights[rows],
        examples.aimed[rows],
        {head: values[rows] for head, values in examples.labels.items()},
    )
