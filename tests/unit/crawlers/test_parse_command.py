"""`tingchao parse`: one saved response in, one JSON object out."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from crawlers import commands_parse
from crawlers.commands_parse import names, parse_file
from crawlers.parsers import PARSERS
from tingchao.errors import BadInput

CASES = Path(__file__).parents[1] / "parsers"
WHEN = "2026-11-24T02:00:00Z"
FIELDS = {
    "id", "source", "kind", "native_id", "parent_id", "root_id", "url", "title", "text", "lang", "author", "published_at",
    "published_precision", "captured_at", "engagement", "region", "media", "robots", "raw_hash", "text_key", "simhash",
}  # fmt: skip


def parsed(case, home, **options):
    folder = CASES / case
    asked = json.loads((folder / "asked.json").read_text("utf-8"))
    file = next(folder.glob("page.*"))
    return parse_file(asked["parser"], file, home, captured_at=WHEN, **options)


def test_gives_what_the_page_holds_with_every_field(tmp_path):
    found = parsed("weibo/search", tmp_path)

    assert list(found) == ["outcome", "mentions", "next", "missing"]
    assert found["outcome"] == "items"
    first = found["mentions"][0]
    assert set(first) >= FIELDS
    assert (first["native_id"], first["parent_id"]) == ("5230000000000001", None)
    assert set(first["engagement"]) == {"likes", "comments", "reposts", "views"}
    assert found["next"]["url"].startswith("https://m.weibo.cn/")
    assert found["next"]["parser"] == "weibo.search"
    json.dumps(found)


def test_names_nobody(tmp_path):
    shown = json.dumps(parsed("weibo/search", tmp_path), ensure_ascii=False)

    assert not [mark for mark in ("隐私昵称", "Secretnick", "9990000", "avatar") if mark in shown]
    assert list(tmp_path.iterdir()) == []


def test_status_headers_context_and_address_count(tmp_path):
    page = tmp_path / "page.json"
    page.write_text("[]", "utf-8")

    assert parse_file("mastodon.tag", page, tmp_path)["outcome"] == "empty"
    assert parse_file("mastodon.tag", page, tmp_path, context=["page=2"])["outcome"] == "end"
    assert parse_file("mastodon.tag", page, tmp_path, status=429)["outcome"] == "blocked"
    status = '{"id": "1", "content": "a", "created_at": "2026-11-24T01:00:00Z"}'
    page.write_text(f"[{status}]", "utf-8")
    there = "https://m.example/api/v1/timelines/tag/x?limit=40"
    link = f'Link: <{there}&max_id=1>; rel="next"'
    found = parse_file("mastodon.tag", page, tmp_path, url=there, headers=[link])
    assert found["next"]["url"] == f"{there}&max_id=1"
    assert found["next"]["context"] == {"page": "2"}


def test_standard_input_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(commands_parse.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"<html>x</html>")))

    assert parse_file("zhihu.search", Path("-"), tmp_path)["outcome"] == "changed"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("weibo", {}, r"parser 'weibo': there is none. Known are weibo\.comments"),
        ("nowhere.x", {}, r"Known are .*hackernews\.search"),
        ("rss", {"captured_at": "yesterday"}, "--captured-at 'yesterday': give a time with its zone"),
        ("rss", {"captured_at": "2026-11-24T02:00:00"}, "with its zone"),
        ("rss", {"captured_at": "0001-01-01T00:00:00+14:00"}, "with its zone"),
        ("rss", {"headers": ["no colon"]}, "--header 'no colon': write Name: value"),
        ("rss", {"context": ["page"]}, "--context 'page': write NAME=VALUE"),
    ],
)
def test_says_what_is_wrong(tmp_path, name, options, said):
    page = tmp_path / "page"
    page.write_bytes(b"x")

    with pytest.raises(BadInput, match=said):
        parse_file(name, page, tmp_path, **options)


def test_a_file_that_cannot_be_read_or_is_too_large_is_named(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="missing: cannot be read"):
        parse_file("rss", tmp_path / "missing", tmp_path)
    monkeypatch.setattr(commands_parse, "MAX_BYTES", 3)
    (tmp_path / "large").write_bytes(b"1234")
    with pytest.raises(BadInput, match="larger than 3 bytes"):
        parse_file("rss", tmp_path / "large", tmp_path)


def test_all_parsers_are_named_in_order():
    assert list(names()) == sorted(PARSERS)
    assert {"weibo.search", "rss", "sitemap", "article", "discourse.topic"} <= set(names())
