from datetime import timedelta

import pytest
import structlog
from msgspec.structs import replace

from stream import drift
from stream.counting import REPEATED
from stream.drift import AHEAD, KIND, LOOK_EVERY, TOO_MANY, UNREADABLE, UNSCORED, Drifting, look
from tests.unit.stream.doors import NOON, mention
from tests.unit.stream.second import WordScorer, captured, enriched, messages
from tingchao import notices
from tingchao.bus import ENRICHED, Message
from tingchao.errors import BadInput
from tingchao.mention import Mention, encode
from tingchao.store import Store


def worker(store: Store, **more) -> Drifting:  # type: ignore[no-untyped-def]
    return Drifting(store, now=lambda: NOON, **more)


def day(
    ago: int, n: int, smoking: int, *, by: WordScorer | None = None, source: str = "forum"
) -> list[Mention]:
    """`n` mentions of a day, of which every `smoking`th is negative."""
    return enriched(
        *(
            captured(
                1_000 * ago + number,
                f"新星{'冒烟' if number % smoking == 0 else '还行'}",
                NOON - timedelta(days=ago),
                source=source,
            )
            for number in range(n)
        ),
        by=by,
    )


def fed(store: Store, *, calm: int = 10, now: int = 2, source: str = "forum") -> Drifting:
    """A source that was calm for weeks, and is otherwise since yesterday."""
    found = worker(store)
    sent = [each for ago in range(20, 1, -1) for each in day(ago, 60, calm, source=source)]
    sent += day(1, 200, now, source=source) + day(0, 100, now, source=source)
    found.handle(messages(sent))
    found.checkpoint()
    return found


def up(store: Store) -> list[str]:
    return [notice.sentence for notice in notices.notices(store)]


def test_a_source_is_counted_by_day_and_model_in_a_document_of_its_own(store):
    found = worker(store)
    found.handle(messages(day(1, 10, 5) + day(0, 10, 5) + day(0, 10, 5, source="weibo")))
    found.checkpoint()

    forum, weibo = drift.standing(store)
    assert (forum.source, weibo.source) == ("forum", "weibo")
    assert [(str(each.day), each.model, each.labels) for each in forum.days] == [
        ("2026-11-23", "one/1", (2, 8, 0)),
        ("2026-11-24", "one/1", (2, 8, 0)),
    ]


def test_what_was_not_read_is_counted_as_that_and_under_no_label(store):
    found = worker(store)
    found.handle(messages(enriched(captured(1, "新星 外语"), captured(2, "新星冒烟"))))
    found.checkpoint()

    ((today,),) = (each.days for each in drift.standing(store))
    assert (today.labels, today.reading) == ((1, 0, 0), (1, 0, 1, 0))


def test_a_message_that_comes_again_is_counted_once(store):
    sent = messages(day(0, 20, 5))
    for part in (sent[:12], sent[8:]):
        found = worker(store)  # the one before was killed before its commit
        found.handle(part)
        found.checkpoint()

    assert sum(drift.standing(store)[0].days[0].reading) == 20
    assert dict(found.tick(NOON).dropped) == {REPEATED: 4}
    assert dict(found.tick(NOON).dropped) == {}


def test_what_moved_is_a_notice_and_one_line_of_the_log_and_no_message(store):
    found = fed(store)

    with structlog.testing.capture_logs() as logs:
        output = found.tick(NOON)
        found.tick(NOON + LOOK_EVERY)

    assert output.messages == ()
    said = up(store)
    assert [sentence.partition(" in the last day ")[0] for sentence in said] == [
        "forum: the confidence of one/1",
        "forum: the labels of one/1",
    ]
    assert sorted(line["event"] for line in logs if line["log_level"] == "warning") == said


def test_a_notice_keeps_the_time_at_which_it_was_first_given(store):
    found = fed(store)
    found.tick(NOON)
    found.tick(NOON + LOOK_EVERY)

    assert {notice.since for notice in notices.notices(store)} == {NOON}


def test_a_notice_is_taken_back_when_it_is_over_and_others_stay(store):
    notices.give(store, "x", notices.Notice(by="else", about="disk", sentence="The disk is full", since=NOON))
    found = fed(store)
    found.tick(NOON)

    found.tick(NOON + timedelta(days=15))

    assert up(store) == ["The disk is full"]


