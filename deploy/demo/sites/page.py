"""What a site is asked and what it answers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Any

from deploy.demo.dice import SHANGHAI
from deploy.demo.posts import Post

LARGEST_NUMBER = 10**18


@dataclass(frozen=True, slots=True)
class Ask:
    """A GET: the path without its query, and the query's first values. `origin` is `http://HOST:PORT`."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    def number(self, name: str, default: int) -> int:
        """A whole number of the query; anything that is none counts as `default`."""
        text = self.query.get(name, "")
        return (
            min(int(text), LARGEST_NUMBER)
            if text.isascii() and text.isdigit() and len(text) < 20
            else default
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `served` are the mentions that its body shows."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    served: tuple[str, ...] = ()


def json_answer(body: Any, served: Iterable[Post] = (), headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """JSON as the real interfaces write it, Chinese unescaped."""
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(
        raw, "application/json; charset=utf-8", headers=headers, served=tuple(p.native_id for p in served)
    )


def html_answer(title: str, body: str, served: Iterable[Post] = ()) -> Answer:
    """An HTML page around `body`, which must be escaped already."""
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
    return Answer(page.encode(), served=tuple(post.native_id for post in served))


def permalink(site: str, post: Post, now: datetime) -> Answer:
    """The page of one mention, for people who follow its link. It names nobody."""
    title = post.title or site
    body = (
        f'<header>{escape(site)}</header><main><h1>{escape(title)}</h1><div class="content">{escape(post.text)}</div>'
        f"<p><time>{post.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}</time> · 赞 {post.likes(now):,}</p>"
        "<footer>演示站点，内容均为虚构</footer></main>"
    )
    return html_answer(title, body, [post])


def front_page(site: str, link: str, posts: Sequence[Post], now: datetime) -> Answer:
    """What a person finds who opens the site: the newest posts, each with its page."""
    rows = "".join(
        f'<li><a href="{link.format(id=post.id)}">{escape(post.title or post.text[:40])}</a> '
        f"<time>{relative(post.at, now)}</time></li>"
        for post in posts
    )
    footer = "<footer>演示站点，内容均为虚构</footer>"
    return html_answer(site, f"<header>{escape(site)}</header><main><ul>{rows}</ul>{footer}</main>", posts)


def page_of(posts: Sequence[Post], number: int, size: int) -> Sequence[Post]:
    """Page `number`, counted from 1."""
    return posts[(number - 1) * size : number * size] if number >= 1 else ()


def ten_thousands(count: int) -> str:
    """A count as Chinese sites show it.

    >>> ten_thousands(9999), ten_thousands(12_345), ten_thousands(120_000)
    ('9999', '1.2万', '12万')
    """
    if count < 10_000:
        return str(count)
    return f"{count / 10_000:.1f}".removesuffix(".0") + "万"


def relative(at: datetime, now: datetime) -> str:
    """A time as a forum shows it at `now`, in Asia/Shanghai.

    刚刚 · N分钟前 · 今天 HH:MM · 昨天 HH:MM · 前天 HH:MM · MM-DD HH:MM · YYYY-MM-DD HH:MM
    """
    age = now - at
    if age < timedelta(minutes=1):
        return "刚刚"
    if age < timedelta(hours=1):
        return f"{int(age.total_seconds() // 60)}分钟前"
    local, today = at.astimezone(SHANGHAI), now.astimezone(SHANGHAI)
    days = (today.date() - local.date()).days
    if days < 3:
        return f"{('今天', '昨天', '前天')[days]} {local:%H:%M}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"


_STYLE = (
    'body{margin:0;font:16px/1.7 "PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#222;'
    "background:#f4f5f7}header{background:#24507a;color:#fff;padding:14px 24px;font-weight:600}"
    "main{max-width:760px;margin:24px auto;background:#fff;padding:24px 28px;border-radius:8px}"
    "h1{font-size:22px}.content{white-space:pre-wrap}time,footer,.count,.likes{color:#7a8290;font-size:13px}"
    "ul{list-style:none;padding:0}li,article{padding:10px 0;border-bottom:1px solid #eceef1}a{color:#24507a}"
)
