"""How a source is heard, as the dashboard judges what the crawler wrote."""

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.manners import ledger
from crawlers.manners.addresses import covers as crawlers_covers
from crawlers.visits.health import to_body
from dashboard import coverage, manners, switching
from dashboard.coverage import Hearing, imported, judged
from dashboard.written import Gap, Health, Switch, Usual, all_as, read_as
from tests.unit.dashboard import sources_scene
from tingchao.errors import BadInput
from tingchao.store import Document, open_store

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


def hearing(health: Health, hosts=(), switches=None, now: datetime = NOW) -> tuple[Hearing, datetime | None]:
    found = judged({"x": health}, {}, (), switches or {}, {"x": hosts}, now)[0]
    return found.hearing, found.since


def of(**more) -> Health:
    told = {"name": "甲", "last_success": NOW - MINUTE, "last_try": NOW - MINUTE, "interval": 300.0}
    return Health(**{**told, **more})


def test_each_trouble_that_the_crawler_writes_is_told_apart(store):
    sources_scene.troubled(store, NOW)

    found = judged(
        all_as(Health, store.documents("source")),
        all_as(Usual, store.documents("usual")),
        all_as(Gap, store.documents("gap")).values(),
        all_as(Switch, store.documents("switch")),
        manners.hosts_of(manners.lines(store.documents(ledger.kind(NOW)), NOW - timedelta(hours=24))),
        NOW,
    )

    assert {source.id: source.hearing.value for source in found} == {
        "xinwen": "ok",
        "luntan": "ok",
        "changmao": "ok",
        "weishuo": "ok",
        "tousu": "refused",
        "anjing": "silent",
        "pingjia": "blind",
        "shuma": "late",
        "tingzhi": "unvisited",
        "yusuan": "held",
        "tingyong": "off",
    }
    assert coverage.count(found) == coverage.Count(11, heard=4, doubtful=4, unheard=3)
    since = {source.id: source.since for source in found}
    assert since["anjing"] == NOW - timedelta(hours=5)
    assert since["pingjia"] == NOW - timedelta(hours=2)
    assert since["tingyong"] == NOW - timedelta(hours=1)
    assert [len(source.gaps) for source in found if source.gaps] == [1]
    assert found[0].id == "tousu"


def test_a_crawler_that_stands_still_makes_its_last_word_worthless():
    quiet = of(last_try=NOW - 16 * MINUTE, last_success=NOW - 16 * MINUTE)

    assert hearing(quiet) == (Hearing.UNVISITED, NOW - 16 * MINUTE)
    assert hearing(of(last_try=NOW - 14 * MINUTE))[0] is Hearing.OK
    assert hearing(of(interval=3_600.0, last_try=NOW - 170 * MINUTE))[0] is Hearing.OK
    assert (
        hearing(of(last_try=NOW - 600 * MINUTE, retry_at=NOW + MINUTE, state="refused"))[0] is Hearing.REFUSED
    )


def test_that_nothing_is_visited_is_said_once_for_all():
    old = of(last_try=NOW - 60 * MINUTE)
    sources = judged({"a": old, "b": of(last_try=NOW - 50 * MINUTE)}, {}, (), {}, {}, NOW)

    assert coverage.standstill(sources) == NOW - 50 * MINUTE
    assert coverage.standstill(judged({"a": old, "b": of()}, {}, (), {}, {}, NOW)) is None


def test_a_stopped_host_stops_its_source_at_once_and_only_when_all_its_hosts_are_stopped():
    off = {"weishuo.example": Switch(host="weishuo.example", since=NOW, why="来函")}

    assert hearing(of(), ["m.weishuo.example:8080"], off) == (Hearing.OFF, NOW)
    assert hearing(of(), ["m.weishuo.example", "cdn.example"], off)[0] is Hearing.OK


