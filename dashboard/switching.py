"""The kill switch of a host: written into the store, where every crawler looks for it every two seconds.

The switch is a document (kind `switch`, id the host); who stopped or allowed what, when and why, stays in the stream
`switches`. The switch is written first: a host is stopped even where the record of it cannot be kept.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from dashboard.written import Switched, read_as
from tingchao.errors import BadInput, StaleVersion
from tingchao.store import Store
from tingchao.times import iso

KIND, STREAM = "switch", "switches"
LONGEST = 200
TRIES = 20


def stop(store: Store, host: str, why: str, by: str, at: datetime) -> None:
    """Let nothing more be asked of `host` and what lies below it. Raises `BadInput` without a reason."""
    why = _reason(why)
    store.put(KIND, host, {"host": host, "why": why, "since": iso(at), "by": by})
    _record(store, Switched(event="stopped", host=host, by=by, why=why, at=at))


def allow(store: Store, host: str, why: str, by: str, at: datetime) -> None:
    """Let `host` be asked again. Raises `BadInput` without a reason, or if it is not stopped."""
    why = _reason(why)
    if not store.remove(KIND, host):
        raise BadInput(f"{host} is not stopped; somebody else may have allowed it")
    _record(store, Switched(event="allowed", host=host, by=by, why=why, at=at))


def history(store: Store, most: int = 5) -> Sequence[Switched]:
    """What was done last, the newest first."""
    return [read_as(Switched, record.event) for record in store.read(STREAM)][: -most - 1 : -1]


def _reason(why: str) -> str:
    cleaned = " ".join(why.split())[:LONGEST]
    if not cleaned:
        raise BadInput("a reason is needed: why is the host stopped or allowed")
    return cleaned


def _record(store: Store, event: Switched) -> None:
    for left in range(TRIES, 0, -1):
        version = max((record.version for record in store.read(STREAM)), default=0)
        try:
            store.append(STREAM, version, [msgspec.to_builtins(event)])
        except StaleVersion:
            if left == 1:
                raise
        else:
            return
