"""What every store must do with event streams, and with names and bodies of any kind."""

import threading

import pytest

from tingchao.errors import BadInput, StaleVersion


def test_a_stream_grows_and_is_read_from_any_version(store):
    assert store.read("incident:1") == []
    assert store.append("incident:1", 0, [{"n": 1}, {"n": 2}, {"n": 3}]) == 3
    assert store.append("incident:1", 3, [{"n": 4, "text": "文\u2028"}]) == 4

    for after in range(6):
        recorded = store.read("incident:1", after)
        assert [(one.version, one.event["n"]) for one in recorded] == [(n, n) for n in range(after + 1, 5)]
    assert store.read("incident:10") == []


@pytest.mark.parametrize("expected", [0, 1, 2, 4, 99])
def test_append_refuses_a_stale_version_and_says_what_is_there(store, expected):
    store.append("s", 0, [{"n": 1}, {"n": 2}, {"n": 3}])

    with pytest.raises(StaleVersion) as refusal:
        store.append("s", expected, [{"n": 4}])

    assert refusal.value.found == 3
    assert [one.version for one in store.read("s")] == [1, 2, 3]


def test_long_streams_have_no_hole(store):
    version = 0
    for size in (1, 2, 40, 1, 300, 1, 1, 700):
        version = store.append("long", version, [{"size": size}] * size)

    assert [one.version for one in store.read("long")] == list(range(1, version + 1))
    assert [one.version for one in store.read("long", 1_000)] == list(range(1_001, version + 1))


def test_twenty_threads_append_and_no_version_is_lost_or_doubled(store):
    def add(worker: int) -> None:
        version = 0
        for _ in range(200):
            try:
                store.append("shared", version, [{"worker": worker}, {"worker": worker}])
            except StaleVersion as stale:
                version = stale.found
            else:
                return
        raise AssertionError("never came through")

    threads = [threading.Thread(target=add, args=(worker,)) for worker in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    recorded = store.read("shared")
    assert [one.version for one in recorded] == list(range(1, 41))
    pairs = [one.event["worker"] for one in recorded]
    assert pairs[::2] == pairs[1::2]
    assert sorted(pairs[::2]) == list(range(20))


def test_what_is_not_json_is_refused(store):
    for body in ({"x": object()}, {"x": "\ud800"}, {"x": "y" * 1_000_001}):
        with pytest.raises(BadInput):
            store.append("s", 0, [body])
        with pytest.raises(BadInput):
            store.put("k", "i", body)
    assert store.read("s") == []


@pytest.mark.parametrize("name", ["", "a\x00", "\ud800", "长" * 100])
def test_names_of_streams_and_documents_are_bounded(store, name):
    with pytest.raises(BadInput):
        store.append(name, 0, [{}])
    with pytest.raises(BadInput):
        store.put("kind", name, {})
