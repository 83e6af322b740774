"""Score each distinct passage once, also across calls: cascades repeat themselves."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from models import Reading, Scorer
from models.batches import Optional, passages_of
from models.passage import Passage


class CachedScorer:
    """A `Scorer` that remembers the latest `entries` passages (about 1 KB each).

    The key is the passage that the model reads, so an answer is the one that the scorer would give; it holds for
    one model, since the cache lives and dies with its scorer. Not for use by several threads.
    """

    def __init__(self, scorer: Scorer, *, entries: int = 30_000) -> None:
        self.name = scorer.name
        self.heads: Mapping[str, tuple[str, ...]] = scorer.heads
        self.unsure_below = scorer.unsure_below
        self.hits = 0
        self.misses = 0
        self._scorer = scorer
        self._entries = entries
        self._known: OrderedDict[bytes, Reading] = OrderedDict()

    def score(
        self, texts: Sequence[str], targets: Optional = None, contexts: Optional = None
    ) -> list[Reading]:
        """As the scorer it wraps; raises what that raises, and then remembers nothing of the call."""
        keys = [_key(each) for each in passages_of(texts, targets, contexts)]
        new: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key not in self._known:
                new.setdefault(key, position)
        first = list(new.values())
        fresh = self._scorer.score(
            [texts[position] for position in first],
            targets and [targets[position] for position in first],
            contexts and [contexts[position] for position in first],
        )
        answers = dict(zip(new, fresh, strict=True))
        self.misses += len(new)
        self.hits += len(keys) - len(new)
        found = [answers[key] if key in answers else self._known[key] for key in keys]
        self._remember(keys, found)
        return found

    def _remember(self, keys: Sequence[bytes], found: Sequence[Reading]) -> None:
        for key, reading in zip(keys, found, strict=True):
            self._known[key] = reading
            self._known.move_to_end(key)
        while len(self._known) > self._entries:
            self._known.popitem(last=False)


def _key(read: Passage) -> bytes:
    # Passages have no control characters, so the parts cannot run into each other.
    return hashlib.blake2b("\0".join(read).encode(), digest_size=16).digest()
