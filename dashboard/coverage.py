"""How well each source is heard: what was written down of it, judged at the moment somebody looks. Pure.

The crawler's own word is not enough: when it stands still, its last word stays `ok`. So a source that was not visited
for three intervals counts as unheard, a host that a person stopped counts from that second, and a source that only
imports feed is judged by how long nothing new came.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.written import Gap, Health, Lack, Permission, Switch, Usual, permission_of
from tingchao.times import shanghai

UNVISITED_AFTER = 3
"""Intervals without a visit."""
LEAST_UNVISITED, WITHOUT_INTERVAL = timedelta(minutes=15), timedelta(hours=1)
FEW = 0.2
"""A yield below this share of what is usual stands out."""
MEAN_PAUSES, LEAST_PAUSE = 12, timedelta(minutes=30)
"""An import is quiet after twelve times its mean pause: by chance that comes once in 160,000 pauses (e^-12)."""
IMPORTS_OVER = timedelta(days=7)
"""Over what time an import's mean pause is taken."""
SOON = timedelta(days=30)
"""A permission that ends within this time is spoken of."""
SWITCHED_OFF = " is switched off by hand"
"""How the crawler ends its reason where a person stopped the host."""
PAGE = "page"
"""Among the lost fields: the whole page is not in the shape that the parser knows."""


class Hearing(StrEnum):
    """Best first. OK is heard; up to HELD it is doubtful; what follows is not heard."""

    OK = "ok"
    QUIET = "quiet"
    SILENT = "silent"
    BLIND = "blind"
    LATE = "late"
    HELD = "held"
    OFF = "off"
    UNVISITED = "unvisited"
    LOST = "lost"
    CHANGED = "changed"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """0 for OK, more the worse."""
        return tuple(Hearing).index(self)

    @property
    def tone(self) -> str:
        """`ok`, `late` for what is doubtful, `lost` for what is not heard."""
        return "ok" if self is Hearing.OK else "late" if self.rank <= Hearing.HELD.rank else "lost"


@dataclass(frozen=True, slots=True)
class Source:
    """A source, how it is heard, and `since` when and `why` that is so. `health` is None where only imports feed
    it; then `newest` is the latest time of publication. `hosts` are those asked for it of late; `gaps` are open;
    `switch` is what stops it."""

    id: str
    name: str
    hearing: Hearing
    since: datetime | None = None
    why: str = ""
    health: Health | None = None
    newest: datetime | None = None
    hosts: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    switch: Switch | None = None

    @property
    def permission(self) -> Permission | None:
        return permission_of(self.health) if self.health else None


@dataclass(frozen=True, slots=True)
class Count:
    """How many sources there are, are heard, are in doubt, and are not heard."""

    all: int
    heard: int
    doubtful: int
    unheard: int


def judged(
    healths: Mapping[str, Health],
    usual: Mapping[str, Usual],
    gaps: Iterable[Gap],
    switches: Mapping[str, Switch],
    hosts: Mapping[str, Collection[str]],
    now: datetime,
) -> list[Source]:
    """Every source that the crawler visits, worst first. `hosts` are those that were asked for a source."""
    still = [gap for gap in gaps if gap.standing == "open"]
    found = []
    for id, health in healths.items():
        asked = tuple(sorted(hosts.get(id, ())))
        switch = _stopping(health, switches, asked)
        hearing, since, why = _judged(health, usual.get(id, Usual()), switch, now)
        found.append(
            Source(
                id=id,
                name=health.name or id,
                hearing=hearing,
                since=since,
                why=why,
                health=health,
                newest=health.newest,
                hosts=asked,
                gaps=tuple(gap for gap in still if gap.source == id),
                switch=switch,
            )
        )
    return worst_first(found)


def imported(id: str, name: str, newest: datetime, count: int, now: datetime) -> Source:
    """A source that only imports feed: `count` mentions of `IMPORTS_OVER`, the latest published at `newest`."""
    pause = max(LEAST_PAUSE, MEAN_PAUSES * IMPORTS_OVER / max(count, 1))
    quiet = now - newest > pause
    return Source(id, name, Hearing.QUIET if quiet else Hearing.OK, newest if quiet else None, newest=newest)


def worst_first(sources: Iterable[Source]) -> list[Source]:
    """The worst first; of two alike the one that has been so for longer."""
    return sorted(
        sources,
        key=lambda each: (-each.hearing.rank, each.since.timestamp() if each.since else 0.0, each.id),
    )


