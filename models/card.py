"""The card of a bundle: which files make the model, what they must answer, and where they come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from models.heads import LABELS, Heads
from models.language import CHINESE
from models.reading import Reading
from tingchao.errors import BadSetting
from tingchao.mention import Label

BUNDLE = Path(__file__).parent / "bundle"
NETWORK, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "card.json"
TOLERANCE = 0.02
"""How far a probability of the self-test may lie from the card's: another processor rounds differently."""

MOST_TOKENS = 512


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text and the probabilities (negative, neutral, positive) that the model must give it, or towards `target`."""

    text: str
    p: tuple[float, float, float]
    target: str | None = None
    context: str | None = None

    @property
    def label(self) -> Label:
        return LABELS[self.p.index(max(self.p))]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """`card.json`. `files` maps each file to its SHA-256; `figures` are for people.

    `heads`, `temperature` and `abstain_below` are those of `models.heads.Heads`; a card without `heads` is of a model
    that knows sentiment only. `languages` are BCP 47 tags of what the model was measured in.
    """

    name: str
    version: str
    labels: tuple[str, ...] = tuple(Label)
    heads: dict[str, tuple[str, ...]] = {}
    temperature: dict[str, float] = {}
    abstain_below: float = 0.5
    languages: tuple[str, ...] = (CHINESE,)
    max_tokens: int
    pad_id: int
    bos_id: int = 0
    eos_id: int = 2
    files: dict[str, str]
    self_test: tuple[Expectation, ...]
    base: str = ""
    licence: str = ""
    texts: str = ""
    figures: dict[str, Any] = {}

    def heads_of(self) -> Heads:
        """Raises `BadSetting` for heads or labels that are not ours, or not in our order."""
        return Heads(self.heads or {"sentiment": self.labels}, self.temperature, self.abstain_below)


def read_card(folder: Path) -> Card:
    """Raises `BadSetting` if there is no readable card, or its labels are not ours in our order."""
    path = folder / CARD
    try:
        card = msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError:
        raise BadSetting(f"{folder}: no {CARD} in it. Make a bundle with python -m models.export") from None
    except msgspec.DecodeError as error:
        raise BadSetting(f"{path}: not a model card ({error}). Make the bundle again") from None
    try:
        card.heads_of()
    except BadSetting as error:
        raise BadSetting(f"{path}: {error}") from None
    if not 16 <= card.max_tokens <= MOST_TOKENS:
        raise BadSetting(f"{path}: max_tokens is {card.max_tokens}; must be from 16 to {MOST_TOKENS}")
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


def check_answers(where: Path, expected: Sequence[Expectation], answers: Sequence[Reading]) -> None:
    """The self-test. Raises `BadSetting` naming the file when the model answers otherwise than its card says."""
    for want, reading in zip(expected, answers, strict=True):
        got = reading.sentiment
        p = (got.p_negative, got.p_neutral, got.p_positive)
        if got.label is not want.label or max(abs(a - b) for a, b in zip(p, want.p, strict=True)) > TOLERANCE:
            towards = f" towards {want.target!r}" if want.target else ""
            raise BadSetting(
                f"{where}: self-test failed: {want.text!r}{towards} must be {want.label} {want.p}, the model says "
                f"{got.label} {p}. The files are not of one model; install the bundle again"
            )
