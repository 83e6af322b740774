"""The kill switch of a host: a document (kind `switch`, id the host) that stops all requests to it. Pure.

A host covers its ports and subdomains: `weibo.com` stops `m.weibo.com:8080` too.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers.manners.addresses import covers
from tingchao.errors import BadInput
from tingchao.times import iso

KIND = "switch"
_HOST = re.compile(r"(?:[\w-]{1,63}\.){0,8}[\w-]{1,63}\.?(?::\d{1,5})?|\[[0-9a-f:.]{2,45}\](?::\d{1,5})?")


def read_host(text: str) -> str:
    """The host of what a person typed: `HOST`, `HOST:PORT` or an address. Raises `BadInput`.

    >>> read_host("https://M.Weibo.cn/search?q=x")
    'm.weibo.cn'
    """
    shown = text.strip().lower()
    try:
        host = urlsplit(shown).netloc if "://" in shown else shown
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise BadInput(f"{text[:60]!r}: no host. Give such as www.example.com or example.com:8443")
    return host.rstrip(".")


def switched_off(host: str, why: str, now: datetime) -> Mapping[str, Any]:
    """The document that stops `host`."""
    return {"host": host, "why": why[:200], "since": iso(now)}


def is_off(host: str, off: Iterable[str]) -> bool:
    """Whether `host` (with its port, if any) is one of those switched off, or below one."""
    return any(covers(each, host) for each in off)
