"""Nothing between two visits is lost without a word: what cannot be read is a gap, and a later visit fills it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.parsers import Ask
from crawlers.visits import gaps
from crawlers.visits.checkpoint import AGES, Checkpoint, Thread, Why, due
from crawlers.visits.gaps import Standing, aged, from_body, open_gaps, over_the_limit, to_body, told
from crawlers.visits.slices import SLICERS, overflows, parts, window, windows
from tests.unit.crawlers.searching import NOW, Archive, Crawl

MINUTE = timedelta(minutes=1)


def archive_of(count, *, cap=1_000, step=MINUTE, before=NOW):
    archive = Archive(cap)
    for number in range(count):
        archive.post(number, before - step * (count - number))
    return archive


def more(archive, count, *, step=MINUTE, after=NOW):
    first = len(archive.posts)
    for number in range(first, first + count):
        archive.post(number, after + step * (number - first + 1))


def test_a_gap_is_recorded_when_the_pages_do_not_reach_what_was_seen_and_closes_when_they_have():
    crawl = Crawl(archive_of(30), size=10)
    crawl.visit()
    more(crawl.archive, 75)
    later = NOW + timedelta(hours=2)

    before = crawl.visit(pages=3, now=later)
    opened = told(before, crawl.checkpoint, "hn", "x", later)
    (gap,) = opened.values()
    assert (gap.standing, gap.why) == (Standing.OPEN, Why.PAGES)
    assert gap.since < gap.until < later
    assert {int(number) for number in crawl.missed} == set(range(30, 75))
    assert open_gaps([crawl.checkpoint]) == 1
    assert crawl.tally.stopped == "pages"

    again = later + timedelta(hours=1)
    seen = []
    for _ in range(5):
        before = crawl.visit(pages=3, now=again)
        seen += told(before, crawl.checkpoint, "hn", "x", again).values()
        assert len(crawl.asked) <= 4
    assert not crawl.missed
    assert open_gaps([crawl.checkpoint]) == 0
    assert [gap.standing for gap in seen[:-1]] == [Standing.OPEN] * (len(seen) - 1)
    assert (seen[-1].standing, seen[-1].over) == (Standing.FILLED, again)
    assert set(told(before, crawl.checkpoint, "hn", "x", again)) <= set(opened)


def test_while_nothing_is_new_one_page_is_asked_and_no_gap_is_seen():
    crawl = Crawl(archive_of(30), size=10)
    crawl.visit()

    before = crawl.visit()

    assert len(crawl.asked) == 1
    assert told(before, crawl.checkpoint, "hn", "x", NOW) == {}
    assert crawl.tally.stopped == "seen"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_wherever_it_is_killed_or_the_site_fails_nothing_is_lost_and_hardly_a_page_is_asked_again(data):
    start = NOW - 300 * MINUTE
    crawl = Crawl(archive_of(data.draw(st.integers(5, 60)), before=start), size=10)
    visits, asked = data.draw(st.integers(1, 4)), 0
    for _ in range(visits):
        end = data.draw(st.sampled_from(["kill_at", "fail_at"]))
        crawl.visit(pages=20, **{end: data.draw(st.none() | st.integers(1, 8))})
        asked += len(crawl.asked)
        more(crawl.archive, data.draw(st.integers(0, 25)), after=start + len(crawl.archive.posts) * MINUTE)

    crawl.visit(pages=50)
    asked += len(crawl.asked)

    assert not crawl.missed
    assert open_gaps([crawl.checkpoint]) == 0
    assert crawl.checkpoint.stretches == ()
    assert asked <= len(crawl.archive.posts) / 10 + 5 * (visits + 1)


def test_after_a_kill_it_goes_on_where_it_was():
    crawl = Crawl(archive_of(100), size=10)
    crawl.visit(pages=20, kill_at=7)
    assert len(crawl.got) == 60

    crawl.visit(pages=20)

    pages = [url.rpartition("page=")[2] for url in crawl.asked]
    assert pages == ["0", "5", "6", "7", "8", "9"]
    assert not crawl.missed


def test_a_first_visit_that_was_killed_goes_back_no_further_than_it_would_have():
    crawl = Crawl(archive_of(100), size=10)
    crawl.visit(pages=5, kill_at=4)

    crawl.visit(pages=5)
    crawl.visit(pages=5)

    assert 50 <= len(set(crawl.got)) <= 60
    assert open_gaps([crawl.checkpoint]) == 0


def test_results_beyond_a_cap_are_asked_for_by_time():
    crawl = Crawl(archive_of(2_600, step=3 * MINUTE))

    for _ in range(12):
        crawl.visit(pages=20)

    assert not crawl.missed
    assert crawl.checkpoint.stretches == ()
    assert crawl.tally.expected is None or crawl.tally.got == crawl.tally.expected


def test_an_hour_with_more_than_a_cap_is_asked_for_in_parts_and_what_no_part_shows_is_a_gap():
    crawl = Crawl(archive_of(30))
    crawl.visit(pages=20)
    more(crawl.archive, 1_900, step=timedelta(seconds=1))
    later = NOW + timedelta(minutes=40)
    for _ in range(6):
        crawl.visit(pages=30, now=later)
    assert not crawl.missed

    more(crawl.archive, 4_000, step=timedelta(seconds=0.5), after=later)
    start = crawl.checkpoint
    for _ in range(6):
        crawl.visit(pages=50, now=later + timedelta(minutes=40))

    assert crawl.missed
    (gap,) = told(start, crawl.checkpoint, "hn", "x", later).values()
    assert (gap.standing, gap.why) == (Standing.OPEN, Why.CAP)
    assert gap.expected - gap.got >= len(crawl.missed) > 0


def test_an_empty_page_by_chance_is_asked_for_again():
    crawl = Crawl(archive_of(40), size=10)
    crawl.archive.empty[2] = 1

    crawl.visit()

    assert not crawl.missed
    assert len(crawl.asked) == 5
    assert (crawl.tally.expected, crawl.tally.got) == (40, 40)


def test_an_empty_first_page_by_chance_is_asked_for_again_once_something_was_seen():
    crawl = Crawl(archive_of(10), size=10)
    crawl.visit()
    more(crawl.archive, 5)
    crawl.archive.empty[0] = 1

    crawl.visit()

    assert not crawl.missed


def test_a_page_that_stays_empty_ends_the_visit_and_the_next_one_reads_on():
    crawl = Crawl(archive_of(10), size=10)
    crawl.visit()
    more(crawl.archive, 50)
    crawl.archive.empty[2] = 2
    later = NOW + timedelta(hours=2)

    before = crawl.visit(pages=3, now=later)
    assert crawl.missed
    (gap,) = told(before, crawl.checkpoint, "hn", "x", later).values()
    assert (gap.standing, gap.why) == (Standing.OPEN, Why.SHORT)
    for _ in range(3):
        crawl.visit(now=later + timedelta(hours=1))

    assert not crawl.missed
    assert open_gaps([crawl.checkpoint]) == 0


def test_a_gap_that_is_not_filled_within_a_week_is_lost():
    crawl = Crawl(archive_of(30), size=10)
    crawl.visit()
    more(crawl.archive, 75)
    crawl.visit(pages=3, now=NOW + timedelta(hours=2))
    later = NOW + timedelta(days=8)

    after = aged(crawl.checkpoint, later)

    (gap,) = told(crawl.checkpoint, after, "hn", "x", later).values()
    assert gap.standing is Standing.LOST
    assert open_gaps([after]) == 0


def test_gaps_survive_the_store_and_are_bounded():
    crawl = Crawl(archive_of(30), size=10)
    crawl.visit()
    more(crawl.archive, 75)
    before = crawl.visit(pages=3, now=NOW + timedelta(hours=2))
    (gap,) = told(before, crawl.checkpoint, "hn", "x", NOW).values()

    assert from_body(to_body(gap)) == gap
    assert from_body({"source": 3}) is None
    many = [
        (str(number), gaps.replace(gap, over=NOW + number * MINUTE)) for number in range(gaps.MOST_OVER + 2)
    ]
    assert sorted(over_the_limit([*many, ("open", gap)], "hn")) == ["0", "1"]
    assert over_the_limit(many, "other") == []


@given(st.integers(1, 60 * 24 * 40))
def test_windows_lie_side_by_side_and_cover_the_stretch(minutes):
    since = NOW - minutes * MINUTE

    found = windows(since, NOW)

    assert found[0][1] == NOW
    assert found[-1][0] == since
    assert all(later[0] == earlier[1] for later, earlier in pairwise(found))
    assert len(found) <= 48


@pytest.mark.parametrize(
    ("ask", "holds"),
    [
        (("weibo?q=x&page=3", "weibo.desktop"), "timescope=custom%3A2026-11-24-9%3A2026-11-24-9"),
        (("s?q=x&page=3", "bilibili.search"), "pubtime_begin_s=1795482000&pubtime_end_s=1795485599"),
        (("s?q=x&page=3", "hackernews.search"), "created_at_i%3E%3D1795482000%2Ccreated_at_i%3C1795485600"),
    ],
)  # fmt: skip
def test_a_slice_is_asked_for_as_each_source_takes_it(ask, holds):
    path, parser = ask

    asked = window(Ask(f"https://s.example/{path}", parser), NOW - timedelta(hours=1), NOW)

    assert holds in asked.url
    assert "page=3" not in asked.url
    for part in parts(asked):
        assert holds in part.url
        assert parts(part) == ()


def test_what_cannot_be_sliced_says_so():
    assert window(Ask("https://a.example/", "rss"), NOW, NOW) is None
    assert parts(Ask("https://a.example/", "rss")) == ()
    assert not overflows(Ask("https://a.example/", "rss"), 10**6, 10**6)
    assert all(slicer.cap > 0 for slicer in SLICERS.values())


def test_under_alert_comments_are_visited_at_five_ages_of_their_post():
    thread = Thread(url="u", parser="p", context={}, mark="3", born=NOW, visited=NOW)
    checkpoint = Checkpoint(threads={"1": thread})
    visits = []
    for minute in range(1, 26 * 60):
        at = NOW + minute * MINUTE
        if due(checkpoint, at, timedelta(days=9), alerted=True):
            visits.append(at - NOW)
            checkpoint = Checkpoint(threads={"1": gaps.replace(thread, visited=at)})

    assert visits == list(AGES)
    assert due(Checkpoint(threads={"1": thread}), NOW + 5 * MINUTE, timedelta(days=9)) == []


def test_what_a_first_visit_left_is_not_given_up_for_a_page_that_is_empty_by_chance():
    crawl = Crawl(archive_of(40), size=10)
    crawl.visit(fail_at=2)
    whole = crawl.archive.answer
    # The top of the list comes first; then what was left is asked for, and once more because it was empty.
    crawl.archive.answer = lambda url: Archive().answer(url) if len(crawl.asked) in (2, 3) else whole(url)
    crawl.visit()
    assert crawl.missed

    crawl.archive.answer = whole
    crawl.visit()

    assert not crawl.missed
