"""What parsers of lists ask for next, and the helpers that they share."""

import json
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.parsers import Outcome, Page, parse
from crawlers.parsers.listing import credits, person, plain, said, turned, with_parameters
from crawlers.parsers.shapes import spelt
from tingchao.privacy import Secret, seal

SEAL = partial(seal, secret=Secret(b"s" * 32))


def page(body=b"", url="https://a.example/x?page=1", **context):
    return Page(
        url=url,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        captured_at=datetime(2026, 11, 24, 2, tzinfo=UTC),
        source="demo",
        context=context,
    )


def test_other_parameters_keep_their_bytes():
    url = "https://a.example/s?query=%D4%C6%C8%B8&page=1#top"

    assert with_parameters(url, page="2") == "https://a.example/s?query=%D4%C6%C8%B8&page=2"


@given(st.text(max_size=60), st.text(max_size=1_200))
def test_any_cursor_makes_an_address_or_none(query, cursor):
    following = turned(page(url=f"https://a.example/x?{query}"), "weibo.search", {"cursor": cursor})

    assert following is None or following.url.isascii() or not query.isascii()


def test_the_address_just_read_is_not_asked_again():
    assert turned(page(), "weibo.search", {"page": "1"}) is None
    assert turned(page(), "weibo.search", {"page": ""}) is None


def test_the_context_goes_along_with_the_number_of_the_page():
    following = turned(page(post="7"), "weibo.search", {"page": "2"}, {"cursor": "c"})

    assert following.context == {"post": "7", "page": "2", "cursor": "c"}


def test_a_post_call_is_told_its_fields():
    answer = {
        "result": 1,
        "pcursor": "2",
        "searchSessionId": "s",
        "feeds": [{"photo": {"id": "3", "caption": "冒烟"}}],
    }
    following = parse(
        "kuaishou.search", page(answer, "https://a.example/rest/v/search/feed?pcursor=1"), SEAL
    ).next

    assert following.url == "https://a.example/rest/v/search/feed?pcursor=2"
    assert following.context == {"searchSessionId": "s", "cursor": "2", "page": "2"}


def test_comments_that_reddit_left_out_are_asked_for_a_hundred_at_a_time():
    names = [f"c{number}" for number in range(250)]
    more = {"kind": "more", "data": {"children": names}}
    post = {"kind": "t3", "data": {"id": "p1", "title": "冒烟", "created_utc": 1795485430}}
    body = [{"data": {"children": [post]}}, {"data": {"children": [more]}}]

    asked = []
    following = parse("reddit.comments", page(body, post="p1"), SEAL).next
    while following:
        asked.append(following.url.partition("children=")[2].split(","))
        things = [{"kind": "t1", "data": {"id": asked[-1][0], "body": "冒烟", "created_utc": 1795485430}}]
        body = {"json": {"errors": [], "data": {"things": things}}}
        following = parse(following.parser, page(body, following.url, **following.context), SEAL).next

    assert [len(part) for part in asked] == [100, 100, 50]
    assert [name for part in asked for name in part] == names


def test_a_key_is_no_part_of_what_is_asked_next():
    items = [{"id": {"videoId": "abc"}, "snippet": {"title": "冒烟", "publishedAt": "2026-11-24T01:00:00Z"}}]
    url = "https://a.example/youtube/v3/search?key=K3Y&q=x"
    parsed = parse("youtube.search", page({"nextPageToken": "t", "items": items}, url), SEAL)

    assert "K3Y" not in f"{parsed.next} {parsed.follow}"


@pytest.mark.parametrize(
    ("texts", "source", "shown"),
    [
        (["城市晚报", "3分钟前"], "城市晚报", "3分钟前"),
        (["36氪\xa0\xa02025年11月2日 08:00"], "36氪", "2025年11月2日 08:00"),
        (["昨天10:20", "某网"], "某网", "昨天10:20"),
        (["某网"], "某网", ""),
        ([], "", ""),
    ],
)
def test_small_print_is_a_source_and_a_time(texts, source, shown):
    assert credits(texts, page()) == (source, shown)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("访问频次异常，请勿频繁操作", Outcome.BLOCKED),
        ("captcha required", Outcome.BLOCKED),
        ("请先登录", Outcome.LOGIN),
        ("Invalid token", Outcome.LOGIN),
        ("系统繁忙", Outcome.ERROR),
        ("", Outcome.ERROR),
    ],
)
def test_an_error_message_is_a_refusal_a_login_or_a_fault(message, outcome):
    assert said(message) is outcome


def test_keys_are_read_in_either_spelling():
    assert spelt({"note_card": {"likedCount": 0}}, "note_card", "liked_count") == 0
    assert spelt({"noteCard": None}, "note_card", "liked_count") is None
    assert spelt([1], "note_card") is None


def test_nobody_has_no_id():
    assert [person(value) for value in (0, "0", -1, None, "", 12)] == ["", "", "", "", "", "12"]


def test_what_might_be_words_is_no_plain_id():
    assert [plain(name) for name in ("t3_1qa", "a b", "云雀", "", "x" * 65)] == ["t3_1qa", "", "", "", ""]
