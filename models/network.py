"""The network: one encoder, several heads, one forward pass. Needs `pip install "tingchao[torch]"`.

A saved network is a folder: an ordinary Hugging Face checkpoint for sentiment (`config.json`, `model.safetensors`,
`tokenizer.json`) that any library loads, and beside it `heads.safetensors` with `heads.json` for the other questions.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from models.card import TOKENIZER
from models.heads import CLASSES
from tingchao.errors import BadSetting

CRISIS = (
    "financial_misconduct",
    "business_trouble",
    "ownership_change",
    "executive",
    "fraud",
    "legal",
    "consumer_rights",
    "product_quality",
)
HEADS: Mapping[str, tuple[str, ...]] = {head: tuple(map(str, names)) for head, names in CLASSES.items()} | {
    "crisis": CRISIS
}
"""Each head's classes in the order of its columns; the columns of the output are the heads in this order.

`crisis` are independent yes-or-no questions, `complaint` is one number from -1 to 1 (best-worst scaling)."""

_CONFIG, _WEIGHTS, _HEADS, _HEADS_FILE = "config.json", "model.safetensors", "heads.json", "heads.safetensors"


def columns(heads: Mapping[str, Sequence[str]] = HEADS) -> dict[str, slice]:
    """Where each head stands in the output."""
    found, start = {}, 0
    for name, classes in heads.items():
        found[name] = slice(start, start + len(classes))
        start += len(classes)
    return found


class Network(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A BERT-shaped encoder; sentiment from its pooler, every other head from a small layer of its own."""

    def __init__(self, config: BertConfig, heads: Mapping[str, Sequence[str]] = HEADS) -> None:
        super().__init__()
        config._attn_implementation = "eager"  # twice as fast as the fused one for short texts on a processor
        self.config = config
        self.heads_of = {name: tuple(classes) for name, classes in heads.items()}
        self.bert = BertModel(config)
        self.classifier = torch.nn.Linear(config.hidden_size, 3)
        self.heads = torch.nn.ModuleDict(
            {
                name: torch.nn.Sequential(
                    torch.nn.Linear(config.hidden_size, config.hidden_size),
                    torch.nn.Tanh(),
                    torch.nn.Linear(config.hidden_size, len(classes)),
                )
                for name, classes in self.heads_of.items()
                if name != "sentiment"
            }
        )

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Logits of shape (texts, columns)."""
        return self.read(input_ids, attention_mask)[0]

    def read(self, input_ids: Any, attention_mask: Any) -> tuple[Any, Any]:
        """Logits, and the state of the first token, which a student imitates."""
        seen = self.bert(input_ids=input_ids, attention_mask=attention_mask)
        first = seen.last_hidden_state[:, 0]
        logits = [self.classifier(seen.pooler_output), *(head(first) for head in self.heads.values())]
        return torch.cat(logits, dim=-1), first


def load_network(folder: Path) -> Network:
    """The saved network, ready to score, in 32-bit floats.

    A plain three-class checkpoint, whose classes are negative, neutral, positive, is taken too; it has the one head.
    Raises `BadSetting` naming the folder if there is none.
    """
    network = _empty(
        folder, json.loads((folder / _HEADS).read_text()) if (folder / _HEADS).is_file() else None
    )
    found = load_file(folder / _WEIGHTS)
    if (folder / _HEADS_FILE).is_file():
        found |= load_file(folder / _HEADS_FILE)
    _fill(network, found, folder)
    network.float().eval()
    return network


def start_network(folder: Path, *, layers: Sequence[int] | None = None, seed: int) -> Network:
    """A network to train on: the encoder of `folder` (only these `layers`), heads it lacks drawn by `seed`."""
    torch.manual_seed(seed)
    network = _empty(folder, HEADS)
    found = load_file(folder / _WEIGHTS)
    if not any(name.startswith("bert.") for name in found):
        found = {f"bert.{name}": tensor for name, tensor in found.items()}
    if (folder / _HEADS_FILE).is_file():
        found |= load_file(folder / _HEADS_FILE)
    own = network.state_dict()
    _fill(network, own | {name: tensor for name, tensor in found.items() if name in own}, folder)
    if layers is not None:
        network.bert.encoder.layer = torch.nn.ModuleList(network.bert.encoder.layer[one] for one in layers)
        network.config.num_hidden_layers = len(layers)
    network.float()
    return network


def save_network(network: Network, folder: Path, tokenizer: Path) -> None:
    """Write the folder that `load_network` reads; `tokenizer` is copied beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(
        {name: tensor for name, tensor in state.items() if not name.startswith("heads.")}, folder / _WEIGHTS
    )
    save_file(
        {name: tensor for name, tensor in state.items() if name.startswith("heads.")}, folder / _HEADS_FILE
    )
    config = network.config.to_dict() | {
        "architectures": ["BertForSequenceClassification"],
        "id2label": dict(enumerate(HEADS["sentiment"])),
        "label2id": {label: number for number, label in enumerate(HEADS["sentiment"])},
    }
    (folder / _HEADS).write_text(json.dumps(network.heads_of, indent=1))
    shutil.copyfile(tokenizer, folder / TOKENIZER)
    # Last, for a folder with a config counts as finished.
    (folder / _CONFIG).write_text(json.dumps(config, indent=1, sort_keys=True))


def _empty(folder: Path, heads: Mapping[str, Sequence[str]] | None) -> Network:
    for name in (_CONFIG, _WEIGHTS):
        if not (folder / name).is_file():
            raise BadSetting(
                f"{folder}: no {name} in it; give a folder with a checkpoint of a BERT-shaped encoder"
            )
    config = BertConfig.from_pretrained(folder, local_files_only=True)
    return Network(config, heads or {"sentiment": HEADS["sentiment"]})


def _fill(network: Network, found: Mapping[str, Any], folder: Path) -> None:
    try:
        network.load_state_dict(dict(found), strict=True)
    except RuntimeError as error:
        raise BadSetting(
            f"{folder}: its weights do not fit ({str(error).splitlines()[-1].strip()})"
        ) from None
