"""Hot words: the words that set some texts apart from what is usual, by log-likelihood.

A word's keyness is Dunning's G² of its count in the texts against its count in the texts before them
(Dunning 1993; Rayson and Garside 2000), each text counting a word once, so that one person who repeats himself
does not make a topic. Words come from a dictionary (jieba's), with the watched names added.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log

import rjieba

from tingchao.text import fold

LEAST_COUNT = 3
NAME_FREQUENCY = 100_000
_NOISE = re.compile(r"https?://\S+|//?@[^\s:：]+[:：]?|@[\w\-·]+|\[[^\[\]]{1,8}\]")
_WORDLIKE = re.compile(r"[一-鿿]{2,}|[a-z][a-z0-9+]{2,}")


@dataclass(frozen=True, slots=True)
class HotWord:
    """`count` texts have it; as many of the texts before would have had it `usual` times. `score` is G²."""

    word: str
    count: int
    usual: float
    score: float
    is_new: bool


class Cutter:
    """Cuts texts into words; `names` stay whole."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._jieba = rjieba.Jieba()
        for name in names:
            if 2 <= len(fold(name).text) <= 20:
                self._jieba.add_word(fold(name).text, NAME_FREQUENCY, "nz")

    def words(self, text: str) -> set[str]:
        """The words of a text that can say something: no links, @names, emoticons, stop words or single characters."""
        folded = fold(_NOISE.sub(" ", text)).text
        return {word for word in self._jieba.cut(folded, False) if _WORDLIKE.fullmatch(word)} - stop_words()


def hot_words(
    texts: Sequence[str],
    before: Sequence[str],
    *,
    cutter: Cutter,
    without: Iterable[str] = (),
    most: int = 20,
) -> list[HotWord]:
    """The words that are more frequent in `texts` than in `before`, hottest first, but for `without`."""
    ignored = {fold(word).text for word in without}
    now, then = _counts(texts, cutter), _counts(before, cutter)
    found = []
    for word, count in now.items():
        if count < LEAST_COUNT or word in ignored:
            continue
        usual = then[word] * len(texts) / len(before) if before else 0.0
        if count > usual:
            score = keyness(count, len(texts), then[word], len(before))
            found.append(HotWord(word, count, round(usual, 2), round(score, 1), not then[word]))
    return sorted(found, key=lambda hot: (-hot.score, -hot.count, hot.word))[:most]


def keyness(count: int, texts: int, before: int, texts_before: int) -> float:
    """Dunning's G² of `count` in `texts` against `before` in `texts_before`; 0 where the shares are equal.

    >>> keyness(5, 100, 5, 100)
    0.0
    """
    if not texts_before:
        return float(count)
    share = (count + before) / (texts + texts_before)
    total = 0.0
    for seen, size in ((count, texts), (before, texts_before)):
        for part, expected in ((seen, size * share), (size - seen, size * (1 - share))):
            if part > 0 and expected > 0:
                total += part * log(part / expected)
    return max(0.0, 2 * total)


@cache
def stop_words() -> frozenset[str]:
    """Words that say nothing about any topic."""
    text = files("tingchao.alerts").joinpath("stop_words.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _counts(texts: Sequence[str], cutter: Cutter) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(cutter.words(text))
    return counts
