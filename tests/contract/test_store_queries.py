"""SQLite, Elasticsearch and the matcher give the same answer to any query over any mentions."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.contract.stores import STORES, store_address
from tingchao.mention import Mention
from tingchao.query import Node, Query, Subject, match, parse, to_text
from tingchao.store import Scope, Store, open_store
from tingchao.store.rules import seconds, window

MANY = st.lists(strategies.mentions(), min_size=12, max_size=30, unique_by=lambda mention: mention.id)
TREES = st.lists(strategies.trees, min_size=20, max_size=20)
WORD_TREES = st.lists(strategies.word_trees, min_size=20, max_size=20)

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    for address in store_address(request, tmp_path_factory.mktemp("queries")):
        with open_store(address) as opened:
            yield opened


def answers_agree(store: Store, mentions: list[Mention], trees: list[Node]) -> None:
    store.upsert(mentions)
    store.refresh()
    newest_first = sorted(mentions, key=lambda mention: (mention.published_at, mention.id), reverse=True)
    subjects = [(mention.id, Subject.of(mention)) for mention in newest_first]
    try:
        for tree in trees:
            query = Query("", tree)
            wanted = [id for id, subject in subjects if match(query, subject) is not None]
            page = store.search(Scope(query))
            assert [hit.id for hit in page.hits] == wanted, tree
            assert page.total == store.count(Scope(query)) == len(wanted), tree
            low, high = window(Scope(query))
            shown = [
                each.id
                for each in page.hits
                if not (each.origin_at and low <= seconds(each.origin_at) < high)
            ]
            page = store.search(Scope(query, unfolded=False))
            assert [hit.id for hit in page.hits] == shown, tree
            assert page.total == store.count(Scope(query, unfolded=False)) == len(shown), tree
    finally:
        store.delete([mention.id for mention in mentions])
        store.refresh()


@settings(QUIET, max_examples=12)
@given(MANY, TREES)
def test_random_trees_over_random_mentions(store, mentions, trees):
    answers_agree(store, mentions, trees)


@settings(QUIET, max_examples=10)
@given(MANY, WORD_TREES)
def test_random_words_and_nearness(store, mentions, trees):
    answers_agree(store, mentions, trees)


@settings(QUIET, max_examples=5)
@given(st.lists(strategies.any_texts, min_size=1, max_size=30))
def test_any_text_finds_itself_if_it_can_be_searched(store, texts):
    """Whole texts as phrases, written out and parsed again."""
    trees = [strategies.word(text) for text in texts if strategies.fold(text).text][:30]
    readable = [parse(to_text(tree)).root for tree in trees if len(to_text(tree)) < 1_000]
    mentions = [
        Mention(
            id=f"{number:032x}",
            source="any",
            kind=strategies.Kind.POST,
            native_id=str(number),
            text=text.encode("utf-8", "replace").decode(),
            published_at=strategies.MIDNIGHT,
            captured_at=strategies.MIDNIGHT,
        )
        for number, text in enumerate(texts)
    ]

    answers_agree(store, mentions, readable)
