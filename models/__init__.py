"""Sentiment: the runtime that scores, the bundled weights with their card, and how they were made.

Read in this order: `Scorer` here (the door), `normalise` and `passage` (what of a text is read), `batches` and `cache`
(each distinct passage once), `onnx_scorer` (the default) and `torch_scorer` (any Hugging Face checkpoint), `card` (what a
bundle says of itself), `export` and `quantise` (how it was made), `evaluate` (how good it is), `commands`.
Imports `tingchao` only.
"""

from collections.abc import Sequence
from typing import Protocol

from tingchao.errors import BadSetting
from tingchao.mention import Sentiment


class Scorer(Protocol):
    """The door. `name` is what each scored mention records as `model`, such as `tingchao-zh/0`."""

    name: str

    def score(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Sentiment]:
        """One sentiment per text, in order; `targets[i]` asks for the sentiment towards that name.

        The label of a text depends neither on the batch nor on its order. An empty text is neutral with
        p = 1/3 each. Raises `BadInput` if `targets` has another length.
        """
        ...


def open_scorer(address: str = "bundled", *, threads: int = 1) -> Scorer:
    """`bundled`, `onnx:FOLDER`, or `torch:FOLDER` (extra `torch`); `threads` are the cores it may use.

    Raises `BadSetting` for another address or a folder that holds no such model.
    """
    scheme, _, folder = address.partition(":")
    if scheme == "bundled" or (scheme == "onnx" and folder):
        from models.onnx_scorer import OnnxScorer

        return OnnxScorer(folder or None, threads=threads)
    if scheme == "torch" and folder:
        from models.torch_scorer import TorchScorer

        return TorchScorer(folder, threads=threads)
    raise BadSetting(f"TINGCHAO_MODEL={address!r}: use bundled, onnx:FOLDER or torch:FOLDER")
