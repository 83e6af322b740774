import json
from datetime import timedelta
from io import StringIO

import pytest

from stream.agreement import DIFFERENCES, OTHERS, SOURCES, Agreement
from stream.shadow import KIND, LATE, NO_NUMBER, OFF, SAME, UNREADABLE, UNSCORED, Shadow, agreements, forget
from stream.versions import print_shadow
from tests.unit.stream.doors import NOON, mention
from tests.unit.stream.second import WATCHLIST, captured, enriched, first, messages, second
from tingchao.bus import ENRICHED, Message
from tingchao.mention import Label, encode
from tingchao.settings import read_settings
from tingchao.store import Store, open_store


def shadow(store: Store, scorer=None) -> Shadow:  # type: ignore[no-untyped-def]
    return Shadow(store, scorer or second(), lambda: WATCHLIST.topics, now=lambda: NOON)


def compare(store: Store, *texts: str) -> Agreement:
    worker = shadow(store)
    worker.handle(messages(enriched(*(mention(number, text) for number, text in enumerate(texts)))))
    worker.checkpoint()
    (found,) = agreements(store)
    return found


def test_both_models_are_counted_by_label_overall_and_for_each_source(store):
    worker = shadow(store)
    worker.handle(
        messages(
            enriched(
                captured(1, "新星冒烟"),
                captured(2, "新星烫手"),
                captured(3, "新星冒烟烫手", source="weibo"),
                captured(4, "新星还行"),
            )
        )
    )
    worker.checkpoint()

    (found,) = agreements(store)
    assert (found.old, found.new, found.whole.n) == ("one/1", "two/1", 4)
    assert found.whole.matrix == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found.whole.same == 0.5
    assert found.whole.mean_dp == pytest.approx(0.4)
    assert {name: tally.n for name, tally in found.sources.items()} == {"forum": 3, "weibo": 1}


def test_a_text_that_is_only_a_name_is_read_by_neither(store):
    found = compare(store, "新星")

    assert found.unread == {"old only": 0, "new only": 0, "both": 1}


def test_the_second_model_is_asked_the_same_questions_as_the_first(store):
    one, two = first(), second()
    texts = ["新星冒烟，还是月光好", "#新星#", "新星"]

    shadow(store, two).handle(messages(enriched(*(mention(n, text) for n, text in enumerate(texts)), by=one)))

    assert two.asked == one.asked


def test_scores_towards_topics_are_compared_too(store):
    found = compare(store, "新星冒烟，还是月光好")

    assert found.towards.n == 2
    assert [(each.topic, each.old.label, each.new.label) for each in found.differences] == [
        (topic, Label.NEGATIVE, Label.NEUTRAL) for topic in ("", "nova", "luna")
    ]


def test_differences_hold_ids_and_numbers_but_no_text(store):
    compare(store, "新星冒烟")

    (document,) = store.documents(KIND)
    assert "冒烟" not in json.dumps(document.body, ensure_ascii=False)
    assert document.body["differences"][0]["mention"] == mention(0, "新星冒烟").id


def test_a_text_that_one_model_did_not_read_is_counted_apart(store):
    found = compare(store, "新星 外语")

    assert found.whole.n == 0
    assert found.unread["both"] == 1


def test_a_message_that_comes_again_is_counted_once_even_by_another_worker(store):
    sent = messages(enriched(*(captured(n, f"新星冒烟{n}") for n in range(10))))
    one, other = shadow(store), shadow(store)
    one.handle(sent[:6])
    one.checkpoint()

    other.handle(sent[3:])  # the first one was killed before its commit
    other.checkpoint()

    (found,) = agreements(store)
    assert found.whole.n == 10
    assert len({(each.mention, each.topic) for each in found.differences}) == len(found.differences)


def test_what_was_held_in_memory_is_forgotten_when_it_will_come_again(store):
    worker = shadow(store)
    worker.handle(messages(enriched(captured(1, "新星冒烟"))))
    worker.reset()
    worker.checkpoint()

    assert agreements(store) == []


