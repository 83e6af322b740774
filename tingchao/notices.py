"""Notices for operators: something about the machinery that a person should look at, and no alert of a crisis.

A notice is a document (kind `notice`); who gave it takes it back. `tingchao status` prints them.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog

from tingchao.asking import READS, print_status, printable, standing
from tingchao.settings import Settings
from tingchao.store import Store, open_store
from tingchao.times import shanghai

log = structlog.get_logger("notices")

KIND = "notice"
LONGEST = 400


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence in English, who says it, of what, and since when it is so."""

    by: str
    about: str
    sentence: str
    since: datetime


def give(store: Store, id: str, notice: Notice) -> Notice:
    """Put up a notice, or say it anew; one that is up keeps its `since`. Returns what is up now."""
    document = store.find(KIND, id)
    up = _read(document.body) if document else None
    now = msgspec.structs.replace(notice, since=up.since) if up else notice
    if up is None:
        log.warning(notice.sentence, by=notice.by, about=notice.about)
    if now != up:
        store.put(KIND, id, msgspec.to_builtins(now))
    return now


def take_back(store: Store, by: str, but: Sequence[str] = ()) -> int:
    """Take down what `by` put up, all but the ids in `but`; how many that were."""
    gone = 0
    for document in store.documents(KIND):
        if document.body.get("by") == by and document.id not in but:
            gone += store.remove(KIND, document.id)
            log.info("notice taken back", by=by, about=str(document.body.get("about")))
    return gone


def notices(store: Store) -> list[Notice]:
    """All that are up, the newest first."""
    found = [_read(document.body) for document in store.documents(KIND)]
    return sorted(
        (each for each in found if each),
        key=lambda each: (-each.since.timestamp(), each.about, each.sentence),
    )


def print_status_and_notices(
    settings: Settings, *, as_json: bool, out: TextIO, now: datetime | None = None
) -> None:
    """`tingchao status`: how everything stands, then workers that only some run, and notices.

    As JSON a notice is told by the worker that gave it, in `workers`. Raises `BusUnavailable`, `StoreUnavailable`.
    """
    now = now or datetime.now(UTC)
    if not as_json:
        print_status(settings, as_json=False, out=out, now=lambda: now)
    found = standing(settings, now)
    with open_store(settings.store_address) as store:
        up = notices(store)
    if as_json:
        workers = found["workers"]
        for notice in up:
            workers.setdefault(notice.by, {}).setdefault("notices", []).append(msgspec.to_builtins(notice))
        out.write(json.dumps(found, ensure_ascii=False, default=str) + "\n")
        return
    out.writelines(f"{line}\n" for line in _lines(found["workers"], up))


def _lines(workers: dict[str, dict[str, Any]], up: Sequence[Notice]) -> Iterator[str]:
    for name, told in workers.items():
        if name.partition("-")[0] not in READS:
            lag = "?" if told.get("lag") is None else f"{told['lag']:,}"
            yield (
                f"{printable(name):<12} {told.get('state', 'not seen'):<10} lag {lag}  seen {told.get('seen', 0):,}"
                f"  dropped {told.get('dropped', 0):,}"
            )
            if told.get("state") in ("waiting", "failed") and told.get("last_error"):
                yield f"             {printable(str(told['last_error']))[:200]}"
    for notice in up:
        yield f"notice       since {shanghai(notice.since):%m-%d %H:%M}: {printable(notice.sentence)[:LONGEST]}"


def _read(body: Any) -> Notice | None:
    try:
        return msgspec.convert(body, Notice)
    except msgspec.ValidationError as error:
        log.warning("a notice cannot be read and is left out", reason=str(error))
        return None
