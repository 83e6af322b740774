"""What the command line says of manners: the ledger of requests, the hosts, and their kill switches."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import msgspec

from crawlers.manners import breakers, budgets, hosts, ledger, switches
from crawlers.manners.budgets import MEBIBYTE
from crawlers.manners.ledger import Fate, Line
from tingchao.asking import printable, window
from tingchao.errors import BadInput
from tingchao.settings import Settings
from tingchao.store import Store, open_store
from tingchao.times import iso

LINES = 40
"""Lines that are printed for people; JSON has all."""


def print_requests(
    settings: Settings,
    *,
    host: str,
    source: str,
    fate: str,
    since: str,
    as_json: bool,
    out: TextIO,
    now: datetime | None = None,
) -> None:
    """Print what was asked of whom. Raises `BadInput` for an unknown fate or time, `StoreUnavailable`."""
    now = now or datetime.now(UTC)
    wanted = _fate(fate)
    start = now - _length(since)
    name = switches.read_host(host) if host else ""
    with open_store(settings.store_address) as store:
        found = ledger.read(store.documents, start, now)
    lines = ledger.select(found, host=name, source=source, fate=wanted, since=start)
    if as_json:
        answer = {"since": iso(start), "lines": lines, "hosts": ledger.summary(found, since=start)}
        out.write(msgspec.json.encode(answer).decode() + "\n")
        return
    out.writelines(f"{line}\n" for line in _request_lines(lines, since))


def _fate(shown: str) -> Fate | None:
    if not shown:
        return None
    known = {fate.value.replace(" ", "-"): fate for fate in Fate}
    if shown.replace(" ", "-") not in known:
        raise BadInput(f"--outcome {shown[:40]!r}: there is none. Outcomes are {', '.join(known)}")
    return known[shown.replace(" ", "-")]


def _length(since: str) -> timedelta:
    """A length of time, at most as long as the ledger is kept."""
    try:
        found = window(since) or ledger.KEPT
    except BadInput:
        raise BadInput(f"--since {since[:40]!r}: give a number and m, h, d or w, such as 24h") from None
    return min(found, ledger.KEPT)


def _request_lines(lines: list[Line], since: str) -> Iterator[str]:
    if not lines:
        yield f"no request fits in the last {since}" if since else "no request fits"
        return
    yield f"{'requests':>8}  {'MiB':>7}  {'least s':>7}  {'outcome':<12}  {'status':>6}  what"
    for line in lines[:LINES]:
        row = line.row
        least = "" if row.least_delay is None else f"{row.least_delay:.2f}"
        what = printable(f"{line.host}{row.pattern}  {row.source}  {row.rule}")
        status = row.status or ""
        mebibytes = f"{row.bytes / MEBIBYTE:.2f}"
        yield f"{row.requests:>8,}  {mebibytes:>7}  {least:>7}  {row.fate.value:<12}  {status:>6}  {what}"
    if len(lines) > LINES:
        yield f"... and {len(lines) - LINES:,} lines more; --json has all"


# --- hosts


def host_lines(settings: Settings, now: datetime | None = None) -> list[dict[str, Any]]:
    """Each host that is known or switched off: whether it may be asked, why not, and what is spent today.
    Raises `StoreUnavailable`."""
    now = now or datetime.now(UTC)
    with open_store(settings.store_address) as store:
        known = {
            str(document.body.get("host") or document.id): hosts.from_body(document.body, document.id)
            for document in store.documents(hosts.KIND)
        }
        off = {document.id: document.body for document in store.documents(switches.KIND)}
    for name in off:
        known.setdefault(name, hosts.Host(host=name))
    return [_host(name, known[name], off, now) for name in sorted(known)]


def _host(name: str, known: hosts.Host, off: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    spent = budgets.on(known.spent, now)
    resting = breakers.circuit(hosts.breaker_of(known), now)
    state, why, until = "asked", "", None
    if switches.is_off(name, off):
        state, why = "switched off", str(off.get(name, {}).get("why", ""))
    elif resting is not breakers.Circuit.CLOSED:
        state, why, until = f"refused, {resting.value}", known.reason, known.rests_until
    elif used := budgets.used_up(known.budget, spent, now):
        state, why, until = "over budget", used, budgets.next_day(now)
    elif known.paced_until and known.paced_until > now:
        state, why, until = "paced", "it takes no more for now", known.paced_until
    return {
        "host": name,
        "state": state,
        "why": why,
        "until": iso(until) if until else None,
        "requests_today": spent.requests,
        "bytes_today": spent.bytes,
        "requests_per_day": known.budget.requests_per_day,
        "mebibytes_per_day": known.budget.mebibytes_per_day,
        "refusals": known.refusals,
        "last": [msgspec.to_builtins(entry) for entry in known.last],
    }


def print_hosts(settings: Settings, *, as_json: bool, out: TextIO) -> None:
    """Print `host_lines`."""
    found = host_lines(settings)
    if as_json:
        out.write(msgspec.json.encode(found).decode() + "\n")
        return
    for host in found:
        most = "" if host["requests_per_day"] is None else f" of {host['requests_per_day']:,}"
        spent = f"{host['requests_today']:,}{most} requests, {host['bytes_today'] / MEBIBYTE:,.1f} MiB today"
        until = f" until {host['until']}" if host["until"] else ""
        why = f" ({printable(host['why'])})" if host["why"] else ""
        out.write(f"{printable(host['host']):<32}  {host['state']}{until}{why}; {spent}\n")
    if not found:
        out.write("no host was asked yet\n")


def switch_off(settings: Settings, host: str, why: str, now: datetime | None = None) -> str:
    """Stop all requests to a host; returns it. Raises `BadInput`, `StoreUnavailable`."""
    name = switches.read_host(host)
    with open_store(settings.store_address) as store:
        store.put(switches.KIND, name, switches.switched_off(name, why, now or datetime.now(UTC)))
    return name


def switch_on(settings: Settings, host: str) -> str:
    """Let a host be asked again; returns it. Raises `BadInput` if it was not switched off, `StoreUnavailable`."""
    name = switches.read_host(host)
    with open_store(settings.store_address) as store:
        if not store.remove(switches.KIND, name):
            raise BadInput(f"{name} is not switched off. {_others(store)}")
    return name


def _others(store: Store) -> str:
    off = [document.id for document in store.documents(switches.KIND)]
    return f"Switched off are {', '.join(off)}" if off else "No host is"
