"""Manners of the whole crawler as a process of its own: what a host sees, and what the ledger says of it."""

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from crawlers.manners import switches
from tests.unit.crawlers.test_crawl import command, crawl_once, feed, healths, published, until, write_sources
from tingchao.addresses import is_public
from tingchao.settings import Settings
from tingchao.store import open_store

pytestmark = pytest.mark.slow


def run(home, *arguments, **env):
    usual = {**os.environ, "TINGCHAO_HOME": str(home), **env}
    done = subprocess.run(
        [sys.executable, "-m", "tingchao.cli", *arguments],
        env=usual,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def requests(home, *options):
    return json.loads(run(home, "requests", "--json", *options))


def outcomes(home):
    found = {}
    for line in requests(home)["lines"]:
        row = line["row"]
        found[row["source"], row["pattern"], row["fate"]] = row["requests"]
    return found


def timeline(site, pages=50, **headers):
    """A tag's timeline of many pages; returns the moments at which it was asked."""
    moments = []

    def answer(path):
        moments.append(time.monotonic())
        number = int(path.partition("max_id=")[2] or 1)
        status = {
            "id": str(number),
            "created_at": "2020-01-01T00:00:00Z",
            "content": "<p>炸锅</p>",
            "account": {"id": "1"},
        }
        follow = f'<{site.origin}/api/v1/timelines/tag/x?max_id={number + 1}>; rel="next"'
        found = {name.replace("_", "-"): value() for name, value in headers.items()}
        return 200, {**({"Link": follow} if number < pages else {}), **found}, json.dumps([status]).encode()

    site.answers["/api/v1/timelines/tag/x"] = answer
    return moments


def tags(id, site, **fields):
    return {"id": id, "spider": "mastodon", "base": site.origin, "tags": ["x"], "pages": 50, **fields}


def test_every_request_stands_in_the_ledger_with_its_rule_and_what_came_of_it(make_site, tmp_path):
    good, forbidden, refusing, captcha, moved, gone = (make_site() for _ in range(6))
    good.answers["/feed"] = feed(1)
    refusing.answers["/feed"] = (403, {}, b"")
    captcha.answers["/feed"] = (200, {}, "<html>请输入验证码</html>".encode())
    moved.answers["/feed"] = (302, {"Location": f"{good.origin}/feed"}, b"")
    sites = {"good": good, "refusing": refusing, "captcha": captcha, "moved": moved, "gone": gone}
    sources = [{"id": name, "spider": "rss", "url": f"{site.origin}/feed"} for name, site in sites.items()]
    sources.append({"id": "forbidden", "spider": "rss", "url": f"{forbidden.origin}/private/feed"})
    sources.append({"id": "beside", "spider": "rss", "url": f"{refusing.origin}/other"})
    write_sources(tmp_path, sources)

    assert crawl_once(tmp_path).returncode == 0

    found = outcomes(tmp_path)
    assert found["good", "/feed", "answered"] == 1
    assert found["forbidden", "/private/feed", "forbidden"] == 1
    assert found["refusing", "/feed", "refused"] == 1
    assert found["captcha", "/feed", "challenged"] == 1
    assert found["moved", "/feed", "moved"] == 1
    assert found["moved", "/feed", "answered"] == 1
    assert found["gone", "/feed", "missing"] == 1
    told = {line["row"]["source"]: line["row"] for line in requests(tmp_path)["lines"] if line["row"]["rule"]}
    assert told["good"]["rule"] == "robots.txt allows this path"
    assert told["good"]["bytes"] == len(feed(1)[2])
    assert (told["forbidden"]["allowed"], told["forbidden"]["rule"]) == (
        False,
        "robots.txt disallows this path",
    )
    sent = {host["host"]: host["sent"] for host in requests(tmp_path)["hosts"]}
    assert sent == {
        site.origin.removeprefix("http://"): len(site.asked) for site in (*sites.values(), forbidden)
    }
    assert "challenged" in run(tmp_path, "requests", "--outcome", "challenged")

    before = len(refusing.asked), len(captcha.asked)
    assert crawl_once(tmp_path).returncode == 0
    assert (len(refusing.asked), len(captcha.asked)) == before
    assert healths(tmp_path)["beside"]["state"] == "refused"
    assert outcomes(tmp_path)["beside", "/other", "resting"] >= 1


def test_a_days_budget_ends_the_visit_and_is_no_error(make_site, tmp_path):
    site = make_site()
    moments = timeline(site)
    write_sources(tmp_path, [tags("m", site, budget={"requests_per_day": 5})])

    crawl_once(tmp_path)
    crawl_once(tmp_path)

    assert len(site.asked) == 5
    assert len(moments) == 4
    health = healths(tmp_path)["m"]
    assert health["error"] == "the day's budget of 5 requests is used"
    assert health["state"] == "ok"
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert health["retry_at"] == f"{tomorrow}T00:00:00Z"
    assert "over budget until" in run(tmp_path, "hosts", "list")
    assert len(published(tmp_path)) == 4


def test_a_host_that_says_that_nothing_remains_is_asked_again_after_its_reset(make_site, tmp_path):
    site = make_site()
    resets = []

    def reset():
        resets.append(time.monotonic() + 2)
        return "2"

    moments = timeline(site, 3, X_RateLimit_Remaining=lambda: "0", X_RateLimit_Reset=reset)
    write_sources(tmp_path, [tags("m", site)])

    assert crawl_once(tmp_path).returncode == 0

    assert len(moments) >= 3
    assert all(later >= allowed - 0.01 for later, allowed in zip(moments[1:], resets, strict=False))


def test_the_crawl_delay_of_robots_txt_is_kept_and_stands_in_the_ledger(make_site, tmp_path):
    site = make_site()
    site.answers["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 1\nDisallow: /private/\n")
    moments = timeline(site, 4)
    write_sources(tmp_path, [tags("m", site)])

    assert crawl_once(tmp_path).returncode == 0

    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert len(gaps) >= 3
    assert min(gaps) > 0.9
    rows = [line["row"] for line in requests(tmp_path)["lines"]]
    (row,) = [row for row in rows if row["pattern"] == "/api/v1/timelines/tag/x?max_id"]
    assert row["least_delay"] >= 0.9


def test_a_page_that_did_not_change_is_not_sent_again_and_what_is_new_arrives(make_site, tmp_path):
    site = make_site()
    state = {"etag": '"1"', "feed": feed(1), "unchanged": 0}

    def answer(_):
        shown = site.asked[-1][1].get("If-None-Match")
        if shown == state["etag"]:
            state["unchanged"] += 1
            return 304, {"ETag": state["etag"], "Content-Encoding": "gzip"}, b""
        status, headers, body = state["feed"]
        return status, {**headers, "ETag": state["etag"]}, body

    site.answers["/feed"] = answer
    write_sources(tmp_path, [{"id": "news", "spider": "rss", "url": f"{site.origin}/feed"}])

    crawl_once(tmp_path)
    crawl_once(tmp_path)

    assert (site.paths().count("/feed"), state["unchanged"]) == (2, 1)
    assert healths(tmp_path)["news"]["state"] == "ok"
    assert outcomes(tmp_path)["news", "/feed", "unchanged"] == 1
    state.update(etag='"2"', feed=feed(2, 1))
    crawl_once(tmp_path)
    assert {mention.native_id for mention in published(tmp_path)} == {"n1", "n2"}


def test_the_kill_switch_stops_a_running_crawl_within_five_seconds(make_site, tmp_path):
    site, other = make_site(), make_site()
    moments = []
    site.answers["/feed"] = lambda _: (moments.append(time.monotonic()), feed(1))[1]
    other.answers["/feed"] = feed(1)
    sources = [{"id": "a", "url": f"{site.origin}/feed"}, {"id": "b", "url": f"{other.origin}/feed"}]
    write_sources(tmp_path, [{**source, "spider": "rss"} for source in sources])
    host = site.origin.removeprefix("http://")
    arguments, env = command(tmp_path)
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: len(moments) >= 2)

        run(tmp_path, "hosts", "stop", host, "--why", "they wrote to us")
        stopped = time.monotonic()
        until(lambda: "switched off" in healths(tmp_path)["a"]["error"])
        heard = len(other.asked)
        until(lambda: len(other.asked) >= heard + 8, 40)
        last = moments[-1]
        assert "switched off (they wrote to us)" in run(tmp_path, "hosts", "list")

        run(tmp_path, "hosts", "allow", host)
        before = len(moments)
        until(lambda: len(moments) > before)
    finally:
        process.terminate()
        process.wait(20)

    assert last < stopped + 5
    assert outcomes(tmp_path)["a", "/feed", "switched off"] >= 1


