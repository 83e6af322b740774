"""Lists of results: rows of HTML, keys in two spellings, what an error message means, and the page that follows."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from parsel import Selector

from crawlers.parsers.markup import attribute, text_of
from crawlers.parsers.page import Ask, Outcome, Page, Parsed
from crawlers.parsers.shapes import ident, later
from tingchao.times import when

LONGEST_CURSOR = 1_000
"""Characters of a value that is put into the next address; a longer one is no cursor."""

_CHALLENGE = re.compile(
    r"安全验证|人机验证|滑动验证|请输入验证码|访问过于频繁|异常访问|antispider|captcha|_waf_|aliyun_waf", re.I
)
_APART = re.compile(r"\s{2,}|[\xa0\n|·]+")
_NOBODY = frozenset({"0", "-1"})
_PLAIN = re.compile(r"[\w-]{1,64}", re.ASCII)
_BLOCKED = re.compile(
    r"验证|频繁|频次|异常|风控|风险|受限|限制|封禁|captcha|verify|rate.?limit|too many|forbidden|denied",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"登录|登陆|log.?in|unauthori[sz]ed|token|credential|api key", re.IGNORECASE)


def said(message: str) -> Outcome:
    """What the words of a site's error amount to: `blocked`, `login`, or else `error`.

    >>> [said(words) for words in ("访问频次异常", "登录已过期", "系统繁忙")]
    [<Outcome.BLOCKED: 'blocked'>, <Outcome.LOGIN: 'login'>, <Outcome.ERROR: 'error'>]
    """
    if _BLOCKED.search(message):
        return Outcome.BLOCKED
    return Outcome.LOGIN if _LOGIN.search(message) else Outcome.ERROR


def person(value: Any) -> str:
    """An author's id; "" for the numbers by which sites mean nobody."""
    found = ident(value)
    return "" if found in _NOBODY else found


def plain(name: str) -> str:
    """An id that may be put into an address and written down; "" for what might be words."""
    return name if _PLAIN.fullmatch(name) else ""


def digest(*parts: str) -> str:
    """32 hex digits for results that have no id of their own."""
    joined = "\x00".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def with_parameters(url: str, **changes: str) -> str:
    """The address with these parameters set; the others keep their bytes, which may be no UTF-8 (`%D4%C6`)."""
    path, _, query = url.partition("#")[0].partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in changes]
    kept += [f"{name}={quote(value, safe='', errors='replace')}" for name, value in changes.items()]
    return f"{path}?{'&'.join(kept)}"


def turned(
    page: Page, parser: str, query: Mapping[str, str], known: Mapping[str, str] | None = None
) -> Ask | None:
    """The page that follows: the same address with these parameters, the context with the number of the page and
    what else is `known`. None where a value is empty or no cursor, or the address is the one just read."""
    if not all(0 < len(value) <= LONGEST_CURSOR for value in query.values()):
        return None
    url = with_parameters(page.url, **query)
    if url == with_parameters(page.url):
        return None
    context = {**page.context, "page": later(page.context.get("page")), **(known or {})}
    return Ask(url, parser, context)


def attribute_at(row: Selector, path: str, name: str) -> str:
    """An attribute of the first element at a CSS path; "" without one."""
    found = row.css(path)
    return attribute(found[0], name) if found else ""


def credits(texts: list[str], page: Page) -> tuple[str, str]:
    """Who published and when, out of the small print under a result: the time is what reads as one, the source the
    first of the rest; "" for what is not there."""
    source = shown = ""
    for part in (part.strip() for text in texts for part in _APART.split(text)):
        if part and not shown and when(part, page.captured_at).at is not None:
            shown = part
        elif part and not source:
            source = part
    return source, shown


def nothing(page: Page, tree: Selector, sign: str) -> Parsed:
    """What a list page without results is: a challenge by its address or words, `empty` or the `end` where the
    site says so in words that `sign` matches, else `changed`. The words are read as the page's own encoding tells."""
    text = f"{tree.xpath('string(//title)').get('')} {text_of(tree.root)}"[:50_000]
    if _CHALLENGE.search(text) or _CHALLENGE.search(page.url) or "wappass" in page.url:
        return Parsed(Outcome.BLOCKED)
    if re.search(sign, text):
        return Parsed(Outcome.EMPTY if page.first else Outcome.END)
    return Parsed(Outcome.CHANGED, missing=("results",))
