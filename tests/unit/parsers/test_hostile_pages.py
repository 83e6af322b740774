"""Whatever a site sends, a parser answers with an outcome, in bounded time, and never raises."""

import json
import random
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.parsers import PARSERS, Outcome, Page, Parsed, parse
from crawlers.parsers.markup import html_to_text
from crawlers.parsers.shapes import count, region, tree
from tingchao.privacy import Secret, seal

HERE = Path(__file__).parent
PAGES = sorted(path.parent for path in HERE.glob("*/*/asked.json"))
SEAL = partial(seal, secret=Secret(b"s" * 32))
RETYPED = (
    None,
    True,
    0,
    -1,
    3.5,
    1e300,
    "",
    "x",
    "\ud83d",
    "//[",
    "http://[x",
    [],
    {},
    [None],
    {"0": []},
    [[]],
    "9" * 400,
    10**30,
)


def asked(case):
    return json.loads((case / "asked.json").read_text("utf-8"))


def page_of(body, **how):
    return Page(
        body=body,
        captured_at=datetime(2026, 11, 24, 2, tzinfo=UTC),
        source="demo",
        url=how.get("url", "https://a.example/x?page=1"),
        status=how.get("status", 200),
        headers=how.get("headers", {}),
        context=how.get("context", {}),
    )


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=40)
@given(body=st.binary(max_size=400), status=st.integers(100, 599), page=st.sampled_from(["1", "2", "x", ""]))
def test_any_bytes_and_status_have_an_outcome(name, body, status, page):
    parsed = parse(name, page_of(body, status=status, context={"page": page}), SEAL)

    assert isinstance(parsed, Parsed)
    assert isinstance(parsed.outcome, Outcome)


@pytest.mark.parametrize("name", sorted(PARSERS))
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"feed":' + b"9" * 5_000 + b"}",
        b'{"hits":[{"objectID":NaN,"title":Infinity}]}',
        b'{"ok":1,"ok":0,"data":{"cards":[],"cards":null}}',
        "\ufeff{}".encode(),
        b"\xff\xfe\x00\x00",
        b"\x00" * 1_000,
        b"<div>" * 20_000,
        b"<ul class='threads'>" + b"<li class='thread'>" * 3_000,
        b"<?xml version='1.0' encoding='gb2312'?><rss>" + bytes(range(256)) * 20,
        "<rss version='2.0'><channel><item><title>炸".encode("gb18030") * 50,
        b"<!DOCTYPE a [<!ENTITY a 'x'>" + b"<!ENTITY b '&a;&a;'>" * 300 + b"]><rss>&b;</rss>",
        b"",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_known_poison_has_an_outcome(name, body):
    assert isinstance(parse(name, page_of(body), SEAL).outcome, Outcome)


@pytest.mark.parametrize(
    "case",
    [case for case in PAGES if (case / "page.json").exists()],
    ids=lambda c: f"{c.parent.name}/{c.name}",
)
def test_no_mutation_of_a_json_page_makes_its_parser_raise(case):
    chance = random.Random(7)
    how = asked(case)
    original = json.loads((case / "page.json").read_bytes())
    places = list(nodes(original))
    for _ in range(60):
        mutant = json.loads(json.dumps(original))
        for place in chance.sample(places, min(len(places), chance.randint(1, 3))):
            mutate(mutant, place, chance)
        body = json.dumps(mutant).encode("utf-8", "surrogatepass")
        assert isinstance(parse(how["parser"], page_of(body, **how), SEAL).outcome, Outcome)


@pytest.mark.parametrize(
    "case",
    [case for case in PAGES if not (case / "page.json").exists()],
    ids=lambda c: f"{c.parent.name}/{c.name}",
)
def test_no_cut_or_flip_of_a_text_page_makes_its_parser_raise(case):
    chance = random.Random(7)
    how = asked(case)
    body = next(case.glob("page.*")).read_bytes()
    for _ in range(20):
        mutant = bytearray(body[: chance.randint(0, len(body))])
        for _ in range(chance.randint(0, 8)):
            if mutant:
                mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        assert isinstance(parse(how["parser"], page_of(bytes(mutant), **how), SEAL).outcome, Outcome)


def nodes(value, path=()):
    if path:
        yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from nodes(child, (*path, key))


def mutate(value, path, chance):
    """Drop, empty or retype what lies at `path`, if an earlier mutation left it there."""
    for key in path[:-1]:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return
    try:
        if chance.random() < 0.3:
            del value[path[-1]]
        else:
            value[path[-1]] = deepcopy(chance.choice(RETYPED))
    except (KeyError, IndexError, TypeError):
        return


@given(st.text(alphabet="<>&;#/\"'=abimg[]怒 \n\x00\ud83d", max_size=200))
def test_any_html_becomes_text(html):
    assert isinstance(html_to_text(html), str)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("冒烟<br>了<br/>！", "冒烟\n了\n！"),
        ('<span class="url-icon"><img alt="[怒]"></span><img alt="a picture">', "[怒]"),
        ("<p>一</p><p>二</p>", "一\n\n二"),
        ("a &lt;b&gt; &amp; c&nbsp;d", "a <b> & c\xa0d"),
        ("<style>p{}</style>好<script>x</script>用", "好用"),
        ("1 < 2", "1 < 2"),
        ("没有标签", "没有标签"),
    ],
)
def test_html_keeps_what_people_read(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("1.2万", 12_000),
        ("10万+", 100_000),
        ("3亿", 300_000_000),
        ("2.5k", 2_500),
        ("1,203", 1_203),
        ("转发", 0),
        ("赞", 0),
        (35, 35),
        ("35", 35),
        (2.0, 2),
        ("--", None),
        ("", None),
        (None, None),
        (True, None),
        (-3, None),
        ([], None),
    ],
)
def test_counts_as_sites_show_them(shown, number):
    assert count(shown) == number


@pytest.mark.parametrize(
    ("shown", "province"),
    [
        ("发布于 广东", "广东"),
        ("来自浙江", "浙江"),
        ("IP属地：江苏", "江苏"),
        ("iPhone 17", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_regions_are_provinces(shown, province):
    assert region(shown) == province


def test_json_with_a_lone_surrogate_or_a_mark_is_read():
    assert tree(b'\xef\xbb\xbf{"a": "\\ud83d"}') == {"a": "\ud83d"}
