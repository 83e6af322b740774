"""What the work on models asks of a store holds on both kinds: compare-and-set counts, and history scored again."""

from datetime import timedelta

import pytest

from stream.rescore import Asked, rescore, runs
from stream.shadow import Shadow, agreements
from tests.unit.stream.doors import NOON
from tests.unit.stream.second import WATCHLIST, captured, enriched, messages, second
from tingchao.query import parse
from tingchao.store import Scope, Store


def test_history_is_scored_again_and_an_old_message_does_not_undo_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.rescore.CHUNK", 10)
    old = enriched(*(captured(n, f"新星第{n}天" + "烫手" * (n % 5 == 0)) for n in range(28)))
    store.upsert(old)
    store.refresh()

    run = rescore(store, second(), {}, Asked(), now=lambda: NOON)
    assert store.upsert(old).unchanged == 28
    store.refresh()

    assert (run.done, run.rescored, run.labels) == (28, 28, 6)
    assert store.count(Scope(parse("sentiment:negative"))) == 6
    assert {each.model for each in store.export(Scope())} == {"two/1"}
    assert [each.ended_at for each in runs(store)] == [NOON]


def test_two_shadows_that_write_by_turns_count_each_mention_once(store: Store) -> None:
    workers = [
        Shadow(store, second(), lambda: WATCHLIST.topics, now=lambda: NOON + timedelta(minutes=1))
        for _ in range(2)
    ]
    sent = messages(enriched(*(captured(n, f"新星第{n}天") for n in range(20))))
    for start in range(0, 20, 4):
        for worker in workers:
            worker.handle(sent[max(0, start - 4) : start + 4])
            worker.checkpoint()

    (found,) = agreements(store)
    assert found.whole.n == 20
