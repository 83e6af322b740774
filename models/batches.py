"""From texts to readings, whatever runs the network: each distinct passage once, in batches of like length.

`score_passages` is the flow that both scorers share; `score_each` keeps the good texts of a call in which some
cannot be scored.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models import Scorer
from models.heads import Heads
from models.language import CHINESE
from models.passage import Passage, passage
from models.reading import UNREAD, Abstain, Reading
from models.unread import why_unread
from tingchao.errors import BadInput, BadRecord

MAX_TOKENS = 256
"""Tokens of a text that are read. Training reads 128; reading twice as many costs only where a text is long, and of
419 long dev texts five more come out right and none less."""

TOKENS_A_BATCH = 1024
PADDING_A_STEP = 8
"""Tokens of padding that widening a batch may add: about what starting another batch costs (measured)."""

_SENTENCE = re.compile(r"[^。!?;…\n]+[。!?;…\n]*|[。!?;…\n]+")
_UNMARKED = str.maketrans("", "", "〖〗")

Optional = Sequence[str | None] | None


class Runtime(Protocol):
    """What runs a network. `mute` are the ids that say nothing: control tokens, the blank, the unknown."""

    heads: Heads
    pad: int
    mute: frozenset[int]

    def encode(self, passages: Sequence[Passage]) -> list[list[int]]:
        """The network's input for each passage, not padded."""
        ...

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits of shape (texts, `heads.width`)."""
        ...


def passages_of(texts: Sequence[str], targets: Optional = None, contexts: Optional = None) -> list[Passage]:
    """What is read of each text. Raises `BadInput` if the lengths differ or something is no string."""
    if isinstance(texts, str):
        raise BadInput("score() takes a list of texts; got one text. Put it into a list")
    asked = {"targets": targets, "contexts": contexts}
    for name, each in asked.items():
        if each is not None and len(each) != len(texts):
            raise BadInput(f"{len(texts)} texts came with {len(each)} {name}; give one for each, or None")
    nothing = [None] * len(texts)
    rows = list(zip(texts, targets or nothing, contexts or nothing, strict=True))
    for number, (text, *others) in enumerate(rows):
        if not isinstance(text, str):
            raise BadInput(f"text {number} is {type(text).__name__}; texts must be strings")
        if any(not isinstance(other, str | None) for other in others):
            raise BadInput(f"text {number} has a target or context that is no string; use a string or None")
    return [passage(*row) for row in rows]


def score_passages(
    passages: Sequence[Passage], runtime: Runtime, languages: Collection[str] = (CHINESE,)
) -> list[Reading]:
    """One reading for each passage; equal ones are inferred once, and those with nothing to read never.

    Raises `BadRecord` if the network gave something that is no number.
    """
    found: dict[Passage, Reading] = {}
    shown: dict[Passage, Passage] = {}
    for each in dict.fromkeys(passages):
        why = why_unread(each, languages)
        if why:
            found[each] = UNREAD[why]
        else:
            shown[each] = _shown(each, runtime.heads)
    answers = _infer(list(dict.fromkeys(shown.values())), runtime)
    found.update((each, answers[seen]) for each, seen in shown.items())
    return [found[each] for each in passages]


def _shown(asked: Passage, heads: Heads) -> Passage:
    """What a network is given that cannot be told a target: the sentences that name it, or the whole text."""
    if heads.aims:
        return asked
    context = "" if heads.plain else asked.context
    if not asked.target:
        return Passage(asked.text, "", context)
    naming = [sentence for sentence in _SENTENCE.findall(asked.text) if "〖" in sentence]
    return Passage(("".join(naming) or asked.text).translate(_UNMARKED).strip(), "", context)


def _infer(passages: Sequence[Passage], runtime: Runtime) -> dict[Passage, Reading]:
    ids = runtime.encode(passages)
    known = [position for position, row in enumerate(ids) if not runtime.mute.issuperset(row)]
    found = dict.fromkeys(passages, UNREAD[Abstain.UNKNOWN])
    logits = np.empty((len(known), runtime.heads.width), np.float32)
    for batch in buckets([len(ids[position]) for position in known]):
        rows = [ids[known[place]] for place in batch]
        logits[batch] = runtime.run(*padded(rows, runtime.pad))
    read = [passages[position] for position in known]
    found.update(zip(read, runtime.heads.readings(logits, [bool(each.target) for each in read]), strict=True))
    return found


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask, each of shape (rows, longest)."""
    shape = len(rows), max(map(len, rows))
    ids, mask = np.full(shape, pad, np.int64), np.zeros(shape, np.int64)
    for line, row in enumerate(rows):
        ids[line, : len(row)] = row
        mask[line, : len(row)] = 1
    return ids, mask


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
    scorer: Scorer, texts: Sequence[str], targets: Optional = None, contexts: Optional = None
) -> list[Reading | BadRecord]:
    """Like `scorer.score`, but a text that cannot be scored gives its `BadRecord` and spoils no other.

    A call that fails is halved until the bad text is alone, so k bad ones among n cost about k·log2(n) calls.
    """
    if not texts:
        return []
    try:
        return list(scorer.score(texts, targets, contexts))
    except BadRecord as reason:
        if len(texts) == 1:
            return [reason]
    half = len(texts) // 2
    return [
        found
        for part in (slice(half), slice(half, None))
        for found in score_each(scorer, texts[part], targets and targets[part], contexts and contexts[part])
    ]
