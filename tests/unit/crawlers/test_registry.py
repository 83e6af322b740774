"""The registry says everything once: spiders, closed hosts, usual addresses, and a page a source."""

from urllib.parse import urlsplit

import pytest

from crawlers.parsers import PARSERS
from crawlers.registry import (
    Openness,
    closed_entry,
    entries,
    entry_of_host,
    spiders,
    typical_urls,
)
from crawlers.registry_pages import FOLDER, pages
from crawlers.sources import Source, from_yaml

ENTRIES = {entry.id: entry for entry in entries()}


def test_every_parser_has_an_entry_and_every_entry_its_parsers():
    assert sorted(typical_urls()) == sorted(PARSERS)


def test_no_entry_spider_or_host_is_there_twice():
    hosts = [host for entry in entries() for host in entry.hosts]

    assert len(ENTRIES) == len(entries())
    assert len(spiders()) == sum(len(entry.spiders) for entry in entries())
    assert len(hosts) == len(set(hosts))
    assert "microblog" in ENTRIES["weibo"].spiders


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_an_entry_holds_together(entry):
    fields = set(Source.__struct_fields__)
    for spider in entry.spiders.values():
        assert spider.asks
        assert {field for need in spider.needs for field in need.split("|")} <= fields
        assert {ask.each for ask in spider.asks} <= fields | {""}
        assert {ask.parser for ask in spider.asks} <= set(entry.parsers)
        assert ("key" in spider.needs) is (spider.auth is not None)
        assert (entry.openness is Openness.KEY) is (spider.auth is not None)
        assert spider.base.startswith("https://") or not spider.base
        closed = closed_entry(spider.base) if spider.base else None
        assert closed is (entry if entry.openness is Openness.CLOSED and spider.base else None)
    assert all(urlsplit(url).hostname for url in entry.parsers.values())


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_the_example_of_an_entry_works(entry):
    if entry.spiders:
        (source, *_) = from_yaml(f"sources:\n  - {entry.example}\n")
        assert source.spider in entry.spiders
    else:
        assert entry.example.startswith("tingchao import ")


@pytest.mark.parametrize("name", ["zhihu", "bilibili", "xiaohongshu", "douyin", "kuaishou", "xueqiu"])
def test_what_wants_a_signature_or_a_log_in_has_no_spider(name):
    assert ENTRIES[name].openness is Openness.CLOSED
    assert not ENTRIES[name].spiders


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("weibo.cn", "weibo"),
        ("m.weibo.cn", "weibo"),
        ("api.weibo.com", "weibo-open"),
        ("tieba.baidu.com", "tieba"),
        ("notweibo.cn", None),
        ("weibo.cn.example", None),
    ],
)
def test_a_host_belongs_to_the_nearest_entry(host, name):
    entry = entry_of_host(host)

    assert (entry.id if entry else None) == name


def test_a_host_is_closed_however_it_is_written():
    assert closed_entry("https://M.WEIBO.CN./x") is ENTRIES["weibo"]
    assert closed_entry("https://api.weibo.com/2/x") is None
    assert closed_entry("https://news.example/?u=weibo.cn") is None


def test_the_pages_in_docs_are_what_the_registry_says():
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}

    assert written == pages(), "run: python -m crawlers.registry"
