"""By what right a source asks: its permission, its key, and what is left of the key's quota.

`Access.pass_for` is called before each request. A key goes only to the host that the source is about, in a header,
and such a request follows no redirect; it is in no address, log, ledger or error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers.manners.addresses import host_of
from crawlers.registry import Auth, closed_entry, spiders
from crawlers.rights import quota as quotas
from crawlers.rights.keys import TOKEN_BODY, Keys, NoKey, Token, header, read_token, token_headers
from crawlers.rights.permission import PERMITTED, Right, run_out, sentence
from crawlers.rights.quota import Spent
from crawlers.sources import Source
from tingchao.times import iso

Post = Callable[[str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[tuple[int, bytes]]]
"""POST an address with headers, a body and `request.meta`; gives status and body."""
Find = Callable[[str, str], Awaitable[Mapping[str, Any] | None]]
Keep = Callable[[str, str, Mapping[str, Any]], Awaitable[object]]
"""Read and write a document of the store, as `crawlers.visits.keeping` does: a store that does not answer stops nothing."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a request carries."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    meta: Mapping[str, Any] = field(default_factory=dict)


class NoPass(Exception):
    """The source may not ask now; `after` are the seconds until it may, None where a person has to do something."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Access:
    """One per process. Tokens are kept in memory; what is spent of a quota is a document of the store."""

    def __init__(self, keys: Keys, post: Post, find: Find, keep: Keep) -> None:
        self._keys = keys
        self._post = post
        self._find = find
        self._keep = keep
        self._tokens: dict[str, Token] = {}
        self._spent: dict[str, Spent] = {}
        self._one_at_a_time = asyncio.Lock()

    async def pass_for(self, source: Source, url: str, now: datetime) -> Pass:
        """What a request of `source` to `url` carries. Raises `NoPass`, and what `post` raises."""
        if source.permission and (reason := run_out(source.permission, now)):
            raise NoPass(reason)
        if closed_entry(url) and not source.permission:
            raise NoPass(f"{host_of(url)} forbids crawlers, and no permission is written down")
        auth = spiders()[source.spider].auth
        if auth is None or host_of(url) != host_of(source.root):
            return Pass(meta=_right(source, url))
        async with self._one_at_a_time:
            try:
                headers = await self._headers(source, auth, now)
            except NoKey as error:
                raise NoPass(str(error)) from None
            await self._spend(source, url, now)
        return Pass(headers, _with_key(source, url))

    def refused_key(self, source: Source) -> None:
        """The site did not take the token: the next request asks for another."""
        self._tokens.pop(source.key, None)

    async def _headers(self, source: Source, auth: Auth, now: datetime) -> dict[str, str]:
        key = self._keys.find(source.key)
        if not auth.token_url:
            return header(auth, key)
        known = self._tokens.get(source.key)
        if known is None or known.until <= now:
            url = _token_url(source, auth)
            headers = token_headers(source.key, key)
            status, body = await self._post(url, headers, TOKEN_BODY, _with_key(source, url))
            known = self._tokens[source.key] = read_token(source.key, status, body, now)
        return header(auth, known.value)

    async def _spend(self, source: Source, url: str, now: datetime) -> None:
        quota = quotas.quota_of(spiders()[source.spider].quotas, url)
        if quota is None:
            return
        kept = quotas.from_body(await self._find(quotas.KIND, source.key) or {})
        spent = quotas.spend(quotas.both(kept, self._spent.get(source.key, Spent())), quota, now)
        if spent is None:
            at = quotas.again(quota, now)
            raise NoPass(
                f"the day's {quota.a_day:,} requests of quota {quota.name} are used; again at {iso(at)}",
                (at - now).total_seconds(),
            )
        self._spent[source.key] = spent
        await self._keep(quotas.KIND, source.key, {"counts": spent.counts, "days": spent.days})


def _with_key(source: Source, url: str) -> dict[str, Any]:
    """The `meta` of a request that carries a key."""
    return {PERMITTED: Right(host_of(url), f"official API with key {source.key}"), "dont_redirect": True}


def _right(source: Source, url: str) -> dict[str, Any]:
    """The source's permission, if it is about this host: the one it asks first, or another of the same platform."""
    entry = closed_entry(url)
    same = host_of(url) == host_of(source.root) or (entry is not None and entry == closed_entry(source.root))
    if not source.permission or not same:
        return {}
    return {PERMITTED: Right(host_of(url), sentence(source.permission))}


def _token_url(source: Source, auth: Auth) -> str:
    """Where a token is got: at the source's own `base` where it sets one."""
    if not source.base:
        return auth.token_url
    return source.base.rstrip("/") + urlsplit(auth.token_url).path
