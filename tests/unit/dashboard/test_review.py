"""What waits for a decision, and the posts behind an alert, by the label that counts for each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from dashboard import read, review
from dashboard.asked import Asked
from dashboard.window import CUSTOM, Window
from tests.unit.dashboard.conftest import drawn, opener
from tests.unit.dashboard.scene import WATCHLIST
from tingchao.alerts import desk
from tingchao.alerts.alert import Grade, Raised
from tingchao.corrections import STREAM, Correction, correct, read_on
from tingchao.mention import Kind, Label, Match, Mention, Role, Sentiment, Target, mention_id
from tingchao.store import Recorded, Store
from tingchao.store.rules import MAX_EVENTS, MAX_PAGE
from tingchao.watchlist import save

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
DAY = Window(CUSTOM, NOON - timedelta(days=1), NOON + timedelta(minutes=1))
QUEUE = Asked(DAY, has=("unsure",))
FELT = {
    Label.NEGATIVE: (0.9, 0.05, 0.05),
    Label.NEUTRAL: (0.05, 0.9, 0.05),
    Label.POSITIVE: (0.05, 0.05, 0.9),
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that the pages read, empty."""
    monkeypatch.setenv("TINGCHAO_HOME", str(tmp_path))
    monkeypatch.delenv("TINGCHAO_STORE", raising=False)
    read.settings.cache_clear()
    return read.store()


def said(
    number: int, text: str, whole: Label, towards: Label | None = None, at: datetime = NOON, abstain: str = ""
) -> Mention:
    return Mention(
        id=mention_id("weishuo", str(number)),
        source="weishuo",
        kind=Kind.POST,
        native_id=str(number),
        text=text,
        text_key=str(number),
        published_at=at,
        captured_at=at,
        matches=(Match("qingquan", Role.BRAND, ("清泉",)),),
        sentiment=Sentiment(whole, *FELT[whole]),
        targets=(Target("qingquan", towards or whole, *FELT[towards or whole]),),
        abstain=abstain,
        model="tingchao-zh/1",
    )


def unsure(number: int) -> Mention:
    at = NOON - timedelta(seconds=number)
    return said(number, "清泉水壶", Label.NEUTRAL, at=at, abstain="unsure")


def decide(store: Store, mentions: list[Mention]) -> None:
    words = [
        msgspec.to_builtins(
            Correction(
                at=NOON,
                by="李分析",
                mention=each.id,
                published_at=each.published_at,
                label=Label.NEUTRAL,
                abstain=each.abstain,
            )
        )
        for each in mentions
    ]
    for start in range(0, len(words), MAX_EVENTS):
        store.append(STREAM, start, words[start : start + MAX_EVENTS])


# --- the queue


def test_what_waits_is_found_behind_more_decided_ones_than_a_page_holds(store):
    mentions = [unsure(number) for number in range(MAX_PAGE + 150)]
    store.upsert(mentions)
    decide(store, mentions[: MAX_PAGE + 100])

    found = review.found(QUEUE, QUEUE.scope(NOON), 20)

    assert found.total == 50
    assert found.hits == tuple(mentions[MAX_PAGE + 100 :][:20])


def test_a_text_corrected_while_the_model_was_sure_does_not_wait_when_another_model_is_not(store):
    sure = replace(unsure(1), abstain="")
    store.upsert([sure])
    correct(store, sure.id, Label.NEGATIVE, by="李分析", at=NOON)
    store.upsert([replace(sure, abstain="unsure", captured_at=NOON + timedelta(seconds=1))])

    found = review.found(QUEUE, QUEUE.scope(NOON), 20)

    assert (found.total, found.hits) == (0, ())


# --- what is read for it


def test_only_decided_ones_of_the_time_asked_for_are_fetched(store, monkeypatch):
    now, old = unsure(1), replace(unsure(2), published_at=NOON - timedelta(days=40))
    store.upsert([now, old])
    decide(store, [now, old])
    asked: list[str] = []
    get = store.get
    monkeypatch.setattr(store, "get", lambda ids: asked.extend(ids) or get(ids))

    assert read.decided(QUEUE.scope(NOON)) == {now.id}
    assert asked == [now.id]


def test_corrections_are_read_on_from_the_last_fold(store, monkeypatch):
    mentions = [unsure(number) for number in range(3)]
    decide(store, mentions[:2])
    assert read.corrections() == read_on(store)
    read.forget()
    events: list[Recorded] = []
    stream = store.read

    def reading(name: str, after: int = 0) -> list[Recorded]:
        events.extend(found := stream(name, after))
        return found

    monkeypatch.setattr(store, "read", reading)
    store.upsert(mentions)
    correct(store, mentions[2].id, Label.NEUTRAL, by="李分析", at=NOON, known=read.corrections())
    events.clear()
    read.forget()

    assert [read.corrections().on(each.id) is not None for each in mentions] == [True] * 3
    assert [event.version for event in events] == [3]


# --- the posts behind an alert


def alert_about(store: Store, *mentions: Mention) -> str:
    save(store, WATCHLIST, 0)
    now = datetime.now(UTC)
    store.upsert([replace(each, published_at=now, captured_at=now) for each in mentions])
    raised = Raised(
        at=now,
        topic="qingquan",
        topic_name="清泉家电",
        role=Role.BRAND,
        grade=Grade.ORANGE,
        since=now - timedelta(minutes=15),
        until=now,
        mentions=61,
        negative=44,
        reasons=(),
    )
    desk.raise_alert(store, "A-1", raised)
    return "A-1"


@pytest.fixture
def card(store, tmp_path, monkeypatch):
    run = opener(tmp_path, monkeypatch)
    return lambda *mentions: drawn(run("alert", id=alert_about(store, *mentions)))


def test_an_alert_shows_the_posts_that_are_negative_towards_its_topic_and_only_those(card):
    text = card(
        said(1, "蓝鲸真好，清泉就算了", Label.POSITIVE, Label.NEGATIVE),
        said(2, "蓝鲸冒烟，清泉好得多", Label.NEGATIVE, Label.POSITIVE),
        said(3, "清泉三天就冒烟", Label.NEGATIVE),
    )

    assert [word in text for word in ("就算了", "三天就冒烟", "好得多")] == [True, True, False]
    assert "对本方案负面 2 条" in text
    assert "3 条提及" in text


def test_an_alert_whose_posts_are_not_negative_does_not_say_that_they_are_gone(card):
    text = card(said(1, "清泉好，蓝鲸冒烟", Label.NEGATIVE, Label.POSITIVE))

    assert "已没有可显示的提及" not in text
    assert "现在都不是对本方案的负面" in text


def test_an_alert_whose_posts_were_erased_says_so(card):
    assert "已没有可显示的提及" in card()
