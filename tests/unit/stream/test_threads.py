"""The text above a comment: where it is found, and what of it the model is shown."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from stream.enrich import Enrich
from stream.rescore import Asked, rescore
from stream.shadow import Shadow
from stream.threads import MISSED_FOR, REMEMBERED, REST, SHOWN, Threads
from tests.unit.stream.doors import NOON, OneWordScorer, mention
from tests.unit.stream.second import TOPICS, WATCHLIST, enriched, messages
from tingchao.alerts.risk import shipped_rules
from tingchao.bus import RAW, Message
from tingchao.errors import StoreUnavailable
from tingchao.mention import Mention, encode
from tingchao.store import Store
from tingchao.watchlist import Matcher

POST = mention(1, "今天买了个水壶", title="开箱")
REPLY = replace(mention(2, "新星的就会冒烟"), parent_id="1")
ABOVE = "开箱\n今天买了个水壶"


class Shelf:
    """A store that counts how often it is asked, and may be away."""

    def __init__(self, *mentions: Mention) -> None:
        self.there = {each.id: each for each in mentions}
        self.asked: list[Sequence[str]] = []
        self.away = False

    def get(self, ids: Sequence[str]) -> list[Mention]:
        self.asked.append(list(ids))
        if self.away:
            raise StoreUnavailable("nobody answers")
        return [self.there[id] for id in ids if id in self.there]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Shown(OneWordScorer):
    """Remembers the text above with which it was asked."""

    name = "shown/1"

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[tuple[str, str | None], str | None] = {}

    def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
        contexts = contexts or [None] * len(texts)
        self.shown.update(zip(zip(texts, targets, strict=True), contexts, strict=True))
        return super().score(texts, targets, contexts)


def enrich(scorer: Shown, threads: Threads, *mentions: Mention) -> None:
    worker = Enrich(lambda: Matcher(WATCHLIST), scorer, shipped_rules(), threads)
    worker.handle([Message(RAW, each.id, encode(each)) for each in mentions])


@pytest.mark.parametrize("sent", [(POST, REPLY), (REPLY, POST)])
def test_towards_a_topic_the_model_is_shown_what_a_reply_replies_to_and_of_the_whole_it_is_not(
    sent: Sequence[Mention],
) -> None:
    scorer, shelf = Shown(), Shelf()

    enrich(scorer, Threads(shelf.get), *sent)

    assert scorer.shown == {(REPLY.text, None): None, (REPLY.text, "新星"): ABOVE}
    assert shelf.asked == [], "POST matches no topic, and was seen all the same"


def test_what_was_not_seen_is_in_the_store() -> None:
    scorer = Shown()

    enrich(scorer, Threads(Shelf(POST).get), REPLY)

    assert scorer.shown[REPLY.text, "新星"] == ABOVE


def test_the_store_is_asked_once_a_batch_and_once_for_a_thread() -> None:
    shelf = Shelf(POST)
    threads = Threads(shelf.get)
    replies = [replace(mention(n, "新星"), parent_id=str(n % 3)) for n in range(10, 60)]

    first, again = threads.above(replies), threads.above(replies)

    assert [len(ids) for ids in shelf.asked] == [3]
    assert first == again
    assert set(first) == {"", ABOVE}


def test_what_nobody_had_is_asked_for_again_after_a_minute() -> None:
    shelf, clock = Shelf(), Clock()
    threads = Threads(shelf.get, clock=clock)
    assert threads.above([REPLY]) == [""]
    shelf.there[POST.id] = POST

    assert threads.above([REPLY]) == [""]
    clock.now = MISSED_FOR
    assert threads.above([REPLY]) == [ABOVE]


def test_a_store_that_does_not_answer_costs_the_context_only_and_is_left_alone_for_a_while() -> None:
    shelf, clock = Shelf(POST), Clock()
    threads = Threads(shelf.get, clock=clock)
    shelf.away = True
    assert [threads.above([REPLY]) for _ in range(3)] == [[""]] * 3
    assert len(shelf.asked) == 1

    shelf.away = False
    clock.now = REST
    assert threads.above([REPLY]) == [ABOVE]


def test_a_number_of_another_source_is_another_text() -> None:
    threads = Threads(Shelf().get)
    threads.see([POST])

    assert threads.above([replace(mention(2, "新星", source="weibo"), parent_id="1")]) == [""]


def test_who_replies_to_nothing_or_to_itself_has_nothing_above() -> None:
    threads = Threads()
    threads.see([POST])

    assert threads.above([POST, replace(POST, parent_id="1"), REPLY]) == ["", "", ABOVE]


def test_only_the_latest_texts_are_remembered_and_only_their_beginning() -> None:
    threads = Threads()
    threads.see(mention(n, "长" * 10_000) for n in range(REMEMBERED + 1))

    oldest, second_oldest = (replace(mention(-1, "新星"), parent_id=parent) for parent in ("0", "1"))

    assert threads.above([oldest, second_oldest]) == ["", "长" * SHOWN]


def test_a_second_model_and_a_second_scoring_are_shown_the_same(store: Store) -> None:
    store.upsert([POST, *enriched(REPLY)])
    store.refresh()
    shadow, again = Shown(), Shown()

    Shadow(store, shadow, lambda: WATCHLIST.topics, now=lambda: NOON).handle(messages(enriched(REPLY)))
    rescore(store, again, TOPICS, Asked("topic:nova"), now=lambda: NOON)

    assert shadow.shown == again.shown == {(REPLY.text, None): None, (REPLY.text, "新星"): ABOVE}


def test_a_reply_that_came_before_its_post_is_scored_below_it_when_history_is_scored_again(
    store: Store,
) -> None:
    store.upsert(enriched(REPLY))
    store.upsert([POST])
    store.refresh()
    scorer = Shown()

    rescore(store, scorer, TOPICS, Asked("topic:nova"), now=lambda: NOON)

    assert scorer.shown[REPLY.text, "新星"] == ABOVE
