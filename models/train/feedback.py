"""Learn from corrections by people: only the heads move, and what was known before is rehearsed.

A few hundred corrections are too few for an encoder of millions of weights, and enough for its last layers. Half of each
batch are rows of the first training with the answers that the network gave before, so that it does not forget (rehearsal:
Robins 1995).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch.nn import functional

from models.network import HEADS, columns, load_network, save_network
from models.passage import passage
from models.train import examples as eaten
from models.train.losses import hard_loss
from models.train.rows import Row, labelled
from tingchao.errors import BadInput

REHEARSED = 8_000
PASSES = 6
BATCH = 64
_RATE = 3e-4
_MOVED = ("bert.pooler.", "classifier.", "heads.target.")


class Correction(msgspec.Struct, frozen=True):
    """One line of `tingchao corrections export`; other fields are ignored."""

    text: str
    label: str
    target: str | None = None


def read_corrections(path: Path) -> Iterator[Row]:
    """Raises `BadInput` naming the line that is no correction."""
    read = msgspec.json.Decoder(Correction).decode
    if not path.is_file():
        raise BadInput(f"{path}: no such file; tingchao corrections export --out FILE makes one")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                found = read(line)
                label = HEADS["sentiment"].index(found.label)
            except (msgspec.DecodeError, ValueError) as error:
                raise BadInput(
                    f'{path}, line {number}: not like {{"text": "...", "label": "negative|neutral|positive"}} ({error})'
                ) from None
            seen = passage(found.text, found.target)
            head = "target" if seen.target else "sentiment"
            yield Row(seen.text, "feedback", seen.target, labels={head: label})


def learn(start: Path, corrections: Path, data: Path, result: Path, seed: int) -> int:
    """Write to `result` what `start` becomes; returns the number of corrections.

    Raises `BadInput` for a file without any, `BadSetting` if `start` or `data` cannot be read.
    """
    rows = list(read_corrections(corrections))
    if not rows:
        raise BadInput(f"{corrections}: no corrections in it; people make them on a mention's page")
    network = load_network(start)
    rehearsed = [msgspec.structs.replace(row, labels={}) for row in labelled(data, seed)[:REHEARSED]]
    new = eaten.prepare(rows, start / "tokenizer.json")
    old = eaten.prepare(rehearsed, start / "tokenizer.json")
    _move(network, new, _seen(network, new), _seen(network, old), torch.from_numpy(old.aimed), seed)
    save_network(network, result, start / "tokenizer.json")
    return len(rows)


def _seen(network: Any, examples: eaten.Examples) -> tuple[Any, Any]:
    """Logits and the state of the first token, which is all that the heads see."""
    order = np.argsort(examples.lengths, kind="stable")
    logits = torch.empty(len(order), sum(map(len, network.heads_of.values())))
    states = torch.empty(len(order), network.config.hidden_size)
    with torch.inference_mode():
        for at in range(0, len(order), 48):
            batch = order[at : at + 48]
            logits[batch], states[batch] = network.read(*examples.inputs(batch, network.config.pad_token_id))
    return logits, states


def _move(
    network: Any,
    new: eaten.Examples,
    corrected: tuple[Any, Any],
    known: tuple[Any, Any],
    aimed: Any,
    seed: int,
) -> None:
    moved = [weight for name, weight in network.named_parameters() if name.startswith(_MOVED)]
    adam = torch.optim.AdamW(moved, lr=_RATE, weight_decay=0.01)
    order = torch.Generator().manual_seed(seed)
    for _ in range(PASSES):
        for batch in torch.randperm(len(new), generator=order).split(BATCH):
            old = torch.randint(len(aimed), (BATCH,), generator=order)
            loss = hard_loss(_heads(network, corrected[1][batch]), new.labels_of(batch.tolist()))
            loss = loss + _forgetting(_heads(network, known[1][old]), known[0][old], aimed[old])
            adam.zero_grad()
            loss.backward()
            adam.step()


def _heads(network: Any, states: Any) -> Any:
    pooled = torch.tanh(network.bert.pooler.dense(states))
    return torch.cat([network.classifier(pooled), *(head(states) for head in network.heads.values())], -1)


def _forgetting(now: Any, before: Any, aimed: Any) -> Any:
    at = columns()

    def kept(head: str, which: Any) -> Any:
        each = functional.kl_div(
            functional.log_softmax(now[:, at[head]], -1),
            functional.softmax(before[:, at[head]], -1),
            reduction="none",
        )
        return (each.sum(-1) * which).mean()

    return kept("sentiment", ~aimed) + kept("target", aimed)
