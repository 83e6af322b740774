"""A mention in, its topics out: an automaton finds the few topics that can match, their trees decide."""

from collections import defaultdict

from ahocorasick_rs import AhoCorasick, MatchKind

from tingchao.mention import Match
from tingchao.query import And, Hit, InTitle, Near, Node, Or, Query, Subject, Word, match, spots
from tingchao.query.matching import holds, needle
from tingchao.watchlist.topics import Watchlist

MAX_TERMS = 20


class Matcher:
    """Matches subjects against every topic of one watchlist. Never changes, so that threads may share it."""

    def __init__(self, watchlist: Watchlist) -> None:
        self.watchlist = watchlist
        self._queries = [Query(topic.query, topic.tree) for topic in watchlist.topics]
        self._always: list[int] = []
        waiting: dict[str, list[int]] = defaultdict(list)
        for index, query in enumerate(self._queries):
            required = _required(query.root)
            if required is None:
                self._always.append(index)
            for text in required or ():
                waiting[text].append(index)
        self._waiting = list(waiting.values())
        self._automaton = AhoCorasick(list(waiting), matchkind=MatchKind.Standard)

    def match(self, subject: Subject) -> tuple[Match, ...]:
        """The topics that `subject` is about, in the watchlist's order, each with at most `MAX_TERMS` words found."""
        return tuple(self._found(index, subject) for index in self._matching(subject))

    def explain(self, subject: Subject) -> tuple[tuple[Match, tuple[Hit, ...]], ...]:
        """As `match`, with the places in the original title, text or URL."""
        return tuple(
            (self._found(index, subject), match(self._queries[index], subject) or ())
            for index in self._matching(subject)
        )

    def _found(self, index: int, subject: Subject) -> Match:
        topic = self.watchlist.topics[index]
        terms = dict.fromkeys(spot.term for spot in spots(self._queries[index].root, subject))
        return Match(topic.id, topic.role, tuple(terms)[:MAX_TERMS])

    def _matching(self, subject: Subject) -> list[int]:
        return [index for index in self._candidates(subject) if holds(self._queries[index].root, subject)]

    def _candidates(self, subject: Subject) -> list[int]:
        """The topics that can match at all: those with a word of theirs in the text, and those that need none."""
        candidates = set(self._always)
        text = f"{subject.title.text}\n{subject.text.text}" if subject.title.text else subject.text.text
        for pattern in {
            found[0] for found in self._automaton.find_matches_as_indexes(text, overlapping=True)
        }:
            candidates.update(self._waiting[pattern])
        return sorted(candidates)


def _required(node: Node) -> frozenset[str] | None:
    """Folded words of which a matching title or text holds at least one; None if it need not hold any."""
    match node:
        case Word(text=text) | InTitle(word=Word(text=text)):
            return frozenset([needle(text).text])
        case Near(left=left, right=right):
            return _best([_required(left), _required(right)])
        case And(children=children):
            return _best([_required(child) for child in children])
        case Or(children=children):
            parts = [_required(child) for child in children]
            return None if None in parts else frozenset().union(*(part for part in parts if part))
        case _:
            return None


def _best(choices: list[frozenset[str] | None]) -> frozenset[str] | None:
    """Of several requirements the one that fewest texts meet: its shortest word is longest, then it is smallest."""
    real = [choice for choice in choices if choice is not None]
    return max(real, key=lambda choice: (min(map(len, choice), default=99), -len(choice)), default=None)
