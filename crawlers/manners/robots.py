"""What robots.txt says (RFC 9309), read so that it fails closed.

A file that cannot be read forbids everything until it can; only 404 and 410 mean that there is none. Unlike
the RFC, 401 and 403 forbid too: a host that hides its rules does not invite.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from protego import Protego

from tingchao.mention import Robots

LONGEST = timedelta(hours=24)
UNREAD = timedelta(minutes=10)
"""How long an answer that could not be read stands before it is asked for again."""
UNANSWERED = timedelta(seconds=10)
"""How long no answer at all stands: the site is down, and its pages would not come either."""
MAX_BYTES = 512_000
MAX_DELAY = 300.0
MOST_SITEMAPS = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one host until `expires`. `rule` says in words why; `file` is None when all is (dis)allowed.

    `answered`: the host said something; `able`: it was not failing or overloaded when it did.
    """

    allows_all: bool
    rule: str
    expires: datetime
    file: Protego | None = None
    answered: bool = True
    able: bool = True

    def decide(self, url: str, agent: str) -> Robots:
        """Whether `agent` may ask for `url`, and why."""
        if self.file is None:
            return Robots(allowed=self.allows_all, rule=self.rule)
        allowed = bool(self.file.can_fetch(url, agent))
        return Robots(allowed=allowed, rule=f"robots.txt {'allows' if allowed else 'disallows'} this path")

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """The addresses of its `Sitemap:` lines, at most `MOST_SITEMAPS`; they are anybody's, and to be checked."""
        return tuple(islice(self.file.sitemaps, MOST_SITEMAPS)) if self.file else ()

    def delay(self, agent: str) -> float:
        """Seconds between requests that the file asks for; 0 where it does not."""
        asked = self.file.crawl_delay(agent) if self.file else None
        return min(max(float(asked or 0), 0.0), MAX_DELAY)


def read_rules(status: int, body: bytes, now: datetime) -> Rules:
    """The rules in an answer to `GET /robots.txt`."""
    if status in {404, 410}:
        return Rules(True, f"no robots.txt ({status})", now + LONGEST)
    if status in {401, 403}:
        return Rules(False, f"robots.txt answered {status}", now + LONGEST)
    if not 200 <= status < 300:
        rules = unread(f"robots.txt answered {status}", now)
        return replace(rules, able=status < 500 and status not in {408, 425, 429})
    head = body[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<", b"{")) or b"<html" in head or b"\x00" in head:
        return unread("robots.txt is no text", now)
    return Rules(True, "", now + LONGEST, Protego.parse(body[:MAX_BYTES].decode("utf-8-sig", "replace")))


def unread(reason: str, now: datetime) -> Rules:
    """The rules when the answer could not be read: nothing is allowed."""
    return Rules(False, reason, now + UNREAD)


def unanswered(reason: str, now: datetime) -> Rules:
    """The rules when there was no answer: nothing is allowed."""
    return Rules(False, reason, now + UNANSWERED, answered=False, able=False)
