"""How much of an API's daily quota is used: a document (kind `quota`, id the key's name). Pure: time comes in."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from crawlers.registry import Quota

KIND = "quota"


class Spent(msgspec.Struct, frozen=True):
    """Requests of each quota by name, and the day they were made on."""

    counts: dict[str, int] = {}
    days: dict[str, str] = {}


def quota_of(quotas: Sequence[Quota], url: str) -> Quota | None:
    """The quota that a request counts against: the first whose path it starts with."""
    path = urlsplit(url).path
    return next((quota for quota in quotas if path.startswith(quota.path)), None)


def spend(spent: Spent, quota: Quota, now: datetime) -> Spent | None:
    """With one request more; None where the day's quota is used up."""
    today = now.astimezone(ZoneInfo(quota.zone)).date().isoformat()
    used = spent.counts.get(quota.name, 0) if spent.days.get(quota.name) == today else 0
    if used >= quota.a_day:
        return None
    return Spent({**spent.counts, quota.name: used + 1}, {**spent.days, quota.name: today})


def both(one: Spent, other: Spent) -> Spent:
    """What is known of two counts of the same requests: of each quota the later day, and of one day the more."""
    later = {**one.days}
    counts = {**one.counts}
    for name, day in other.days.items():
        if (day, other.counts.get(name, 0)) > (later.get(name, ""), counts.get(name, 0)):
            later[name], counts[name] = day, other.counts.get(name, 0)
    return Spent(counts, later)


def again(quota: Quota, now: datetime) -> datetime:
    """When the next day begins."""
    zone = ZoneInfo(quota.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def from_body(body: Mapping[str, Any]) -> Spent:
    """From a document; one that cannot be read counts as nothing spent."""
    try:
        return msgspec.convert(body, Spent)
    except msgspec.ValidationError:
        return Spent()
