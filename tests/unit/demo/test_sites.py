"""What the six sites say is what the crawler's parsers read: every mention, and nothing of its author."""

import json
from datetime import timedelta
from html import unescape

import pytest
from ahocorasick_rs import AhoCorasick
from hypothesis import given
from hypothesis import strategies as st

from crawlers.parsers import Outcome
from deploy.demo.scenario import Source
from deploy.demo.sites import SITES, serve_page
from deploy.demo.sites.page import Ask, relative, ten_thousands
from deploy.demo.world import World
from tests.unit.demo.conftest import AFTER_CRISIS, FULL, START, texts_of
from tingchao.times import when

SEARCHED = frozenset({Source.MICROBLOG, Source.COMPLAINTS})


@pytest.mark.parametrize("source", Source)
def test_the_crawler_reads_every_mention_there_is(world, readings, source):
    expected = {post.native_id for post in world.posts_until(FULL) if post.source is source}
    if source in SEARCHED:
        roots = [
            root for root in world.roots(source, FULL) if any(root.holds(word) for word in world.play.words)
        ]
        expected = {post.native_id for root in roots for post in (root, *world.answers(root, FULL))}

    reading = readings[source]

    assert set(reading.found) == expected
    assert set(reading.outcomes) <= {Outcome.ITEMS, Outcome.EMPTY, Outcome.END}
    assert reading.missing == set()


@pytest.mark.parametrize("source", Source)
def test_no_identity_gets_past_the_crawler(world, readings, source):
    everybody = AhoCorasick(sorted(world.identities()))

    assert everybody.find_matches_as_strings(texts_of(readings[source].found.values())) == []


@pytest.mark.parametrize("source", Source)
def test_identities_are_on_the_pages_for_the_crawler_to_drop(world, source):
    asks = {
        Source.NEWS: Ask("/feed.xml"),
        Source.FORUM: Ask(f"/thread/{world.roots(Source.FORUM, START)[0].id}"),
        Source.MICROBLOG: Ask("/api/container/getIndex", {"q": "云雀"}),
        Source.COMPLAINTS: Ask("/api/index/s", {"keywords": "云雀"}),
        Source.REVIEWS: Ask(f"/cn/rss/customerreviews/page=1/id={world.play.app}/sortBy=mostRecent/json"),
        Source.MASTODON: Ask("/api/v1/timelines/tag/云雀"),
    }

    body = serve_page(world, source, asks[source], START).body.decode()

    names = {person.nickname for person in world.people.everybody()}
    assert any(name in body for name in names)


@pytest.mark.parametrize(
    "source", [Source.NEWS, Source.MICROBLOG, Source.COMPLAINTS, Source.REVIEWS, Source.MASTODON]
)
def test_exact_times_survive_the_way_through_page_and_parser(world, readings, source):
    published = {post.native_id: post.at for post in world.posts_until(FULL)}

    for native_id, mention in readings[source].found.items():
        assert abs(mention.published_at - published[native_id]) < timedelta(seconds=1)


def test_hostile_texts_survive_as_text(world, readings):
    for words in (
        "<script>alert(1)</script>",
        "[点我领赔偿](https://phish.example/pay)",
        "=cmd|' /C calc'!A0",
    ):
        post = next(post for post in world.posts_until(FULL) if words in post.text)
        assert words in readings[post.source].found[post.native_id].text


@pytest.mark.parametrize("source", Source)
def test_each_site_forbids_a_path_in_its_robots_txt(world, source):
    robots = serve_page(world, source, Ask("/robots.txt"), START).body.decode()

    assert "Disallow: /private/" in robots
    assert serve_page(world, source, Ask("/private/members"), START).status == 200


@pytest.mark.parametrize(
    ("minute", "status"),
    [(44, 200), (46, 429), (74, 429), (76, 403), (199, 403), (201, 200)],
)
def test_the_forum_refuses_for_a_while(world, minute, status):
    answer = serve_page(world, Source.FORUM, Ask("/list"), world.moment(minute))

    assert answer.status == status
    assert (("Retry-After", "5") in answer.headers) == (status == 429)


def test_robots_txt_is_given_even_while_refusing(world):
    assert serve_page(world, Source.FORUM, Ask("/robots.txt"), world.moment(100)).status == 200


def test_a_page_never_shows_what_is_not_published_yet(world):
    early = START + timedelta(seconds=8)
    future = next(
        post for post in world.posts_until(AFTER_CRISIS) if post.at > early and post.source is Source.FORUM
    )

    assert serve_page(world, Source.FORUM, Ask(f"/thread/{future.id}"), early).status == 404


def test_one_review_alone_is_an_object_not_a_list(scenario):
    world = World(scenario, START)
    first = min(post.at for post in world.posts_until(START) if post.source is Source.REVIEWS)
    ask = Ask(f"/cn/rss/customerreviews/page=1/id={world.play.app}/sortBy=mostRecent/json")

    feed = json.loads(serve_page(world, Source.REVIEWS, ask, first).body)["feed"]

    assert isinstance(feed["entry"], dict)


def test_every_mention_has_a_page_that_escapes_it_and_names_nobody(world):
    hostile = next(
        p for p in world.posts_until(AFTER_CRISIS) if "<script>" in p.text and p.source is Source.MICROBLOG
    )

    page = serve_page(world, Source.MICROBLOG, Ask(f"/detail/{hostile.id}"), AFTER_CRISIS).body.decode()

    assert "<script>alert" not in page
    assert "<script>alert(1)</script>" in unescape(page)
    assert hostile.author.nickname not in page


@given(
    path=st.sampled_from(
        ["/list", "/thread/1", "/api/container/getIndex", "/comments/hotflow", "/api/index/s", "/x"]
    )
    | st.text(max_size=30).map(lambda text: "/" + text),
    query=st.dictionaries(
        st.sampled_from(
            ["page", "q", "id", "max_id", "limit", "keywords", "page_size", "containerid", "since_id"]
        ),
        st.text(max_size=25),
        max_size=4,
    ),
    source=st.sampled_from(Source),
)
def test_no_question_breaks_a_site(world, path, query, source):
    answer = serve_page(world, source, Ask(path, query, "http://127.0.0.1:1"), START)

    assert answer.status in (200, 404)


@given(back=st.integers(min_value=0, max_value=400 * 86_400))
def test_the_forum_s_times_in_words_are_those_that_the_crawler_reads(back):
    at = START - timedelta(seconds=back)

    read = when(relative(at, START), START).at

    assert read is not None
    assert abs(read - at) <= timedelta(minutes=1)


def test_large_counts_are_shown_in_ten_thousands():
    assert [ten_thousands(count) for count in (0, 9_999, 10_000, 186_000)] == ["0", "9999", "1万", "18.6万"]


def test_the_sites_have_names_of_their_own():
    assert len({site.NAME for site in SITES.values()}) == len(Source)


@pytest.mark.parametrize("source", Source)
def test_a_person_finds_a_front_page_whose_links_lead_somewhere(world, source):
    front = serve_page(world, source, Ask("/"), START)
    newest = world.roots(source, START)[0]

    page = serve_page(world, source, Ask(SITES[source].LINK.format(id=newest.id)), START)

    assert front.kind.startswith("text/html")
    assert page.status == 200
    assert newest.text[:10] in unescape(page.body.decode())
