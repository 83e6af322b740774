"""Dangers that a text speaks of, by the words of `risk.yaml`, with simple guards against negation and look-alikes.

A few rules, no understanding: they set floors under a grade and mark what a person should read first. The
text comes in folded (`tingchao.text.fold`).
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from ahocorasick_rs import AhoCorasick, MatchKind

from tingchao.errors import BadInput
from tingchao.mention import Risk
from tingchao.text import fold

ONE_WORD, EACH_FURTHER = 0.6, 0.2
GUARDS = ("negations", "harmless")


class RiskRules:
    """The rules of one file, compiled. Reading a text costs microseconds."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self._negations = tuple(fold(word).text for word in rules.get("negations", ()))
        self._longest = max(map(len, self._negations), default=0)
        self._harmless = [fold(word).text for word in rules.get("harmless", ())]
        self._categories: dict[str, tuple[str, ...]] = {}
        for category, entry in rules.items():
            if category in GUARDS:
                continue
            if not isinstance(entry, Mapping) or set(entry) - {"words", "not"} or not entry.get("words"):
                raise BadInput(f"risk rules, {category}: give words: [...], and not: [...] where needed")
            for word in entry["words"]:
                self._add(fold(word).text, category)
            for phrase in entry.get("not", ()):
                self._categories.setdefault(fold(phrase).text, ())
        words = [*self._categories, *self._harmless]
        # Leftmost-longest: a look-alike swallows the word inside it.
        self._words = list(dict.fromkeys(words))
        self._automaton = AhoCorasick(self._words, matchkind=MatchKind.LeftmostLongest)

    @property
    def categories(self) -> frozenset[str]:
        """The names of all dangers."""
        return frozenset(category for categories in self._categories.values() for category in categories)

    def _add(self, word: str, category: str) -> None:
        self._categories[word] = (*self._categories.get(word, ()), category)

    def risks(self, folded: str) -> tuple[Risk, ...]:
        """The dangers in a folded text, most certain first; none where it is an exercise or a denial."""
        found: Counter[str] = Counter()
        for index, start, _ in self._automaton.find_matches_as_indexes(folded):
            word = self._words[index]
            if word in self._harmless:
                return ()
            if not folded[max(0, start - self._longest) : start].endswith(self._negations or ("\0",)):
                found.update(self._categories[word])
        return tuple(
            Risk(category=category, score=round(min(1.0, ONE_WORD + EACH_FURTHER * (count - 1)), 2))
            for category, count in sorted(found.items(), key=lambda each: (-each[1], each[0]))
        )


@cache
def shipped_rules() -> RiskRules:
    """The rules that ship."""
    text = files("tingchao.alerts").joinpath("risk.yaml").read_text("utf-8")
    return RiskRules(yaml.load(text, yaml.CSafeLoader))
