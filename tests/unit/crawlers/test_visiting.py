"""How a visit pages, stops, follows and remembers; pages come from a dict, mentions go into a list."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from crawlers.accounts import Accounts
from crawlers.parsers import Ask, Outcome, Page
from crawlers.pipeline import Unchanged
from crawlers.visits.checkpoint import Checkpoint, Why, checkpoint_id, due, from_body, to_body
from crawlers.visits.visiting import MOST_FOLLOWED, Refused, Tally, Unreachable, Visit
from tingchao.errors import BusUnavailable
from tingchao.mention import Kind
from tingchao.privacy import RawPost, Secret, seal

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEARCH = "https://m.example/api/container/getIndex?q=x&page=1"


def search_page(*posts, next_page=None):
    cards = [
        {
            "card_type": 9,
            "mblog": {
                "id": str(number),
                "text": f"炸锅 {number}",
                "created_at": "3分钟前",
                "comments_count": comments,
                "user": {"id": 1, "screen_name": "路人甲"},
            },
        }
        for number, comments in posts
    ]
    return {"ok": 1, "data": {"cardlistInfo": {"page": next_page}, "cards": cards}}


def comments_page(*numbers, total, max_id=0, answers=0):
    told = {"text": "同款", "created_at": "刚刚", "user": None, "total_number": answers}
    rows = [{"id": str(number), **told} for number in numbers]
    return {"ok": 1, "data": {"data": rows, "max_id": max_id, "total_number": total}}


class Web:
    """Pages by a part of their address; the longest part that fits answers."""

    def __init__(self, pages):
        self.pages = pages
        self.asked = []
        self.delivered = []
        self.held = {}
        self.tally = Tally()

    async def fetch(self, ask):
        self.asked.append(ask.url)
        part = max((part for part in self.pages if part in ask.url), key=len)
        answer = self.pages[part]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return Page(
            url=ask.url,
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            captured_at=NOW,
            source="demo",
            status=status,
            context=ask.context,
        )

    async def deliver(self, mentions):
        self.delivered += [mention.native_id for mention in mentions]
        return len(mentions)

    def visit(self, checkpoint=Checkpoint(), *, pages=5, now=NOW, opening=None):  # noqa: B008 (immutable)
        self.asked.clear()
        self.delivered.clear()
        self.tally = Tally()
        visit = Visit(
            self.fetch, self.deliver, partial(seal, secret=Secret(b"s" * 32)), self.held, self.tally
        )
        opening = opening or Ask(SEARCH, "weibo.search")
        return asyncio.run(visit.make(opening, checkpoint, pages=pages, interval=MINUTE, now=now))


def test_pages_until_the_end():
    web = Web({"page=1": search_page((5, 0), (4, 0), next_page=2), "page=2": search_page((3, 0))})

    after = web.visit()

    assert web.delivered == ["5", "4", "3"]
    assert after.seen == ("5", "4", "3")
    assert web.tally.stopped == "end"


def test_stops_at_what_was_seen_before():
    web = Web(
        {"page=1": search_page((5, 0), (4, 0), next_page=2), "page=2": search_page((3, 0), next_page=3)}
    )
    before = web.visit(pages=2)
    web.pages["page=1"] = search_page((7, 0), (6, 0), next_page=2)
    web.pages["page=2"] = search_page((5, 0), (4, 0), next_page=3)
    web.pages["page=3"] = AssertionError("asked for what was seen")

    after = web.visit(before)

    assert after.seen == ("7", "6", "5", "4", "3")
    assert web.tally.stopped == "seen"


def test_a_pinned_old_post_does_not_end_the_visit():
    web = Web({"page=1": search_page((1, 0))})
    before = web.visit()
    web.pages = {"page=1": search_page((1, 0), (9, 0), next_page=2), "page=2": search_page((8, 0))}

    web.visit(before)

    assert web.delivered == ["1", "9", "8"]


def test_says_when_the_page_limit_ended_a_visit():
    web = Web({"page=1": search_page((5, 0), next_page=2), "page=2": search_page((4, 0), next_page=3)})

    web.visit(pages=2)

    assert web.tally.stopped == "pages"


def test_an_empty_later_page_is_asked_for_again_before_it_is_the_end():
    web = Web({"page=1": search_page((5, 0), next_page=2), "page=2": {"ok": 0, "msg": "", "data": None}})

    web.visit()

    assert len([url for url in web.asked if "page=2" in url]) == 2


def test_comments_are_read_to_the_last_and_only_again_when_there_are_new_ones():
    web = Web(
        {
            "page=1": search_page((5, 3)),
            "hotflow": comments_page(51, 52, total=3, max_id=7),
            "max_id=7": comments_page(53, total=3),
        }
    )
    before = web.visit()
    assert web.delivered == ["5", "51", "52", "53"]

    again = web.visit(before, now=NOW + timedelta(seconds=10))
    assert web.asked == [SEARCH]

    web.pages |= {"page=1": search_page((5, 4)), "hotflow": comments_page(54, 51, total=4, max_id=8)}
    web.visit(again, now=NOW + timedelta(seconds=20))
    assert web.delivered == ["5", "54", "51"]


def test_answers_below_comments_are_read_in_the_same_visit_and_again_when_there_are_more():
    web = Web(
        {
            "page=1": search_page((5, 1)),
            "hotflow": comments_page(51, total=1, answers=3),
            "hotFlowChild": comments_page(511, 512, total=3, max_id=9),
            "hotFlowChild?cid=51&max_id=9": comments_page(513, total=3),
        }
    )
    before = web.visit()
    assert web.delivered == ["5", "51", "511", "512", "513"]
    assert not due(before, NOW, MINUTE)

    web.pages |= {"page=1": search_page((5, 2)), "hotflow": comments_page(51, total=1, answers=4)}
    web.pages["hotFlowChild"] = comments_page(511, 512, total=4, max_id=9)
    web.pages["hotFlowChild?cid=51&max_id=9"] = comments_page(513, 514, total=4)
    web.visit(before)
    assert web.delivered == ["5", "51", "511", "512", "513", "514"]


def test_a_thread_that_failed_on_its_second_page_is_read_to_its_end_by_the_next_visit():
    first = comments_page(51, 52, total=None, max_id=7)
    web = Web({"page=1": search_page((5, 3)), "hotflow": first, "max_id=7": (500, b"")})
    before = web.visit()
    assert web.delivered == ["5", "51", "52"]

    web.pages["max_id=7"] = comments_page(53, total=None)
    web.visit(before)

    assert "53" in web.delivered


def test_a_thread_that_is_empty_by_chance_is_asked_for_again():
    web = Web({"page=1": search_page((5, 1)), "hotflow": {"ok": 1, "data": {"data": [], "max_id": 0}}})

    web.visit()

    assert sum("hotflow" in url for url in web.asked) == 2


def test_a_list_that_shows_only_titles_does_not_take_the_place_of_what_a_post_said():
    listing = (
        "<table class='olt'><tr class='pl'><td class='td-subject'><a href='/group/topic/7/' title='炸锅'>炸锅</a></td>"
        "<td class='td-reply'><span>{}回应</span></td></tr></table>"
    )
    topic = "<h1>炸锅</h1><div id='topic-content'><div class='topic-richtext'>冒烟了</div></div>"
    web = Web({"/group/search": listing.format(1).encode(), "/group/topic/7/": topic.encode()})
    opening = Ask("https://d.example/group/search?start=0", "douban.group")
    before = web.visit(opening=opening)
    assert web.delivered == ["t7", "t7"]

    between = web.visit(before, opening=opening, now=NOW + timedelta(seconds=10))
    assert web.delivered == []

    web.pages["/group/search"] = listing.format(2).encode()
    web.visit(between, opening=opening, now=NOW + timedelta(seconds=20))
    assert web.delivered == ["t7"]
    assert web.asked[-1].endswith("/group/topic/7/")


def test_a_visit_follows_no_more_threads_than_its_limit_and_the_next_one_goes_on():
    web = Web({"page=1": search_page((5, 1))})
    web.pages["hotflow"] = comments_page(*range(51, 91), total=40, answers=1)
    web.pages["hotFlowChild"] = comments_page(999, total=1)
    before = web.visit()
    assert sum("hotFlowChild" in url for url in web.asked) == MOST_FOLLOWED - 1

    web.visit(before)

    assert sum("hotFlowChild" in url for url in web.asked) == 40 - (MOST_FOLLOWED - 1)


def test_comments_of_a_young_post_are_visited_again_though_the_list_moved_on():
    web = Web({"page=1": search_page((5, 1)), "hotflow": comments_page(51, total=1)})
    before = web.visit()
    web.pages["page=1"] = search_page((6, 0))

    web.visit(before, now=NOW + 2 * MINUTE)

    assert any("hotflow" in url for url in web.asked)


def test_a_thread_that_fails_is_put_off_and_the_rest_is_kept():
    web = Web({"page=1": search_page((5, 1), (4, 1)), "id=5": (500, b""), "id=4": comments_page(41, total=1)})

    after = web.visit()

    assert "41" in web.delivered
    assert web.tally.trouble
    assert {name: thread.pending for name, thread in after.threads.items()} == {"5": True, "4": False}
    assert [follow.id for follow in due(after, NOW, MINUTE)] == ["5"]


def test_a_thread_that_grows_at_its_end_goes_on_from_its_last_page():
    listing = (
        "<ul class='threads'><li class='thread' data-id='1'><a href='/thread/1'>t</a>"
        "<span class='count'>{}</span></li></ul>"
    )
    post = (
        "<article class='post' data-id='{0}' data-floor='{0}'><span class='author' data-uid='u'>n</span>"
        "<time>刚刚</time><div class='content'>好 {0}</div></article>"
    )
    more = "<a class='next' href='/thread/1?page=2'>n</a>"
    web = Web(
        {
            "/list": listing.format(2).encode(),
            "/thread/1": (post.format(1) + post.format(2) + more).encode(),
            "/thread/1?page=2": post.format(3).encode(),
        }
    )
    opening = Ask("https://f.example/list?page=1", "forum.list")
    before = web.visit(opening=opening)
    assert web.delivered == ["t1", "p2", "p3"]

    web.pages["/list"] = listing.format(3).encode()
    web.pages["/thread/1?page=2"] = (post.format(3) + post.format(4)).encode()
    web.visit(before, opening=opening)

    assert web.asked == ["https://f.example/list?page=1", "https://f.example/thread/1?page=2"]
    assert web.delivered == ["p3", "p4"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((403, b""), Refused),
        ((432, b""), Refused),
        ({"ok": -100}, Refused),
        ((503, b""), Unreachable),
        ({"strange": 1}, Unreachable),
        (BusUnavailable("gone"), BusUnavailable),
    ],
)
def test_what_goes_wrong_leaves_the_checkpoint_alone(answer, error):
    web = Web({"page=1": answer})

    with pytest.raises(error):
        web.visit()


def test_a_refusal_carries_what_it_was():
    web = Web({"page=1": (429, b"")})

    with pytest.raises(Refused) as caught:
        web.visit()

    assert caught.value.outcome is Outcome.BLOCKED
    assert web.tally.outcome is Outcome.BLOCKED


def test_a_checkpoint_survives_the_store_and_a_damaged_one_counts_as_none():
    web = Web({"page=1": search_page((5, 1)), "hotflow": comments_page(51, total=1)})
    after = web.visit()

    assert from_body(json.loads(json.dumps(to_body(after)))) == after
    assert from_body({"seen": 3}) == Checkpoint()
    assert checkpoint_id("a", "小米") != checkpoint_id("a", "华为")


FORBIDDEN = Refused(Outcome.BLOCKED, "robots.txt disallows this path", whole_host=False)


def test_a_thread_that_may_not_be_asked_is_passed_over_and_the_checkpoint_moves():
    web = Web({"page=1": search_page((5, 1), (4, 1)), "id=5": FORBIDDEN, "id=4": comments_page(41, total=1)})

    after = web.visit()

    assert web.delivered == ["5", "4", "41"]
    assert after.seen == ("5", "4")
    assert web.tally.trouble == "robots.txt disallows this path"
    assert due(after, NOW, MINUTE) == []


def test_a_later_page_that_may_not_be_asked_ends_the_list_only():
    web = Web({"page=1": search_page((5, 0), next_page=2), "page=2": FORBIDDEN})

    after = web.visit()

    assert after.seen == ("5",)
    assert (web.tally.stopped, web.tally.trouble) == ("pages", "robots.txt disallows this path")


@pytest.mark.parametrize(
    "pages",
    [
        {"page=1": FORBIDDEN},
        {"page=1": search_page((5, 1)), "hotflow": (403, b"")},
        {"page=1": search_page((5, 0), next_page=2), "page=2": (429, b"")},
    ],
)
def test_a_first_page_that_may_not_be_asked_or_a_host_that_refuses_ends_the_visit(pages):
    with pytest.raises(Refused):
        Web(pages).visit()


def test_a_forum_checkpoint_holds_no_words_of_people():
    listing = (
        "<ul class='threads'><li class='thread' data-id='7'><a href='/thread/7'>隐私昵称甲 13800138000</a>"
        "<span class='count'>隐私昵称乙</span></li><li class='thread' data-id='隐私昵称丙'><a href='/thread/8'>t</a>"
        "<span class='count'>3</span></li></ul>"
    )
    floor = (
        "<h1>标题</h1><article class='post' data-id='1'><span class='author' data-uid='u'>n</span>"
        "<div class='content'>好</div></article>"
    )
    web = Web({"/list": listing.encode(), "/thread": floor.encode()})

    body = json.dumps(
        to_body(web.visit(opening=Ask("https://f.example/list", "forum.list"))), ensure_ascii=False
    )

    assert "隐私昵称" not in body
    assert "13800138000" not in body


def test_a_time_that_moves_with_every_look_is_no_news():
    def seen(minute):
        captured = NOW + minute * MINUTE
        raw = RawPost(
            source="x",
            native_id="1",
            kind=Kind.POST,
            text="冒烟",
            published="2小时前",
            captured_at=captured,
            likes=minute // 9,
        )
        return seal(raw, Secret(b"s" * 32))

    unchanged = Unchanged()
    told = []
    for minute in range(10):
        news = unchanged.news([seen(minute)])
        unchanged.published(news)
        told += news

    assert [mention.engagement.likes for mention in told] == [0, 1]


def test_what_is_still_seen_is_not_forgotten_before_what_is_not():
    posts = [
        seal(
            RawPost(
                source="x", native_id=str(number), kind=Kind.POST, text="冒烟", published="", captured_at=NOW
            ),
            Secret(b"s" * 32),
        )
        for number in range(3)
    ]
    unchanged = Unchanged(limit=2)
    unchanged.published(posts[:2])

    assert unchanged.news(posts[:1]) == []
    unchanged.published(posts[2:])

    assert unchanged.news(posts) == [posts[1]]


def test_names_of_the_watchlist_are_learned_anew():
    accounts = Accounts()
    assert not accounts("云雀")

    accounts.learn(
        {"topics": [{"name": "云雀", "aliases": ["小云雀"], "people": ["王总"]}, 3, {"aliases": 5}]}
    )
    assert all(accounts(name) for name in ("云雀", "小云雀", "王总", "云雀电器官方"))

    accounts.learn({"topics": "x"})
    assert not accounts("云雀")


REVIEWS = "https://a.example/cn/rss/customerreviews/page=1/id=1/sortBy=mostRecent/json"


def reviews_page(*numbers):
    return {
        "feed": {
            "entry": [
                {
                    "id": {"label": str(number)},
                    "im:rating": {"label": "1"},
                    "title": {"label": "炸锅"},
                    "content": {"label": f"冒烟 {number}"},
                    "updated": {"label": "2026-11-24T01:00:00+00:00"},
                }
                for number in numbers
            ]
        }
    }


def test_a_list_that_ends_at_its_cap_before_what_was_seen_leaves_a_gap():
    web = Web({f"page={page}/": reviews_page(page) for page in range(1, 11)})
    opening = Ask(REVIEWS, "appstore.reviews")
    before = web.visit(opening=opening, pages=10)
    web.pages = {f"page={page}/": reviews_page(100 + page) for page in range(1, 11)}

    after = web.visit(before, opening=opening, pages=10, now=NOW + MINUTE)

    (gap,) = after.stretches
    assert (gap.why, gap.ask, bool(gap.gap)) == (Why.CAP, None, True)
    assert before.stretches == ()


def test_threads_that_all_were_answered_since_are_no_gap():
    listing = (
        "<ul class='threads'><li class='thread' data-id='1'><a href='/thread/1'>t</a>"
        "<span class='count'>{}</span></li></ul>"
    )
    floor = "<article class='post' data-id='1' data-floor='1'><div class='content'>好</div></article>"
    web = Web({"/list": listing.format(2).encode(), "/thread/1": floor.encode()})
    opening = Ask("https://f.example/list?page=1", "forum.list")
    before = web.visit(opening=opening)
    web.pages["/list"] = listing.format(3).encode()

    assert web.visit(before, opening=opening, now=NOW + MINUTE).stretches == ()
