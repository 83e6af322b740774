"""Who reads what on the embedded bus: decided from the living members alone, so that all agree. Pure.

A slot is one partition of one topic, a small number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LEASE_SECONDS = 8.0
NEVER = float("-inf")
"""When a member known to be dead was last seen, as far as its lease goes."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a member has said of itself: the topics it reads, and when it last said so (monotonic seconds)."""

    topics: tuple[str, ...]
    seen: float

    def holds(self, now: float) -> bool:
        """Whether it counts at `now`. A `seen` in the future of the machine's clock is from before a reboot."""
        return now - LEASE_SECONDS <= self.seen <= now + 1.0


@dataclass(frozen=True, slots=True)
class Moves:
    """What one member has to do so that everybody gets their share."""

    renew: bool
    gone: list[str]
    give: list[int]
    take: list[int]

    def __bool__(self) -> bool:
        return bool(self.renew or self.gone or self.give or self.take)


def moves(
    name: str,
    topics: tuple[str, ...],
    leases: Mapping[str, Lease],
    slots: Mapping[str, Iterable[int]],
    owners: Mapping[int, str | None],
    now: float,
) -> Moves:
    """What member `name` has to do, given all leases, the slots of each topic, and who owns each slot.

    A slot is taken only when nobody living owns it: its owner gives it back by itself, between two batches.
    """
    living = {member: lease.topics for member, lease in leases.items() if lease.holds(now)}
    renew = name not in living
    living[name] = topics
    mine = shares(living, slots)[name]
    ours = {slot for slot, owner in owners.items() if owner == name}
    return Moves(
        renew=renew,
        gone=sorted(member for member in leases if member not in living),
        give=sorted(ours - mine),
        take=sorted(slot for slot in mine - ours if owners.get(slot) not in living),
    )


def shares(members: Mapping[str, Iterable[str]], slots: Mapping[str, Iterable[int]]) -> dict[str, set[int]]:
    """Each topic's slots, dealt in turn to the members that read it, in the order of their names."""
    dealt: dict[str, set[int]] = {member: set() for member in members}
    for topic, its in slots.items():
        takers = sorted(member for member, topics in members.items() if topic in topics)
        for place, slot in enumerate(sorted(its) if takers else ()):
            dealt[takers[place % len(takers)]].add(slot)
    return dealt
