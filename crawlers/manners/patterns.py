"""The shape of an address, without the ids, names and values in it: what the ledger keeps of one. Pure."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

OTHERS = "/…"
"""The shape of what has none, or one too many."""
LONGEST_PATTERN = 120

_VARIABLE = re.compile(r"\d|^@|%|[^\x00-\x7f]|^.{25,}$|^[0-9a-f]{8,}$", re.IGNORECASE)
_BEFORE_NAMES = frozenset(
    [
        "u",
        "user",
        "users",
        "n",
        "people",
        "profile",
        "member",
        "members",
        "space",
        "author",
        "account",
        "home",
    ]
)
"""Steps of a path after which somebody's name stands."""
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,30}")
_VERSION = re.compile(r"v\d{1,2}", re.IGNORECASE)


def pattern(url: str) -> str:
    """The shape of an address: ids, names and long or foreign words become `{id}`, query values are dropped.

    >>> pattern("https://a.example/api/v2/topics/1187?p=3&order=hot")
    '/api/v2/topics/{id}?order&p'
    >>> pattern("https://a.example/@nick/cn/page=1/id=414478124/json")
    '/{id}/cn/page={id}/id={id}/json'
    """
    try:
        parts = urlsplit(url)
        names = {name for name, _ in parse_qsl(parts.query, max_num_fields=50)}
    except ValueError:
        return OTHERS
    before, steps = "", []
    for step in parts.path.strip("/").split("/")[:8]:
        steps.append("{id}" if before.lower() in _BEFORE_NAMES and step else _step(step))
        before = step
    plain = sorted(name for name in names if _PLAIN.fullmatch(name) and not name.isdecimal())[:8]
    return f"/{'/'.join(steps)}{'?' if plain else ''}{'&'.join(plain)}"[:LONGEST_PATTERN]


def _step(step: str) -> str:
    name, equals, _ = unquote(step).partition("=")
    if equals:
        return f"{name if _PLAIN.fullmatch(name) else '{id}'}={{id}}"
    if _VERSION.fullmatch(step):
        return step
    stem, dot, kind = step.rpartition(".")
    if dot and kind.isalpha() and len(kind) <= 5 and _VARIABLE.search(stem):
        return f"{{id}}.{kind}"
    return "{id}" if _VARIABLE.search(step) or not (_PLAIN.fullmatch(step) or not step) else step
