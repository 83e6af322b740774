"""Make a bundle from a network: `python -m models.export SOURCE TARGET [--version V]`.

SOURCE is a folder that `models.train` made, or any Hugging Face checkpoint of a BERT-shaped classifier with the
classes negative, neutral, positive. TARGET becomes a bundle that `onnx:TARGET` serves. The same source and library
versions give the same bytes. Needs `pip install "tingchao[torch]"`.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from models.batches import MAX_TOKENS
from models.card import CARD, NETWORK, TOKENIZER, Card, Expectation
from models.torch_scorer import missing_extra
from tingchao.errors import BadSetting, TingchaoError
from tingchao.mention import Label

BASE = (
    "multilingual-e5-small (MIT), vocabulary cut to Chinese posts; fine-tuned on public research copies of posts and "
    "reviews and on sentences of our own"
)
SELF_TEST = (
    ("奶茶里喝出异物，打客服电话没有人接，太让人失望了", None),
    ("今天上午十点，公司将在上海召开新品发布会", None),
    ("物流很快，包装也很用心，下次还会再来买[赞]", None),
    ("蓝鲸的快递三天没动静，还是新星的又快又好", "新星"),
    ("谢谢店家的热情招待，味道好极了", None),
)
LICENCE = Path(__file__).parent / "bundle" / "LICENSE.txt"


def main(arguments: Sequence[str] | None = None) -> int:
    """Export and say what was made; 2 for a source that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m models.export", description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--name", default="tingchao-zh")
    parser.add_argument("--version", default="0")
    parser.add_argument(
        "--left-out", nargs="+", default=[], metavar="HEAD", help="heads that are not shipped"
    )
    parser.add_argument("--base", default=BASE, help="what the model was trained from, for the card")
    chosen = parser.parse_args(arguments)
    try:
        card = export(
            chosen.source,
            chosen.target,
            name=chosen.name,
            version=chosen.version,
            base=chosen.base,
            left_out=chosen.left_out,
        )
    except TingchaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    size = sum((chosen.target / name).stat().st_size for name in card.files)
    print(f"{chosen.target}: {card.name}/{card.version}, {size / 1e6:.1f} MB")
    return 0


def export(
    source: Path,
    target: Path,
    *,
    name: str = "tingchao-zh",
    version: str,
    base: str = BASE,
    left_out: Sequence[str] = (),
    abstain_below: float = 0.5,
    temperature: Mapping[str, float] | None = None,
    figures: Mapping[str, Any] | None = None,
) -> Card:
    """Write model.onnx, tokenizer.json and card.json into `target`, and return the card.

    `left_out` are heads that are not good enough to ship. Raises `BadSetting` if the extra is missing or `source` holds no
    such checkpoint.
    """
    try:
        import onnx  # noqa: F401

        from models.network import load_network
    except ModuleNotFoundError as error:
        raise missing_extra("making a bundle", error) from None
    from models.quantise import quantise

    network = load_network(source)
    for head in left_out:
        del network.heads[head], network.heads_of[head]
    if not (source / TOKENIZER).is_file():
        raise BadSetting(f"{source}: no {TOKENIZER} in it; a fast tokenizer is needed")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        floats = Path(scratch) / "floats.onnx"
        _trace(network, floats)
        quantise(floats, target / NETWORK)
    (target / TOKENIZER).write_bytes((source / TOKENIZER).read_bytes())
    pad = network.config.pad_token_id
    card = Card(
        name=name,
        version=version,
        labels=tuple(Label),
        heads=dict(network.heads_of),
        temperature=dict(temperature or {}),
        abstain_below=abstain_below,
        max_tokens=MAX_TOKENS,
        pad_id=0 if pad is None else pad,
        files={
            file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in (NETWORK, TOKENIZER)
        },
        self_test=(),
        base=base,
        licence="see LICENSE.txt beside this file",
        figures=dict(figures or {}),
    )
    card = msgspec.structs.replace(card, self_test=_answers(target, card))
    if target != LICENCE.parent:
        (target / LICENCE.name).write_bytes(LICENCE.read_bytes())
    (target / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
    return card


def _trace(network: Any, path: Path) -> None:
    """The network as ONNX in 32-bit floats."""
    import torch

    example = (torch.full((2, 16), 5), torch.ones((2, 16), dtype=torch.long))
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=512)
    shapes = {0: batch, 1: length}
    program = torch.onnx.export(
        network.eval(),
        example,
        dynamo=True,
        verbose=False,
        opset_version=20,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes={"input_ids": shapes, "attention_mask": shapes},
    )
    assert program is not None
    program.save(path, external_data=False)


def _answers(folder: Path, card: Card) -> tuple[Expectation, ...]:
    """What the new bundle says to the texts of the self-test."""
    from models.batches import passages_of, score_passages
    from models.onnx_scorer import OnnxRuntime

    texts, targets = [text for text, _ in SELF_TEST], [target for _, target in SELF_TEST]
    readings = score_passages(passages_of(texts, targets, None), OnnxRuntime(folder, card), card.languages)
    return tuple(
        Expectation(text, (round(p.p_negative, 4), round(p.p_neutral, 4), round(p.p_positive, 4)), target)
        for (text, target), p in zip(SELF_TEST, (reading.sentiment for reading in readings), strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())
