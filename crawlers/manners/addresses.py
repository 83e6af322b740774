"""Which addresses may be asked: public ones over http and https, unless the operator allows private hosts.

`refusal` looks at the address as it is written; `GuardedResolver` looks at what a name resolves to, and the
connection goes to exactly what it looked at, so that a name cannot change its answer in between.
"""

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tingchao.addresses import is_public

_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*", re.IGNORECASE)
_OTHER_SERVICES = frozenset(
    {
        1719,
        1720,
        1723,
        2049,
        3659,
        4045,
        4190,
        5060,
        5061,
        6000,
        6566,
        6665,
        6666,
        6667,
        6668,
        6669,
        6679,
        6697,
    }
    | {2375, 2379, 3306, 5432, 6379, 9200, 10080, 11211, 27017}
)
"""Ports from 1024 on that no web page is on: those that browsers refuse (WHATWG Fetch, 2.9), and databases."""


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
    if "%" in host:
        return "a percent sign in the host"
    if allow_private:
        return ""
    private = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if private or ((":" in host or _NUMERIC_HOST.fullmatch(host)) and not is_public(host)):
        return f"{host} is no public address (TINGCHAO_ALLOW_PRIVATE_HOSTS=true allows private ones)"
    if port in _OTHER_SERVICES or (port is not None and port < 1024 and port not in {80, 443}):
        return f"port {port} is another service's"
    return ""


def host_of(url: str) -> str:
    """Host and port: what politeness and robots.txt are about."""
    return urlsplit(url).netloc.lower()


def covers(domain: str, host: str) -> bool:
    """Whether `host`, with its port if it has one, is `domain`, one of its ports or one of its subdomains."""
    name = re.sub(r":\d*$", "", host).rstrip(".")
    return domain in (host, name) or (":" not in domain and name.endswith(f".{domain}"))


def is_own(host: str) -> bool:
    """Whether a host, with its port if it has one, is written as localhost or an address that is not public."""
    name = re.sub(r":\d*$", "", host).strip("[]")
    try:
        return name == "localhost" or not ip_address(name).is_global
    except ValueError:
        return False


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
