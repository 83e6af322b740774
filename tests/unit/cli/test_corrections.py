"""`tingchao corrections export`: what people said, as a file to learn from."""

import json
from datetime import UTC, datetime

import pytest

from tingchao.corrections import correct
from tingchao.mention import Author, Kind, Label, Match, Mention, Role, Sentiment, Target, mention_id
from tingchao.store import open_store
from tingchao.watchlist import Topic, Watchlist, save

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
QINGQUAN = Topic(id="qingquan", name="清泉家电", role=Role.BRAND, query="清泉", aliases=("清泉水壶",))
MENTION = Mention(
    id=mention_id("weishuo", "1"),
    source="weishuo",
    kind=Kind.POST,
    native_id="1",
    title="三天就冒烟",
    text="清泉水壶坏了",
    author=Author(key="k1", name_masked="王**"),
    published_at=NOON,
    captured_at=NOON,
    matches=(Match("qingquan", Role.BRAND, ("清泉",)),),
    sentiment=Sentiment(Label.NEUTRAL, 0.4, 0.45, 0.15),
    targets=(Target("qingquan", Label.NEUTRAL, 0.4, 0.5, 0.1),),
    model="tingchao-zh/1",
)
WHOLE = {
    "text": "三天就冒烟\n清泉水壶坏了",
    "target": None,
    "label": "negative",
    "source": "weishuo",
    "model": "tingchao-zh/1",
    "was": "neutral",
}


@pytest.fixture
def corrected(home):
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        save(store, Watchlist((QINGQUAN,)), 0)
        store.upsert([MENTION])
        for topic in ("", "qingquan"):
            correct(store, MENTION.id, Label.NEGATIVE, by="王值班", at=NOON, topic=topic)
        yield store


def test_each_line_is_what_the_model_read_and_the_name_it_read_it_towards(tingchao, corrected):
    ran = tingchao("corrections", "export")

    assert (ran.code, ran.err) == (0, "2 corrected labels\n")
    assert [json.loads(line) for line in ran.out.splitlines()] == [WHOLE, {**WHOLE, "target": "清泉水壶"}]


def test_nobodys_name_goes_into_the_file_and_only_its_owner_may_read_it(tingchao, corrected, tmp_path):
    ran = tingchao("corrections", "export", "--out", "feedback.jsonl")

    assert (ran.code, ran.out) == (0, "2 corrected labels to feedback.jsonl\n")
    written = tmp_path / "feedback.jsonl"
    assert written.stat().st_mode & 0o777 == 0o600
    assert not any(each in written.read_text("utf-8") for each in ("王", "k1", MENTION.id))
    assert [each.name for each in tmp_path.glob("*feedback*")] == ["feedback.jsonl"]


def test_what_was_erased_is_left_out_and_said(tingchao, corrected):
    corrected.delete([MENTION.id])

    ran = tingchao("corrections", "export")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "0 corrected labels; 2 left out, whose mention was erased or topic removed\n"


def test_a_topic_that_is_watched_no_more_is_called_by_the_word_that_matched(tingchao, corrected):
    save(corrected, Watchlist(()), 1)

    ran = tingchao("corrections", "export")

    assert [json.loads(line)["target"] for line in ran.out.splitlines()] == [None, "清泉"]


@pytest.mark.parametrize("folder", [".", "/"])
def test_a_folder_is_not_a_file_to_write(tingchao, corrected, folder):
    ran = tingchao("corrections", "export", "--out", folder)

    assert (ran.code, ran.out) == (2, "")
    assert f"--out {folder}: is a folder" in ran.err


def test_a_file_that_cannot_be_written_is_one_sentence(tingchao, corrected):
    ran = tingchao("corrections", "export", "--out", "no/such/folder/feedback.jsonl")

    assert (ran.code, ran.out) == (2, "")
    assert "--out no/such/folder/feedback.jsonl: cannot be written" in ran.err
