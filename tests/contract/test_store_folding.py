"""What every store must do with mentions that are shown under another one."""

import apsw
import pytest
import requests
from msgspec.structs import replace

from tests.contract.stores import HOUR, NOON, a_mention, about, asking, found
from tingchao.folding import Place, Why
from tingchao.mention import Mention
from tingchao.query import parse
from tingchao.store import Facet, Scope, Store, open_store


def shown(store: Store, query: str = "", **window: object) -> tuple[set[str], int]:
    store.refresh()
    scope = Scope(parse(query), unfolded=False, **window)  # type: ignore[arg-type]
    page = store.search(scope)
    assert store.count(scope) == page.total == sum(each.total for each in store.timeline(scope, HOUR))
    assert {each.id for each in store.export(scope)} == {each.id for each in page.hits}
    return {each.native_id for each in page.hits}, page.total


def at(mention: Mention, why: Why | None = None, under: Mention | None = None, fold: str = "f1") -> Place:
    return Place(mention.id, fold, why, mention.published_at, (under or mention).published_at)


def test_what_is_folded_is_left_out_where_only_what_is_shown_is_asked_for(store):
    origin, copy, alone = (a_mention(number, matches=about("xiaomi")) for number in (0, 60, 120))
    store.upsert([origin, copy, alone])

    assert store.refold([at(origin), at(copy, Why.SAME, origin), at(alone, fold="f2")]) == 3

    assert shown(store) == shown(store, "topic:xiaomi") == shown(store, "小米") == ({"0", "120"}, 2)
    assert found(store, "") == found(store, "topic:xiaomi") == {"0", "60", "120"}
    assert store.count(asking()) == 3


def test_a_copy_is_shown_where_its_origin_is_not_in_the_time_asked_for(store):
    origin, copy = a_mention(0), a_mention(60)
    store.upsert([origin, copy])
    store.refold([at(origin), at(copy, Why.NEAR, origin)])

    assert shown(store, since=NOON) == ({"0"}, 1)
    assert shown(store, since=NOON + HOUR) == ({"60"}, 1)
    assert shown(store, 'since:"2026-11-24 12:30"') == ({"60"}, 1)
    assert shown(store, until=NOON) == (set(), 0)


def test_a_group_and_what_is_folded_can_be_asked_for(store):
    origin, copy, alone = a_mention(0), a_mention(1), a_mention(2)
    store.upsert([origin, copy, alone])
    store.refold([at(origin), at(copy, Why.REPOST, origin), at(alone, fold="f2")])

    assert found(store, "fold:f1") == {"0", "1"}
    assert found(store, "fold:f1 -has:folded") == {"0"}
    assert found(store, "has:folded") == found(store, "小米 has:folded") == {"1"}
    assert found(store, "fold:(f2 OR f3)") == found(store, "-fold:f1") == {"2"}
    assert store.facet(asking(), Facet.HAS) == [("folded", 1)]


def test_folding_changes_where_a_mention_is_shown_and_nothing_else(store):
    origin, copy = a_mention(0, title="题"), a_mention(1, matches=about("xiaomi"))
    store.upsert([origin, copy])
    places = [at(origin), at(copy, Why.SAME, origin), at(a_mention(9)), replace_id(at(copy), "no id")]

    assert store.refold(places) == 2
    assert store.refold(places) == 0

    assert store.get([origin.id, copy.id]) == [
        replace(origin, fold="f1"),
        replace(copy, fold="f1", folded="same", origin_at=origin.published_at),
    ]
    assert store.refold([at(copy)]) == 1
    assert store.get([copy.id]) == [replace(copy, fold="f1")]
    assert shown(store)[1] == 2
    assert store.facet(asking("topic:xiaomi"), Facet.HAS) == []


def replace_id(place: Place, id: str) -> Place:
    return Place(id, place.fold, place.why, place.published_at, place.origin_at)


