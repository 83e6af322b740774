"""Each folder `SOURCE/CASE` holds a saved page (made up), how it was asked for, and what must be read from it.

`asked.json`: parser, url, and status, headers, context where they are not the usual ones. `expected.json`:
outcome, next address, missing fields, followed addresses, and of each mention the fields that matter.
"""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest

from crawlers.parsers import PARSERS, Page, parse
from tingchao.errors import BadInput
from tingchao.privacy import Secret, seal

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/asked.json"))
SHOWN = ("kind", "native_id", "parent_id", "root_id", "url", "title", "text", "region", "media", "lang")


def read(case):
    asked = json.loads((case / "asked.json").read_text("utf-8"))
    page = Page(
        url=asked["url"],
        body=next(case.glob("page.*")).read_bytes(),
        captured_at=datetime(2026, 11, 24, 2, tzinfo=UTC),
        source=asked.get("source", "demo"),
        status=asked.get("status", 200),
        headers=asked.get("headers", {}),
        context=asked.get("context", {}),
    )
    return parse(asked["parser"], page, partial(seal, secret=Secret(b"s" * 32)))


def shown(parsed):
    mentions = []
    for mention in parsed.mentions:
        plain = json.loads(msgspec.json.encode(mention))
        mentions.append(
            {name: plain[name] for name in SHOWN if plain.get(name)}
            | {
                "published": f"{plain['published_at']} {mention.published_precision}",
                "author": plain.get("author", {}).get("name_masked", ""),
                "engagement": plain.get("engagement", {}),
            }
            | ({"badge": mention.author.badge} if mention.author.badge else {})
            | ({"followers": mention.author.followers_bucket} if mention.author.followers_bucket else {})
        )
    return {
        "outcome": str(parsed.outcome),
        "next": parsed.next.url if parsed.next else None,
        "missing": list(parsed.missing),
        "follow": [f"{follow.ask.url} {follow.mark}" for follow in parsed.follow],
        "total": parsed.total,
        "mentions": mentions,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_reads_the_page(case):
    assert shown(read(case)) == json.loads((case / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_names_nobody(case):
    wire = str([msgspec.json.encode(mention).decode() for mention in read(case).mentions])

    assert not [mark for mark in ("隐私昵称", "Secretnick", "9990000", "avatar") if mark in wire]


def test_every_parser_has_a_page():
    assert {json.loads((case / "asked.json").read_text("utf-8"))["parser"] for case in CASES} == set(PARSERS)


def test_an_unknown_parser_is_named():
    page = Page(
        url="https://a.example/", body=b"", captured_at=datetime(2026, 11, 24, tzinfo=UTC), source="a"
    )

    with pytest.raises(BadInput, match=r"parser 'nowhere'.*weibo\.search"):
        parse("nowhere", page, partial(seal, secret=Secret(b"s" * 32)))
