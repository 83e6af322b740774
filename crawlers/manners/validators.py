"""Conditional requests (RFC 9110, 13): what a page was marked with is shown when it is asked for again, and a page
that did not change costs the host nothing. Pure.

Kept per source as a document (kind `validators`), and only once all that a visit found is on the bus and its
checkpoint in the store: before that, an answer `304` would hide what was never published.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

KIND = "validators"
MOST = 50
"""Pages of one source that are remembered; those marked longest ago give way."""
LONGEST = 200


class Validator(msgspec.Struct, frozen=True):
    """A page's `ETag` and `Last-Modified`, as the host wrote them."""

    etag: str = ""
    modified: str = ""


Known = Mapping[str, Validator]
"""By `key` of their pages, the ones marked last at the end."""


def key(url: str) -> str:
    """What stands for an address, which may hold a query or a key."""
    return hashlib.blake2b(url.encode("utf-8", "replace"), digest_size=12).hexdigest()


def marked(headers: Mapping[str, str]) -> Validator | None:
    """What a page with these headers (lower-case names) is marked with; None without, or if it must not be kept."""
    if "no-store" in headers.get("cache-control", "").lower():
        return None
    found = Validator(_clean(headers.get("etag", "")), _clean(headers.get("last-modified", "")))
    return found if found.etag or found.modified else None


def _clean(shown: str) -> str:
    fits = len(shown) <= LONGEST and shown.isascii() and shown.isprintable()
    return shown.strip() if fits else ""


def conditions(validator: Validator | None) -> dict[str, str]:
    """The headers to ask with."""
    if validator is None:
        return {}
    both = {"If-None-Match": validator.etag, "If-Modified-Since": validator.modified}
    return {name: value for name, value in both.items() if value}


def remembered(known: Known, fresh: Known) -> dict[str, Validator]:
    """Both, `fresh` ones last, as many as are kept."""
    kept = {name: mark for name, mark in known.items() if name not in fresh} | dict(fresh)
    return dict(list(kept.items())[-MOST:])


def to_body(known: Known) -> Mapping[str, Any]:
    """As a document. A list, for the order is what a full memory forgets by."""
    return {"pages": [[name, mark.etag, mark.modified] for name, mark in known.items()]}


def from_body(body: Mapping[str, Any]) -> dict[str, Validator]:
    """From a document; one that this program cannot read counts as none."""
    try:
        rows = msgspec.convert(body.get("pages"), list[tuple[str, str, str]])
    except msgspec.ValidationError:
        return {}
    return {name: Validator(_clean(etag), _clean(modified)) for name, etag, modified in rows[-MOST:]}