def count(sources: Sequence[Source]) -> Count:
    """In numbers."""
    tones = [source.hearing.tone for source in sources]
    return Count(len(tones), tones.count("ok"), tones.count("late"), tones.count("lost"))


def standstill(sources: Sequence[Source]) -> datetime | None:
    """Since when nothing at all is crawled; None while anything is."""
    crawled = [source for source in sources if source.health]
    if not crawled or any(source.hearing is not Hearing.UNVISITED for source in crawled):
        return None
    return max((source.since for source in crawled if source.since), default=None)


def ends(permission: Permission, now: datetime) -> int | None:
    """In how many days a permission ends that ends soon; below 0 if it has ended, None if not soon."""
    if permission.until is None:
        return None
    left = permission.until - shanghai(now).date()
    return left.days if left <= SOON else None


def stopped_by(host: str, switches: Mapping[str, Switch]) -> Switch | None:
    """The switch that stops `host`: its own, or that of a domain above it."""
    return next((switch for name, switch in switches.items() if covers(name, host)), None)


def covers(domain: str, host: str) -> bool:
    """Whether a switch for `domain` stops `host`: the same, one of its ports, or one of its subdomains.

    >>> covers("weibo.com", "m.weibo.com:8080"), covers("m.weibo.com", "weibo.com")
    (True, False)
    """
    name, _, port = host.rpartition(":")
    bare = (name if port.isdigit() else host).rstrip(".")
    return domain in (host, bare) or (":" not in domain and bare.endswith(f".{domain}"))


def rate(health: Health) -> float | None:
    """New entries an hour over this hour and the last, at the last visit; None where nobody counted."""
    if health.lately is None or health.last_try is None:
        return None
    return health.lately / (1 + health.last_try.timestamp() % 3_600 / 3_600)


def _stopping(health: Health, switches: Mapping[str, Switch], hosts: Sequence[str]) -> Switch | None:
    """The switch that stops a source: that of a host where all its hosts are stopped, or of the one that kept the
    crawler from its last visit."""
    off = [stopped_by(host, switches) for host in hosts]
    if off and all(off):
        return off[0]
    host, ended, _ = health.error.partition(SWITCHED_OFF)
    return stopped_by(host, switches) if ended and _held(health) else None


def _judged(
    health: Health, usual: Usual, switch: Switch | None, now: datetime
) -> tuple[Hearing, datetime | None, str]:
    """How it is heard, since when, and why in the crawler's words."""
    if switch:
        return Hearing.OFF, switch.since, switch.why
    if _unvisited(health, now):
        return Hearing.UNVISITED, health.last_try, health.error
    if _held(health):
        return Hearing.HELD, health.last_success, health.error
    match health.state:
        case "ok":
            return Hearing.OK, None, health.error
        case "silent":
            return Hearing.SILENT, usual.silent or health.last_success, ""
        case "blind" if PAGE in health.blind:
            return Hearing.CHANGED, health.last_success, health.error
        case "blind":
            return Hearing.BLIND, _blind_since(health.blind, usual.lacks), ""
        case "refused":
            return Hearing.REFUSED, health.last_success, health.error
        case "lost":
            return Hearing.LOST, health.last_success, health.error
        case _:
            return Hearing.LATE, health.last_success, health.error


def _unvisited(health: Health, now: datetime) -> bool:
    """Not while it rests: nobody is to visit it then."""
    if health.last_try is None or (health.retry_at and health.retry_at > now):
        return False
    patience = (
        max(LEAST_UNVISITED, UNVISITED_AFTER * timedelta(seconds=health.interval))
        if health.interval > 0
        else WITHOUT_INTERVAL
    )
    since = max(health.last_try, health.retry_at or health.last_try)
    return now - since > patience


def _held(health: Health) -> bool:
    """The last visit was not made, for a reason that is no failure of the source: a success clears the reason."""
    return (
        health.state in ("ok", "silent", "blind")
        and bool(health.error)
        and health.last_try is not None
        and health.last_try != health.last_success
        and PAGE not in health.blind
    )


def _blind_since(fields: Sequence[str], lacks: Mapping[str, Lack]) -> datetime | None:
    known = [since for field in fields if field in lacks and (since := lacks[field].since)]
    return min(known, default=None)
