"""What every store must count: timelines and facets."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.contract.stores import HOUR, MINUTE, NOON, a_mention, about, asking, felt, found
from tingchao.errors import BadInput
from tingchao.mention import (
    Kind,
    Label,
    Risk,
    mention_id,
)
from tingchao.query import Subject
from tingchao.store import Bucket, Facet


def test_the_timeline_counts_by_label_and_keeps_empty_steps(store):
    store.upsert(
        [
            a_mention(0, sentiment=felt(Label.NEGATIVE)),
            a_mention(1, sentiment=felt(Label.NEGATIVE)),
            a_mention(4),
            a_mention(11, sentiment=felt(Label.POSITIVE)),
        ]
    )
    store.refresh()

    buckets = store.timeline(asking(), 5 * MINUTE)

    assert buckets == [
        Bucket(NOON, negative=2, unscored=1),
        Bucket(NOON + 5 * MINUTE),
        Bucket(NOON + 10 * MINUTE, positive=1),
    ]


def test_what_was_not_read_is_counted_and_is_under_no_label(store):
    store.upsert(
        [
            a_mention(0, sentiment=felt(Label.NEGATIVE), abstain="unsure"),
            a_mention(1, abstain="language", model="m/1"),
            a_mention(2, sentiment=felt(Label.NEUTRAL)),
        ]
    )
    store.refresh()

    (bucket,) = store.timeline(asking(), HOUR)

    assert bucket == Bucket(NOON, negative=1, neutral=1, unscored=1)
    assert store.facet(asking(), Facet.SENTIMENT) == [("negative", 1), ("neutral", 1)]
    assert dict(store.facet(asking(), Facet.HAS)) == {"sentiment": 2, "unread": 1, "unsure": 1}
    assert found(store, "has:unread") == found(store, "-has:sentiment") == {"1"}
    assert found(store, "sentiment:(negative OR neutral OR positive)") == {"0", "2"}


def test_days_begin_at_midnight_in_shanghai(store):
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)
    store.upsert(
        [a_mention(1, published_at=midnight - timedelta(seconds=1)), a_mention(2, published_at=midnight)]
    )
    store.refresh()

    days = store.timeline(asking(), timedelta(days=1))

    assert [(bucket.at, bucket.total) for bucket in days] == [
        (midnight - timedelta(days=1), 1),
        (midnight, 1),
    ]


def test_a_window_frames_the_timeline(store):
    store.upsert([a_mention(30)])
    store.refresh()

    framed = store.timeline(asking("", NOON, NOON + 2 * HOUR), HOUR)

    assert [(bucket.at, bucket.total) for bucket in framed] == [(NOON, 1), (NOON + HOUR, 0)]
    assert store.timeline(asking("nowhere"), HOUR) == []


@pytest.mark.parametrize("step", [timedelta(seconds=90), timedelta(0), -HOUR])
def test_steps_are_whole_minutes(store, step):
    with pytest.raises(BadInput, match="minutes"):
        store.timeline(asking(), step)


def test_a_timeline_without_end_is_refused(store):
    store.upsert([a_mention(1, published_at=datetime(1999, 1, 1, tzinfo=UTC)), a_mention(2)])
    store.refresh()

    with pytest.raises(BadInput, match="longer step"):
        store.timeline(asking(), MINUTE)


def test_totals_timelines_and_facets_agree_with_a_count_by_hand(store):
    """Windows that cut hours, rolled-up scopes and scanned ones alike."""
    mentions = [
        a_mention(
            7 * number,
            "小米" if number % 3 else "新星奶茶",
            source=("weibo", "rss", "forum")[number % 3],
            kind=(Kind.POST, Kind.COMMENT)[number % 2],
            region=("广东", "", "北京", "广东")[number % 4],
            sentiment=(None, felt(Label.NEGATIVE), felt(Label.POSITIVE))[number % 5 % 3],
            matches=about(*(("a",), ("a", "b"), ())[number % 7 % 3]),
            risk=(Risk("food", 1.0), Risk("safety", 0.1))[: number % 3],
            abstain=("", "unsure", "", "language")[number % 4],
        )
        for number in range(200)
    ]
    mentions = [replace(m, id=mention_id(m.source, m.native_id)) for m in mentions]
    store.upsert(mentions)
    relabelled = [
        replace(
            mention,
            captured_at=mention.captured_at + HOUR,
            sentiment=felt(Label.NEUTRAL),
            matches=about("b"),
            abstain="",
        )
        for mention in mentions[:40]
    ]
    store.upsert(relabelled)
    store.refresh()
    now = [*relabelled, *mentions[40:]]

    since, until = NOON + timedelta(minutes=100, seconds=30), NOON + timedelta(minutes=1_111)
    for query, keep in {
        "": lambda m: True,
        "topic:a": lambda m: any(match.topic == "a" for match in m.matches),
        "topic:b sentiment:negative": lambda m: (
            any(match.topic == "b" for match in m.matches) and m.sentiment == felt(Label.NEGATIVE)
        ),
        "source:(weibo OR rss) -kind:comment": lambda m: m.source != "forum" and m.kind == "post",
        "小米": lambda m: "小米" in m.text,
        "-小米 topic:a": lambda m: "小米" not in m.text and any(match.topic == "a" for match in m.matches),
        "has:risk OR region:北京": lambda m: bool(m.risk) or m.region == "北京",
        "has:unsure": lambda m: m.abstain == "unsure",
        "小米 (has:unread OR has:unsure) -has:risk": lambda m: (
            "小米" in m.text and bool(m.abstain) and not m.risk
        ),
    }.items():
        for first, end in (
            (None, None),
            (since, None),
            (None, until),
            (since, until),
            (since, since + MINUTE),
        ):
            scope = asking(query, first, end)
            wanted = [
                m
                for m in now
                if keep(m) and (not first or m.published_at >= first) and (not end or m.published_at < end)
            ]
            assert store.count(scope) == store.search(scope, limit=1).total == len(wanted), (
                query,
                first,
                end,
            )
            for step in (5 * MINUTE, HOUR, timedelta(days=1)):
                assert sum(bucket.total for bucket in store.timeline(scope, step)) == len(wanted), (
                    query,
                    step,
                )
            negative = sum(m.sentiment == felt(Label.NEGATIVE) for m in wanted)
            assert sum(bucket.negative for bucket in store.timeline(scope, HOUR)) == negative
            for facet, values in {
                Facet.SOURCE: lambda m: [m.source],
                Facet.KIND: lambda m: [m.kind.value],
                Facet.SENTIMENT: lambda m: [m.sentiment.label.value] if m.sentiment else [],
                Facet.TOPIC: lambda m: [match.topic for match in m.matches],
                Facet.RISK: lambda m: [risk.category for risk in m.risk],
                Facet.REGION: lambda m: [m.region] if m.region else [],
                Facet.LANG: lambda m: [m.lang],
                Facet.HAS: lambda m: [name for name, there in Subject.of(m).has.items() if there],
            }.items():
                every = [value for m in wanted for value in values(m)]
                by_hand = sorted(
                    ((v, every.count(v)) for v in set(every)), key=lambda pair: (-pair[1], pair[0])
                )
                assert store.facet(scope, facet) == by_hand, (query, first, end, facet)


def test_a_facet_gives_the_most_frequent_values_only(store):
    store.upsert([a_mention(number, region=f"r{number % 7}") for number in range(20)])
    store.refresh()

    assert store.facet(asking(), Facet.REGION, size=3) == [("r0", 3), ("r1", 3), ("r2", 3)]
