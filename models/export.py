"""Make a bundle from a checkpoint: `python -m models.export SOURCE TARGET [--name N] [--version V]`.

SOURCE is a folder with a Hugging Face sequence-classification checkpoint (safetensors, three classes). TARGET
becomes a bundle that `onnx:TARGET` serves. The same source and library versions give the same bytes. Needs
`pip install "tingchao[torch]"`.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from models.batches import sentiments
from models.card import CARD, NETWORK, TOKENIZER, Card, Expectation
from models.passage import passage
from models.torch_scorer import load_checkpoint, missing_extra
from tingchao.errors import BadSetting, TingchaoError
from tingchao.mention import Label

MAX_TOKENS = 128
SELF_TEST = (
    "奶茶里喝出异物，打客服电话没有人接，太让人失望了",
    "今天上午十点，公司将在上海召开新品发布会",
    "物流很快，包装也很用心，下次还会再来买[赞]",
    "等了两个小时才送到，菜都凉了，差评！",
    "谢谢店家的热情招待，味道好极了",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Export and say what was made; 2 for a source that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m models.export", description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--name", default="tingchao-zh")
    parser.add_argument("--version", default="0")
    parser.add_argument("--base", default="", help="what the model was trained from, for the card")
    chosen = parser.parse_args(arguments)
    try:
        card = export(
            chosen.source, chosen.target, name=chosen.name, version=chosen.version, base=chosen.base
        )
    except TingchaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    size = sum((chosen.target / name).stat().st_size for name in card.files)
    print(f"{chosen.target}: {card.name}/{card.version}, {size / 1e6:.1f} MB")
    return 0


def export(source: Path, target: Path, *, name: str, version: str, base: str = "") -> Card:
    """Write model.onnx, tokenizer.json and card.json into `target`, and return the card.

    Raises `BadSetting` if the extra is missing or `source` holds no such checkpoint.
    """
    try:
        import onnx  # noqa: F401
        import torch
    except ModuleNotFoundError as error:
        raise missing_extra("making a bundle", error) from None
    from models.quantise import quantise

    model, order = load_checkpoint(source)
    if not (source / TOKENIZER).is_file():
        raise BadSetting(f"{source}: no {TOKENIZER} in it; a fast tokenizer is needed")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        floats = Path(scratch) / "floats.onnx"
        _trace(torch, model, order, floats)
        quantise(floats, target / NETWORK)
    (target / TOKENIZER).write_bytes((source / TOKENIZER).read_bytes())
    pad = model.config.pad_token_id
    card = Card(
        name=name,
        version=version,
        labels=tuple(Label),
        max_tokens=MAX_TOKENS,
        pad_id=0 if pad is None else pad,
        files={
            file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in (NETWORK, TOKENIZER)
        },
        self_test=_answers(target, 0 if pad is None else pad),
        base=base,
        licence="see LICENSE.txt beside this file",
    )
    (target / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
    return card


def _trace(torch: Any, model: Any, order: Sequence[int], path: Path) -> None:
    """The checkpoint as ONNX in 32-bit floats, with its outputs in the order of our labels."""

    class Logits(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.register_buffer("order", torch.tensor(list(order)))

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            logits = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits.index_select(-1, self.order)

    example = (torch.full((2, 16), 5), torch.ones((2, 16), dtype=torch.long))
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=512)
    shapes = {0: batch, 1: length}
    program = torch.onnx.export(
        Logits().eval(),
        example,
        dynamo=True,
        verbose=False,
        opset_version=20,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes={"input_ids": shapes, "attention_mask": shapes},
    )
    program.save(path, external_data=False)


def _answers(folder: Path, pad_id: int) -> tuple[Expectation, ...]:
    """What the new bundle says to the texts of the self-test, one by one."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder / NETWORK, options, providers=["CPUExecutionProvider"])
    found = []
    for text in SELF_TEST:
        ids = np.array([tokenizer.encode(passage(text)).ids or [pad_id]], np.int64)
        logits = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
        (answer,) = sentiments(logits)
        p = (round(answer.p_negative, 4), round(answer.p_neutral, 4), round(answer.p_positive, 4))
        found.append(Expectation(text, p))
    return tuple(found)


if __name__ == "__main__":
    sys.exit(main())