def test_each_pair_of_models_has_a_document_of_its_own(store):
    third = first()
    third.name = "three/1"
    worker = shadow(store)
    worker.handle(messages(enriched(captured(1, "新星"))))
    worker.handle(messages(enriched(captured(2, "新星"), by=third), start=1))
    worker.checkpoint()

    assert {each.old for each in agreements(store)} == {"one/1", "three/1"}


def test_the_document_stays_small(store):
    worker = shadow(store)
    mentions = [captured(n, "新星冒烟", source=f"source-{n}" * 8) for n in range(SOURCES + 300)]
    for start in range(0, len(mentions), 100):
        worker.handle(messages(enriched(*mentions[start : start + 100]), start))
        worker.checkpoint()

    (found,) = agreements(store)
    (document,) = store.documents(KIND)
    assert len(found.differences) == DIFFERENCES
    assert len(found.sources) == SOURCES + 1
    assert found.sources[OTHERS].n == 300
    assert len(json.dumps(document.body)) < 250_000
    assert found.differences[-1].mention == mentions[-1].id


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (Message(ENRICHED, "x", b"{"), UNREADABLE),
        (Message(ENRICHED, "x", encode(mention(1, "新星"))), UNSCORED),
        (messages(enriched(mention(1, "新星"), by=second()))[0], SAME),
        (messages(enriched(captured(1, "新星", NOON - timedelta(hours=2))))[0], LATE),
    ],
)
def test_what_cannot_be_compared_is_dropped_and_counted_and_is_never_a_dead_letter(store, sent, why):
    output = shadow(store).handle([sent])

    assert dict(output.dropped) == {why: 1}
    assert (output.dead, output.messages) == ((), ())


def test_a_text_for_which_the_second_model_gives_no_number_spoils_no_other(store):
    class Fine(type(first())):  # type: ignore[misc]
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            return super().score([text.replace("坏", "") for text in texts], targets, contexts)

    sent = messages(enriched(captured(1, "新星坏"), captured(2, "新星冒烟"), by=Fine("one/1", "冒烟")))
    worker = shadow(store)

    output = worker.handle(sent)
    worker.checkpoint()

    assert dict(output.dropped) == {NO_NUMBER: 1}
    assert agreements(store)[0].whole.n == 1


def test_replays_are_compared_whatever_their_time(store):
    worker = Shadow(
        store, second(), lambda: WATCHLIST.topics, live_within=None, now=lambda: NOON + timedelta(days=900)
    )

    assert not worker.handle(messages(enriched(captured(1, "新星")))).dropped


def test_without_a_second_model_it_only_reads_on(store):
    worker = Shadow(store, None, lambda: WATCHLIST.topics)
    output = worker.handle(messages(enriched(captured(1, "新星"), captured(2, "新星"))))
    worker.checkpoint()

    assert dict(output.dropped) == {OFF: 2}
    assert agreements(store) == []


def test_a_damaged_document_is_counted_anew(store):
    compare(store, "新星")
    (document,) = store.documents(KIND)
    store.put(KIND, document.id, {"whole": 7})

    assert agreements(store) == []
    assert compare(store, "新星还行").whole.n == 1
    assert forget(store) == 1


def test_the_table_shows_counts_and_differences_with_their_texts(tmp_path):
    settings = read_settings(tmp_path)
    with open_store(settings.store_address) as store:
        sent = enriched(captured(1, "新星冒烟\x1b[31m"), captured(2, "新星烫"), captured(3, "新星还行"))
        store.upsert(sent[1:])
        worker = shadow(store)
        worker.handle(messages(sent))
        worker.checkpoint()
    text, rows = StringIO(), StringIO()

    print_shadow(settings, limit=20, clear=False, as_json=False, out=text)
    print_shadow(settings, limit=20, clear=False, as_json=True, out=rows)

    assert "one/1 -> two/1" in text.getvalue()
    assert "same label  33.3%" in text.getvalue()
    assert "neutral 0.80 -> negative 0.90  forum  新星烫" in text.getvalue()
    assert "(not in the store)" in text.getvalue()
    (pair,) = json.loads(rows.getvalue())["pairs"]
    assert pair["whole"]["n"] == 3
    assert {each["text"] for each in pair["differences"]} == {None, "新星烫"}
