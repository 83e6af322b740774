"""The card of a bundle: which files make the model, what they must answer, and where they come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tingchao.errors import BadSetting
from tingchao.mention import Label, Sentiment

BUNDLE = Path(__file__).parent / "bundle"
NETWORK, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "card.json"
TOLERANCE = 0.02
"""How far a probability of the self-test may lie from the card's: another processor rounds differently."""


class Expectation(msgspec.Struct, frozen=True):
    """A text and the probabilities (negative, neutral, positive) that the model must give it."""

    text: str
    p: tuple[float, float, float]

    @property
    def label(self) -> Label:
        return tuple(Label)[self.p.index(max(self.p))]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """`card.json`. `files` maps each file to its SHA-256; `figures` are for people."""

    name: str
    version: str
    labels: tuple[str, ...]
    max_tokens: int
    pad_id: int
    files: dict[str, str]
    self_test: tuple[Expectation, ...]
    base: str = ""
    licence: str = ""
    texts: str = ""
    figures: dict[str, Any] = {}


def read_card(folder: Path) -> Card:
    """Raises `BadSetting` if there is no readable card, or its labels are not ours in our order."""
    path = folder / CARD
    try:
        card = msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError:
        raise BadSetting(f"{folder}: no {CARD} in it. Make a bundle with python -m models.export") from None
    except msgspec.DecodeError as error:
        raise BadSetting(f"{path}: not a model card ({error}). Make the bundle again") from None
    if card.labels != tuple(Label):
        raise BadSetting(
            f"{path}: labels are {', '.join(card.labels)}; must be {', '.join(Label)} in this order"
        )
    if not card.self_test:
        raise BadSetting(f"{path}: no self-test in it. Make the bundle again")
    return card


def read_file(folder: Path, name: str, card: Card) -> bytes:
    """The bytes of a file of the bundle, once their hash is the card's. Raises `BadSetting` naming the file."""
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{path}: cannot be read ({error.strerror}). Install the bundle again") from None
    expected, found = card.files.get(name, "none"), hashlib.sha256(content).hexdigest()
    if expected != found:
        raise BadSetting(
            f"{path}: damaged or of another model: its SHA-256 is {found[:12]}…, the card says {expected[:12]}…. "
            "Install the bundle again"
        )
    return content


def check_answers(where: Path, expected: Sequence[Expectation], answers: Sequence[Sentiment]) -> None:
    """The self-test. Raises `BadSetting` naming the file when the model answers otherwise than its card says."""
    for want, got in zip(expected, answers, strict=True):
        p = (got.p_negative, got.p_neutral, got.p_positive)
        if got.label is not want.label or max(abs(a - b) for a, b in zip(p, want.p, strict=True)) > TOLERANCE:
            raise BadSetting(
                f"{where}: self-test failed: {want.text!r} must be {want.label} {want.p}, the model says "
                f"{got.label} {p}. The files are not of one model; install the bundle again"
            )
