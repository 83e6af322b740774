"""From texts to sentiments, whatever runs the network: each distinct passage once, in batches of like length.

`score_passages` is the flow that both scorers share; `score_each` keeps the good texts of a call in which some
cannot be scored.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models import Scorer
from models.passage import passage
from tingchao.errors import BadInput, BadRecord
from tingchao.mention import Label, Sentiment

LABELS = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
"""The order of the network's outputs. It also settles ties: the earlier one wins, so a danger is not missed."""

TOKENS_A_BATCH = 1024
PADDING_A_STEP = 8
"""Tokens of padding that widening a batch may add: about what starting another batch costs (measured)."""


UNREAD = Sentiment(label=Label.NEUTRAL, p_negative=1 / 3, p_neutral=1 / 3, p_positive=1 / 3)
"""What an empty text gets: the model has no opinion."""

Infer = Callable[[Sequence[str]], NDArray[np.float32]]
"""Passages in, logits of shape (passages, 3) in the order of `LABELS` out."""


def passages_of(texts: Sequence[str], targets: Sequence[str | None] | None) -> list[str]:
    """What is read of each text. Raises `BadInput` if `targets` has another length or a text is no string."""
    if isinstance(texts, str):
        raise BadInput("score() takes a list of texts; got one text. Put it into a list")
    if targets is not None and len(targets) != len(texts):
        raise BadInput(f"{len(texts)} texts came with {len(targets)} targets; give one for each, or None")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise BadInput(f"text {number} is {type(text).__name__}; texts must be strings")
    return [passage(*pair) for pair in zip(texts, targets or [None] * len(texts), strict=True)]


def score_passages(passages: Sequence[str], infer: Infer) -> list[Sentiment]:
    """One sentiment for each passage; equal ones are inferred once.

    Raises `BadRecord` if the network gave something that is no number: never a neutral by default.
    """
    distinct = list(dict.fromkeys(each for each in passages if each))
    found = {"": UNREAD}
    if distinct:
        found.update(zip(distinct, sentiments(infer(distinct)), strict=True))
    return [found[each] for each in passages]


def sentiments(logits: NDArray[np.float32]) -> list[Sentiment]:
    """Softmax of each row, and its label. Raises `BadRecord` if a logit is not finite."""
    if not np.isfinite(logits).all():
        rows = np.flatnonzero(~np.isfinite(logits).all(axis=1))
        raise BadRecord(
            f"the model gave no number for {len(rows)} of {len(logits)} texts; they have no sentiment"
        )
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    rows_of_p = (powers / powers.sum(axis=1, keepdims=True)).tolist()
    return [Sentiment(LABELS[p.index(max(p))], *p) for p in rows_of_p]


def buckets(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions in batches of like length, shortest first: a batch holds little padding and bounded memory.

    Each batch has at most `TOKENS_A_BATCH` tokens with its padding; a longer text is alone.
    """
    batch: list[int] = []
    width = 0
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[position]
        full = (len(batch) + 1) * length > TOKENS_A_BATCH
        if batch and (full or len(batch) * (length - width) > PADDING_A_STEP):
            yield batch
            batch = []
        batch.append(position)
        width = length
    if batch:
        yield batch


def score_each(
    scorer: Scorer, texts: Sequence[str], targets: Sequence[str | None] | None = None
) -> list[Sentiment | BadRecord]:
    """Like `scorer.score`, but a text that cannot be scored gives its `BadRecord` and spoils no other.

    A call that fails is halved until the bad text is alone, so k bad ones among n cost about k·log2(n) calls.
    """
    if not texts:
        return []
    try:
        return list(scorer.score(texts, targets))
    except BadRecord as reason:
        if len(texts) == 1:
            return [reason]
    half = len(texts) // 2
    first, second = (None, None) if targets is None else (targets[:half], targets[half:])
    return score_each(scorer, texts[:half], first) + score_each(scorer, texts[half:], second)
