"""What every store must find, in which order, and what it must not take for a question."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.contract.stores import HOUR, MINUTE, NOON, a_mention, asking, felt, found
from tingchao.errors import BadInput
from tingchao.mention import (
    Label,
)
from tingchao.store import Scope


def test_words_match_as_the_query_language_says(store):
    store.upsert(
        [
            a_mention(1, "小米SU7在高速上冒烟了"),
            a_mention(2, "今天喝小米粥，training 很累"),
            a_mention(3, "小，米", title="XIAOMI 發布会"),
        ]
    )

    assert found(store, "小米") == {"1", "2"}
    assert found(store, "小米 NOT 小米粥") == {"1"}
    assert found(store, "ai") == set()
    assert found(store, "xiaomi") == {"3"}
    assert found(store, "title:xiaomi 发布") == {"3"}
    assert found(store, "小米 NEAR/7 冒烟") == {"1"}
    assert found(store, "小米 NEAR/6 冒烟") == set()
    assert found(store, "-小米") == {"3"}


def test_hits_come_newest_first_and_ties_by_id(store):
    at_once = [a_mention(number, published_at=NOON) for number in range(30)]
    later = a_mention(99, published_at=NOON + HOUR)
    store.upsert([*at_once, later])
    store.refresh()

    hits = store.search(asking()).hits

    by_id = sorted((mention.id for mention in at_once), reverse=True)
    assert [hit.id for hit in hits] == [later.id, *by_id]


def test_a_window_holds_its_start_and_not_its_end(store):
    store.upsert([a_mention(number) for number in range(5)])

    assert found(store, "", since=NOON + MINUTE, until=NOON + 3 * MINUTE) == {"1", "2"}
    assert found(store, "since:2026-11-24T12:03:00 until:2026-11-24T12:04:00") == {"3"}


@pytest.mark.parametrize(
    "query", ['"', "x OR 1=1 --", '小米" OR "', "{}", "*", "title:*", "\\", "url:*%_", "';"]
)
def test_no_text_reaches_the_language_of_the_store(store, query):
    from tingchao.query import Query, all_of, word
    from tingchao.query.tree import FieldName, InUrl, Is

    store.upsert([a_mention()])
    store.refresh()

    for tree in (word(query), InUrl(query), Is(FieldName.SOURCE, query), Is(FieldName.TOPIC, query)):
        assert store.search(Scope(Query(query, all_of(tree)))).hits == ()
    assert store.count(asking()) == 1


def test_an_unknown_bookmark_is_refused(store):
    for after in ("", "x", "1.2", "1'--", "6923f1a0." + "G" * 32):
        with pytest.raises(BadInput, match="after="):
            store.search(asking(), after=after)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_bound(store, limit):
    with pytest.raises(BadInput, match="limit"):
        store.search(asking(), limit=limit)


def test_paging_shows_each_mention_once_while_writes_go_on(store):
    many = [a_mention(number, published_at=NOON + timedelta(seconds=number // 3)) for number in range(10_500)]
    for at in range(0, len(many), 1_000):
        store.upsert(many[at : at + 1_000])
    store.refresh()
    shown: list[str] = []
    after, pages = None, 0

    while True:
        page = store.search(asking("小米"), limit=1_500, after=after)
        shown += [hit.native_id for hit in page.hits]
        pages += 1
        store.upsert([a_mention(20_000 + pages, published_at=NOON + timedelta(days=1, seconds=pages))])
        store.upsert(
            [replace(many[pages], captured_at=NOON + timedelta(days=2), sentiment=felt(Label.NEUTRAL))]
        )
        store.refresh()
        if page.next is None:
            break
        after = page.next

    assert shown == [
        mention.native_id for mention in sorted(many, key=lambda m: (m.published_at, m.id), reverse=True)
    ]
    assert pages == 7
    assert page.total == 10_500 + 6


def test_export_gives_everything_in_order(store):
    store.upsert([a_mention(number) for number in range(1_200)])
    store.refresh()

    exported = list(store.export(asking("小米")))

    assert [mention.native_id for mention in exported] == [str(number) for number in reversed(range(1_200))]
