"""When two texts are nearly the same: one is the other with something added or left out, and nothing turned round.

Three checks, each cheaper than the next: candidates share a band of their MinHash over pieces of three letters; the exact
Jaccard index of those pieces reaches `LIKE`; the difference puts no other words in the place of some (a name for a name,
falls for rises), changes no number, and neither adds nor takes away a word that turns the sense (`不`, `假`, `谣`, `吗`).

Sources: Broder 1997 (shingles, MinHash), Indyk and Motwani 1998 (bands).
"""

import re
from difflib import SequenceMatcher

from rensa import RMinHash

from tingchao.folding.saying import LEAST_NEAR, PIECE, Saying, pieces

LIKE = 0.8
"""Least share of three-letter pieces, of all that either text has, which both must have."""

WITHIN = 0.9
"""With the same title, least share of an article's pieces that a longer one must have: a summary and its article."""

LEAST_WITHIN = 40
"""Letters, title included, that such a summary needs."""

PERMUTATIONS, BANDS = 64, 16
"""A pair at `LIKE` shares no band of four once in 4,800 times."""

SEED = 20_261_124
"""Never to change while a sketch lives."""

LONGEST_DIFFERENCE = 400
"""Letters between the first and the last difference that are looked into; longer ones are no near copy."""

_NUMBER = re.compile(r"[\d一二两三四五六七八九十百千万亿]+(?:[.:/-]\d+)*%?")
_TURNS = frozenset("不没无非别未莫勿否假谣疑骗误吗")


def sketch(words: str) -> RMinHash:
    """The MinHash of a text's pieces."""
    drawn = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    drawn.update(list(pieces(words)))
    return drawn


def alike(one: Saying, other: Saying) -> bool:
    """Whether one is a near copy of the other, whichever came first."""
    short, long = sorted((one.words, other.words), key=len)
    of_short, of_long = pieces(short), pieces(long)
    if len(of_short) + PIECE - 1 < LEAST_NEAR:
        return False
    shared = len(of_short & of_long)
    titled = one.title != "" and one.title == other.title and len(short) >= LEAST_WITHIN
    enough = shared >= LIKE * (len(of_short) + len(of_long) - shared) or (
        titled and shared >= WITHIN * len(of_short)
    )
    return enough and same_sense(short, long)


def same_sense(one: str, other: str) -> bool:
    """Whether two texts differ only by additions and omissions that change no number and turn no sense round."""
    if _contradict(set(_NUMBER.findall(one)), set(_NUMBER.findall(other))):
        return False
    here, there = _middles(one, other)
    if not here or not there:
        return _TURNS.isdisjoint(here) and _TURNS.isdisjoint(there)
    if max(len(here), len(there)) > LONGEST_DIFFERENCE:
        return False
    for change, start, end, start_there, end_there in SequenceMatcher(None, here, there, False).get_opcodes():
        if change == "equal":
            continue
        if change == "replace" or not _TURNS.isdisjoint(here[start:end] + there[start_there:end_there]):
            return False
    return True


def _contradict(one: set[str], other: set[str]) -> bool:
    """Each has what the other has not."""
    return not (one <= other or other <= one)


def _middles(one: str, other: str) -> tuple[str, str]:
    """What is left of two texts without their common start and end."""
    start = _common(one, other)
    one, other = one[start:], other[start:]
    end = _common(one[::-1], other[::-1])
    return one[: len(one) - end], other[: len(other) - end]


def _common(one: str, other: str) -> int:
    """Letters that two texts start with alike."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)
