"""The permission an operator holds to ask a closed platform, as he writes it down in sources.yaml.

permission: {kind: contract, holder: 某某科技有限公司, reference: 合同 2026-118, until: 2027-06-30, note: 法务存档}
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec

from tingchao.mention import Robots
from tingchao.times import SHANGHAI

LONGEST = 200
PERMITTED = "permitted"
"""`request.meta` key of a `Right`: it goes with the request through redirects, and counts at its own host only."""


class PermissionKind(StrEnum):
    """By what somebody may ask: a licence of the site, a contract with it, or its official API."""

    LICENCE = "licence"
    CONTRACT = "contract"
    OFFICIAL_API = "official_api"


class Permission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who holds it, where it is filed, and its last day (Asia/Shanghai). It is shown on the sources page."""

    kind: PermissionKind
    holder: str
    reference: str
    until: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """By what right a host is asked for paths that its robots.txt closes to crawlers in general."""

    host: str
    sentence: str


def decided(robots: Robots, right: Right | None, host: str) -> Robots:
    """The decision of robots.txt, or the right that stands above it at this host; a mention carries both."""
    if robots.allowed or right is None or right.host != host:
        return robots
    return Robots(allowed=True, rule=f"{robots.rule}; asked under {right.sentence}")


def problem(permission: Permission) -> tuple[str, str] | None:
    """The first field that is wrong, and what would be right; one that has run out is not wrong."""
    for field in ("holder", "reference"):
        if not getattr(permission, field).strip():
            return field, "empty; say who holds the permission and under which number it is filed"
    for field in ("holder", "reference", "note"):
        if len(getattr(permission, field)) > LONGEST:
            return field, f"longer than {LONGEST} characters"
    return None


def run_out(permission: Permission, now: datetime) -> str:
    """Why nothing may be asked under it any more; "" while it holds."""
    if now.astimezone(SHANGHAI).date() <= permission.until:
        return ""
    return (
        f"the permission {permission.reference} ({permission.kind}) ended on {permission.until}: "
        "renew it, and write the new date into sources.yaml"
    )


def sentence(permission: Permission) -> str:
    """As it stands in the decision that a mention carries."""
    return f"{permission.kind} {permission.reference} until {permission.until}"[:300]


def record(permission: Permission | None, key: str) -> dict[str, str]:
    """For the source's health: the permission written down, or the key of an official API; {} where neither."""
    if permission:
        return {name: str(value) for name, value in msgspec.to_builtins(permission).items()}
    return {"kind": PermissionKind.OFFICIAL_API.value, "reference": f"key {key}"} if key else {}
