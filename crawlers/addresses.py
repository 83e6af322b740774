"""Which addresses may be asked: public ones over http and https, unless the operator allows private hosts.

`refusal` looks at the address as it is written; `GuardedResolver` looks at what a name resolves to, and the
connection goes to exactly what it looked at, so that a name cannot change its answer in between.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from tingchao.addresses import is_public

_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*", re.IGNORECASE)


def refusal(url: str, *, allow_private: bool, came_from: str = "") -> str:
    """Why this address is not asked; "" if it may be. `came_from` is the address that redirected here."""
    if "\\" in url or any(character <= " " for character in url):
        return "a blank, control character or backslash in the address"
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "no valid address"
    if parts.scheme not in {"http", "https"}:
        return f"scheme {parts.scheme!r}; only http and https are asked"
    if came_from.startswith("https:") and parts.scheme == "http":
        return "a redirect from https to http"
    if parts.username is not None or parts.password is not None:
        return "a user name in the address"
    if not host:
        return "no host"
    if allow_private:
        return ""
    private = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if private or ((":" in host or _NUMERIC_HOST.fullmatch(host)) and not is_public(host)):
        return f"{host} is no public address (TINGCHAO_ALLOW_PRIVATE_HOSTS=true allows private ones)"
    if port is not None and port < 1024 and port not in {80, 443}:
        return f"port {port} is another service's"
    return ""


def host_of(url: str) -> str:
    """Host and port: what politeness and robots.txt are about."""
    return urlsplit(url).netloc.lower()


class GuardedResolver:
    """A Twisted `IHostnameResolver` that gives no address at all for a name with even one private address.

    It keeps no cache: Scrapy's never expires, and this process runs for months.
    """

    def __init__(self, reactor: Any, allow_private: bool) -> None:
        self._reactor = reactor
        self._inner = reactor.nameResolver
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> "GuardedResolver":
        return cls(reactor, crawler.settings.getbool("TINGCHAO_ALLOW_PRIVATE"))

    def install_on_reactor(self) -> None:
        self._reactor.installNameResolver(self)

    def resolveHostName(self, resolutionReceiver: Any, *question: Any, **options: Any) -> Any:
        """As `IHostnameResolver` has it."""
        receiver = resolutionReceiver if self._allow_private else _PublicOnly(resolutionReceiver)
        return self._inner.resolveHostName(receiver, *question, **options)


class _PublicOnly:
    """An `IResolutionReceiver` that holds addresses back until all are known to be public."""

    def __init__(self, receiver: Any) -> None:
        self._receiver = receiver
        self._addresses: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        self._addresses.append(address)

    def resolutionComplete(self) -> None:
        if all(is_public(address.host) for address in self._addresses):
            for address in self._addresses:
                self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()
