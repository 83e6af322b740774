"""Reading trees of JSON that may have any shape: nothing here raises, whatever the site sends."""

import json
import math
import re
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

_COUNT = re.compile(r"(\d{1,12}(?:\.\d{1,4})?)\s*([万亿千wWkK]?)\+?")
_ASSIGNED = re.compile(r"[\"'\]]{0,2}\s{0,20}=\s{0,20}(?=[\[{])")
_UNITS = {"": 1, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "亿": 100_000_000}
_NONE_YET = frozenset({"转发", "评论", "赞", "点赞", "收藏", "分享", "回复", "喜欢"})
LONGEST_REGION = 60
_REGION = re.compile(
    r"^\s*(?:发布于|来自|IP\s*属地\s*[:：]?)?\s*(?!发布于|来自)([\u4e00-\u9fff]{2,8})(?![\u4e00-\u9fff])"
)


class NotJson(ValueError):
    """The body is no JSON: a page for people, a challenge, or nothing."""


def tree(body: bytes) -> Any:
    """The JSON value in `body`. Raises `NotJson`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:  # the standard reader also takes lone surrogates, NaN and a byte-order mark
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)[:100]) from None


def embedded(html: str, mark: str) -> Any:
    """The JSON value that a page's script gives to the variable `mark`. Raises `NotJson` where there is none."""
    begin = html.find(mark)
    value = _ASSIGNED.match(html, begin + len(mark)) if begin >= 0 else None
    if value is None:
        raise NotJson(f"no value of {mark}")
    try:
        return json.JSONDecoder().raw_decode(html, value.end())[0]
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)[:100]) from None


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path of keys and positions, or None."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
    return value


def either(value: Any, *keys: str) -> Any:
    """The first of these keys that is there and not null: sites spell one field in several ways."""
    if isinstance(value, dict):
        for key in keys:
            if (found := value.get(key)) is not None:
                return found
    return None


def spelt(value: Any, *path: str) -> Any:
    """What lies at a path of snake_case keys, each of which may be written in camelCase as well; or None.

    >>> spelt({"interactInfo": {"liked_count": "1.2万"}}, "interact_info", "liked_count")
    '1.2万'
    """
    for name in path:
        if not isinstance(value, dict):
            return None
        found = value.get(name)
        value = value.get(_camel(name)) if found is None else found
    return value


@lru_cache(maxsize=512)
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def later(page: str | None) -> str:
    """The number of the page after this one, for a context; "2" after none."""
    return str((count(page) or 1) + 1)


def rows(value: Any) -> list[Any]:
    """A list as it is; the values of an object with numeric keys; any other object as its only row."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value:
        return list(value.values()) if all(key.isdecimal() for key in value) else [value]
    return []


def words(value: Any) -> str:
    """Text, or a number as text; "" for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def ident(value: Any) -> str:
    """An id as text: never a float, which would have lost digits."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def count(value: Any) -> int | None:
    """A number as sites show it.

    >>> [count(shown) for shown in ("1.2万", "10万+", "转发", 35, "1,203", "--", None)]
    [12000, 100000, 0, 35, 1203, None, None]
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value >= 0 else None
    if not isinstance(value, str):
        return None
    text = value.strip().replace(",", "").replace("，", "")
    if text in _NONE_YET:
        return 0
    found = _COUNT.fullmatch(text)
    return round(float(found[1]) * _UNITS[found[2].lower()]) if found else None


def region(value: Any) -> str:
    """The province in `发布于 广东`, `来自浙江`, `IP属地：江苏`; "" where there is none."""
    found = _REGION.match(value[:LONGEST_REGION]) if isinstance(value, str) else None
    return found[1] if found else ""


def with_query(url: str, **changes: str | None) -> str:
    """The address with these parameters set, or taken out where None."""
    parts = _split(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept, errors="replace"), fragment=""))


def query_of(url: str, name: str) -> str:
    """A parameter of an address; "" where it is not there."""
    return dict(parse_qsl(_split(url).query, keep_blank_values=True)).get(name, "")


def origin(url: str) -> str:
    """Scheme and host of an address; "://" for what is none."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.netloc}"


def joined(base: str, link: str) -> str:
    """The address that a link on the page `base` leads to; "" for no link, and for one that is no address."""
    try:
        return urljoin(base, link.strip()) if link.strip() else ""
    except ValueError:  # such as `//[`
        return ""


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
