"""The list of sources: what it takes, and how it says what is wrong."""

import pytest

from crawlers.openings import openings
from crawlers.parsers import PARSERS
from crawlers.scrapy_settings import scrapy_settings
from crawlers.sources import Source, Spider, from_yaml, load, shipped
from tingchao.errors import BadInput
from tingchao.settings import Settings


def test_the_shipped_sources_are_open_ones_and_complete():
    sources = load(None)

    assert {source.id for source in sources} == {"ithome", "36kr", "hackernews", "mastodon"}
    assert "enabled: false" in shipped()


def test_a_disabled_source_is_left_out():
    assert from_yaml("sources: [{id: a, spider: rss, url: 'https://a.example/', enabled: false}]") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: [", ": no valid YAML"),
        ("sources:\n- id: a\n  spider: rss\n", "line 2, url: missing; spider rss needs url"),
        ("sources:\n- id: a\n  spider: gopher\n  url: https://a.example\n", "line 3, spider: Invalid enum value 'gopher'"),
        ("sources:\n- {id: a, spider: rss, url: 'https://a.example', intervall: 3}\n", "unknown field `intervall`"),
        ("sources:\n- id: a\n  spider: rss\n  url: https://a.example\n  interval: soon\n", "line 5, interval"),
        ("sources:\n- id: a\n  spider: rss\n  url: https://a.example\n  delay: 0\n", "line 5, delay: 0.0 is not between 1"),
        ("sources:\n- id: a\n  spider: rss\n  url: https://a.example\n  pages: 99\n", "line 5, pages: 99"),
        ("sources:\n- id: a\n  spider: rss\n  url: ftp://a.example\n", "line 4, url: 'ftp://a.example' is no address"),
        ("sources:\n- id: a\n  spider: rss\n  url: https://u:p@a.example\n", "holds a user name"),
        ("sources:\n- id: a b\n  spider: rss\n  url: https://a.example\n", "line 2, id: 'a b'"),
        ("sources:\n- &x {id: a, spider: rss, url: 'https://a.example'}\n- *x\n", "aliases"),
        ("sources:\n- {id: a, spider: microblog, base: 'https://m.weibo.cn', queries: [x]}\n", "forbids crawlers"),
        ("sources:\n- {id: a, spider: appstore, app: x}\n", "app: 'x': the number"),
        ("nothing", "Expected `object`"),
    ],
)  # fmt: skip
def test_says_file_line_and_field(text, said):
    with pytest.raises(BadInput) as caught:
        from_yaml(text, "s.yaml")

    assert str(caught.value).startswith("s.yaml")
    assert said in str(caught.value)


def test_two_sources_may_not_share_an_id():
    one = "- {id: a, spider: rss, url: 'https://a.example'}\n"

    with pytest.raises(BadInput, match="line 3, id: 'a' is there twice"):
        from_yaml(f"sources:\n{one}{one}")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"missing\.yaml: cannot be read"):
        load(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"sources: [\xff\xfe]")
    with pytest.raises(BadInput, match="is not UTF-8"):
        load(tmp_path / "latin.yaml")


def test_only_a_site_of_ones_own_may_be_asked_without_a_pause():
    sources = from_yaml("sources: [{id: a, spider: rss, url: 'http://127.0.0.1:80/', delay: 0}]")

    assert sources[0].delay == 0


@pytest.mark.parametrize("spider", list(Spider))
def test_every_spider_knows_what_to_ask_first(spider):
    source = Source(
        id="a",
        spider=spider,
        url="https://a.example/f",
        base="https://a.example/",
        queries=("小米&x",),
        tags=("小米",),
        app="1",
    )

    for _, ask in openings(source):
        assert ask.parser in PARSERS
        assert ask.url.isascii() or spider is Spider.RSS
        assert "//list" not in ask.url


def test_the_most_patient_source_sets_the_pace_of_a_host():
    sources = from_yaml(
        "sources: [{id: a, spider: rss, url: 'https://a.example/1', delay: 3},"
        " {id: b, spider: rss, url: 'https://a.example/2', delay: 9}]"
    )

    options = scrapy_settings(Settings(), sources)

    assert options["DOWNLOAD_SLOTS"]["a.example"]["delay"] == 9
    assert (
        options["TELNETCONSOLE_ENABLED"]
        is options["REMOTE_CONTROL_ENABLED"]
        is options["COOKIES_ENABLED"]
        is False
    )
    assert options["DOWNLOAD_VERIFY_CERTIFICATES"] is True
    assert set(options["DOWNLOAD_HANDLERS"].values()) == {None}
