"""Parsers: mentions a CPU second from a page's bytes to sealed mentions, every text another one."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from crawlers.parsers import Page, parse
from tests.bench.harness import Figure, rate
from tingchao.privacy import Secret, seal

COMMAND = "python -m tests.bench crawl"
PAGES = 50
A_PAGE = 20
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SEAL = partial(seal, secret=Secret(b"s" * 32))
WORDS = "用了第{}天就冒烟，客服一直推诿，说是操作不当，已经申请退货退款，希望品牌方给个说法"


def figures() -> Iterator[Figure]:
    """One figure for each kind of page: JSON, HTML, feed."""
    for parser, page, goal in (
        ("weibo.search", _microblog, "≥ 2000"),
        ("forum.thread", _forum, "≥ 500"),
        ("rss", _feed, "≥ 500"),
    ):
        found = rate(partial(_read, parser, page), clock="cpu")
        yield Figure(
            name=f"crawl.parse.{parser}",
            goal=goal,
            got=round(found.median),
            interval=(round(found.low), round(found.high)),
            unit="mentions a CPU second",
            command=COMMAND,
            note=f"{A_PAGE} mentions a page, parsed and sealed",
        )


def _read(parser: str, page: Callable[[int], bytes]) -> int:
    """Bodies are made outside the parser's share of the work only as far as a page's text costs nothing."""
    done = 0
    for number in range(PAGES):
        asked = Page(url="https://a.example/thread/1", body=page(number), captured_at=NOW, source="bench")
        done += len(parse(parser, asked, SEAL).mentions)
    return done


def _texts(number: int) -> list[str]:
    return [WORDS.format(f"{number}-{row}") for row in range(A_PAGE)]


def _microblog(number: int) -> bytes:
    cards = [
        {
            "card_type": 9,
            "mblog": {
                "id": f"{number}{row:03}",
                "created_at": "Tue Nov 24 09:57:10 +0800 2026",
                "text": f'{text}<span class="surl-text">#炸锅#</span><span class="url-icon"><img alt="[怒]"></span>',
                "user": {"id": 1_000 + row, "screen_name": f"路人{row}", "followers_count": "1.2万"},
                "attitudes_count": row,
            },
        }
        for row, text in enumerate(_texts(number))
    ]
    return json.dumps({"ok": 1, "data": {"cards": cards}}).encode()


def _forum(number: int) -> bytes:
    return "".join(
        f'<article class="post" data-id="{number}{row:03}" data-floor="{row + 2}"><span class="author" data-uid="{row}">'
        f'路人{row}</span><time>昨天 23:50</time><div class="content">{text}</div><span class="likes">3</span></article>'
        for row, text in enumerate(_texts(number))
    ).encode()


def _feed(number: int) -> bytes:
    items = "".join(
        f"<item><title>炸锅 {row}</title><link>https://a.example/{number}/{row}</link><description>{text}</description>"
        "<pubDate>Tue, 24 Nov 2026 01:57:10 GMT</pubDate></item>"
        for row, text in enumerate(_texts(number))
    )
    return f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode()
