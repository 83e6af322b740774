"""Each mention is stored under the one that said the same first, whatever is killed in between."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from stream.index import Index
from stream.remembering import remembered
from tests.unit.stream.doors import NOON, mention
from tingchao.bus import ENRICHED, Message
from tingchao.errors import StoreUnavailable
from tingchao.folding import Place
from tingchao.mention import Kind, Mention, encode
from tingchao.store import Scope, Store

LEAK = "昨天晚上云雀空气炸锅第二次使用就冒烟了，客服让我自己寄回去检测，邮费还要我出，请大家小心。"
OTHER = "今天去看了新开的展览，展品很多，讲解员也很耐心，推荐周末带孩子一起去看看，停车也方便。"
NOW = NOON + timedelta(hours=12)


def said(number: int, text: str = LEAK, *, minute: int = 0, days: float = 0) -> Mention:
    return mention(number, text, at=NOON + timedelta(minutes=minute, days=days))


def repost(number: int, parent: int, minute: int) -> Mention:
    return replace(said(number, "转发微博", minute=minute), kind=Kind.REPOST, parent_id=str(parent))


def messages(*mentions: Mention) -> list[Message]:
    return [Message(ENRICHED, each.id, encode(each)) for each in mentions]


def shown(store: Store) -> dict[str, tuple[str, str]]:
    """Native id of each mention to that of its origin, and why."""
    kept = list(store.export(Scope()))
    origins = {each.fold: each.native_id for each in kept if not each.folded}
    return {each.native_id: (origins.get(each.fold, "?"), each.folded) for each in kept}


class DiesBefore:
    """A store that is not there for one call of a method."""

    def __init__(self, store: Store, method: str) -> None:
        self._store = store
        self._method = method

    def __getattr__(self, name: str) -> object:
        if name == self._method:
            self._method = ""
            return self._dead
        return getattr(self._store, name)

    def _dead(self, *_: object) -> None:
        raise StoreUnavailable("the store does not answer")


FIRST = [said(2, minute=5), said(4, OTHER, minute=6), repost(3, 2, minute=7)]
SECOND = [said(1, minute=0), said(5, f"{LEAK}@某**", minute=9), said(6, f"{OTHER}快去！", minute=10)]
WANTED = {
    "1": ("1", ""),
    "2": ("1", "same"),
    "3": ("1", "repost"),
    "5": ("1", "same"),
    "4": ("4", ""),
    "6": ("4", "near"),
}


def test_copies_are_stored_under_the_earliest_though_it_comes_last(store):
    index = Index(store)
    index.handle(messages(*FIRST))
    assert shown(store) == {"2": ("2", ""), "3": ("2", "repost"), "4": ("4", "")}

    index.handle(messages(*SECOND))

    assert shown(store) == WANTED
    [copy] = [each for each in store.export(Scope()) if each.native_id == "5"]
    assert copy.origin_at == NOON


@pytest.mark.parametrize("method", ["upsert", "refold"])
@pytest.mark.parametrize("dies", [True, False], ids=["worker dies", "store is away"])
def test_a_batch_that_comes_again_ends_as_if_nothing_had_happened(store, method, dies):
    index = Index(store)
    index.handle(messages(*FIRST))
    index = Index(DiesBefore(store, method), remembered(store, NOW))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        index.handle(messages(*SECOND))

    index = Index(store, remembered(store, NOW)) if dies else index
    index.reset()
    index.handle(messages(*SECOND))

    assert shown(store) == WANTED


def test_a_batch_that_comes_again_changes_nothing(store):
    Index(store).handle(messages(*FIRST, *SECOND))
    before = list(store.export(Scope()))

    index = Index(store, remembered(store, NOW))
    for _ in range(2):
        index.handle(messages(*FIRST, *SECOND))

    assert list(store.export(Scope())) == before


def test_what_is_told_again_is_not_written_again(store):
    told: list[Sequence[Place]] = []

    class Listening(DiesBefore):
        def refold(self, places: Sequence[Place]) -> int:
            told.append(places)
            return store.refold(places)

    index = Index(Listening(store, ""))  # type: ignore[arg-type]
    index.handle(messages(*FIRST))
    index.handle(messages(*(replace(each, captured_at=NOW) for each in FIRST)))
    assert told == []

    index.handle(messages(*SECOND))
    assert [{place.id for place in places} for places in told] == [{FIRST[0].id}]


def test_a_worker_that_starts_knows_what_was_said_before(store):
    Index(store).handle(messages(*FIRST, *SECOND))

    Index(store, remembered(store, NOW)).handle(messages(said(7, minute=600)))

    assert shown(store) == {**WANTED, "7": ("1", "same")}


def test_a_store_of_before_folding_is_folded_at_the_start(store):
    store.upsert([*FIRST, *SECOND])

    folding = remembered(store, NOW)

    assert shown(store) == WANTED
    assert len(folding) == 6


def test_only_the_newest_are_remembered_where_there_is_no_room(store):
    store.upsert([said(number, f"{number}：{OTHER}", minute=30 * number) for number in range(10)])

    assert len(remembered(store, NOW, room=3)) == 3


def test_a_history_that_ended_years_ago_is_remembered_too(store):
    Index(store).handle(messages(*FIRST))

    assert len(remembered(store, NOON + timedelta(days=4 * 365))) == len(FIRST)


def test_nothing_is_remembered_of_an_empty_store(store):
    assert len(remembered(store, NOW)) == 0


def test_what_is_folded_under_something_forgotten_stays_folded(store):
    Index(store).handle(messages(said(1), said(2, days=20)))
    assert shown(store)["2"] == ("1", "same")

    remembered(store, NOON + timedelta(days=45))
    store.upsert([said(9, OTHER, days=40)])
    index = Index(store, remembered(store, NOON + timedelta(days=45)))
    index.handle(messages(replace(said(2, days=20), captured_at=NOON + timedelta(days=45))))

    assert shown(store)["2"] == ("1", "same")


def test_where_an_origin_was_removed_the_next_earliest_takes_its_place_at_the_next_start(store):
    Index(store).handle(messages(*FIRST, *SECOND))
    store.delete([SECOND[0].id])

    remembered(store, NOW)

    assert shown(store) == {
        "2": ("2", ""),
        "3": ("2", "repost"),
        "5": ("2", "same"),
        "4": ("4", ""),
        "6": ("4", "near"),
    }


def test_what_the_store_refuses_is_nobodys_origin(store):
    refused = replace(said(1), region="广\x00东")
    index = Index(store)

    output = index.handle(messages(refused, said(2, minute=5), said(3, minute=6)))
    index.handle(messages(said(4, minute=7)))

    assert len(output.dead) == 1
    assert shown(store) == {"2": ("2", ""), "3": ("2", "same"), "4": ("2", "same")}
