"""The whole crawler as a process of its own, against a small web on loopback."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.crawlers.searching import PATH, Archive
from tingchao.bus import DEAD, RAW, open_bus
from tingchao.mention import decode_mention, encode, mention_id
from tingchao.settings import Settings
from tingchao.store import open_store

pytestmark = pytest.mark.slow
PARSED_PAGES = Path(__file__).parents[1] / "parsers"
MARKS = (b"9990000", "隐私昵称".encode(), b"avatar", b"Secretnick")


def feed(*numbers):
    items = "".join(
        f"<item><title>炸锅 {number}</title><link>https://news.example/{number}</link><guid>n{number}</guid>"
        f"<pubDate>Tue, 24 Nov 2020 01:57:10 GMT</pubDate></item>"
        for number in numbers
    )
    body = f"<?xml version='1.0'?><rss version='2.0'><channel><title>x</title>{items}</channel></rss>"
    return 200, {"Content-Type": "application/rss+xml; charset=utf-8"}, body.encode()


def write_sources(home, sources):
    home.mkdir(parents=True, exist_ok=True)
    usual = {"delay": 0, "interval": 1}
    (home / "sources.yaml").write_text(json.dumps({"sources": [{**usual, **s} for s in sources]}), "utf-8")


def command(home, *options):
    env = {**os.environ, "TINGCHAO_HOME": str(home), "TINGCHAO_SOURCES": "sources.yaml"}
    env["TINGCHAO_ALLOW_PRIVATE_HOSTS"] = "true"
    return [sys.executable, "-m", "tingchao.cli", "crawl", *options], env


def crawl_once(home):
    arguments, env = command(home, "--once")
    return subprocess.run(arguments, env=env, capture_output=True, timeout=60, check=False)


def healths(home):
    with open_store(Settings(home=home).store_address) as store:
        return {document.id: document.body for document in store.documents("source")}


def read_topic(home, topic):
    found = []
    with open_bus(Settings(home=home).bus_address) as bus:
        for batch in bus.subscribe([topic], "test", wait=0.2):
            if not batch:
                return found
            found += [message.value for message in batch.messages]
            bus.commit(batch)
    raise AssertionError("the bus ended")


def published(home):
    return [decode_mention(value) for value in read_topic(home, RAW)]


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")


def test_each_source_is_heard_or_shown_as_not_heard(make_site, tmp_path):
    good, forbidden, hidden, broken, none, html, refusing, limited = (make_site() for _ in range(8))
    captcha, inside, looping, bomb, gone = (make_site() for _ in range(5))
    for site in (good, hidden, broken, none, html, bomb):
        site.answers["/feed"] = feed(1, 2)
    forbidden.answers["/private/feed"] = feed(1)
    hidden.answers["/robots.txt"] = (403, {}, b"")
    broken.answers["/robots.txt"] = (503, {}, b"")
    none.answers["/robots.txt"] = (404, {}, b"")
    html.answers["/robots.txt"] = (200, {}, b"<html>hello</html>")
    refusing.answers["/feed"] = (403, {}, b"")
    limited.answers["/feed"] = (429, {"Retry-After": "7200"}, b"")
    captcha.answers["/feed"] = (200, {}, "<html>请输入验证码</html>".encode())
    inside.answers["/feed"] = (302, {"Location": "file:///etc/passwd"}, b"")
    looping.answers["/feed"] = (302, {"Location": "/feed"}, b"")
    packed = gzip.compress(b"a" * 20_000_000)
    bomb.answers["/feed"] = (200, {"Content-Encoding": "gzip"}, packed)
    sites = {
        "good": good, "hidden": hidden, "broken": broken, "none": none, "html": html, "refusing": refusing,
        "limited": limited, "captcha": captcha, "inside": inside, "looping": looping, "bomb": bomb, "gone": gone,
    }  # fmt: skip
    sources = [{"id": name, "spider": "rss", "url": f"{site.origin}/feed"} for name, site in sites.items()]
    sources.append({"id": "forbidden", "spider": "rss", "url": f"{forbidden.origin}/private/feed"})
    write_sources(tmp_path, sources)

    started = datetime.now(UTC)
    done = crawl_once(tmp_path)

    assert done.returncode == 0, done.stderr
    found = healths(tmp_path)
    states = {name: (body["state"], body["outcome"]) for name, body in found.items()}
    assert states == {
        "good": ("ok", "items"),
        "none": ("ok", "items"),
        "forbidden": ("refused", "blocked"),
        "hidden": ("refused", "blocked"),
        "broken": ("refused", "blocked"),
        "html": ("refused", "blocked"),
        "refusing": ("refused", "blocked"),
        "limited": ("refused", "blocked"),
        "captcha": ("refused", "blocked"),
        "inside": ("lost", "error"),
        "looping": ("lost", "error"),
        "bomb": ("lost", "error"),
        "gone": ("lost", "changed"),
    }
    for name in ("forbidden", "hidden", "broken", "html"):
        assert "robots.txt" in found[name]["error"]
    assert "/private/feed" not in forbidden.paths()
    assert "/feed" not in hidden.paths() + broken.paths() + html.paths()
    assert refusing.paths().count("/feed") == 1
    assert len(looping.paths()) <= 7
    assert datetime.fromisoformat(found["limited"]["retry_at"]) >= started + timedelta(seconds=7_199)

    mentions = published(tmp_path)
    assert sorted((mention.source, mention.native_id) for mention in mentions) == [
        ("good", "n1"), ("good", "n2"), ("none", "n1"), ("none", "n2"),
    ]  # fmt: skip
    rules = {mention.source: mention.robots.rule for mention in mentions}
    assert rules == {"good": "robots.txt allows this path", "none": "no robots.txt (404)"}
    agents = {headers["User-Agent"] for site in sites.values() for _, headers in site.asked}
    assert len(agents) == 1
    assert "tingchao" in agents.pop()
    assert not any("Cookie" in headers for site in sites.values() for _, headers in site.asked)


def test_a_crawl_that_a_large_program_starts_is_not_ended_for_that_programs_memory(make_site, tmp_path):
    site = make_site()
    site.answers["/feed"] = feed(1)
    write_sources(tmp_path, [{"id": "good", "spider": "rss", "url": f"{site.origin}/feed"}])
    arguments, env = command(tmp_path, "--once")
    large = "import subprocess, sys; held = b'x' * 1_300_000_000; sys.exit(subprocess.run(sys.argv[1:]).returncode)"

    done = subprocess.run(
        [sys.executable, "-c", large, *arguments], env=env, capture_output=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert healths(tmp_path)["good"]["state"] == "ok"


def test_what_is_new_arrives_and_nothing_else_is_published_again(make_site, tmp_path):
    site, hanging = make_site(), make_site()
    release = threading.Event()
    site.answers["/feed"] = feed(1)
    hanging.answers["/feed"] = lambda _: (release.wait(30), feed(9))[1]
    write_sources(
        tmp_path,
        [
            {"id": "news", "spider": "rss", "url": f"{site.origin}/feed"},
            {"id": "hanging", "spider": "rss", "url": f"{hanging.origin}/feed"},
        ],
    )
    arguments, env = command(tmp_path)
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until(lambda: site.paths().count("/feed") >= 2)
        site.answers["/feed"] = feed(2, 1)
        until(lambda: healths(tmp_path).get("news", {}).get("published") == 2)
        until(lambda: "/feed" in hanging.paths())

        process.send_signal(signal.SIGTERM)
        ended = time.monotonic()
        _, errors = process.communicate(timeout=10)
    finally:
        release.set()
        process.kill()

    assert process.returncode == 0, errors
    assert time.monotonic() - ended < 10
    assert sorted(mention.native_id for mention in published(tmp_path)) == ["n1", "n2"]


@pytest.fixture
def microblog(make_site):
    site = make_site()
    site.answers["/api/container/getIndex"] = lambda path: (
        200,
        {},
        (PARSED_PAGES / "weibo" / ("search" if "page=1" in path else "end") / "page.json").read_bytes(),
    )
    comments = {"max_id=": "comments_last", "": "comments"}
    site.answers["/comments/hotflow"] = lambda path: (
        200,
        {},
        (
            PARSED_PAGES / "weibo" / comments["max_id=" if "max_id=" in path else ""] / "page.json"
        ).read_bytes(),
    )
    return site


def test_no_identity_is_left_in_bus_store_or_logs(make_site, microblog, tmp_path):
    others = make_site()
    others.answers["/feed"] = (200, {}, (PARSED_PAGES / "rss" / "feed" / "page.xml").read_bytes())
    others.answers["/list"] = (200, {}, (PARSED_PAGES / "forum" / "list" / "page.html").read_bytes())
    others.answers["/thread/1001"] = (200, {}, (PARSED_PAGES / "forum" / "thread" / "page.html").read_bytes())
    others.answers["/api/v1/timelines/tag/x"] = (
        200,
        {},
        (PARSED_PAGES / "mastodon" / "tag" / "page.json").read_bytes(),
    )
    others.answers["/api/index/s"] = (
        200,
        {},
        (PARSED_PAGES / "heimao" / "search" / "page.json").read_bytes(),
    )
    base = others.origin
    write_sources(
        tmp_path,
        [
            {"id": "microblog", "spider": "microblog", "base": microblog.origin, "queries": ["云雀"]},
            {"id": "news", "spider": "rss", "url": f"{base}/feed"},
            {"id": "forum", "spider": "forum", "base": base, "pages": 1},
            {"id": "mastodon", "spider": "mastodon", "base": base, "tags": ["x"], "pages": 1},
            {"id": "complaints", "spider": "complaints", "base": base, "queries": ["云雀"], "pages": 1},
        ],
    )

    done = crawl_once(tmp_path)

    mentions = published(tmp_path)
    assert {mention.source for mention in mentions} == {
        "microblog",
        "news",
        "forum",
        "mastodon",
        "complaints",
    }
    assert {mention.native_id for mention in mentions if mention.source == "microblog"} >= {
        "5230000000000001", "5230000000000101", "5230000000000102", "5230000000000104",
    }  # fmt: skip
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    leaks = [mark for mark in MARKS for blob in (*written, done.stdout, done.stderr) if mark in blob]
    assert not leaks


HIDDEN = [
    b"alice_w", b"9990088221", "北京大学张三丰".encode(), "爱手机的小李子".encode(), "隐私昵称".encode(), b"13800138000",
    "１３８００１３８０００".encode(), b"138.0013.8000", b"99900", b"9a1158154dfa42caddbd0694a4e9bdc8",
]  # fmt: skip


def test_no_identity_comes_through_ids_titles_numbers_or_rows_that_look_sealed(make_site, tmp_path):
    site = make_site()
    words = "炸锅 @北京大学张三丰 @爱手机的小李子 打１３８００１３８０００或138.0013.8000"
    guids = (
        "https://mastodon.example/@alice_w/1122",
        "https://bbs.example/space-uid-9990088221.html",
        "weibo.com/u/9990012345/x",
    )
    items = "".join(
        f"<item><title>{words}</title><link>{guid}</link><guid>{guid}</guid><author>a@x.example (alice_w)</author></item>"
        for guid in guids
    )
    site.answers["/feed"] = (
        200,
        {},
        f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode(),
    )
    site.answers["/list"] = (
        200,
        {},
        "<ul class='threads'><li class='thread' data-id='7'><a href='/thread/7'>隐私昵称甲 13800138000</a>"
        "<span class='count'>3</span></li></ul>".encode(),
    )
    site.answers["/thread/7"] = (
        200,
        {},
        f"<h1>{words} 13800138000</h1><article class='post' data-id='1' data-floor='1'>"
        "<span class='author' data-uid='9990077'>隐私昵称甲</span>"
        "<div class='content'>隐私昵称甲 冒烟</div></article>".encode(),
    )
    write_sources(
        tmp_path,
        [
            {"id": "news", "spider": "rss", "url": f"{site.origin}/feed"},
            {"id": "forum", "spider": "forum", "base": site.origin, "pages": 1},
        ],
    )
    sealed = {"key": "9a1158154dfa42caddbd0694a4e9bdc8", "name_masked": "隐私昵称甲**"}
    rows = [
        {
            "v": 2,
            "id": "1",
            "text": words,
            "author": sealed,
            "parent_id": "alice_w-1122",
            "raw_hash": "隐私昵称甲",
        },
        {"id": "2", "text": words, "likes": "隐私昵称甲"},
        {"id": "3", "text": words, "kind": "13800138000"},
    ]
    brought = tmp_path.parent / f"{tmp_path.name}.jsonl"
    brought.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")

    done = crawl_once(tmp_path)
    _, env = command(tmp_path)
    imported = subprocess.run(
        [sys.executable, "-m", "tingchao.cli", "import", str(brought)],
        env=env,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert imported.returncode == 1, imported.stderr
    mentions = published(tmp_path)
    assert sorted(mention.source for mention in mentions) == ["forum", "import", "news", "news", "news"]
    assert {mention.id for mention in mentions if mention.source == "news"} == {
        mention_id("news", guid) for guid in guids
    }
    with open_store(Settings(home=tmp_path).store_address) as store:
        store.upsert(mentions)
        documents = [document.body for kind in ("checkpoint", "source") for document in store.documents(kind)]
    letters = read_topic(tmp_path, DEAD)
    assert len(letters) == 2
    kept = [encode(mention) for mention in mentions] + [
        json.dumps(documents, ensure_ascii=False).encode(),
        *letters,
    ]
    files = [
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "sources.yaml"
    ]
    leaks = [
        mark.decode() for mark in HIDDEN for blob in (*kept, *files, done.stdout, done.stderr) if mark in blob
    ]
    assert not leaks


def test_a_crawler_killed_in_the_middle_leaves_no_hole(make_site, tmp_path):
    site = make_site()
    pages = 12

    def answer(path):
        number = int(path.partition("max_id=")[2] or 1)
        if not slow.is_set():
            time.sleep(0.1)
        statuses = [
            {
                "id": str(1_000 * number + row),
                "created_at": "2020-01-01T00:00:00Z",
                "content": "<p>炸锅</p>",
                "account": {"id": "1"},
            }
            for row in range(5)
        ]
        follow = f'<{site.origin}/api/v1/timelines/tag/x?max_id={number + 1}>; rel="next"'
        return 200, {"Link": follow} if number < pages else {}, json.dumps(statuses).encode()

    slow = threading.Event()
    site.answers["/api/v1/timelines/tag/x"] = answer
    write_sources(
        tmp_path, [{"id": "m", "spider": "mastodon", "base": site.origin, "tags": ["x"], "pages": 50}]
    )
    arguments, env = command(tmp_path)
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(site.paths()) > 4)
    process.kill()
    process.wait()
    slow.set()

    assert crawl_once(tmp_path).returncode == 0

    held = {str(1_000 * number + row) for number in range(1, pages + 1) for row in range(5)}
    assert {mention.native_id for mention in published(tmp_path)} == held


def documents(home, kind):
    with open_store(Settings(home=home).store_address) as store:
        return [document.body for document in store.documents(kind)]


def statuses(site, posts, size=5):
    """A tag's timeline that goes on by the last id, as Mastodon's does; `posts` are numbers, the newest first."""

    def answer(path):
        below = int(path.partition("max_id=")[2] or 10**9)
        shown = [number for number in posts if number < below][:size]
        rows = [
            {
                "id": str(number),
                "created_at": f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z",
                "content": "<p>炸锅</p>",
                "account": {"id": "1"},
            }
            for number in shown
        ]
        follow = f'<{site.origin}/api/v1/timelines/tag/x?max_id={min(shown, default=0)}>; rel="next"'
        more = bool(shown) and min(posts) < min(shown)
        return 200, {"Link": follow} if more else {}, json.dumps(rows).encode()

    return answer


def test_what_two_visits_leave_between_them_is_a_gap_until_a_later_one_has_read_it(make_site, tmp_path):
    site, news = make_site(), make_site()
    posts = list(range(10, 0, -1))
    site.answers["/api/v1/timelines/tag/x"] = statuses(site, posts)
    news.answers["/feed"] = feed(1, 2)
    write_sources(
        tmp_path,
        [
            {"id": "m", "spider": "mastodon", "base": site.origin, "tags": ["x"], "pages": 3},
            {"id": "news", "spider": "rss", "url": f"{news.origin}/feed"},
        ],
    )
    assert crawl_once(tmp_path).returncode == 0
    assert documents(tmp_path, "gap") == []

    posts[:0] = range(40, 10, -1)
    news.answers["/feed"] = feed(8, 9)
    assert crawl_once(tmp_path).returncode == 0
    found = {gap["source"]: gap for gap in documents(tmp_path, "gap")}
    assert {name: (gap["standing"], gap["why"]) for name, gap in found.items()} == {
        "m": ("open", "pages"),
        "news": ("open", "window"),
    }
    assert found["m"]["since"] < found["m"]["until"]
    assert [healths(tmp_path)[name]["gaps"] for name in ("m", "news")] == [1, 1]
    status = subprocess.run(
        [sys.executable, "-m", "tingchao.cli", "status"],
        env=command(tmp_path)[1],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert "source       m: ok" in status.stdout.decode()
    assert ", 1 gap" in status.stdout.decode()

    asked = len(site.paths())
    for _ in range(2):
        assert crawl_once(tmp_path).returncode == 0
    found = {gap["source"]: gap for gap in documents(tmp_path, "gap")}
    assert {name: gap["standing"] for name, gap in found.items()} == {"m": "filled", "news": "open"}
    numbers = {int(mention.native_id) for mention in published(tmp_path) if mention.source == "m"}
    assert numbers == set(range(1, 41))
    timelines = [path for path in site.paths()[asked:] if "timelines" in path]
    assert len(timelines) <= 6


def test_a_crawler_killed_in_the_middle_does_not_ask_again_for_what_it_has(make_site, tmp_path):
    site = make_site()
    quick = threading.Event()
    answer = statuses(site, list(range(60, 0, -1)))

    def slowly(path):
        quick.wait(0.4)
        return answer(path)

    site.answers["/api/v1/timelines/tag/x"] = slowly
    write_sources(
        tmp_path, [{"id": "m", "spider": "mastodon", "base": site.origin, "tags": ["x"], "pages": 50}]
    )
    arguments, env = command(tmp_path)
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(site.paths()) > 6)
    process.kill()
    process.wait()
    before = len(site.paths())
    quick.set()

    assert crawl_once(tmp_path).returncode == 0

    first = [path for path in site.paths()[:before] if "max_id" in path]
    second = [path for path in site.paths()[before:] if "max_id" in path]
    assert set(first[:-2]).isdisjoint(second)
    assert {int(mention.native_id) for mention in published(tmp_path)} == set(range(1, 61))


def test_a_post_that_is_gone_is_marked_and_what_it_said_is_kept(make_site, tmp_path):
    site = make_site()
    listing = (
        "<ul class='threads'><li class='thread' data-id='7'><a href='/thread/7'>t</a>"
        "<span class='count'>{}</span></li></ul>"
    )
    floor = (
        "<h1>冒烟</h1><article class='post' data-id='1' data-floor='1'><span class='author' data-uid='u'>n</span>"
        "<time datetime='2026-01-01T00:00:00Z'>x</time><div class='content'>炸锅冒烟</div></article>"
    )
    site.answers["/list"] = (200, {}, listing.format(1).encode())
    site.answers["/thread/7"] = (200, {}, floor.encode())
    write_sources(tmp_path, [{"id": "forum", "spider": "forum", "base": site.origin, "pages": 1}])
    assert crawl_once(tmp_path).returncode == 0
    with open_store(Settings(home=tmp_path).store_address) as store:
        store.upsert(published(tmp_path))
    site.answers["/list"] = (200, {}, listing.format(2).encode())
    site.answers["/thread/7"] = (404, {}, b"none")

    assert crawl_once(tmp_path).returncode == 0

    (gone,) = published(tmp_path)
    assert gone.id == mention_id("forum", "t7")
    assert gone.gone_at == gone.captured_at
    with open_store(Settings(home=tmp_path).store_address) as store:
        store.upsert([gone])
        (kept,) = store.get([gone.id])
    assert kept.text == "炸锅冒烟"
    assert kept.gone_at == gone.gone_at
    assert healths(tmp_path)["forum"]["state"] == "ok"


def test_all_that_a_search_holds_is_collected_though_it_is_capped_and_a_page_is_empty_by_chance(
    make_site, tmp_path
):
    site, archive = make_site(), Archive(cap=1_000)
    start = datetime.now(UTC) - timedelta(days=3)
    for number in range(1_300):
        archive.post(number, start + number * timedelta(minutes=3))
    archive.empty[3] = 1
    site.answers[PATH] = lambda path: (200, {}, archive.answer(path))
    write_sources(
        tmp_path,
        [{"id": "hn", "spider": "hackernews", "base": site.origin, "queries": ["x"], "pages": 50}],
    )

    assert crawl_once(tmp_path).returncode == 0

    got = [mention.native_id for mention in published(tmp_path)]
    assert set(got) == set(archive.posts)
    health = healths(tmp_path)["hn"]
    assert (health["state"], health["gaps"]) == ("ok", 0)
    assert health["expected"] >= health["got"] >= 1_000
