"""The heads of a network: which columns of its output answer which question, and what is read from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.reading import EMOTIONS, Abstain, Reading
from tingchao.errors import BadRecord, BadSetting
from tingchao.mention import Label, Sentiment

LABELS = tuple(Label)
"""Negative, neutral, positive. The order also settles ties: the earlier one wins, so a danger is not missed."""

CLASSES: Mapping[str, tuple[str, ...]] = {
    "sentiment": LABELS,
    "target": LABELS,
    "emotion": EMOTIONS,
    "irony": ("normal", "ironic"),
    "offensive": ("normal", "offensive"),
    "complaint": ("intensity",),
    "crisis": (),
}
"""Every head there can be, with its classes in order; those of `crisis` are the card's own."""

ALARMING = 0.5
"""From this probability on, a text is called ironic, offensive, or of a category of crisis."""


@dataclass(frozen=True, slots=True)
class Heads:
    """`classes`: head -> names of its columns, in the order of the columns. Logits are divided by the head's
    `temperature` (1 where it has none); a sentiment less likely than `unsure_below` abstains.

    Raises `BadSetting` for heads or classes that are not ours.
    """

    classes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"sentiment": LABELS})
    temperature: Mapping[str, float] = field(default_factory=dict)
    unsure_below: float = 0.5

    def __post_init__(self) -> None:
        if "sentiment" not in self.classes:
            raise BadSetting(
                f"its heads are {', '.join(self.classes) or 'none'}; there must be one for sentiment"
            )
        for head, classes in self.classes.items():
            known = CLASSES.get(head)
            if known is None:
                raise BadSetting(f"it has a head {head!r}; known are {', '.join(CLASSES)}")
            if known and classes != known:
                raise BadSetting(
                    f"{head} labels are {', '.join(classes)}; must be {', '.join(known)} in this order"
                )
            if not classes or len(set(classes)) != len(classes):
                raise BadSetting(
                    f"{head} labels are {', '.join(classes) or 'none'}; each must have a name of its own"
                )
        for head, degree in self.temperature.items():
            if not 0 < degree < float("inf"):
                raise BadSetting(f"the temperature of {head} is {degree}; must be above 0, such as 1")

    @property
    def width(self) -> int:
        """Columns of the output."""
        return sum(map(len, self.classes.values()))

    @property
    def aims(self) -> bool:
        """Whether the network itself judges towards a target."""
        return "target" in self.classes

    @property
    def plain(self) -> bool:
        """Whether it is a classifier of texts only: it never saw a target, nor a comment above."""
        return set(self.classes) == {"sentiment"}

    def readings(self, logits: NDArray[np.float32], aimed: Sequence[bool]) -> list[Reading]:
        """One for each row of `logits` (rows, width); `aimed` rows are asked about a target.

        Raises `BadRecord` if a logit is not finite: never a neutral by default.
        """
        if not np.isfinite(logits).all():
            broken = int((~np.isfinite(logits).all(axis=1)).sum())
            raise BadRecord(
                f"the model gave no number for {broken} of {len(logits)} texts; they have no sentiment"
            )
        parts = self._parts(logits.astype(np.float64))
        whole = softmax(parts["sentiment"]).tolist()
        towards = softmax(parts["target"]).tolist() if self.aims else whole
        emotion = softmax(parts["emotion"]).tolist() if "emotion" in parts else None
        irony = softmax(parts["irony"])[:, 1].tolist() if "irony" in parts else None
        offensive = softmax(parts["offensive"])[:, 1].tolist() if "offensive" in parts else None
        complaint = parts["complaint"][:, 0].tolist() if "complaint" in parts else None
        crisis = sigmoid(parts["crisis"]).tolist() if "crisis" in parts else None
        return [
            self._reading(towards[row])
            if to_target
            else self._reading(
                whole[row],
                emotion=tuple(emotion[row]) if emotion else (),
                irony=irony[row] if irony else None,
                offensive=offensive[row] if offensive else None,
                complaint=complaint[row] if complaint else None,
                crisis=tuple(crisis[row]) if crisis else (),
            )
            for row, to_target in enumerate(aimed)
        ]

    def _parts(self, logits: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        parts, start = {}, 0
        for head, classes in self.classes.items():
            parts[head] = logits[:, start : start + len(classes)] / self.temperature.get(head, 1.0)
            start += len(classes)
        return parts

    def _reading(self, p: list[float], **rest: object) -> Reading:
        most = max(p)
        why = Abstain.UNSURE if most < self.unsure_below else ""
        return Reading(sentiment=Sentiment(LABELS[p.index(most)], *p), abstain=why, **rest)  # type: ignore[arg-type]


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))
