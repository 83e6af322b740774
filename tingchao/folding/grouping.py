"""Who folds under whom, kept up as mentions arrive.

Mentions lie on strands: one for each text (equal words), one for the echoes of each post, one for a mention whose words are
too few. A strand hangs under another or is a top: the echoes of a post under the post's strand; a text under the earliest
top that is `alike` and earlier than it. So a near copy is always compared with its origin itself, and likeness is never
handed on from copy to copy. A group is a top with all that hangs below it; its origin is the top's earliest mention.

The grouping is a function of the set of mentions: in whatever order and however often they arrive, the same mentions
fold under the same origins, as long as all of them are remembered together. They are not when one arrives `window` after
the last that had to do with its group, when more than `room` mentions came between, when more than `NEIGHBOURS` different
texts are alike, or when echoes of echoes go deeper than `DEEPEST`. A group forgotten stays as it was told, and a text that
comes back after that is news again. A new mention costs the same after a million others as after ten, but where an
earlier origin arrives late: then all that has to move moves.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from tingchao.folding.likeness import alike
from tingchao.folding.nearby import Nearby
from tingchao.folding.saying import Saying
from tingchao.folding.strands import CROWD, Order, Strand, Strands
from tingchao.mention import Mention

WINDOW = timedelta(days=14)
ROOM = 200_000
"""Mentions remembered at most."""


class Why(StrEnum):
    """Why a mention is folded."""

    REPOST = "repost"
    SAME = "same"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mention is shown: mentions with the same `fold` are a group, and its origin alone has no `why`.

    `fold` names words, or a post: when they come back after all was forgotten, a second origin has the same name.
    `published_at` is what was first told of the mention, `origin_at` of its origin when this place was told: where an
    earlier origin comes later, only the former one moves, so that whoever follows `origin_at` finds it.
    """

    id: str
    fold: str
    why: Why | None
    published_at: datetime
    origin_at: datetime

    @property
    def folded(self) -> bool:
        return self.why is not None


def placed(mention: Mention, place: Place) -> Mention:
    """`mention` as it is shown at `place`."""
    return replace(
        mention,
        fold=place.fold,
        folded=str(place.why or ""),
        origin_at=place.origin_at if place.folded else None,
    )


@dataclass(frozen=True, slots=True)
class Group:
    """A group as far as it is remembered. `count` has the origin in it; `first_at` is by when that was surely published."""

    fold: str
    origin: str
    first_at: datetime
    count: int
    reasons: Mapping[Why, int]