def test_a_notice_at_rest_stays_quiet_while_it_holds_and_is_news_when_it_comes_again(store):
    found = fed(store)
    found.tick(NOON)
    notices.put_to_rest(store, KIND, "forum", "  a new   layout ", NOON)

    with structlog.testing.capture_logs() as logs:
        found.tick(NOON + LOOK_EVERY)
    assert (up(store), logs) == ([], [])

    found.tick(NOON + timedelta(days=15))  # it does not hold
    assert store.documents(notices.KIND) == []
    look(store, NOON.date(), NOON)
    assert len(up(store)) == 2
    assert {(each.about, each.note) for each in notices.rests(store, KIND)} == {("forum", "a new layout")}
    assert len(notices.rests(store, KIND)) == 2


def test_what_is_said_of_one_source_leaves_the_others_up(store):
    found = fed(store)
    fed(store, source="weibo")
    found.tick(NOON)

    rested = notices.put_to_rest(store, KIND, "forum", "looked", NOON)

    assert {each.about for each in rested} == {"forum"}
    assert {each.partition(":")[0] for each in up(store)} == {"weibo"}


@pytest.mark.parametrize(
    ("about", "note", "says"),
    [
        ("forum", "", "1 to 300 visible characters"),
        ("forum", "x" * 301, "1 to 300 visible characters"),
        ("forum", "\x1b[31m", "1 to 300 visible characters"),
        ("foru", "looked", "there are notices about: forum"),
    ],
)
def test_a_rest_needs_a_note_and_a_source_with_a_notice(store, about, note, says):
    fed(store).tick(NOON)

    with pytest.raises(BadInput, match=says):
        notices.put_to_rest(store, KIND, about, note, NOON)
    assert len(up(store)) == 2


def test_a_worker_and_a_person_who_write_at_once_lose_nothing(store):
    fed(store).tick(NOON)
    given = notices.Notice(by=KIND, about="disk", sentence="full", since=NOON)
    notices.give(store, "x", given)

    class Slow:
        """The worker, which looks before a person writes and writes after."""

        def __getattr__(self, name):  # type: ignore[no-untyped-def]
            return getattr(store, name)

        def put(self, *args):  # type: ignore[no-untyped-def]
            if not notices.rests(store, KIND):
                notices.put_to_rest(store, KIND, "disk", "looked", NOON)
            return store.put(*args)

    now = notices.give(Slow(), "x", replace(given, sentence="fuller"))  # type: ignore[arg-type]

    assert (now.sentence, now.rest) == ("fuller", notices.Rest(NOON, "looked"))


def test_nothing_is_looked_at_more_often_than_every_ten_minutes(store):
    found = worker(store)
    found.tick(NOON)
    fed(store)

    found.tick(NOON + LOOK_EVERY / 2)

    assert up(store) == []


def test_in_a_replay_today_is_the_newest_day_of_the_posts(store):
    fed(store)
    replayed = Drifting(store, wall=False)

    replayed.tick(NOON + timedelta(days=900))

    assert len(up(store)) == 2


def test_a_model_that_is_new_does_not_look_like_drift(store):
    found = fed(store, now=10)
    found.handle(messages(day(0, 300, 1, by=WordScorer("two/1", "冒烟")), start=5_000))
    found.checkpoint()
    found.tick(NOON)

    assert up(store) == []


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (Message(ENRICHED, "x", b"{"), UNREADABLE),
        (Message(ENRICHED, "x", encode(mention(1, "新星"))), UNSCORED),
        (messages(enriched(captured(1, "新星", NOON + timedelta(days=1))))[0], AHEAD),
    ],
)
def test_what_cannot_be_counted_is_dropped_and_is_no_dead_letter(store, sent, why):
    output = worker(store).handle([sent])

    assert dict(output.dropped) == {why: 1}
    assert output.dead == ()


def test_sources_are_bounded_and_those_of_long_ago_are_removed(store, monkeypatch):
    monkeypatch.setattr(drift, "MOST_SOURCES", 2)
    found = worker(store)
    sent = [*day(0, 1, 1, source="a"), *day(0, 1, 1, source="b"), *day(0, 1, 1, source="c")]

    output = found.handle(messages(sent))
    found.checkpoint()

    assert dict(output.dropped) == {TOO_MANY: 1}
    found.tick(NOON + timedelta(days=100))
    assert store.documents(KIND) == []


def test_a_source_of_any_name_has_a_document(store):
    names = ["x" * 500, "rss:新闻/一", "a\nb"]
    found = worker(store)
    found.handle(messages([each for name in names for each in day(0, 1, 1, source=name)]))
    found.checkpoint()

    assert {each.source for each in drift.standing(store)} == set(names)


def test_a_damaged_document_is_counted_anew(store):
    store.put(KIND, "forum", {"days": "?"})

    found = worker(store)
    found.handle(messages(day(0, 3, 5)))
    found.checkpoint()

    assert sum(drift.standing(store)[0].days[0].reading) == 3
