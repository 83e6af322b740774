"""Notices for operators: something about the machinery that a person should look at, and no alert of a crisis.

A notice is a document (kind `notice`); who gave it takes it back. `tingchao status` prints them. A person who has looked
puts one to rest with a note: it is shown no more for as long as it holds, and what was said stays in the stream `notices`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO, TypeVar

import msgspec
import structlog

from tingchao.asking import READS, print_status, printable, standing
from tingchao.errors import BadInput, StaleVersion
from tingchao.settings import Settings
from tingchao.store import Store, open_store
from tingchao.times import shanghai

log = structlog.get_logger("notices")

KIND = "notice"
STREAM = "notices"
LONGEST = 400
LONGEST_NOTE = 300
TRIES = 20


class Rest(msgspec.Struct, frozen=True):
    """When a person put a notice to rest, and what they found."""

    at: datetime
    note: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence in English, who says it, of what, since when it is so, and what a person said to it."""

    by: str
    about: str
    sentence: str
    since: datetime
    rest: Rest | None = None


class Rested(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="rested"):
    """The event: the sentence as it read when it was put to rest."""

    at: datetime
    by: str
    about: str
    sentence: str
    note: str


def give(store: Store, id: str, notice: Notice) -> Notice:
    """Put up a notice, or say it anew; one that is up keeps its `since` and its rest. Returns what is up now."""

    def change(up: Notice | None) -> Notice:
        return msgspec.structs.replace(notice, since=up.since, rest=up.rest) if up else notice

    up, now = _change(store, id, change)
    if up is None:
        log.warning(notice.sentence, by=notice.by, about=notice.about)
    return now or notice


def put_to_rest(store: Store, by: str, about: str, note: str, at: datetime) -> list[Notice]:
    """Put what `by` says of `about` to rest, with a note of what was found; returns those notices.

    Raises `BadInput` for a note that cannot be kept, or if there is no such notice.
    """
    note = " ".join(note.split())
    if not 1 <= len(note) <= LONGEST_NOTE or not note.isprintable():
        raise BadInput(f"note {note[:60]!r}: say in 1 to {LONGEST_NOTE} visible characters what was found")
    up = [(id, each) for id, each in _every(store) if each.by == by and each.rest is None]
    ids = [id for id, each in up if each.about == about]
    if not ids:
        known = ", ".join(dict.fromkeys(each.about for _, each in up)) or "nothing"
        raise BadInput(f"there is no notice about {about[:60]!r} by {by}; there are notices about: {known}")
    rested = []
    for id in ids:
        _, now = _change(
            store, id, lambda there: there and msgspec.structs.replace(there, rest=Rest(at, note))
        )
        if now is None:  # it was taken back just now
            continue
        _record(store, Rested(at=at, by=now.by, about=now.about, sentence=now.sentence, note=note))
        rested.append(now)
    return rested


def rests(store: Store, by: str) -> list[Rested]:
    """What was ever said to the notices of `by`, the oldest first; what cannot be read is left out."""
    found = [_read(record.event, Rested) for record in store.read(STREAM)]
    return [each for each in found if each and each.by == by]


def take_back(store: Store, by: str, but: Sequence[str] = ()) -> int:
    """Take down what `by` put up, all but the ids in `but`; how many that were."""
    gone = 0
    for document in store.documents(KIND):
        if document.body.get("by") == by and document.id not in but:
            gone += store.remove(KIND, document.id)
            log.info("notice taken back", by=by, about=str(document.body.get("about")))
    return gone


def notices(store: Store) -> list[Notice]:
    """All that are up and not at rest, the newest first."""
    return sorted(
        (each for _, each in _every(store) if each.rest is None),
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


def _every(store: Store) -> Iterator[tuple[str, Notice]]:
    for document in store.documents(KIND):
        if notice := _read(document.body, Notice):
            yield document.id, notice


def _change(
    store: Store, id: str, change: Callable[[Notice | None], Notice | None]
) -> tuple[Notice | None, Notice | None]:
    """The notice before and after `change`, written unless it is the same; looks again if somebody was faster."""
    for _ in range(TRIES):
        document = store.find(KIND, id)
        up = _read(document.body, Notice) if document else None
        now = change(up)
        if now is None or now == up:
            return up, now
        try:
            store.put(KIND, id, msgspec.to_builtins(now), document.version if document else 0)
        except StaleVersion as error:
            faster = error
        else:
            return up, now
    raise faster


def _record(store: Store, event: Rested) -> None:
    for _ in range(TRIES):
        version = max((record.version for record in store.read(STREAM)), default=0)
        try:
            store.append(STREAM, version, [msgspec.to_builtins(event)])
        except StaleVersion as error:
            faster = error
        else:
            return
    raise faster


Form = TypeVar("Form", Notice, Rested)


def _read(body: Any, form: type[Form]) -> Form | None:
    try:
        return msgspec.convert(body, form)
    except msgspec.ValidationError as error:
        log.warning("a notice cannot be read and is left out", reason=str(error))
        return None
