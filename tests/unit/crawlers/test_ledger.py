"""The request ledger: small whatever is asked, and without anybody's name."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.manners import ledger
from crawlers.manners.addresses import covers
from crawlers.manners.ledger import KEPT, MOST_ROWS, Entry, Fate, counted
from crawlers.manners.patterns import LONGEST_PATTERN, OTHERS, pattern
from tingchao.store import Document

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def entry(**fields):
    usual = {
        "at": NOW,
        "host": "a.example",
        "source": "a",
        "pattern": "/x",
        "fate": Fate.ANSWERED,
        "status": 200,
    }
    return Entry(**{**usual, **fields})


def document(rows, host="a.example", at=NOW):
    return Document(ledger.kind(at), ledger.document_id(at, host), 1, ledger.to_body(host, rows))


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/", "/"),
        ("/api/v2/topics/1187?p=3&order=hot", "/api/v2/topics/{id}?order&p"),
        ("/cn/rss/customerreviews/page=1/id=414478124/json", "/cn/rss/customerreviews/page={id}/id={id}/json"),
        ("/@alice_w/1122", "/{id}/{id}"),
        ("/u/alice/posts", "/u/{id}/posts"),
        ("/user/alice.json", "/user/{id}"),
        ("/api/v1/timelines/tag/%E5%B0%8F%E7%B1%B3", "/api/v1/timelines/tag/{id}"),
        ("/2026/11/24/some-story-told-at-length-here.html", "/{id}/{id}/{id}/{id}.html"),
        ("/p/4Zx9.html", "/p/{id}.html"),
        ("/search?alice", "/search"),
        ("/search?小米=1&q=1", "/search?q"),
        ("/feed.xml", "/feed.xml"),
    ],
)  # fmt: skip
def test_the_shape_of_a_path_is_kept_and_its_ids_names_and_values_are_not(path, shape):
    found = pattern(f"https://a.example{path}")

    assert found == shape


@given(st.text(max_size=300))
def test_any_address_has_a_short_shape(text):
    for address in (text, f"https://a.example/{text}"):
        assert len(pattern(address)) <= LONGEST_PATTERN


def test_requests_that_are_alike_are_one_row():
    rows = {}
    for number in range(1_000):
        rows = counted(rows, entry(bytes=10, delay=2.0 + number / 1_000, at=NOW + timedelta(seconds=number)))
    rows = counted(rows, entry(fate=Fate.REFUSED, status=403, delay=None))

    lines = ledger.select([document(rows)])

    assert [(line.row.fate, line.row.requests, line.row.bytes) for line in lines] == [
        (Fate.ANSWERED, 1_000, 10_000), (Fate.REFUSED, 1, 0),
    ]  # fmt: skip
    assert lines[0].row.least_delay == 2.0
    assert lines[0].row.last == NOW + timedelta(seconds=999)


def test_an_hour_of_a_host_stays_small_whatever_its_paths():
    rows = {}
    for number in range(2_000):
        rows = counted(rows, entry(pattern=f"/{number}", source=f"s{number}"))

    assert len(rows) <= MOST_ROWS + len(Fate)
    assert sum(row.requests for row in rows.values()) == 2_000
    assert any(row.pattern == OTHERS for row in rows.values())
    assert len(str(document(rows).body)) < 200_000


def test_questions_are_by_host_source_outcome_and_time():
    here = counted(
        counted({}, entry()), entry(fate=Fate.FORBIDDEN, allowed=False, rule="robots.txt disallows this path")
    )
    there = counted({}, entry(host="m.b.example:8080", source="b", at=NOW - timedelta(hours=5)))
    documents = [document(here), document(there, "m.b.example:8080", NOW - timedelta(hours=5))]

    assert {line.host for line in ledger.select(documents, host="b.example")} == {"m.b.example:8080"}
    assert len(ledger.select(documents, source="a")) == 2
    assert [line.row.rule for line in ledger.select(documents, fate=Fate.FORBIDDEN)] == [
        "robots.txt disallows this path"
    ]
    assert len(ledger.select(documents, since=NOW - timedelta(hours=1))) == 2


def test_a_summary_tells_what_was_sent_refused_and_withheld():
    rows = {}
    for fate in (Fate.ANSWERED, Fate.ANSWERED, Fate.REFUSED, Fate.CHALLENGED, Fate.FORBIDDEN, Fate.RESTING):
        rows = counted(rows, entry(fate=fate, bytes=5, seconds=0.5, delay=3.0))

    (found,) = ledger.summary([document(rows)])

    assert (found.sent, found.withheld, found.refused, found.refused_share) == (4, 2, 2, 0.5)
    assert (found.sources, found.least_delay, found.fates["answered"]) == (("a",), 3.0, 2)


def test_a_damaged_document_tells_what_can_still_be_read():
    body = {**document(counted({}, entry())).body}
    body["rows"] = [*body["rows"], {"source": 3}, None]

    assert len(ledger.select([Document("requests-x", "y", 1, body), Document("requests-x", "z", 1, {})])) == 1


def test_only_the_days_that_are_asked_for_are_read_and_old_ones_end():
    asked = []
    ledger.read(lambda kind: asked.append(kind) or [], NOW - timedelta(hours=3), NOW)

    assert asked == ["requests-2026-11-23", "requests-2026-11-24"]
    assert ledger.kind(NOW - KEPT) not in ledger.outlived(NOW)
    assert ledger.kind(NOW - KEPT - timedelta(days=1)) in ledger.outlived(NOW)


@pytest.mark.parametrize(
    ("domain", "host", "covered"),
    [
        ("weibo.com", "weibo.com", True),
        ("weibo.com", "m.weibo.com:8080", True),
        ("weibo.com", "notweibo.com", False),
        ("weibo.com:8443", "weibo.com:8443", True),
        ("weibo.com:8443", "weibo.com", False),
        ("127.0.0.1", "127.0.0.1:9", True),
        ("[::1]", "[::1]:9", True),
    ],
)
def test_a_host_covers_its_ports_and_subdomains(domain, host, covered):
    assert covers(domain, host) is covered