class Folding:
    """The groups of what was seen lately. Not for several threads at once."""

    def __init__(self, window: timedelta = WINDOW, room: int = ROOM) -> None:
        self._window = int(window.total_seconds())
        self._room = room
        self._strands = Strands()
        self._of: dict[bytes, str] = {}
        """The strand of each mention, by what its source calls it."""
        self._nearby = Nearby()
        self._clock = 0

    def __len__(self) -> int:
        """Mentions remembered."""
        return len(self._of)

    def __contains__(self, name: object) -> bool:
        """Whether the mention with this `Saying.name` is remembered."""
        return name in self._of

    def add(self, sayings: Iterable[Saying]) -> list[Place]:
        """Take mentions in. Returns where each of them is shown, and each other one that moved.

        A mention that is known is only told again: what was said first stays. What is old is forgotten afterwards.
        """
        moved: set[str] = set()
        told: dict[bytes, None] = {}
        for one in sayings:
            self._clock = max(self._clock, one.seen)
            if one.name not in self._of:
                moved |= self._take(one, told)
            self._strands.touch(self._of[one.name], self._clock)
            told[one.name] = None
        places = {place.id: place for place in self._places(moved)}
        for name in told:
            place = self._place(name)
            places[place.id] = place
        self._forget()
        return list(places.values())

    def remove(self, names: Iterable[bytes]) -> list[Place]:
        """Let mentions go that are no more, by `Saying.name`. Returns those that moved: where an origin goes, the next
        earliest takes its place."""
        moved: set[str] = set()
        for name in names:
            if name in self._of:
                moved |= self._let_go(name)
        return list({place.id: place for place in self._places(moved)}.values())

    def place(self, name: bytes) -> Place | None:
        """Where the mention with this `Saying.name` is shown; None if it is not remembered."""
        return self._place(name) if name in self._of else None

    def group(self, fold: str) -> Group | None:
        """The group that is called so, None where it is not remembered or hangs under another by now."""
        if fold not in self._strands or self._strands.top(fold) != fold:
            return None
        top = self._strands[fold]
        places = list(self._places({fold}))
        return Group(
            fold=fold,
            origin=top.first[1],
            first_at=datetime.fromtimestamp(top.first[0], UTC),
            count=len(places),
            reasons=Counter(place.why for place in places if place.why is not None),
        )

    # --- taking in and letting go

    def _take(self, one: Saying, told: dict[bytes, None]) -> set[str]:
        """Put a new mention on its strand. Returns the strands that hang elsewhere now; adds the mention that is its
        strand's first no more to `told`, for that alone moves with no strand."""
        strand = self._strand_for(one)
        order = (one.at, one.id, one.name, one.published)
        self._of[one.name] = strand.name
        moved: set[str] = set()
        if not strand.mentions or order < strand.first:
            if strand.mentions:
                told[strand.first[2]] = None
            strand.first = order
            if strand.saying is not None:
                moved |= self._settle(strand.name)
        strand.mentions = strand.mentions or {}
        strand.mentions[one.name] = order
        echoes = _echoes_of(one.name)
        if echoes in self._strands:
            self._strands.hang(echoes, strand.name)
            moved.add(echoes)
        return moved

    def _strand_for(self, one: Saying) -> Strand:
        if one.echo and one.parent is not None:
            strand = self._strands.setdefault(_echoes_of(one.parent), Strand(_echoes_of(one.parent)))
            if strand.over is None and one.parent in self._of:
                self._strands.hang(strand.name, self._of[one.parent])
            return strand
        strand = self._strands.setdefault(one.key or one.id, Strand(one.key or one.id))
        if one.key and strand.saying is None:
            strand.saying = one
            self._meet(strand, one)
        return strand

    def _meet(self, strand: Strand, one: Saying) -> None:
        """Find the texts that are alike among the earliest that may be, and no more of them once it meets a crowd's top."""
        others = [self._strands[key] for key in self._nearby.candidates(one) if key in self._strands]
        for other in heapq.nsmallest(CROWD, others, key=lambda each: (not each.leads_crowd, each.first)):
            if other.saying is not None and alike(one, other.saying):
                strand.meet(other)
                if other.leads_crowd:
                    break
        self._nearby.insert(one)

    def _let_go(self, name: bytes) -> set[str]:
        strand = self._strands[self._of.pop(name)]
        assert strand.mentions is not None
        order = strand.mentions.pop(name)
        moved: set[str] = set()
        echoes = self._strands.get(_echoes_of(name))
        if echoes is not None:
            self._strands.hang(echoes.name, None)
            moved.add(echoes.name)
        if not strand.mentions:
            later = strand.near or set()
            moved |= strand.under or set()
            self._drop(strand)
            for key in sorted(later, key=lambda each: self._strands[each].first):
                moved |= self._settle(key)
        elif order == strand.first:
            strand.first = min(strand.mentions.values())
            moved.add(strand.name)
            if strand.saying is not None:
                moved |= self._settle(strand.name, *(strand.near or ()))
        return moved

    def _drop(self, strand: Strand) -> None:
        """Take a strand out of everything that knows it."""
        self._strands.hang(strand.name, None)
        for name in tuple(strand.under or ()):
            self._strands.hang(name, None)
        for name in strand.near or ():
            near = self._strands[name].near
            if near is not None:
                near.discard(strand.name)
        if strand.saying is not None:
            self._nearby.remove(strand.saying)
        del self._strands[strand.name]

    def _forget(self) -> None:
        """Drop the strands that nothing has touched for `window`, and the oldest where there is no more room."""
        while self._strands:
            oldest = next(iter(self._strands.values()))
            if oldest.touched >= self._clock - self._window and len(self._of) <= self._room:
                return
            for name in oldest.mentions or ():
                del self._of[name]
            self._drop(oldest)

    # --- what hangs under what

    def _settle(self, *names: str) -> set[str]:
        """Find the leaders of these texts, and of those after them that this bears on, the earliest first. Returns
        the texts that hang elsewhere now."""
        moved: set[str] = set()
        due = [(self._strands[name].first, name) for name in names]
        heapq.heapify(due)
        settled: set[str] = set()
        while due:
            _, name = heapq.heappop(due)
            if name in settled:
                continue
            settled.add(name)
            strand = self._strands[name]
            was, leader = strand.over, self._leader(strand)
            if leader != was:
                moved.add(name)
                self._strands.hang(name, leader)
                if leader is not None:
                    self._strands.touch(leader, self._clock)
            if (leader != was or name in names) and None in (leader, was):
                for other in strand.near or ():
                    if self._strands[other].first > strand.first:
                        heapq.heappush(due, (self._strands[other].first, other))
        return moved

    def _leader(self, strand: Strand) -> str | None:
        """The earliest top before this text that is alike; the top of a crowd has none, and leads whoever it is alike."""
        if strand.leads_crowd:
            return None
        tops = [
            other
            for other in (self._strands[name] for name in strand.near or ())
            if other.over is None and (other.first < strand.first or other.leads_crowd)
        ]
        return min(tops, key=lambda top: top.first).name if tops else None

    # --- where mentions are shown

    def _places(self, names: Iterable[str]) -> Iterator[Place]:
        """The places of all mentions at and below these strands that are still remembered."""
        due = [name for name in names if name in self._strands]
        seen: set[str] = set()
        while due:
            name = due.pop()
            if name in seen:
                continue
            seen.add(name)
            strand = self._strands[name]
            due.extend(strand.under or ())
            top = self._strands[self._strands.top(name)]
            for order in (strand.mentions or {}).values():
                yield _placed(order, strand, top)

    def _place(self, name: bytes) -> Place:
        strand = self._strands[self._of[name]]
        assert strand.mentions is not None
        return _placed(strand.mentions[name], strand, self._strands[self._strands.top(strand.name)])


def _placed(order: Order, strand: Strand, top: Strand) -> Place:
    why: Why | None
    if strand is top and order == top.first:
        why = None
    elif strand.saying is None:
        why = Why.REPOST
    else:
        why = Why.SAME if strand is top else Why.NEAR
    return Place(order[1], top.name, why, _moment(order), _moment(top.first))


def _echoes_of(name: bytes) -> str:
    return f"r{name.hex()}"


def _moment(order: Order) -> datetime:
    return datetime.fromtimestamp(order[3], UTC)
