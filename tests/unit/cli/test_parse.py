"""`tingchao parse` as a person types it."""

import json
from pathlib import Path

PAGE = Path(__file__).parents[1] / "parsers" / "weibo" / "search" / "page.json"


def test_one_object_is_printed_for_a_saved_page(tingchao):
    ran = tingchao("parse", "weibo.search", str(PAGE), "--captured-at", "2026-11-24T02:00:00Z")

    assert (ran.code, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert (found["outcome"], found["mentions"][0]["native_id"]) == ("items", "5230000000000001")


def test_the_parsers_are_listed(tingchao):
    ran = tingchao("parse", "--list")

    assert ran.code == 0
    assert {"weibo.search", "rss", "youtube.comments"} <= set(ran.out.splitlines())


def test_what_is_missing_is_said(tingchao):
    assert "give SOURCE and FILE" in tingchao("parse", "weibo.search").err
    ran = tingchao("parse", "weibo", str(PAGE))
    assert ran.code == 2
    assert "weibo.search" in ran.err
