"""Which texts seen before may be alike: those that share a band of their sketch, or an article's title."""

from rensa import RMinHash, RMinHashLSH

from tingchao.folding.likeness import BANDS, LIKE, PERMUTATIONS, sketch
from tingchao.folding.saying import LEAST_NEAR, Saying


class Nearby:
    """An index over texts, by their `key`. It finds too much, and hardly ever too little."""

    def __init__(self) -> None:
        self._bands = RMinHashLSH(threshold=LIKE, num_perm=PERMUTATIONS, num_bands=BANDS)
        self._titled: dict[str, set[str]] = {}
        self._last: tuple[str, RMinHash] | None = None

    def candidates(self, one: Saying) -> set[str]:
        """Keys of texts that may be alike; `one` itself may be among them."""
        if len(one.words) < LEAST_NEAR:
            return set()
        found = {f"{key:016x}" for key in self._bands.query(self._sketch(one))}
        return found | self._titled.get(one.title, set()) if one.title else found

    def insert(self, one: Saying) -> None:
        if len(one.words) < LEAST_NEAR:
            return
        self._bands.insert(int(one.key, 16), self._sketch(one))
        if one.title:
            self._titled.setdefault(one.title, set()).add(one.key)

    def remove(self, one: Saying) -> None:
        if len(one.words) < LEAST_NEAR:
            return
        self._bands.remove(int(one.key, 16))
        if one.title:
            same = self._titled[one.title]
            same.discard(one.key)
            if not same:
                del self._titled[one.title]

    def _sketch(self, one: Saying) -> RMinHash:
        if self._last is None or self._last[0] != one.key:
            self._last = (one.key, sketch(one.words))
        return self._last[1]
