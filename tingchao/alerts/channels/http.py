"""One POST to an address that an operator typed: bounded in time and size, and never to a private network.

The address is resolved once, every answer is checked, and the connection goes to what was checked (a name
that changes its answer gains nothing). No redirect is followed, no proxy is taken from the environment, 5
seconds to connect, 15 in all, 64 KiB of answer at most.
"""

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from tingchao.addresses import is_public
from tingchao.alerts.channels import Outcome, Result

CONNECT_WITHIN = 5.0
ALL_WITHIN = 15.0
MOST_OF_ANSWER = 64 * 1024
MOST_OF_DETAIL = 300
LONGEST_RETRY_AFTER = 3_600.0
PUT_RIGHT_BY_PEOPLE = (401, 403, 404)
"""Refusals that somebody can lift within a day, here or at the receiver."""


class NotAllowed(Exception):
    """The address may not be reached; the text says why and which setting allows it."""


class Unreachable(Exception):
    """No answer, or not all of it in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `retry_after` in seconds, as the server asked, an hour at most."""

    status: int
    body: bytes
    retry_after: float | None = None


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool = False,
    within: float = ALL_WITHIN,
) -> Answer:
    """Send `body`. Raises `NotAllowed` and `Unreachable`; their texts hold no part of the URL but the host."""
    host, address = checked_address(url, allow_private=allow_private)
    adapter = _Pinned(host, address)
    guard = threading.Timer(within, adapter.abort)
    guard.daemon = True
    guard.start()
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            with session.post(
                url,
                data=body,
                headers={**headers, "Host": _host_header(url)},
                timeout=(CONNECT_WITHIN, within),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response)
                if not adapter.aborted:  # a connection that was cut looks like headers or a body that end
                    return Answer(
                        response.status_code, body, _retry_after(response.headers.get("Retry-After"))
                    )
    except requests.exceptions.SSLError:
        raise Unreachable(f"{host}: its certificate is not valid") from None
    except requests.exceptions.ConnectTimeout:
        raise Unreachable(f"{host}: no connection within {CONNECT_WITHIN:.0f} seconds") from None
    except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
        # The text of the error would show the URL, and with it the key.
        if not adapter.aborted:
            raise Unreachable(f"{host}: {type(error).__name__}") from None
    finally:
        guard.cancel()
    raise Unreachable(f"{host}: no whole answer within {within:.0f} seconds")


def checked_address(url: str, *, allow_private: bool) -> tuple[str, str]:
    """Host and IP address to connect to, IPv4 first. Every address of the name must be public, unless allowed."""
    try:
        parts: Url = parse_url(url)
    except ValueError:
        raise NotAllowed("the address of the webhook cannot be read; give https://HOST/PATH") from None
    host = (parts.host or "").strip("[]").rstrip(".")
    if parts.scheme not in ("http", "https") or not host or parts.auth or "\\" in url:
        raise NotAllowed("give the webhook as https://HOST[:PORT]/PATH, without user name")
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"{host}: the name is not known") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in addresses:
        if not allow_private and not is_public(address):
            raise NotAllowed(
                f"{host} is {address}, which is not a public address; set TINGCHAO_ALLOW_PRIVATE_HOSTS=true to allow it"
            )
    return host, min(addresses, key=lambda address: ":" in address)


def outcome_of(answer: Answer, setting: str) -> Outcome | None:
    """What a status says by itself; None: 2xx, look at the body."""
    told = f"HTTP {answer.status}"
    if 200 <= answer.status < 300:
        return None
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return Outcome(Result.RETRY, told, answer.retry_after)
    if answer.status == 410:
        return Outcome(Result.REFUSED, f"{told}: the receiver is gone for good; remove or change {setting}")
    if answer.status in PUT_RIGHT_BY_PEOPLE:
        return Outcome(Result.RETRY, f"{told}: {shown(answer.body)}; check {setting}", answer.retry_after)
    if 300 <= answer.status < 400:
        return Outcome(
            Result.REFUSED, f"{told}: redirects are not followed; put the final address into {setting}"
        )
    return Outcome(Result.REFUSED, f"{told}: {shown(answer.body)}; check {setting}")


def shown(body: bytes) -> str:
    """The start of an answer, fit for a log and a screen."""
    text = body[: 4 * MOST_OF_DETAIL].decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text)[:MOST_OF_DETAIL]


def _read(response: requests.Response) -> bytes:
    body = b""
    for piece in response.iter_content(8192):
        body += piece
        if len(body) > MOST_OF_ANSWER:
            break
    return body[:MOST_OF_ANSWER]


def _host_header(url: str) -> str:
    parts = parse_url(url)
    return f"{parts.host}:{parts.port}" if parts.port else str(parts.host)


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number of seconds or a date (RFC 9110, 10.2.3); None for anything else."""
    asked = (value or "").strip()
    if asked.isascii() and asked.isdecimal():
        return LONGEST_RETRY_AFTER if len(asked) > 6 else min(float(asked), LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(asked).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, until - time.time()), LONGEST_RETRY_AFTER)


class _Pinned(HTTPAdapter):
    """Connects to one address, under the name that the certificate must have, and can be cut off."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(max_retries=0)
        self._host = host
        self._address = address
        self._socket: socket.socket | None = None
        self.aborted = False

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            return {**host, "host": self._address}, {
                **pool,
                "server_hostname": self._host,
                "assert_hostname": self._host,
            }
        return {**host, "host": self._address}, pool

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        pool.ConnectionCls = self._watched(pool.ConnectionCls)
        return pool

    def _watched(
        self, kind: type[HTTPConnection | HTTPSConnection]
    ) -> type[HTTPConnection | HTTPSConnection]:
        adapter = self

        class Watched(kind):  # type: ignore[valid-type, misc]
            def connect(self) -> None:
                super().connect()
                adapter._socket = self.sock
                if adapter.aborted:
                    adapter.abort()

        return Watched

    def abort(self) -> None:
        """A timeout counts from byte to byte, so a server that trickles would hold us for ever: end it."""
        self.aborted = True
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