def test_a_copy_that_is_crawled_again_stays_folded(store):
    copy = a_mention(1, fold="f1", folded="same", origin_at=NOON)
    store.upsert([copy])
    later = replace(copy, captured_at=copy.captured_at + HOUR, fold="f2", folded="", origin_at=None)

    store.upsert([later])

    assert store.get([copy.id]) == [replace(copy, captured_at=later.captured_at)]
    assert shown(store)[1] == 0


def test_a_mention_of_before_folding_takes_the_first_place_it_is_told(store):
    plain = a_mention(1)
    store.upsert([plain])
    store.upsert(
        [replace(plain, captured_at=plain.captured_at + HOUR, fold="f1", folded="near", origin_at=NOON)]
    )

    assert found(store, "fold:f1 has:folded") == {"1"}
    assert shown(store)[1] == 0


def test_deleting_a_folded_mention_leaves_the_counts_right(store):
    copy = a_mention(1, fold="f1", folded="same", origin_at=NOON)
    store.upsert([copy, a_mention(2, fold="f2")])

    store.delete([copy.id])

    assert shown(store) == ({"2"}, 1)
    assert found(store, "has:folded") == found(store, "fold:f1") == set()


def test_a_store_of_before_folding_opens_and_folds(address):
    origin, copy = a_mention(0), a_mention(1, matches=about("xiaomi"))
    with open_store(address) as store:
        store.upsert([origin, copy])
    _back_in_time(address)

    with open_store(address) as store:
        assert store.get([origin.id]) == [origin]
        assert shown(store)[1] == 2
        assert store.refold([at(origin), at(copy, Why.SAME, origin)]) == 2
        store.upsert([a_mention(2, fold="f3")])
        assert shown(store) == ({"0", "2"}, 2)
        assert found(store, "topic:xiaomi has:folded") == {"1"}


def _back_in_time(address: str) -> None:
    """Make the store one that was written before folding was known."""
    if address.startswith("sqlite"):
        database = apsw.Connection(address.removeprefix("sqlite:///"))
        database.execute(
            "DROP INDEX mention_fold; ALTER TABLE mention DROP COLUMN fold; ALTER TABLE mention DROP COLUMN folded; "
            "ALTER TABLE fact DROP COLUMN origin; PRAGMA user_version=2"
        )
        database.close()
        return
    server, _, prefix = address.rpartition("/")
    index = f"{server}/{prefix}-mentions-2026-11"
    was = requests.get(index, timeout=30).json()[f"{prefix}-mentions-2026-11"]
    properties = was["mappings"]["properties"]
    for name in ("fold", "folded", "origin_at"):
        properties.pop(name)
    requests.post(f"{index}/_refresh", timeout=30).raise_for_status()
    hits = requests.get(f"{index}/_search", timeout=30).json()["hits"]["hits"]
    requests.delete(index, timeout=30).raise_for_status()
    requests.delete(f"{server}/_index_template/{prefix}-mentions", timeout=30).raise_for_status()
    body = {"mappings": was["mappings"], "aliases": was["aliases"]}
    requests.put(index, json=body, timeout=30).raise_for_status()
    for hit in hits:
        source = {name: value for name, value in hit["_source"].items() if name in properties}
        requests.put(f"{index}/_doc/{hit['_id']}", json=source, timeout=30).raise_for_status()


@pytest.mark.parametrize("number", [1, 40])
def test_pages_of_what_is_shown_hold_together(store, number):
    mentions = [a_mention(n, fold=f"f{n // 2}", **folded(n)) for n in range(2 * number)]
    store.upsert(mentions)
    store.refresh()
    seen: list[str] = []
    after = None
    while True:
        page = store.search(Scope(since=NOON, unfolded=False), limit=7, after=after)
        assert page.total == number
        seen += [each.native_id for each in page.hits]
        after = page.next
        if after is None:
            break

    assert seen == [str(n) for n in range(2 * number - 2, -1, -2)]


def folded(n: int) -> dict[str, object]:
    return {"folded": "same", "origin_at": a_mention(n - 1).published_at} if n % 2 else {}
