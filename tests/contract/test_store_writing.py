"""What every store must do with mentions that come, come again, and go."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.contract.stores import HOUR, a_mention, about, asking, felt, found
from tingchao.mention import (
    Author,
    Engagement,
    Label,
    Match,
    Precision,
    Risk,
    Role,
)
from tingchao.store import Facet, Upserted


def test_what_was_written_comes_back_whole(store):
    mention = a_mention(
        title="车主投诉",
        url="https://Weibo.example/1",
        author=Author(key="k1", name_masked="张**", badge="blue", followers_bucket="1k-10k"),
        engagement=Engagement(likes=7, views=2**40),
        region="广东",
        media=("https://weibo.example/1.jpg",),
        matches=(Match("xiaomi", Role.BRAND, ("小米", "SU7")),),
        sentiment=felt(Label.NEGATIVE),
        emotion="angry",
        abstain="unsure",
        complaint=-0.25,
        irony=0.125,
        risk=(Risk("safety", 0.25),),
        model="tingchao-zh/0",
    )

    store.upsert([mention])

    assert store.get([mention.id, "0" * 32, "no id"]) == [mention]


def test_the_same_mentions_again_change_nothing(store):
    mentions = [a_mention(number) for number in range(20)]
    assert store.upsert(mentions) == Upserted(20, 0, 0)

    assert store.upsert(mentions[::-1]) == Upserted(0, 0, 20)
    store.refresh()
    assert store.count(asking()) == 20


def test_a_newer_revision_keeps_the_first_words_and_takes_the_rest(store):
    first = a_mention(text="第一版", title="旧题", engagement=Engagement(likes=1))
    later = replace(
        first,
        text="被改过的",
        title="新题",
        published_at=first.published_at + HOUR,
        captured_at=first.captured_at + HOUR,
        engagement=Engagement(likes=99),
        sentiment=felt(Label.NEGATIVE),
        matches=about("xiaomi"),
    )
    store.upsert([first])

    assert store.upsert([later]) == Upserted(0, 1, 0)

    (kept,) = store.get([first.id])
    assert (kept.text, kept.title, kept.published_at) == (first.text, first.title, first.published_at)
    assert (kept.engagement, kept.sentiment, kept.matches) == (
        later.engagement,
        later.sentiment,
        later.matches,
    )
    assert kept.captured_at == later.captured_at
    assert found(store, "第一版 topic:xiaomi sentiment:negative") == {"1"}
    assert found(store, "被改过的") == set()


def test_an_older_revision_that_arrives_late_changes_nothing(store):
    newer = a_mention(engagement=Engagement(likes=9), sentiment=felt(Label.POSITIVE))
    older = replace(
        newer, captured_at=newer.captured_at - HOUR, engagement=Engagement(likes=1), sentiment=None
    )
    store.upsert([newer])

    assert store.upsert([older]) == Upserted(0, 0, 1)
    assert store.get([newer.id]) == [newer]


def test_revisions_in_one_batch_count_one_by_one(store):
    first = a_mention()
    second = replace(first, captured_at=first.captured_at + HOUR, region="北京")

    assert store.upsert([first, second, first]) == Upserted(1, 1, 1)
    assert store.get([first.id])[0].region == "北京"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Precision.SECOND, Precision.NONE),
        (Precision.NONE, Precision.SECOND),
        (Precision.DAY, Precision.SECOND),
        (Precision.SECOND, Precision.DAY),
        (Precision.HOUR, Precision.MINUTE),
    ],
)
def test_a_mention_crawled_again_in_the_next_month_stays_one(store, before, after):
    edge = datetime(2026, 10, 31, 23, 50, tzinfo=UTC)
    first = a_mention(published_at=edge, published_precision=before, captured_at=edge + HOUR)
    read_otherwise = edge + (timedelta(days=40) if after is Precision.NONE else HOUR)
    again = replace(
        first, published_at=read_otherwise, published_precision=after, captured_at=edge + timedelta(days=40)
    )
    store.upsert([first])

    assert store.upsert([again]) == Upserted(0, 1, 0)
    store.refresh()
    page = store.search(asking())
    assert (page.total, page.hits[0].published_at) == (1, edge)


def test_what_no_store_can_keep_is_refused_with_a_reason_and_the_others_go_in(store):
    good = a_mention()
    bad = [
        a_mention(2, engagement=Engagement(likes=2**63)),
        a_mention(3, text="\ud83d"),
        a_mention(4, id="not hex"),
        a_mention(7, region="广\x00东"),
        a_mention(8, region="长" * 40_000),
    ]

    done = store.upsert([*bad, good])

    assert [refused.mention_id for refused in done.refused] == [mention.id for mention in bad]
    assert all(refused.reason for refused in done.refused)
    assert (done.created, store.get([good.id])) == (1, [good])


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\x00小米", "a" * 20_000, "汉" * 100_000, "\U0001f468\u200d\U0001f469" * 300, "\ufdfa" * 99],
)
def test_hostile_texts_are_kept_as_they_are(store, text):
    mention = a_mention(text=text, title=text[:500])

    assert store.upsert([mention]) == Upserted(1, 0, 0)
    assert store.get([mention.id]) == [mention]


def test_deleted_mentions_are_gone_everywhere(store):
    mentions = [
        a_mention(number, matches=about("xiaomi"), risk=(Risk("food", 1.0),), sentiment=felt(Label.NEGATIVE))
        for number in range(4)
    ]
    undated = a_mention(9, published_precision=Precision.NONE)
    store.upsert([*mentions, undated])

    assert store.delete([mentions[0].id, mentions[0].id, undated.id, "0" * 32, "no id"]) == 2

    store.refresh()
    assert store.get([mentions[0].id, undated.id]) == []
    assert store.count(asking("小米")) == 3
    assert store.facet(asking(), Facet.TOPIC) == [("xiaomi", 3)]
    assert store.facet(asking("topic:xiaomi"), Facet.RISK) == [("food", 3)]
    assert sum(bucket.total for bucket in store.timeline(asking("topic:xiaomi"), HOUR)) == 3
