"""By what right a source asks: permission, key, token, quota."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.registry import Quota, spiders
from crawlers.rights import quota as quotas
from crawlers.rights.access import Access, NoPass
from crawlers.rights.keys import Keys, NoKey, read_token, token_headers
from crawlers.rights.permission import PERMITTED, Permission, PermissionKind, Right, decided, record, run_out
from crawlers.rights.quota import Spent
from crawlers.sources import Source
from tingchao.mention import Robots

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
KEY = "k3y-Sup3r.secret"
HELD = Permission(
    kind=PermissionKind.CONTRACT, holder="云雀电器", reference="2026-118", until=date(2026, 12, 31)
)
DOUBAN = Source(id="d", spider="douban", queries=("x",), permission=HELD)
YOUTUBE = Source(id="y", spider="youtube", key="YOUTUBE_KEY", videos=("v",))
REDDIT = Source(id="r", spider="reddit", key="REDDIT_KEY", queries=("x",))
COMMENTS = "https://www.googleapis.com/youtube/v3/commentThreads?videoId=v"
SEARCH = "https://www.googleapis.com/youtube/v3/search?q=x"


class Site:
    """A token endpoint and a store, with what they were asked."""

    def __init__(self, status=200, body=b'{"access_token": "t0ken", "expires_in": 3600}'):
        self.answer = status, body
        self.posts = []
        self.documents = {}

    async def post(self, url, headers, body, meta):
        self.posts.append((url, headers, body, meta))
        return self.answer

    async def find(self, kind, id):
        return self.documents.get((kind, id))

    async def keep(self, kind, id, body):
        self.documents[kind, id] = body


def access(tmp_path, site=None, **keys):
    site = site or Site()
    return Access(Keys(tmp_path, keys), site.post, site.find, site.keep)


def passed(found, source, url, now=NOW):
    return asyncio.run(found.pass_for(source, url, now))


def test_an_open_source_asks_by_no_right_of_its_own(tmp_path):
    source = Source(id="a", spider="rss", url="https://a.example/")

    granted = passed(access(tmp_path), source, "https://a.example/")

    assert (granted.headers, granted.meta) == ({}, {})


def test_a_closed_platform_is_asked_only_while_the_permission_holds(tmp_path):
    url = "https://www.douban.com/group/search?q=x"

    granted = passed(access(tmp_path), DOUBAN, url)

    assert granted.meta[PERMITTED] == Right("www.douban.com", "contract 2026-118 until 2026-12-31")
    with pytest.raises(NoPass, match=r"ended on 2026-12-31: renew it.*sources\.yaml") as caught:
        passed(access(tmp_path), DOUBAN, url, datetime(2026, 12, 31, 16, tzinfo=UTC))
    assert caught.value.after is None


def test_its_last_day_is_a_day_in_shanghai():
    assert not run_out(HELD, datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    assert run_out(HELD, datetime(2026, 12, 31, 16, 0, tzinfo=UTC))


def test_a_permission_is_about_its_platform_alone(tmp_path):
    found = access(tmp_path)

    assert passed(found, DOUBAN, "https://m.douban.com/x").meta[PERMITTED].host == "m.douban.com"
    assert passed(found, DOUBAN, "https://elsewhere.example/").meta == {}
    rss = Source(id="a", spider="rss", url="https://a.example/")
    with pytest.raises(NoPass, match="no permission is written down"):
        passed(found, rss, "https://m.weibo.cn/detail/1")


def test_robots_txt_yields_to_a_right_at_its_own_host_only_and_the_decision_says_so():
    no, right = Robots(allowed=False, rule="robots.txt disallows this path"), Right("a.example", "contract 7")

    assert decided(no, right, "a.example") == Robots(
        allowed=True, rule="robots.txt disallows this path; asked under contract 7"
    )
    assert decided(no, right, "b.example") == no
    assert decided(no, None, "a.example") == no
    assert decided(Robots(), right, "a.example") == Robots()


def test_the_record_for_the_sources_page_names_no_key():
    assert record(HELD, "") == {
        "kind": "contract", "holder": "云雀电器", "reference": "2026-118", "until": "2026-12-31", "note": "",
    }  # fmt: skip
    assert record(None, "YOUTUBE_KEY") == {"kind": "official_api", "reference": "key YOUTUBE_KEY"}
    assert record(None, "") == {}


def test_a_key_goes_in_a_header_to_the_api_alone_and_follows_no_redirect(tmp_path):
    found = access(tmp_path, YOUTUBE_KEY=KEY)

    granted = passed(found, YOUTUBE, COMMENTS)

    assert granted.headers == {"X-goog-api-key": KEY}
    assert granted.meta["dont_redirect"] is True
    assert KEY not in repr(granted) + repr(granted.meta)
    assert passed(found, YOUTUBE, "https://elsewhere.example/").headers == {}


def test_a_key_is_found_in_a_file_too_and_read_anew(tmp_path):
    source = Source(id="w", spider="weibo-open", key="WEIBO_TOKEN", lists=("statuses/mentions",))
    found = access(tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "WEIBO_TOKEN").write_text(f"{KEY}\n")

    assert passed(found, source, "https://api.weibo.com/2/x.json").headers == {
        "Authorization": f"OAuth2 {KEY}"
    }
    (tmp_path / "keys" / "WEIBO_TOKEN").write_text("another\n")
    assert passed(found, source, "https://api.weibo.com/2/x.json").headers == {
        "Authorization": "OAuth2 another"
    }


@pytest.mark.parametrize(
    ("key", "said"), [("", "no key YOUTUBE_KEY: set the"), (f"{KEY}\nX: y", "holds blanks")]
)
def test_a_key_that_cannot_be_used_is_named_and_never_shown(tmp_path, key, said):
    with pytest.raises(NoPass, match=said) as caught:
        passed(access(tmp_path, YOUTUBE_KEY=key), YOUTUBE, COMMENTS)

    assert KEY not in str(caught.value)


def test_a_token_is_got_once_and_again_before_it_ends_or_when_it_was_refused(tmp_path):
    site = Site()
    found = access(tmp_path, site, REDDIT_KEY=f"client:{KEY}")
    url = "https://oauth.reddit.com/search?q=x"

    first = passed(found, REDDIT, url)
    passed(found, REDDIT, url, NOW + timedelta(seconds=3_000))

    assert first.headers == {"Authorization": "Bearer t0ken"}
    assert len(site.posts) == 1
    asked, headers, body, meta = site.posts[0]
    assert asked == "https://www.reddit.com/api/v1/access_token"
    assert headers["Authorization"] == "Basic Y2xpZW50OmszeS1TdXAzci5zZWNyZXQ="
    assert body == b"grant_type=client_credentials"
    assert meta["dont_redirect"] is True
    passed(found, REDDIT, url, NOW + timedelta(seconds=3_541))
    assert len(site.posts) == 2
    found.refused_key(REDDIT)
    passed(found, REDDIT, url, NOW + timedelta(seconds=3_542))
    assert len(site.posts) == 3


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, b'{"error": "invalid_client"}'), (200, b"<html>"), (200, b"{}"), (200, b'{"access_token": "a b"}'),
     (200, b'{"access_token": ""}'), (200, b"\xff"), (302, b'{"access_token": "t"}')],
)  # fmt: skip
def test_an_answer_without_a_token_says_what_to_look_at(status, body):
    with pytest.raises(NoKey, match=f"answered {status} without a token for key A_KEY"):
        read_token("A_KEY", status, body, NOW)


def test_a_client_key_reads_id_and_secret(tmp_path):
    with pytest.raises(NoKey, match="CLIENT_ID:CLIENT_SECRET"):
        token_headers("A_KEY", Keys(tmp_path, {"A_KEY": "alone"}).find("A_KEY"))


def test_the_days_quota_is_counted_in_the_store_and_kept_apart_by_kind(tmp_path):
    site = Site()
    site.documents["quota", "YOUTUBE_KEY"] = {
        "counts": {"search": 99, "units": 4}, "days": {"search": "2026-11-23", "units": "2026-11-23"},
    }  # fmt: skip
    found = access(tmp_path, site, YOUTUBE_KEY=KEY)

    passed(found, YOUTUBE, SEARCH)
    with pytest.raises(
        NoPass, match="the day's 100 requests of quota search are used; again at 2026-11-24T08:00:00Z"
    ) as caught:
        passed(found, YOUTUBE, SEARCH)
    passed(found, YOUTUBE, COMMENTS)

    assert caught.value.after == 6 * 3_600
    assert site.documents["quota", "YOUTUBE_KEY"]["counts"] == {"search": 100, "units": 5}
    passed(found, YOUTUBE, SEARCH, NOW + timedelta(hours=6))
    assert site.documents["quota", "YOUTUBE_KEY"]["counts"] == {"search": 1, "units": 5}


def test_a_store_that_lost_the_count_does_not_make_the_quota_larger(tmp_path):
    site = Site()
    found = access(tmp_path, site, YOUTUBE_KEY=KEY)
    for _ in range(100):
        passed(found, YOUTUBE, SEARCH)
    site.documents.clear()

    with pytest.raises(NoPass):
        passed(found, YOUTUBE, SEARCH)


SMALL = Quota("q", "/", 3, "Asia/Shanghai")


@given(st.lists(st.integers(0, 4 * 86_400), max_size=40))
def test_no_day_has_more_requests_than_its_quota(moments):
    spent, made = Spent(), {}
    for seconds in sorted(moments):
        now = NOW + timedelta(seconds=seconds)
        if (after := quotas.spend(spent, SMALL, now)) is not None:
            spent = after
            day = (now + timedelta(hours=8)).date()
            made[day] = made.get(day, 0) + 1
        else:
            assert now < quotas.again(SMALL, now) <= now + timedelta(days=1)

    assert all(number <= 3 for number in made.values())


@given(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["2026-11-23", "2026-11-24"]))
def test_two_counts_of_one_quota_give_the_later_and_larger(one, other, day):
    both = quotas.both(Spent({"q": one}, {"q": "2026-11-23"}), Spent({"q": other}, {"q": day}))

    assert (both.days["q"], both.counts["q"]) == max(("2026-11-23", one), (day, other))


def test_a_count_that_cannot_be_read_starts_anew():
    assert quotas.from_body(json.loads('{"counts": 3}')) == Spent()


def test_every_zone_of_a_quota_exists():
    for spider in spiders().values():
        for quota in spider.quotas:
            assert quotas.again(quota, NOW) > NOW
