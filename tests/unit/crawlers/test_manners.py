"""robots.txt that fails closed, and how long a site is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.manners.rests import Rest, pause, refused, retry_after
from crawlers.manners.robots import LONGEST, MOST_SITEMAPS, read_rules, unanswered
from crawlers.parsers import Outcome
from crawlers.visits.health import Health, State, failed, from_body, succeeded, to_body, was_refused
from crawlers.visits.visiting import Tally

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
AGENT = "tingchao/0.1 (+https://example.com)"
PAGE = "https://a.example/page"


@pytest.mark.parametrize(
    ("status", "body", "allowed"),
    [
        (200, b"", True),
        (200, b"User-agent: *\nDisallow: /private/", True),
        (200, b"\xef\xbb\xbfUser-agent: *\nDisallow: /", False),
        (200, b"User-agent: *\nAllow: /\n\nUser-agent: tingchao\nDisallow: /", False),
        (200, b"User-agent: *\nDisallow: /\n\nUser-agent: tingchao\nAllow: /", True),
        (404, b"<html>", True),
        (410, b"", True),
        (401, b"", False),
        (403, b"", False),
        (429, b"", False),
        (500, b"", False),
        (503, b"User-agent: *\nAllow: /", False),
        (301, b"", False),
        (200, b"<!DOCTYPE html><html></html>", False),
        (200, b"\x00\x01\x02", False),
        (200, b'{"error": 1}', False),
        (200, b"User-agent: *\nDisallow: /page\n" + b"# x\n" * 500_000, False),
    ],
)
def test_robots_fails_closed(status, body, allowed):
    rules = read_rules(status, body, NOW)

    decision = rules.decide(PAGE, AGENT)
    assert decision.allowed is allowed
    assert decision.rule
    assert NOW < rules.expires <= NOW + LONGEST


@pytest.mark.parametrize(
    ("status", "body", "able"),
    [
        (200, b"User-agent: *\nDisallow: /", True),
        (403, b"", True),
        (400, b"{}", True),
        (200, b"<html>", True),
        (503, b"", False),
        (429, b"", False),
    ],
)
def test_a_permission_stands_above_what_a_site_says_but_not_above_its_being_in_trouble(status, body, able):
    assert read_rules(status, body, NOW).able is able


def test_no_answer_forbids_but_is_soon_asked_for_again():
    rules = unanswered("timeout", NOW)

    assert not rules.decide(PAGE, AGENT).allowed
    assert rules.expires <= NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("line", "delay"), [(b"Crawl-delay: 7", 7), (b"", 0), (b"Crawl-delay: -3", 0), (b"Crawl-delay: 1e9", 300)]
)
def test_the_crawl_delay_is_kept_within_reason(line, delay):
    assert read_rules(200, b"User-agent: *\n" + line + b"\nDisallow: /x", NOW).delay(AGENT) == delay


def test_the_sitemaps_that_robots_txt_names_can_be_read():
    lines = b"User-agent: *\nDisallow: /x\n" + b"".join(
        b"Sitemap: https://a.example/%d.xml\n" % number for number in range(99)
    )

    assert read_rules(200, lines, NOW).sitemaps[:2] == ("https://a.example/0.xml", "https://a.example/1.xml")
    assert len(read_rules(200, lines, NOW).sitemaps) == MOST_SITEMAPS
    assert read_rules(404, b"", NOW).sitemaps == ()


def test_a_site_that_refuses_rests_longer_each_time():
    rest = Rest()
    waits = []
    for _ in range(10):
        rest = refused(rest, NOW, None, 0.0)
        waits.append(rest.seconds(NOW))

    assert waits[:3] == [300, 600, 1_200]
    assert waits[-1] == 6 * 3_600
    assert refused(Rest(), NOW, None, 1.0).seconds(NOW) == 330
    assert Rest().seconds(NOW) == 0


def test_a_site_rests_at_least_as_long_as_it_asks_but_not_for_ever():
    assert refused(Rest(), NOW, 7_200, 0.0).seconds(NOW) == 7_200
    assert refused(Rest(), NOW, 5, 0.0).seconds(NOW) == 5
    assert refused(Rest(1), NOW, 5, 0.0).seconds(NOW) == 600
    assert refused(Rest(), NOW, 10**9, 0.0).seconds(NOW) == 24 * 3_600


def test_a_failing_site_is_visited_less_often_up_to_ten_minutes():
    assert pause(60, 0, 0.5) == 60
    assert pause(60, 1, 0.5) == 120
    assert pause(60, 50, 0.5) == 600
    assert pause(3_600, 50, 0.5) == 3_600
    assert (pause(100, 0, 0.0), pause(100, 0, 1.0)) == (90, pytest.approx(110))


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [
        ("120", 120),
        ("Tue, 24 Nov 2026 02:01:00 GMT", 60),
        ("Tue, 24 Nov 2020 02:01:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_reads_retry_after(shown, seconds):
    assert retry_after({"retry-after": shown}, NOW) == seconds


def test_the_health_of_a_source_tells_late_from_lost_from_refused():
    health = Health(name="新闻", interval=60)
    tally = Tally(fetched=2, parsed=3, published=1, outcome=Outcome.ITEMS, stopped="seen")
    well = succeeded(health, tally, NOW)

    assert (well.state, well.published, well.outcome, well.last_success) == (State.OK, 1, "items", NOW)
    assert failed(well, Tally(), NOW + timedelta(minutes=5), "x").state is State.LATE
    assert failed(well, Tally(), NOW + timedelta(minutes=11), "x").state is State.LOST
    assert failed(health, Tally(), NOW, "x").state is State.LOST
    left = was_refused(well, Tally(fetched=1), NOW, Outcome.BLOCKED, "403", refused(Rest(), NOW, None, 0.0))
    assert (left.state, left.refused, left.fetched, left.error) == (State.REFUSED, 1, 3, "403")
    assert left.retry_at == NOW + timedelta(minutes=5)
    assert succeeded(left, Tally(), NOW).retry_at is None


def test_health_survives_the_store():
    health = succeeded(Health(name="新闻", interval=60), Tally(missing={"a"}), NOW)

    body = to_body(health)
    assert body["last_success"] == "2026-11-24T02:00:00Z"
    assert from_body(body, "新闻", 60) == health
    assert from_body({"name": 3}, "新闻", 60) == Health(name="新闻", interval=60)
