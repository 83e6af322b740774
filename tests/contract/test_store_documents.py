"""What every store must do with documents, and when several programs use it at once."""

import threading

import pytest

from tests.contract.stores import a_mention, asking
from tingchao.errors import StaleVersion
from tingchao.store import open_store


def test_a_document_counts_its_versions(store):
    assert store.find("watchlist", "current") is None
    assert store.put("watchlist", "current", {"topics": []}) == 1
    assert store.put("watchlist", "current", {"topics": ["小米"], "deep": {"n": 2**53 + 1}}, 1) == 2

    document = store.find("watchlist", "current")

    assert document is not None
    assert (document.version, document.body) == (2, {"topics": ["小米"], "deep": {"n": 2**53 + 1}})


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_put_refuses_a_stale_version(store, expected):
    store.put("kind", "id", {"n": 1})

    with pytest.raises(StaleVersion) as refusal:
        store.put("kind", "id", {"n": 2}, expected)

    assert refusal.value.found == 1
    document = store.find("kind", "id")
    assert document is not None
    assert document.body == {"n": 1}


def test_documents_of_a_kind_are_listed_by_id_at_once(store):
    for id in ("b", "a", "c/ 小米?#", "b.1"):
        store.put("worker", id, {"id": id})
    store.put("workers", "other", {})
    store.put("worker", "b", {"id": "b", "again": True})

    listed = store.documents("worker")

    assert [(document.id, document.version) for document in listed] == [
        ("a", 1),
        ("b", 2),
        ("b.1", 1),
        ("c/ 小米?#", 1),
    ]
    assert listed[1].body == {"id": "b", "again": True}


def test_a_removed_document_is_gone_and_may_come_again(store):
    store.put("kind", "id", {})

    assert (store.remove("kind", "id"), store.remove("kind", "id")) == (True, False)
    assert (store.find("kind", "id"), store.documents("kind")) == (None, [])
    assert store.put("kind", "id", {}, 0) == 1


def test_two_openings_of_one_store_see_each_other(store, address):
    with open_store(address) as other:
        store.upsert([a_mention()])
        other.put("kind", "id", {"n": 1})
        other.append("s", 0, [{}])

        assert other.get([a_mention().id]) == [a_mention()]
        assert store.find("kind", "id") is not None
        assert len(store.read("s")) == 1


def test_threads_write_the_same_mentions_and_each_is_there_once(store):
    mentions = [a_mention(number) for number in range(100)]
    created: list[int] = []

    def write(offset: int) -> None:
        done = store.upsert([*mentions[offset:], *mentions[:offset]])
        created.append(done.created)

    threads = [threading.Thread(target=write, args=(10 * worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    store.refresh()
    assert sum(created) == 100
    assert store.count(asking()) == 100


def test_ping_tells_what_it_is(store):
    store.upsert([a_mention()])
    store.refresh()

    assert "1 mentions" in store.ping()
