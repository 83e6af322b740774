"""What every store must do. Each rule runs against SQLite and, where it can be started, real Elasticsearch."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.contract.stores import STORES, store_address
from tingchao.errors import BadInput, StaleVersion
from tingchao.mention import (
    Author,
    Engagement,
    Kind,
    Label,
    Match,
    Mention,
    Precision,
    Risk,
    Role,
    Sentiment,
    mention_id,
)
from tingchao.query import Subject, parse
from tingchao.store import Bucket, Facet, Scope, Store, Upserted, open_store

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(params=STORES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from store_address(request, tmp_path)


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with open_store(address) as opened:
        yield opened


def a_mention(number: int = 1, text: str = "小米SU7在高速上冒烟了", **changes: object) -> Mention:
    at = NOON + number * MINUTE
    plain = Mention(
        id=mention_id("weibo", str(number)),
        source="weibo",
        kind=Kind.POST,
        native_id=str(number),
        text=text,
        published_at=at,
        captured_at=at + MINUTE,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def felt(label: Label) -> Sentiment:
    return Sentiment(label, *(0.8 if label is one else 0.1 for one in Label))


def about(*topics: str) -> tuple[Match, ...]:
    return tuple(Match(topic, Role.BRAND) for topic in topics)


def asking(query: str = "", since: datetime | None = None, until: datetime | None = None) -> Scope:
    return Scope(parse(query), since, until)


def found(store: Store, query: str, **window: datetime) -> set[str]:
    store.refresh()
    return {mention.native_id for mention in store.search(asking(query, **window)).hits}


# --- writing


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


# --- finding


def test_words_match_as_the_query_language_says(store):
    store.upsert(
        [
            a_mention(1, "小米SU7在高速上冒烟了"),
            a_mention(2, "今天喝小米粥，training 很累"),
            a_mention(3, "小，米", title="XIAOMI 發布会"),
        ]
    )

    assert found(store, "小米") == {"1", "2"}
    assert found(store, "小米 NOT 小米粥") == {"1"}
    assert found(store, "ai") == set()
    assert found(store, "xiaomi") == {"3"}
    assert found(store, "title:xiaomi 发布") == {"3"}
    assert found(store, "小米 NEAR/7 冒烟") == {"1"}
    assert found(store, "小米 NEAR/6 冒烟") == set()
    assert found(store, "-小米") == {"3"}


def test_hits_come_newest_first_and_ties_by_id(store):
    at_once = [a_mention(number, published_at=NOON) for number in range(30)]
    later = a_mention(99, published_at=NOON + HOUR)
    store.upsert([*at_once, later])
    store.refresh()

    hits = store.search(asking()).hits

    by_id = sorted((mention.id for mention in at_once), reverse=True)
    assert [hit.id for hit in hits] == [later.id, *by_id]


def test_a_window_holds_its_start_and_not_its_end(store):
    store.upsert([a_mention(number) for number in range(5)])

    assert found(store, "", since=NOON + MINUTE, until=NOON + 3 * MINUTE) == {"1", "2"}
    assert found(store, "since:2026-11-24T12:03:00 until:2026-11-24T12:04:00") == {"3"}


@pytest.mark.parametrize(
    "query", ['"', "x OR 1=1 --", '小米" OR "', "{}", "*", "title:*", "\\", "url:*%_", "';"]
)
def test_no_text_reaches_the_language_of_the_store(store, query):
    from tingchao.query import Query, all_of, word
    from tingchao.query.tree import FieldName, InUrl, Is

    store.upsert([a_mention()])
    store.refresh()

    for tree in (word(query), InUrl(query), Is(FieldName.SOURCE, query), Is(FieldName.TOPIC, query)):
        assert store.search(Scope(Query(query, all_of(tree)))).hits == ()
    assert store.count(asking()) == 1


def test_an_unknown_bookmark_is_refused(store):
    for after in ("", "x", "1.2", "1'--", "6923f1a0." + "G" * 32):
        with pytest.raises(BadInput, match="after="):
            store.search(asking(), after=after)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_bound(store, limit):
    with pytest.raises(BadInput, match="limit"):
        store.search(asking(), limit=limit)


def test_paging_shows_each_mention_once_while_writes_go_on(store):
    many = [a_mention(number, published_at=NOON + timedelta(seconds=number // 3)) for number in range(10_500)]
    for at in range(0, len(many), 1_000):
        store.upsert(many[at : at + 1_000])
    store.refresh()
    shown: list[str] = []
    after, pages = None, 0

    while True:
        page = store.search(asking("小米"), limit=1_500, after=after)
        shown += [hit.native_id for hit in page.hits]
        pages += 1
        store.upsert([a_mention(20_000 + pages, published_at=NOON + timedelta(days=1, seconds=pages))])
        store.upsert(
            [replace(many[pages], captured_at=NOON + timedelta(days=2), sentiment=felt(Label.NEUTRAL))]
        )
        store.refresh()
        if page.next is None:
            break
        after = page.next

    assert shown == [
        mention.native_id for mention in sorted(many, key=lambda m: (m.published_at, m.id), reverse=True)
    ]
    assert pages == 7
    assert page.total == 10_500 + 6


def test_export_gives_everything_in_order(store):
    store.upsert([a_mention(number) for number in range(1_200)])
    store.refresh()

    exported = list(store.export(asking("小米")))

    assert [mention.native_id for mention in exported] == [str(number) for number in reversed(range(1_200))]


# --- counting


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


# --- event streams


def test_a_stream_grows_and_is_read_from_any_version(store):
    assert store.read("incident:1") == []
    assert store.append("incident:1", 0, [{"n": 1}, {"n": 2}, {"n": 3}]) == 3
    assert store.append("incident:1", 3, [{"n": 4, "text": "文\u2028"}]) == 4

    for after in range(6):
        recorded = store.read("incident:1", after)
        assert [(one.version, one.event["n"]) for one in recorded] == [(n, n) for n in range(after + 1, 5)]
    assert store.read("incident:10") == []


@pytest.mark.parametrize("expected", [0, 1, 2, 4, 99])
def test_append_refuses_a_stale_version_and_says_what_is_there(store, expected):
    store.append("s", 0, [{"n": 1}, {"n": 2}, {"n": 3}])

    with pytest.raises(StaleVersion) as refusal:
        store.append("s", expected, [{"n": 4}])

    assert refusal.value.found == 3
    assert [one.version for one in store.read("s")] == [1, 2, 3]


def test_long_streams_have_no_hole(store):
    version = 0
    for size in (1, 2, 40, 1, 300, 1, 1, 700):
        version = store.append("long", version, [{"size": size}] * size)

    assert [one.version for one in store.read("long")] == list(range(1, version + 1))
    assert [one.version for one in store.read("long", 1_000)] == list(range(1_001, version + 1))


def test_twenty_threads_append_and_no_version_is_lost_or_doubled(store):
    def add(worker: int) -> None:
        version = 0
        for _ in range(200):
            try:
                store.append("shared", version, [{"worker": worker}, {"worker": worker}])
            except StaleVersion as stale:
                version = stale.found
            else:
                return
        raise AssertionError("never came through")

    threads = [threading.Thread(target=add, args=(worker,)) for worker in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    recorded = store.read("shared")
    assert [one.version for one in recorded] == list(range(1, 41))
    pairs = [one.event["worker"] for one in recorded]
    assert pairs[::2] == pairs[1::2]
    assert sorted(pairs[::2]) == list(range(20))


def test_what_is_not_json_is_refused(store):
    for body in ({"x": object()}, {"x": "\ud800"}, {"x": "y" * 1_000_001}):
        with pytest.raises(BadInput):
            store.append("s", 0, [body])
        with pytest.raises(BadInput):
            store.put("k", "i", body)
    assert store.read("s") == []


@pytest.mark.parametrize("name", ["", "a\x00", "\ud800", "长" * 100])
def test_names_of_streams_and_documents_are_bounded(store, name):
    with pytest.raises(BadInput):
        store.append(name, 0, [{}])
    with pytest.raises(BadInput):
        store.put("kind", name, {})


# --- documents


def test_a_document_counts_its_versions(store):
    assert store.find("watchlist", "current") is None
    assert store.put("watchlist", "current", {"topics": []}) == 1
    assert store.put("watchlist", "current", {"topics": ["小米"], "deep": {"n": 2**53 + 1}}, 1) == 2

    document = store.find("watchlist", "current")

    assert document is not None
    assert (document.version, document.body) == (2, {"topics": ["小米"], "deep": {"n": 2**53 + 1}})


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_put_refuses_a_stale_version(store, expected):
    store.put("kind", "id", {"n": 1})

    with pytest.raises(StaleVersion) as refusal:
        store.put("kind", "id", {"n": 2}, expected)

    assert refusal.value.found == 1
    document = store.find("kind", "id")
    assert document is not None
    assert document.body == {"n": 1}


def test_documents_of_a_kind_are_listed_by_id_at_once(store):
    for id in ("b", "a", "c/ 小米?#", "b.1"):
        store.put("worker", id, {"id": id})
    store.put("workers", "other", {})
    store.put("worker", "b", {"id": "b", "again": True})

    listed = store.documents("worker")

    assert [(document.id, document.version) for document in listed] == [
        ("a", 1),
        ("b", 2),
        ("b.1", 1),
        ("c/ 小米?#", 1),
    ]
    assert listed[1].body == {"id": "b", "again": True}


def test_a_removed_document_is_gone_and_may_come_again(store):
    store.put("kind", "id", {})

    assert (store.remove("kind", "id"), store.remove("kind", "id")) == (True, False)
    assert (store.find("kind", "id"), store.documents("kind")) == (None, [])
    assert store.put("kind", "id", {}, 0) == 1


# --- together


def test_two_openings_of_one_store_see_each_other(store, address):
    with open_store(address) as other:
        store.upsert([a_mention()])
        other.put("kind", "id", {"n": 1})
        other.append("s", 0, [{}])

        assert other.get([a_mention().id]) == [a_mention()]
        assert store.find("kind", "id") is not None
        assert len(store.read("s")) == 1


def test_threads_write_the_same_mentions_and_each_is_there_once(store):
    mentions = [a_mention(number) for number in range(100)]
    created: list[int] = []

    def write(offset: int) -> None:
        done = store.upsert([*mentions[offset:], *mentions[:offset]])
        created.append(done.created)

    threads = [threading.Thread(target=write, args=(10 * worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    store.refresh()
    assert sum(created) == 100
    assert store.count(asking()) == 100


def test_ping_tells_what_it_is(store):
    store.upsert([a_mention()])
    store.refresh()

    assert "1 mentions" in store.ping()
