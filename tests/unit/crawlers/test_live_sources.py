"""Sources with a key, a permission, an index or threads, heard whole by the real crawler from sites on loopback."""

import json
import os
import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest

from tingchao.bus import RAW, open_bus
from tingchao.mention import decode_mention
from tingchao.settings import Settings
from tingchao.store import open_store

pytestmark = pytest.mark.slow
KEY = "k3y-Sup3r.secret"
CLOSED = b"User-agent: *\nDisallow: /\n"


def crawl(home, sources, *, status=0, **environment):
    home.mkdir(parents=True, exist_ok=True)
    usual = {"delay": 0, "interval": 60}
    (home / "sources.yaml").write_text(
        json.dumps({"sources": [{**usual, **each} for each in sources]}), "utf-8"
    )
    env = {
        **os.environ,
        "TINGCHAO_HOME": str(home),
        "TINGCHAO_SOURCES": "sources.yaml",
        "TINGCHAO_ALLOW_PRIVATE_HOSTS": "true",
        **environment,
    }
    arguments = [sys.executable, "-m", "tingchao.cli", "crawl", "--once", "--json"]
    done = subprocess.run(arguments, env=env, capture_output=True, timeout=90, check=False)
    assert done.returncode == status, done.stderr
    assert KEY.encode() not in done.stdout + done.stderr
    with open_store(Settings(home=home).store_address) as store:
        return {document.id: document.body for document in store.documents("source")}


def published(home):
    found = []
    with open_bus(Settings(home=home).bus_address) as bus:
        for batch in bus.subscribe([RAW], "test", wait=0.2):
            if not batch:
                return found
            found += [decode_mention(message.value) for message in batch.messages]
            bus.commit(batch)
    raise AssertionError("the bus ended")


def in_json(value, status=200, **headers):
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


def asked_for(path, name, otherwise=""):
    return dict(parse_qsl(urlsplit(path).query)).get(name, otherwise)


def article(number):
    body = "".join(
        f"<p>第{number}号报道的第{part}段：云雀电器宣布召回空气炸锅，原因是加热管可能过热，消费者可以免费更换。</p>"
        for part in range(4)
    )
    page = f"""<html><head><title>报道{number}</title><meta property="article:published_time"
     content="2026-11-20T0{number % 10}:00:00Z"></head><body><article><h1>报道{number}</h1>{body}</article></body></html>"""
    return 200, {"Content-Type": "text/html; charset=utf-8"}, page.encode()


def sitemap(*urls):
    listed = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    return 200, {"Content-Type": "application/xml"}, f"<urlset>{listed}</urlset>".encode()


def test_an_index_of_sitemaps_is_read_to_its_last_article_and_then_only_what_is_new(make_site, tmp_path):
    site = make_site()
    held = {f"/a/{number}.html": article(number) for number in range(7)}
    site.answers |= held
    maps = {"/one.xml": [0, 1, 2], "/two.xml": [], "/three.xml": [3, 4, 5]}
    for name, numbers in maps.items():
        site.answers[name] = sitemap(*(f"{site.origin}/a/{number}.html" for number in numbers))
    index = "".join(f"<sitemap><loc>{site.origin}{name}</loc></sitemap>" for name in maps)
    site.answers["/sitemap.xml"] = (200, {"ETag": '"1"'}, f"<sitemapindex>{index}</sitemapindex>".encode())
    source = {"id": "news", "spider": "sitemap", "url": f"{site.origin}/sitemap.xml"}

    health = crawl(tmp_path, [source])["news"]

    assert (health["state"], health["error"]) == ("ok", "")
    assert sorted(urlsplit(mention.url).path for mention in published(tmp_path)) == sorted(held)[:6]
    site.asked.clear()
    site.answers["/three.xml"] = sitemap(*(f"{site.origin}/a/{number}.html" for number in (3, 4, 5, 6)))
    crawl(tmp_path, [source])
    assert [path for path in site.paths() if path.startswith("/a/")] == ["/a/6.html"]


