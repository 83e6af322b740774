"""What people say of the model's labels, in each store."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tingchao.corrections import NOTHING, STREAM, NotPossible, correct, read_on
from tingchao.feedback import Example, examples
from tingchao.ledger import UnknownEvent
from tingchao.mention import Kind, Label, Match, Mention, Role, Sentiment, Target, mention_id
from tingchao.store import Store
from tingchao.watchlist import Topic

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
SAID = "清泉水壶三天就冒烟，蓝鲸的还好好的"


@pytest.fixture
def told(store: Store) -> Mention:
    """A mention of two topics in the store, of which the model is not sure."""
    mention = Mention(
        id=mention_id("weishuo", "1"),
        source="weishuo",
        kind=Kind.POST,
        native_id="1",
        text=SAID,
        published_at=NOON,
        captured_at=NOON,
        matches=(Match("qingquan", Role.BRAND, ("清泉",)), Match("rival", Role.COMPETITOR, ("蓝鲸",))),
        sentiment=Sentiment(Label.NEUTRAL, 0.4, 0.45, 0.15),
        targets=(
            Target("qingquan", Label.NEGATIVE, 0.9, 0.05, 0.05),
            Target("rival", Label.NEGATIVE, 0.6, 0.3, 0.1),
        ),
        abstain="unsure",
        model="tingchao-zh/1",
    )
    store.upsert([mention])
    store.refresh()
    return mention


def learnt(store: Store) -> list[Example]:
    rival = Topic(id="rival", name="蓝鲸电器", role=Role.COMPETITOR, query="蓝鲸")
    return list(examples(store, read_on(store), {rival.id: rival}))


def test_the_last_word_counts_and_every_word_stays(store, told):
    correct(store, told.id, Label.POSITIVE, by="王值班", at=NOON)
    correct(store, told.id, Label.NEGATIVE, by="李分析", at=NOON + timedelta(minutes=1))

    word = read_on(store).on(told.id)
    assert (word.label, word.by, word.at) == (Label.NEGATIVE, "李分析", NOON + timedelta(minutes=1))
    assert [each.event["label"] for each in store.read(STREAM)] == ["positive", "negative"]


def test_a_word_keeps_what_the_model_said_and_no_text(store, told):
    correct(store, told.id, Label.POSITIVE, by="王值班", at=NOON, topic="rival")

    [recorded] = store.read(STREAM)
    assert SAID not in str(recorded.event)
    word = read_on(store).on(told.id, "rival")
    assert (word.was, word.p, word.model) == (Label.NEGATIVE, (0.6, 0.3, 0.1), "tingchao-zh/1")
    assert read_on(store).on(told.id) is None


def test_saying_the_same_twice_changes_nothing_but_another_person_may_confirm_it(store, told):
    for by in ("王值班", "王值班", "李分析"):
        correct(store, told.id, Label.NEUTRAL, by=by, at=NOON)

    assert [each.event["by"] for each in store.read(STREAM)] == ["王值班", "李分析"]


def test_a_word_on_the_whole_text_decides_it_however_sure_the_model_was(store, told):
    sure = replace(told, id=mention_id("weishuo", "2"), abstain="")
    store.upsert([sure])
    correct(store, told.id, Label.POSITIVE, by="王值班", at=NOON, topic="rival")
    assert read_on(store).decided() == []

    for id in (told.id, sure.id):
        correct(store, id, Label.NEUTRAL, by="王值班", at=NOON)

    assert read_on(store).decided() == [told.id, sure.id]


def test_what_is_decided_is_found_by_when_it_was_published(store, told):
    correct(store, told.id, Label.NEUTRAL, by="王值班", at=NOON + timedelta(days=9))
    known, second = read_on(store), timedelta(seconds=1)

    assert known.decided(NOON, NOON + second) == [told.id]
    assert known.decided(NOON + second) == []
    assert known.decided(until=NOON) == []


def test_what_is_known_is_read_on_from_there(store, told):
    correct(store, told.id, Label.POSITIVE, by="王值班", at=NOON)
    known = read_on(store)
    assert read_on(store, known) is known

    correct(store, told.id, Label.POSITIVE, by="王值班", at=NOON, topic="rival", known=NOTHING)

    assert read_on(store, known) == read_on(store)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mention": "0" * 32}, "may have been erased"),
        ({"mention": "../x"}, "may have been erased"),
        ({"topic": "kettle"}, "is not about 'kettle'"),
        ({"by": " "}, "1 to 40 visible characters"),
        ({"by": "a\x00b"}, "1 to 40 visible characters"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(store, told, change, said):
    asked = {"mention": told.id, "label": Label.POSITIVE, "by": "王值班", "at": NOON, **change}

    with pytest.raises(NotPossible, match=said):
        correct(store, **asked)

    assert store.read(STREAM) == []


def test_people_at_the_same_moment_are_all_heard(store, told):
    names = [f"值班{number}" for number in range(6)]
    threads = [
        threading.Thread(
            target=correct, args=(store, told.id, Label.POSITIVE), kwargs={"by": name, "at": NOON}
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.event["by"] for each in store.read(STREAM)) == names


def test_a_word_of_a_newer_program_is_named(store):
    store.append(STREAM, 0, [{"event": "withdrawn", "at": NOON.isoformat()}])

    with pytest.raises(UnknownEvent, match="corrections, event 1"):
        read_on(store)


def test_the_examples_are_the_last_words_with_the_texts_that_are_still_there(store, told):
    gone = replace(told, id=mention_id("weishuo", "3"), text="不再在库中")
    store.upsert([gone])
    for id, label, topic in (
        (told.id, Label.POSITIVE, ""),
        (gone.id, Label.NEGATIVE, ""),
        (told.id, Label.POSITIVE, "rival"),
        (told.id, Label.NEGATIVE, ""),
    ):
        correct(store, id, label, by="王值班", at=NOON, topic=topic)
    store.delete([gone.id])

    assert learnt(store) == [
        Example(SAID, None, Label.NEGATIVE, "weishuo", "tingchao-zh/1", Label.NEUTRAL),
        Example(SAID, "蓝鲸", Label.POSITIVE, "weishuo", "tingchao-zh/1", Label.NEGATIVE),
    ]