def test_no_address_of_the_own_network_is_asked(make_site, tmp_path):
    site = make_site()
    site.answers["/feed"] = feed(1)
    write_sources(tmp_path, [{"id": "inside", "spider": "rss", "url": f"{site.origin}/feed"}])
    _, env = command(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "tingchao.cli", "crawl", "--once"],
        env={**env, "TINGCHAO_ALLOW_PRIVATE_HOSTS": "false"},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert site.asked == []
    assert outcomes(tmp_path) == {("inside", "/feed", "not public"): 1}
    with open_store(Settings(home=tmp_path).store_address) as store:
        assert "not asked" in store.documents("source")[0].body["error"]


def test_a_name_that_leads_into_the_own_network_is_not_connected_to(tmp_path):
    name = socket.gethostname()
    try:
        inside = not is_public(socket.gethostbyname(name))
    except OSError:
        inside = False
    if not inside or ("." in name and name.endswith((".local", ".internal"))):
        pytest.skip(f"the name of this machine, {name}, does not lead to an address of its own network")
    write_sources(
        tmp_path, [{"id": "inside", "spider": "rss", "url": f"http://{name}:8080/feed", "delay": 1}]
    )
    arguments, env = command(tmp_path, "--once")

    subprocess.run(
        arguments,
        env={**env, "TINGCHAO_ALLOW_PRIVATE_HOSTS": "false"},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert "CannotResolveHostError" in healths(tmp_path)["inside"]["error"]


def test_a_request_that_waits_for_its_turn_is_not_sent_once_the_host_is_stopped(make_site, tmp_path):
    site = make_site()
    moments = timeline(site)
    write_sources(tmp_path, [tags("m", site, delay=12)])
    arguments, env = command(tmp_path, "--once")
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: len(moments) == 1, 60)

        with open_store(Settings(home=tmp_path).store_address) as store:
            store.put(switches.KIND, "127.0.0.1", {})
        process.wait(60)
    finally:
        process.kill()
        process.wait(20)

    assert len(moments) == 1
    assert "switched off" in healths(tmp_path)["m"]["error"]
    assert len(published(tmp_path)) == 1
