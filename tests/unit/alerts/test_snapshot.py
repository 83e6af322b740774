import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.observing import NOON, burst, quiet_days, seen
from tingchao.alerts.snapshot import kind_of, restored, snapshot
from tingchao.alerts.state import Decision, Taken, TopicState
from tingchao.mention import Role
from tingchao.store import Document

STORY = [*quiet_days(2), *burst(60, seconds=4), *burst(8, NOON + timedelta(hours=4), first=100)]


class Shelf:
    """Documents in a dict, written one by one so that a kill may fall between any two."""

    def __init__(self) -> None:
        self.kept: dict[str, Document] = {}
        self.stored: set[int] = set()

    def write(self, state: TopicState, killed_after: int | None = None) -> bool:
        written = snapshot(state, self.stored)
        steps = [*written.puts, *((id, None) for id in written.removes)]
        for number, (id, body) in enumerate(steps):
            if number == killed_after:
                return False
            if body is None:
                self.kept.pop(id, None)
            else:
                self.kept[id] = Document(kind_of(state.topic), id, 1, body)
        return True

    def read(self) -> TopicState:
        found = restored("nova", self.kept.values())
        if found is None:
            return TopicState("nova", Role.BRAND)
        state, self.stored = found
        return state


def decide(state: TopicState, story: list) -> list[Decision]:  # type: ignore[type-arg]
    decided: list[Decision] = []
    for each in story:
        decided += state.take(each)[1]
        decided += state.pass_time(state.watermark)
    return decided


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_killed_anywhere_the_same_decisions_come_out(seed: int) -> None:
    chance = random.Random(seed)
    shelf, state = Shelf(), TopicState("nova", Role.BRAND)
    told: dict[Decision, None] = {}
    committed = position = 0
    while position < len(STORY):
        size = chance.randint(1, 40)
        told.update(dict.fromkeys(decide(state, STORY[position : position + size])))
        position = min(position + size, len(STORY))
        fate = chance.random()
        killed_after = chance.randint(0, 3) if 0.2 <= fate < 0.4 else None
        written = fate >= 0.2 and shelf.write(state, killed_after)
        if written and fate >= 0.6:
            committed = position
        elif not written or fate < 0.6:
            state, position = shelf.read(), committed

    assert list(told) == decide(TopicState("nova", Role.BRAND), STORY)


def test_ids_of_quiet_buckets_are_written_once() -> None:
    shelf, state = Shelf(), TopicState("nova", Role.BRAND)
    decide(state, STORY)

    first = snapshot(state, shelf.stored)
    second = snapshot(state, shelf.stored)
    third = snapshot(state, shelf.stored)

    assert [id for id, _ in first.puts] == ["now"]
    assert len(second.puts) > 10
    assert [id for id, _ in third.puts] == ["now"]


def test_documents_of_frozen_buckets_are_removed() -> None:
    shelf, state = Shelf(), TopicState("nova", Role.BRAND)
    decide(state, STORY)
    shelf.write(state)
    shelf.write(state)
    before = len(shelf.kept)
    decide(state, burst(1, NOON + timedelta(days=3), first=500))
    shelf.write(state)

    assert before > 10
    assert set(shelf.kept) == {"now"}


def test_backfill_that_is_delivered_again_after_a_restart_changes_nothing() -> None:
    shelf, state = Shelf(), TopicState("nova", Role.BRAND)
    late = timedelta(days=5)
    backfill = burst(50, NOON - late, late=late, seconds=900)
    decide(state, [seen("live"), *backfill])
    shelf.write(state)
    again = shelf.read()

    taken = [again.take(each)[0] for each in backfill]

    assert set(taken) == {Taken.REPEATED}
    assert again.quarters == state.quarters
    assert (again.heard, again.listening_since) == (state.heard, state.listening_since)


def test_a_topic_never_seen_has_no_state() -> None:
    assert restored("nova", []) is None


def test_what_was_not_read_is_remembered_as_that_and_an_older_snapshot_has_none() -> None:
    shelf, state = Shelf(), TopicState("nova", Role.BRAND)
    decide(state, [seen(n, read=n % 2 == 0) for n in range(10)])
    decide(state, [seen(f"later {n}", NOON + timedelta(days=3), read=n > 0) for n in range(3)])
    shelf.write(state)

    again = shelf.read()

    assert [tuple(each) for each in again.quarters.values()] == [(10, 5, 5)]
    assert [bucket.unread for bucket in again.buckets.values()] == [1]
    document = shelf.kept["now"]
    older = {name: value for name, value in document.body.items() if name != "unread"}
    before = restored("nova", [replace(document, body=older)])
    assert before is not None
    assert [tuple(each) for each in before[0].quarters.values()] == [(10, 5, 0)]
