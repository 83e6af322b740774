"""Checkpoints in torch, from a local folder: what `models.train` saves, and any Hugging Face classifier of three classes.

Runs on a GPU where there is one, else on the processor. Weights are safetensors only, code that a checkpoint
brings is never run, and nothing is fetched. Needs `pip install "tingchao[torch]"`.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.batches import MAX_TOKENS, Optional, Runtime, passages_of, score_passages
from models.card import TOKENIZER
from models.heads import LABELS, Heads
from models.passage import Passage, token_ids
from models.reading import Reading
from tingchao.errors import BadSetting
from tingchao.mention import Label

LABELS_FILE = "labels.json"
HEADS_FILE = "heads.json"
DECIDING = (
    "*.safetensors",
    "config.json",
    HEADS_FILE,
    LABELS_FILE,
    "*token*",
    "vocab*",
    "merges.txt",
    "*.model",
)
"""The files of a checkpoint that decide what it answers."""
CONTROLS = ("<s>", "</s>", "<pad>", "<unk>", "▁")
"""The first three frame a text; none of the five says anything."""

_KNOWN = {
    Label.NEGATIVE: ("negative", "neg", "负面", "消极", "负向", "负"),
    Label.NEUTRAL: ("neutral", "neu", "中性", "中立", "中"),
    Label.POSITIVE: ("positive", "pos", "正面", "积极", "正向", "正"),
}


class TorchScorer:
    """`labels` maps the checkpoint's class names (or `LABEL_0`) to ours; so may `labels.json` in the folder.

    A folder that the trainer made (`heads.json` beside the checkpoint) answers with all its heads; any other knows
    sentiment only. The name holds a hash of the files, for folders of one name may hold two models. Raises `BadSetting`
    if the extra is missing, or the folder holds no such checkpoint, or its classes cannot be told apart.
    """

    def __init__(
        self, folder: str | Path, *, threads: int = 1, labels: Mapping[str, str] | None = None
    ) -> None:
        place = Path(folder)
        try:
            import torch
        except ModuleNotFoundError as error:
            raise missing_extra(f"the model torch:{folder}", error) from None
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        torch.set_num_threads(threads)
        trained = (place / HEADS_FILE).is_file()
        self._runtime: Runtime = _Trained(place) if trained else _Checkpoint(place, labels)
        self.heads: Mapping[str, tuple[str, ...]] = self._runtime.heads.classes
        self.unsure_below = self._runtime.heads.unsure_below
        self.name = f"torch:{place.resolve().name}@{fingerprint(place, labels)}"

    def score(
        self, texts: Sequence[str], targets: Optional = None, contexts: Optional = None
    ) -> list[Reading]:
        """One reading per text, in order; see `models.Scorer`. Raises `BadInput` and `BadRecord`."""
        return score_passages(passages_of(texts, targets, contexts), self._runtime)


class _Trained:
    """What `models.train` saved: all heads, and the input as `models.passage` makes it."""

    def __init__(self, folder: Path) -> None:
        import torch
        from safetensors import SafetensorError
        from tokenizers import Tokenizer

        from models.network import load_network

        self.heads = read_heads(folder / HEADS_FILE)
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._network = load_network(folder).to(self._device)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise BadSetting(f"{folder}: the network cannot be loaded ({_first_line(error)})") from None
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # noqa: BLE001 - the library raises bare Exception for any malformed file
            raise BadSetting(f"{folder / TOKENIZER}: not a tokenizer ({_first_line(error)})") from None
        numbers: list[int | None] = [self._tokenizer.token_to_id(piece) for piece in CONTROLS]
        known = [number for number in numbers if number is not None]
        if len(known) < len(CONTROLS):
            raise BadSetting(f"{folder / TOKENIZER}: it lacks one of the pieces {' '.join(CONTROLS)}")
        self._bos, self._eos, self.pad, *_ = known
        self.mute = frozenset(known)

    def encode(self, passages: Sequence[Passage]) -> list[list[int]]:
        return token_ids(passages, self._pieces, bos=self._bos, eos=self._eos, most=MAX_TOKENS)

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        taken = [self._torch.from_numpy(each).to(self._device) for each in (ids, mask)]
        with self._torch.inference_mode():
            return np.asarray(self._network(*taken).float().cpu().numpy())

    def _pieces(self, texts: list[str]) -> list[list[int]]:
        return [each.ids for each in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


class _Checkpoint:
    """Any three-class checkpoint, with the tokenizer it brings."""

    def __init__(self, folder: Path, labels: Mapping[str, str] | None) -> None:
        try:
            import torch
            from transformers import AutoTokenizer
        except ModuleNotFoundError as error:
            raise missing_extra(f"the model torch:{folder}", error) from None
        self.heads = Heads()
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model, self._order = load_checkpoint(folder, labels)
        self._model = model.to(self._device)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise BadSetting(f"{folder}: its tokenizer cannot be loaded ({_first_line(error)})") from None
        self.pad = self._tokenizer.pad_token_id or 0
        blank = self._tokenizer.convert_tokens_to_ids("▁")
        self.mute = frozenset([*self._tokenizer.all_special_ids, blank])
        self._limit = min(MAX_TOKENS, getattr(model.config, "max_position_embeddings", MAX_TOKENS))

    def encode(self, passages: Sequence[Passage]) -> list[list[int]]:
        texts = [each.text for each in passages]
        if not texts:
            return []
        encoded: list[list[int]] = self._tokenizer(texts, truncation=True, max_length=self._limit)[
            "input_ids"
        ]
        return encoded

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        taken = [self._torch.from_numpy(each).to(self._device) for each in (ids, mask)]
        with self._torch.inference_mode():
            logits = self._model(input_ids=taken[0], attention_mask=taken[1]).logits
            return np.asarray(logits.float().cpu().numpy()[:, self._order])


def read_heads(path: Path) -> Heads:
    """The heads of a saved network. Raises `BadSetting` naming the file for what are no heads of ours."""
    try:
        return Heads(msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[str, ...]]))
    except (OSError, msgspec.DecodeError) as error:
        raise BadSetting(f"{path}: must map heads to the names of their classes ({error})") from None
    except BadSetting as error:
        raise BadSetting(f"{path}: {error}") from None


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
        from safetensors import SafetensorError
        from transformers import AutoModelForSequenceClassification
    except ModuleNotFoundError as error:
        raise missing_extra(f"the model in {folder}", error) from None
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
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


def fingerprint(folder: Path, labels: Mapping[str, str] | None = None) -> str:
    """Eight hex digits over what decides the answers: weights, settings, tokenizer and names of classes."""
    whole = hashlib.blake2b(msgspec.json.encode(sorted((labels or {}).items())), digest_size=4)
    for path in sorted({path for pattern in DECIDING for path in folder.glob(pattern) if path.is_file()}):
        with path.open("rb") as file:
            whole.update(f"\0{path.name}\0".encode() + hashlib.file_digest(file, "blake2b").digest())
    return whole.hexdigest()


def missing_extra(what: str, error: ModuleNotFoundError) -> BadSetting:
    """The sentence that says what to install."""
    return BadSetting(f'{what} needs {error.name}: pip install "tingchao[torch]"')


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