def test_a_discourse_forum_is_heard_with_its_answers(make_site, tmp_path):
    site = make_site()
    topics = [
        {
            "id": 101,
            "title": "炸锅冒烟",
            "posts_count": 23,
            "created_at": "2026-11-20T01:00:00Z",
            "visible": True,
        }
    ]
    site.answers["/latest.json"] = in_json({"topic_list": {"topics": topics}})

    def topic(path):
        first = (int(asked_for(path, "page", "1")) - 1) * 20 + 1
        posts = [
            {"id": n, "post_number": n, "post_type": 1, "username": f"u{n}", "user_id": n, "cooked": f"<p>第{n}楼</p>",
             "created_at": "2026-11-20T02:00:00Z", "reply_to_post_number": None, "reply_count": 0}
            for n in range(first, min(first + 20, 24))
        ]  # fmt: skip
        return in_json({"id": 101, "title": "炸锅冒烟", "posts_count": 23, "post_stream": {"posts": posts}})

    site.answers["/t/101.json"] = topic

    crawl(tmp_path, [{"id": "d", "spider": "discourse", "base": site.origin}])

    mentions = published(tmp_path)
    assert {mention.native_id for mention in mentions} == {f"t101-{number}" for number in range(1, 24)}
    assert {mention.root_id for mention in mentions if mention.kind == "comment"} == {"t101-1"}


def test_an_official_api_is_asked_with_its_token_whatever_robots_txt_says_to_crawlers(make_site, tmp_path):
    site, elsewhere = make_site(), make_site()
    site.answers["/robots.txt"] = (200, {}, CLOSED)

    def search(path):
        if asked_for(path, "q") == "moved":
            return 302, {"Location": f"{elsewhere.origin}/stolen"}, b""
        return in_json({"kind": "Listing", "data": {"after": None, "children": []}})

    site.answers["/api/v1/access_token"] = in_json({"access_token": "t0ken", "expires_in": 3600})
    site.answers["/search"] = search
    source = {
        "id": "r",
        "spider": "reddit",
        "base": site.origin,
        "key": "REDDIT_KEY",
        "queries": ["x", "moved"],
    }

    health = crawl(tmp_path, [source], REDDIT_KEY=f"client:{KEY}")["r"]

    assert health["permission"] == {"kind": "official_api", "reference": "key REDDIT_KEY"}
    sent = [headers.get("Authorization") for path, headers in site.asked if path.startswith("/search")]
    assert set(sent) == {"Bearer t0ken"}
    assert [path for path in site.paths() if path == "/api/v1/access_token"] == ["/api/v1/access_token"]
    assert elsewhere.asked == []
    assert "answered 302" in health["error"]
    for secret in (KEY, "t0ken"):
        assert not [
            path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
        ]


def test_a_quota_that_is_used_up_stops_the_source_until_the_next_day(make_site, tmp_path):
    site = make_site()
    site.answers["/youtube/v3/search"] = in_json({"items": [], "pageInfo": {"totalResults": 0}})
    source = {"id": "y", "spider": "youtube", "base": site.origin, "key": "YOUTUBE_KEY", "queries": ["x"]}
    crawl(tmp_path, [source], YOUTUBE_KEY=KEY)
    with open_store(Settings(home=tmp_path).store_address) as store:
        spent = store.find("quota", "YOUTUBE_KEY").body
        store.put("quota", "YOUTUBE_KEY", {**spent, "counts": {"search": 100}})
    assert spent["counts"] == {"search": len([path for path in site.paths() if path != "/robots.txt"])}
    site.asked.clear()

    health = crawl(tmp_path, [source], status=1, YOUTUBE_KEY=KEY)["y"]

    assert "the day's 100 requests of quota search are used; again at" in health["error"]
    assert health["retry_at"]
    assert site.paths() == []


def test_a_permission_opens_a_closed_path_is_shown_and_stops_when_it_has_run_out(make_site, tmp_path):
    site = make_site()
    site.answers["/robots.txt"] = (200, {}, CLOSED)
    feed = "<rss version='2.0'><channel><item><title>炸锅</title><guid>n1</guid></item></channel></rss>"
    site.answers["/feed"] = (200, {"Content-Type": "application/xml"}, feed.encode())
    held = {"kind": "contract", "holder": "云雀电器", "reference": "2026-118", "until": "2099-12-31"}
    source = {"id": "f", "spider": "rss", "url": f"{site.origin}/feed"}

    health = crawl(tmp_path, [{**source, "permission": held}])["f"]

    assert (health["state"], health["permission"]) == ("ok", {**held, "note": ""})
    assert published(tmp_path)[0].robots.rule == (
        "robots.txt disallows this path; asked under contract 2026-118 until 2099-12-31"
    )
    site.asked.clear()
    over = crawl(tmp_path / "other", [{**source, "permission": {**held, "until": "2026-01-31"}}], status=1)[
        "f"
    ]
    assert over["state"] == "lost"
    assert "ended on 2026-01-31: renew it" in over["error"]
    assert site.asked == []
    bare = crawl(tmp_path / "third", [source], status=1)["f"]
    assert (bare["state"], "/feed" in site.paths()) == ("refused", False)
