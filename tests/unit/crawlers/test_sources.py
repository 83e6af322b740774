"""The list of sources: what it takes, and how it says what is wrong."""

import pytest

from crawlers.openings import openings
from crawlers.parsers import PARSERS
from crawlers.registry import spiders
from crawlers.scrapy_settings import scrapy_settings
from crawlers.sources import Source, from_yaml, load, shipped
from tingchao.errors import BadInput
from tingchao.settings import Settings


def test_the_shipped_sources_are_open_ones_and_complete():
    sources = load(None)

    assert {source.id for source in sources} == {"ithome", "36kr", "hackernews", "mastodon", "v2ex"}
    assert "enabled: false" in shipped()


def test_a_disabled_source_is_left_out():
    assert from_yaml("sources: [{id: a, spider: rss, url: 'https://a.example/', enabled: false}]") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: [", ": no valid YAML"),
        ("sources:\n- id: a\n  spider: rss\n", "line 2, url: missing; spider rss needs url"),
        ("sources:\n- id: a\n  spider: gopher\n  url: https://a.example\n", "line 3, spider: 'gopher': there is none"),
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
        ("sources:\n- {id: a, spider: douban, queries: [x]}\n", "spider: 'https://www.douban.com' forbids crawlers"),
        ("sources:\n- id: a\n  spider: rss\n  url: https://a.weibo.com.\n", "docs/sources/weibo.md"),
        ("sources:\n- {id: a, spider: mastodon, tags: [x]}\n", "base: missing; spider mastodon needs base or instances"),
        ("sources:\n- {id: a, spider: mastodon, tags: [x], instances: [ftp://b]}\n", "instances: 'ftp://b' is no address"),
        ("sources:\n- {id: a, spider: youtube, queries: [x]}\n", "key: missing; spider youtube needs key and videos or"),
        ("sources:\n- {id: a, spider: rss, url: 'https://a.example', key: A_KEY}\n", "spider rss takes no key"),
        ("sources:\n- {id: a, spider: reddit, base: 'http://a.example', queries: [x], key: KEY}\n", "goes over https only"),
        ("sources:\n- {id: a, spider: v2ex, lists: [../x]}\n", "lists: '../x': the name of a list"),
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


@pytest.mark.parametrize("spider", spiders())
def test_every_spider_knows_what_to_ask_first(spider):
    source = Source(
        id="a",
        spider=spider,
        url="https://a.example/f",
        base="https://a.example/",
        queries=("小米&x",),
        tags=("#小米",),
        nodes=("小米/x",),
        videos=("v",),
        channels=("c",),
        lists=("statuses/mentions",),
        app="1",
    )

    for _, ask in openings(source):
        assert ask.parser in PARSERS
        assert ask.url.isascii()
        assert ask.url.startswith("https://a.example/")
        assert not any(sign in ask.url for sign in ("{", "&x", "/x", "example//", "%23"))


def test_a_source_of_several_instances_is_one_of_each():
    sources = from_yaml(
        "sources: [{id: m, name: M, spider: mastodon, tags: [x, y], instances: ['https://a.example', 'https://b.example']}]"
    )

    assert [(source.id, source.title, source.base) for source in sources] == [
        ("m-a-example", "M (a.example)", "https://a.example"),
        ("m-b-example", "M (b.example)", "https://b.example"),
    ]
    assert [len(openings(source)) for source in sources] == [2, 2]
    alone = from_yaml("sources: [{id: m, spider: mastodon, tags: [x], instances: ['https://a.example']}]")
    assert (alone[0].id, alone[0].base) == ("m", "https://a.example")


HELD = "permission: {kind: contract, holder: 云雀电器, reference: 2026-118, until: 2026-12-31}"


def test_a_closed_platform_is_asked_under_a_permission_that_is_written_down():
    sources = from_yaml(f"sources: [{{id: a, spider: douban, queries: [x], {HELD}}}]")

    assert sources[0].permission.until.isoformat() == "2026-12-31"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("contract", "friendship", "line 2, kind: Invalid enum value 'friendship'. Kinds are licence, contract"),
        ("云雀电器", "''", "holder: empty; say who"),
        ("2026-118", "' '", "reference: empty; say who"),
        ("2026-12-31", "soon", "until: Invalid RFC3339"),
        ("kind: contract, ", "", "missing required field `kind`. Fields are kind, holder"),
        ("until", "till", "unknown field"),
    ],
)  # fmt: skip
def test_a_permission_says_what_is_wrong_with_it(wrong, right, said):
    with pytest.raises(BadInput) as caught:
        from_yaml(f"sources:\n- {{id: a, spider: douban, queries: [x], {HELD.replace(wrong, right)}}}\n")

    assert said in str(caught.value)


def test_one_that_has_run_out_stops_no_start_but_this_source():
    assert from_yaml(
        f"sources: [{{id: a, spider: douban, queries: [x], {HELD.replace('2026-12', '2020-12')}}}]"
    )


def test_a_key_that_stands_in_the_file_is_refused_and_not_repeated():
    key = "AIzaSyD-not-a-name"

    with pytest.raises(BadInput, match="is no name of a key") as caught:
        from_yaml(f"sources: [{{id: a, spider: youtube, videos: [v], key: {key}}}]")

    assert key not in str(caught.value)


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
    assert set(options["DOWNLOAD_HANDLERS"].values()) == {None, "crawlers.manners.door.Door"}
