"""Sentiment: the runtime that scores, the bundled weights with their card, and how they were made.

Read in this order: `Scorer` here (the door), `reading` (what it says), `normalise` and `passage` (what of a text is
read), `unread` and `language` (what is not), `heads` (from the network's numbers to a reading), `batches` and `cache` (each
distinct passage once), `onnx_scorer` (the default) and `torch_scorer` (any Hugging Face checkpoint), `card` (what a
bundle says of itself), `network`, `characters`, `train`, `export` and `quantise` (how it was made), `evaluate` (how good
it is), `answers`, `explain` and `commands` (`tingchao score`). Imports `tingchao` only.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from models.reading import Abstain, Reading
from tingchao.errors import BadSetting

__all__ = ["Abstain", "Reading", "Scorer", "open_scorer"]


class Scorer(Protocol):
    """The door. `name` is what each scored mention records as `model`, such as `tingchao-zh/1`.

    `heads` are the questions that the model answers, each with its classes; `sentiment` is always among them. Below
    the probability `unsure_below` a label is for a person to decide.
    """

    @property
    def name(self) -> str: ...

    @property
    def heads(self) -> Mapping[str, tuple[str, ...]]: ...

    @property
    def unsure_below(self) -> float: ...

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
    ) -> list[Reading]:
        """One reading per text, in order; `targets[i]` asks for the sentiment towards that name, `contexts[i]` is
        the post or comment above.

        What is said of a text depends neither on the batch nor on its order. A text in which there is nothing to read
        abstains with a reason and is neutral with p = 1/3 each; one of which the model is unsure keeps its label. Raises
        `BadInput` if the lengths differ or something is no string, and `BadRecord` if the model gives no number.
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
