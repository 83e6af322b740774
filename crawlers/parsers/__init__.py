"""Parsers: pure functions of a page, one file per source. No network, clock or setting; they never raise.

Read in this order: `page` (the nouns), one source such as `weibo`, then `shapes` (JSON of any shape), `markup`
(HTML to text, encodings). `PARSERS` has those that the files name; `parse` first looks whether the page is a refusal.
"""

import pkgutil
import re
from importlib import import_module
from types import ModuleType
from urllib.parse import urlsplit

from crawlers.parsers.page import APART, Ask, Follow, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import NotJson
from tingchao.errors import BadInput
from tingchao.privacy import Seal

__all__ = ["APART", "PARSERS", "REFUSING", "Ask", "Follow", "Outcome", "Page", "Parsed", "Parser", "parse"]


_FILES: list[ModuleType] = [
    import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
]


def _found() -> dict[str, Parser]:
    """What every file of this folder names in its `PARSERS`. Raises `ValueError` for one name of two parsers."""
    parsers: dict[str, Parser] = {}
    for file in _FILES:
        named: dict[str, Parser] = getattr(file, "PARSERS", {})
        if twice := [name for name in named if parsers.get(name, named[name]) is not named[name]]:
            raise ValueError(f"{file.__name__}: {twice[0]} is a parser of another file too")
        parsers |= named
    return parsers


PARSERS: dict[str, Parser] = _found()

_WORDED: dict[str, frozenset[int]] = {
    name: file.WORDED for file in _FILES if hasattr(file, "WORDED") for name in file.PARSERS
}
"""Statuses that some APIs explain in their own words, by parser: it reads them, to tell a post without comments from a
quota that is used up."""

REFUSING = frozenset({403, 418, 429, 432, 451, 461, 471})
"""Statuses by which a site says that it does not want us."""

_CAPTCHA = re.compile(
    r"验证码|安全验证|人机验证|滑动验证|访问过于频繁|异常访问|antispider|captcha|geetest", re.IGNORECASE
)
_GATE = re.compile(
    r"/(?:login|signin|passport|captcha|antispider|wappass)\b|^(?:passport|login|sec)\.", re.IGNORECASE
)


def parse(name: str, page: Page, seal: Seal) -> Parsed:
    """What the parser called `name` reads from a page, or what the page's status and face say instead.

    Raises `BadInput` for a name that no parser has; never for what a page holds.
    """
    if name not in PARSERS:
        raise BadInput(f"parser {name!r}: there is none. Known are {', '.join(sorted(PARSERS))}")
    refused = _refusal(page)
    if refused and page.status in _WORDED.get(name, ()):
        return _in_its_words(PARSERS[name], page, seal, refused)
    if refused:
        return Parsed(refused, missing=("page",) if refused is Outcome.CHANGED else ())
    try:
        parsed = PARSERS[name](page, seal)
    except NotJson:
        return Parsed(_face(page) or Outcome.CHANGED, missing=("json",))
    lacking = parsed.outcome is Outcome.CHANGED or (parsed.outcome is Outcome.END and parsed.missing)
    if lacking and (face := _face(page)):
        return Parsed(face)
    return parsed


def _in_its_words(parser: Parser, page: Page, seal: Seal, refused: Outcome) -> Parsed:
    """What a parser makes of an error; what the status says, if it makes nothing of it."""
    try:
        parsed = parser(page, seal)
    except NotJson:
        return Parsed(refused)
    return Parsed(parsed.outcome if parsed.outcome in _REASONS else refused)


_REASONS = frozenset({Outcome.END, Outcome.BLOCKED, Outcome.LOGIN})


def _refusal(page: Page) -> Outcome | None:
    """What the status says; None where the body is worth reading."""
    match page.status:
        case 304:
            return Outcome.END
        case 401:
            return Outcome.LOGIN
        case status if status in REFUSING:
            return Outcome.BLOCKED
        case 404 | 410:
            # A post may go; a list that is gone is an address to correct.
            return Outcome.END if {"post", "thread"} & page.context.keys() else Outcome.CHANGED
        case status if not 200 <= status < 300:
            return Outcome.ERROR
    return None


def _face(page: Page) -> Outcome | None:
    """Whether a page that is not what was asked for is a challenge or a login form."""
    address = urlsplit(page.url)
    if _GATE.search(address.path) or _GATE.search(address.netloc):
        return Outcome.LOGIN
    return Outcome.BLOCKED if _CAPTCHA.search(page.body[:50_000].decode("utf-8", "replace")) else None
