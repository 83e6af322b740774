from typing import Any, NamedTuple

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from stream.counting import FAR, RECENT, Marks, keep
from tingchao.errors import StaleVersion
from tingchao.mention import mention_id
from tingchao.store import Store


class One(NamedTuple):
    partition: int
    offset: int
    mention: str


def one(offset: int, partition: int = 0) -> One:
    return One(partition, offset, mention_id("forum", f"{partition}/{offset}"))


def test_a_message_that_comes_again_is_not_counted_again():
    _, marks = Marks().new([one(0), one(1)])

    fresh, _ = marks.new([one(1), one(2)])

    assert fresh == [one(2)]


def test_partitions_are_counted_each_by_itself():
    _, marks = Marks().new([one(7, partition=0)])

    fresh, _ = marks.new([one(3, partition=1)])

    assert fresh == [one(3, partition=1)]


def test_a_mention_that_enrich_published_twice_is_counted_once():
    _, marks = Marks().new([one(0)])

    fresh, after = marks.new([One(0, 1, one(0).mention)])

    assert fresh == []
    assert after.next == {"0": 2}


def test_what_is_remembered_of_mentions_is_bounded():
    _, marks = Marks().new([one(offset) for offset in range(RECENT + 500)])

    assert len(marks.recent) == RECENT


def test_on_a_bus_that_was_made_anew_counting_begins_anew_and_the_log_says_so():
    marks = Marks({"0": FAR, "1": 7})

    with structlog.testing.capture_logs() as logs:
        fresh, after = marks.new([one(0), one(1), one(3, partition=1)])

    assert fresh == [one(0), one(1)]
    assert after.next == {"0": 2, "1": 7}
    assert [(line["event"], line["partition"]) for line in logs] == [("the bus was made anew", "0")]


@given(st.lists(st.integers(0, 30), max_size=12))
def test_however_often_a_partition_is_read_again_from_an_earlier_place_each_message_counts_once(places):
    marks, counted = Marks(), []
    read = 0
    for place in places:
        again = [one(offset) for offset in range(min(place, read), place + 1)]
        fresh, marks = marks.new(again)
        counted += fresh
        read = max(read, place + 1)

    assert counted == [one(offset) for offset in range(read)]


def test_a_document_that_somebody_else_wrote_meanwhile_is_read_again(store: Store):
    tries = []

    def change(body: Any) -> tuple[dict[str, int], int]:
        tries.append(body)
        if len(tries) == 1:
            store.put("count", "a", {"n": 10})
        return {"n": (body or {"n": 0})["n"] + 1}, len(tries)

    assert keep(store, "count", "a", change) == 2

    assert tries == [None, {"n": 10}]
    found = store.find("count", "a")
    assert found is not None
    assert found.body == {"n": 11}


def test_who_never_gets_a_word_in_gives_up(store: Store):
    def change(_: Any) -> tuple[dict[str, int], int]:
        store.put("count", "a", {})
        return {}, 0

    with pytest.raises(StaleVersion):
        keep(store, "count", "a", change)