def test_what_the_crawler_says_of_a_stopped_host_holds_until_the_host_is_allowed():
    said = of(error="weishuo.example is switched off by hand", last_try=NOW)
    off = {"weishuo.example": Switch(host="weishuo.example", since=NOW)}

    assert hearing(said, switches=off)[0] is Hearing.OFF
    assert hearing(said)[0] is Hearing.HELD


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "ok"},
        {"name": 7, "state": "lost", "last_success": "yesterday", "blind": None},
        {"state": "a new word", "last_try": "2026-11-24T09:29:00"},
        {"permission": "no record", "interval": -5, "refusing": "much"},
    ],
)
def test_a_document_of_another_version_is_read_as_far_as_it_can_be(body):
    found = judged({"x": read_as(Health, body)}, {}, (), {}, {}, NOW)

    assert found[0].name
    assert found[0].permission is None


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("weibo.com", "weibo.com"),
        ("weibo.com", "m.weibo.com:8080"),
        ("weibo.com", "notweibo.com"),
        ("weibo.com:80", "weibo.com"),
        ("weibo.com", "weibo.com."),
        ("m.weibo.com", "weibo.com"),
        ("[::1]", "[::1]:9000"),
    ],
)
def test_a_switch_covers_what_the_crawler_says_it_covers(domain, host):
    assert coverage.covers(domain, host) is crawlers_covers(domain, host)


def test_an_import_is_quiet_after_twelve_of_its_mean_pauses_and_not_before_half_an_hour():
    def quiet(minutes: int, count: int) -> bool:
        return imported("weibo", "微博", NOW - minutes * MINUTE, count, NOW).hearing is Hearing.QUIET

    assert not quiet(29, 10_000)
    assert quiet(31, 10_000)
    assert not quiet(38, 168)
    assert quiet(13 * 60, 168)


def test_the_ledger_adds_up_as_the_crawler_adds_it(store):
    sources_scene.troubled(store, NOW)
    documents, since = store.documents(ledger.kind(NOW)), NOW - timedelta(hours=24)

    found = manners.lines(documents, since)

    for theirs in ledger.summary(documents, since=since):
        ours = manners.totals(line for line in found if line.host == theirs.host)
        assert (ours.sent, ours.withheld, ours.refused, ours.bytes) == (
            theirs.sent,
            theirs.withheld,
            theirs.refused,
            theirs.bytes,
        )
        assert ours.least_delay == theirs.least_delay
    assert set(manners.UNSENT) == {fate.value for fate in ledger.UNSENT}
    assert set(manners.FATES) == {fate.value for fate in ledger.Fate}
    assert [line.row.requests for line in manners.select(found, source="tousu", fate="refused")] == [9]


def test_rows_that_cannot_be_read_are_left_out():
    odd = Document("requests-2026-11-24", "09 x", 1, {"host": "x", "rows": [{"requests": "many"}, 7]})

    assert manners.lines([odd, Document("k", "i", 1, {"rows": 3})], NOW) == []


def test_a_host_is_stopped_and_allowed_with_who_when_and_why(store):
    switching.stop(store, "m.weishuo.example", " 站方 来函\n", "王值班", NOW)
    switch = all_as(Switch, store.documents("switch"))["m.weishuo.example"]
    assert (switch.by, switch.why, switch.since) == ("王值班", "站方 来函", NOW)

    switching.allow(store, "m.weishuo.example", "已书面许可", "李四", NOW + MINUTE)

    assert store.documents("switch") == []
    assert [(each.event, each.by, each.why) for each in switching.history(store)] == [
        ("allowed", "李四", "已书面许可"),
        ("stopped", "王值班", "站方 来函"),
    ]
    with pytest.raises(BadInput, match="is not stopped"):
        switching.allow(store, "m.weishuo.example", "再来一次", "李四", NOW)
    with pytest.raises(BadInput, match="reason"):
        switching.stop(store, "m.weishuo.example", "  ", "李四", NOW)


def test_hosts_that_may_not_be_asked_come_first_with_the_reason(store):
    sources_scene.troubled(store, NOW)
    found = manners.asked(
        all_as(manners.Host, store.documents("host")),
        all_as(Switch, store.documents("switch")),
        manners.lines(store.documents(ledger.kind(NOW)), NOW - timedelta(hours=24)),
        NOW,
    )

    states = {host.host: host.state for host in found}
    assert states["tousu.example"] == "resting"
    assert states["stopped.example:8443"] == states["stopped.example"] == "off"
    assert states["bbs.example"] == "open"
    assert [host.state for host in found][-3:] == ["open", "open", "open"]
    assert next(host for host in found if host.host == "m.weishuo.example").spent_requests == 300


def test_the_crawlers_own_document_reads_back_whole(store):
    written = sources_scene.put(store, "weishuo", "微说", NOW, got=3, expected=5)

    read = read_as(Health, to_body(written))

    assert (read.state, read.last_success, read.expected, read.an_hour) == (
        written.state.value,
        written.last_success,
        written.expected,
        written.an_hour,
    )
