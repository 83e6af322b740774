"""What a batch teaches: each head by the labels it has, each source within its label space.

A source of two classes says which of the two, and only weakly that it is not neutral: 0.75 of its loss is over
{negative, positive}, 0.25 over all three. "Not negative" is one question with two answers.
"""

from typing import Any, NamedTuple

import torch
from torch.nn import functional

from models.network import columns
from models.train.rows import Space

SMOOTHING = 0.06
"""Share of a label that is spread over the classes (Szegedy et al. 2016): one label in ten is arguable."""

WORTH = {
    "sentiment": 1.0,
    "target": 1.0,
    "emotion": 0.7,
    "irony": 0.4,
    "offensive": 0.3,
    "complaint": 1.5,
    "crisis": 0.3,
}
ABSENT = -100
SPACES = tuple(Space)
TEMPERATURE = 2.0
_FIRST_STATE = 0.1
_AT = columns()


class Labels(NamedTuple):
    """Labels of a batch: head -> tensor, `ABSENT` (NaN for numbers) where a row has none; spaces; weights."""

    heads: dict[str, Any]
    spaces: Any
    weights: Any


def hard_loss(logits: Any, labels: Labels) -> Any:
    """The mean over the rows of what their labels ask for."""
    rows = torch.zeros(len(logits))
    for head, wanted in labels.heads.items():
        found = logits[:, _AT[head]].float()
        if head in ("sentiment", "target"):
            each = _three_way(found, wanted, labels.spaces)
        elif head == "complaint":
            each = _where((found[:, 0] - wanted.nan_to_num()) ** 2, ~wanted.isnan())
        elif head == "crisis":
            present = wanted[:, 0] != ABSENT
            each = _where(
                functional.binary_cross_entropy_with_logits(found, wanted.clamp(min=0), reduction="none").sum(
                    1
                ),
                present,
            )
        else:
            each = _cross_entropy(found, wanted)
        rows = rows + WORTH[head] * each
    return (rows * labels.weights).mean()


def soft_loss(logits: Any, first: Any, wanted: Any, states: Any, asked: dict[str, Any]) -> Any:
    """What a student owes its teacher: its answers at temperature 2 (Hinton et al. 2015) and its first token's state.

    `wanted` are the teacher's columns; `asked`: head -> which rows it is taught on.
    """
    rows = torch.zeros(len(logits))
    for head, which in asked.items():
        theirs, ours = wanted[:, _AT[head]].float(), logits[:, _AT[head]].float()
        if head == "complaint":
            each = (ours[:, 0] - theirs[:, 0]) ** 2
        elif head == "crisis":
            each = functional.binary_cross_entropy_with_logits(ours, theirs.sigmoid(), reduction="none").sum(
                1
            )
        else:
            each = TEMPERATURE**2 * functional.kl_div(
                functional.log_softmax(ours / TEMPERATURE, -1),
                functional.softmax(theirs / TEMPERATURE, -1),
                reduction="none",
            ).sum(-1)
        rows = rows + WORTH[head] * _where(each, which)
    return rows.mean() + _FIRST_STATE * functional.mse_loss(first.float(), states.float())


def _three_way(found: Any, wanted: Any, spaces: Any) -> Any:
    """Cross-entropy within each row's label space."""
    all_three = _cross_entropy(found, wanted)
    side = torch.where(wanted == ABSENT, ABSENT, torch.div(wanted, 2, rounding_mode="floor"))
    two = 0.25 * all_three + 0.75 * _cross_entropy(found[:, [0, 2]], side)
    others = torch.stack([found[:, 0], torch.logsumexp(found[:, 1:], -1)], -1)
    not_negative = _cross_entropy(others, torch.where(wanted == ABSENT, ABSENT, (wanted > 0).long()))
    return torch.where(
        spaces == SPACES.index(Space.TWO),
        two,
        torch.where(spaces == SPACES.index(Space.NOT_NEGATIVE), not_negative, all_three),
    )


def _cross_entropy(found: Any, wanted: Any) -> Any:
    return functional.cross_entropy(
        found, wanted, ignore_index=ABSENT, label_smoothing=SMOOTHING, reduction="none"
    )


def _where(each: Any, which: Any) -> Any:
    return torch.where(which, each, torch.zeros_like(each))
