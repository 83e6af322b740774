"""Any Hugging Face sequence-classification checkpoint with three classes, from a local folder.

Runs on a GPU where there is one, else on the processor. Weights are safetensors only, code that a checkpoint
brings is never run, and nothing is fetched. Needs `pip install "tingchao[torch]"`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.batches import LABELS, buckets, passages_of, score_passages
from tingchao.errors import BadSetting
from tingchao.mention import Label, Sentiment

MAX_TOKENS = 128
LABELS_FILE = "labels.json"
_KNOWN = {
    Label.NEGATIVE: ("negative", "neg", "负面", "消极", "负向", "负"),
    Label.NEUTRAL: ("neutral", "neu", "中性", "中立", "中"),
    Label.POSITIVE: ("positive", "pos", "正面", "积极", "正向", "正"),
}


class TorchScorer:
    """`labels` maps the checkpoint's class names (or `LABEL_0`) to ours; so may `labels.json` in the folder.

    Raises `BadSetting` if the extra is missing, or the folder holds no such checkpoint, or its classes cannot be
    told apart.
    """

    def __init__(
        self, folder: str | Path, *, threads: int = 1, labels: Mapping[str, str] | None = None
    ) -> None:
        place = Path(folder)
        try:
            import torch
            from transformers import AutoTokenizer
        except ModuleNotFoundError as error:
            raise missing_extra(f"the model torch:{folder}", error) from None
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        torch.set_num_threads(threads)
        self.name = f"torch:{place.name}"
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model, self._order = load_checkpoint(place, labels)
        self._model = model.to(self._device)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                place, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise BadSetting(f"{place}: its tokenizer cannot be loaded ({_first_line(error)})") from None
        self._limit = min(MAX_TOKENS, getattr(model.config, "max_position_embeddings", MAX_TOKENS))

    def score(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Sentiment]:
        """One sentiment per text, in order; see `models.Scorer`. Raises `BadInput` and `BadRecord`."""
        return score_passages(passages_of(texts, targets), self._infer)

    def _infer(self, passages: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer(list(passages), truncation=True, max_length=self._limit)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        logits = np.empty((len(passages), len(LABELS)), np.float32)
        with self._torch.inference_mode():
            for batch in buckets(lengths):
                rows = {name: [values[position] for position in batch] for name, values in encoded.items()}
                padded = self._tokenizer.pad(rows, return_tensors="pt").to(self._device)
                logits[batch] = self._model(**padded).logits.float().cpu().numpy()[:, self._order]
        return logits


def load_checkpoint(folder: Path, labels: Mapping[str, str] | None = None) -> tuple[Any, list[int]]:
    """The model, ready to score in 32-bit floats, and the positions of our labels among its outputs.

    Raises `BadSetting` naming the folder and what it lacks.
    """
    if not (folder / "config.json").is_file():
        raise BadSetting(f"{folder}: no config.json in it; give a folder with a Hugging Face checkpoint")
    if not any(folder.glob("*.safetensors")):
        raise BadSetting(
            f"{folder}: no safetensors weights in it; pickled weights are not loaded, convert them"
        )
    try:
        import torch
        from transformers import AutoModelForSequenceClassification
    except ModuleNotFoundError as error:
        raise missing_extra(f"the model in {folder}", error) from None
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadSetting(f"{folder}: transformers cannot load it ({_first_line(error)})") from None
    names = {int(position): str(name) for position, name in model.config.id2label.items()}
    return model.eval(), class_order(names, labels or _labels_beside(folder), where=str(folder))


def class_order(names: Mapping[int, str], labels: Mapping[str, str], *, where: str) -> list[int]:
    """The output positions of negative, neutral, positive. Raises `BadSetting` if one of them has none or two.

    >>> class_order({0: "正面", 1: "负面", 2: "中性"}, {}, where="here")
    [1, 2, 0]
    """
    found = {position: _ours(labels.get(name, name)) for position, name in names.items()}
    order = [[position for position, label in found.items() if label is wanted] for wanted in LABELS]
    if len(names) != len(LABELS) or any(len(positions) != 1 for positions in order):
        raise BadSetting(
            f"{where}: its classes are {', '.join(names.values())}; say which is which in {LABELS_FILE}, such as "
            f'{{"LABEL_0": "negative", "LABEL_1": "neutral", "LABEL_2": "positive"}}'
        )
    return [positions[0] for positions in order]


def _ours(name: str) -> Label | None:
    return next((label for label, known in _KNOWN.items() if name.strip().lower() in known), None)


def _labels_beside(folder: Path) -> dict[str, str]:
    path = folder / LABELS_FILE
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except msgspec.DecodeError as error:
        raise BadSetting(f"{path}: must map class names to negative, neutral, positive ({error})") from None


def missing_extra(what: str, error: ModuleNotFoundError) -> BadSetting:
    """The sentence that says what to install."""
    return BadSetting(f'{what} needs {error.name}: pip install "tingchao[torch]"')


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
