"""Which spans of a text moved its score: each is taken out in turn, and the score taken again (occlusion; Zeiler and
Fergus 2014). Clauses first, then the words of the clause that moved it most; at most `2 * PIECES` scorings a text.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

from models.passage import LONGEST_TEXT
from tingchao.query.matching import occurrences
from tingchao.text import fold

PIECES = 16
SHOWN = 8
LEAST = 0.01
"""A span that moves the score by less is not told."""

_CLAUSE = re.compile(r"[^，。！？；、：,.!?;:…\s]+[，。！？；、：,.!?;:…\s]*|[，。！？；、：,.!?;:…\s]+")

Score = Callable[[Sequence[str]], Sequence[float]]
"""Texts in, for each the number that is explained."""


class Moved(msgspec.Struct, frozen=True):
    """`effect` is how much the number falls without `text`, which is [start, end) of the original, in code points."""

    start: int
    end: int
    text: str
    effect: float


Span = tuple[int, int]


def explain(text: str, score: Score, target: str | None = None) -> list[Moved]:
    """The spans that moved the score of `text`, the strongest first. The target's own name is never taken out."""
    text = text[:LONGEST_TEXT]
    (whole,) = score([text])
    clauses = gathered([match.span() for match in _CLAUSE.finditer(text)])
    moved = _moved(text, clauses, whole, score, target)
    if moved:
        first = max(moved, key=lambda each: abs(each.effect))
        words = gathered(_words(text, (first.start, first.end)))
        if len(words) > 1:
            moved = [each for each in moved if each is not first] + _moved(text, words, whole, score, target)
    telling = [each for each in moved if abs(each.effect) >= LEAST and each.text.strip()]
    return sorted(telling, key=lambda each: (-abs(each.effect), each.start))[:SHOWN]


def gathered(spans: Sequence[Span], most: int = PIECES) -> list[Span]:
    """Neighbours joined until at most `most` remain.

    >>> gathered([(0, 2), (2, 3), (3, 9)], most=2)
    [(0, 3), (3, 9)]
    """
    each = -(-len(spans) // most) or 1
    return [(spans[at][0], spans[min(at + each, len(spans)) - 1][1]) for at in range(0, len(spans), each)]


def _moved(text: str, spans: Sequence[Span], whole: float, score: Score, target: str | None) -> list[Moved]:
    kept = _named(text, target)
    spans = [span for span in spans if not kept.issuperset(range(*span))]
    without = [
        text[:start] + "".join(text[at] for at in range(start, end) if at in kept) + text[end:]
        for start, end in spans
    ]
    return [
        Moved(start, end, text[start:end], round(whole - left, 4))
        for (start, end), left in zip(spans, score(without), strict=True)
    ]


def _named(text: str, target: str | None) -> frozenset[int]:
    """The places that belong to the target's name, where the matcher finds it: of Latin letters only as a whole word."""
    if not target or not fold(target).text:
        return frozenset()
    folded = fold(text)
    spots = occurrences(target, folded.text)
    return frozenset(at for spot in spots for at in range(*folded.span(*spot)))


def _words(text: str, span: Span) -> list[Span]:
    import rjieba

    start, end = span
    words = []
    for word in rjieba.cut(text[start:end]):
        words.append((start, start + len(word)))
        start += len(word)
    return words
