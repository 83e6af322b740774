"""Strands and what they hang under: a forest, but for rings of echoes that claim each other."""

from collections import OrderedDict
from dataclasses import dataclass

from tingchao.folding.saying import Saying

DEEPEST = 100
"""Echoes of echoes of echoes that are followed to their origin."""

CROWD = 64
"""Texts that a new one is compared with at most, the earliest. A top that is alike so many stays one, whoever comes
earlier: else a template filled in a thousand ways and met from its newest to its oldest would move all each time."""

Order = tuple[int, str, bytes, int]
"""What is earlier: the second by which a mention was surely published, its id and name; and the second that was told."""


@dataclass(slots=True)
class Strand:
    """Mentions that are shown alike: all with equal words (`saying` has them), all echoes of one post, or a single one.

    `first` is the earliest of `mentions`, `near` names the texts that are alike, `over` what it hangs under, `under` what
    hangs under it, and `touched` when something last had to do with it.
    """

    name: str
    saying: Saying | None = None
    mentions: dict[bytes, Order] | None = None
    first: Order = (0, "", b"", 0)
    near: set[str] | None = None
    over: str | None = None
    under: set[str] | None = None
    touched: int = 0

    @property
    def leads_crowd(self) -> bool:
        return self.over is None and self.near is not None and len(self.near) >= CROWD

    def meet(self, other: "Strand") -> None:
        """The two are alike."""
        for one, another in ((self, other), (other, self)):
            one.near = one.near or set()
            one.near.add(another.name)


class Strands(OrderedDict[str, Strand]):
    """Strands by name. What was touched last stands last, so that a top stands behind all that hangs under it."""

    def touch(self, name: str, clock: int) -> None:
        """A strand and all above it were seen just now."""
        for each in self.climb(name):
            self[each].touched = clock
            self.move_to_end(each)

    def hang(self, name: str, over: str | None) -> None:
        strand = self[name]
        if strand.over == over:
            return
        if strand.over is not None:
            under = self[strand.over].under
            if under is not None:
                under.discard(name)
        strand.over = over
        if over is not None:
            above = self[over]
            above.under = above.under or set()
            above.under.add(name)

    def climb(self, name: str) -> list[str]:
        """A strand and those above it, up to the top; a ring of echoes is walked once."""
        path = [name]
        seen = {name}
        while len(path) < DEEPEST:
            over = self[path[-1]].over
            if over is None or over in seen:
                break
            seen.add(over)
            path.append(over)
        return path

    def top(self, name: str) -> str:
        path = self.climb(name)
        over = self[path[-1]].over
        if over in path:  # posts that claim to pass each other on: the least name stands for all
            return min(path[path.index(over) :])
        return path[-1]
