"""What the crawler and the imports wrote into the store, as records. Pure.

This room imports no crawler: it knows the documents by their fields. A document of an older or newer program is read
field by field: what is missing or unreadable has its default.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec

from tingchao.store import Document

Moment = Annotated[datetime, msgspec.Meta(tz=True)] | None
Form = TypeVar("Form", bound=msgspec.Struct)


class Permission(msgspec.Struct, frozen=True):
    """By what right a closed platform or an official API is asked; `until` is its last day."""

    kind: str = ""
    holder: str = ""
    reference: str = ""
    until: date | None = None
    note: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a source does (kind `source`): the crawler explains each field. `interval` is in seconds, `refusing` 0..1,
    `an_hour` the new entries that are usual in one, `lately` those of this hour and the last."""

    name: str = ""
    state: str = "ok"
    last_success: Moment = None
    last_try: Moment = None
    fetched: int = 0
    parsed: int = 0
    published: int = 0
    refused: int = 0
    outcome: str = ""
    stopped: str = ""
    missing: tuple[str, ...] = ()
    error: str = ""
    interval: float = 0.0
    retry_at: Moment = None
    newest: Moment = None
    lately: int | None = None
    an_hour: float | None = None
    refusing: float | None = None
    gaps: int = 0
    blind: tuple[str, ...] = ()
    expected: int | None = None
    got: int = 0
    permission: dict[str, str] | None = None


class Lack(msgspec.Struct, frozen=True):
    """Since when a source has been blind to a field."""

    since: Moment = None


class Usual(msgspec.Struct, frozen=True):
    """Since when a source has been silent, and its fields (kind `usual`)."""

    silent: Moment = None
    lacks: dict[str, Lack] = {}


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What was not heard of a source between two times, and why (kind `gap`)."""

    source: str = ""
    query: str = ""
    since: Moment = None
    until: Moment = None
    why: str = ""
    opened: Moment = None
    standing: str = "open"
    over: Moment = None
    expected: int | None = None
    got: int = 0


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A host that a person stopped (kind `switch`); `by` is empty where it was done by the command line."""

    host: str = ""
    why: str = ""
    since: Moment = None
    by: str = ""


class Budget(msgspec.Struct, frozen=True):
    """What a host may be asked in a day; None: without end."""

    requests_per_day: int | None = None
    mebibytes_per_day: int | None = None


class Spent(msgspec.Struct, frozen=True):
    """What was asked of a host on a day of UTC (`2026-11-24`)."""

    day: str = ""
    requests: int = 0
    bytes: int = 0


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a host may be asked, and what is spent of its budget (kind `host`)."""

    host: str = ""
    refusals: int = 0
    reason: str = ""
    rests_until: Moment = None
    paced_until: Moment = None
    spent: Spent = Spent()
    budget: Budget = Budget()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one hour and host that are alike (kind `requests-DAY`). `least_delay` is in seconds."""

    source: str = ""
    pattern: str = ""
    fate: str = ""
    allowed: bool = True
    rule: str = ""
    status: int = 0
    requests: int = 0
    bytes: int = 0
    least_delay: float | None = None
    last: Moment = None


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A watched file (kind `import`); `modified` is in nanoseconds since 1970."""

    name: str = ""
    state: str = ""
    modified: int = 0
    published: int = 0
    refused: int = 0
    waiting: bool = False
    problem: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a pushed body (kind `receipt`)."""

    at: Moment = None
    accepted: int = 0
    refused: tuple[Any, ...] = ()
    more_refused: int = 0
    repeated: int = 0


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the stream `switches`: a person stopped a host or allowed it again."""

    event: str = ""
    host: str = ""
    by: str = ""
    why: str = ""
    at: Moment = None


def read_as(form: type[Form], body: Mapping[str, Any]) -> Form:
    """What of `body` fits `form`; every field of `form` has a default."""
    try:
        return msgspec.convert(body, form)
    except msgspec.ValidationError:
        pass
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(form):
        try:
            found[field.name] = msgspec.convert(body[field.encode_name], field.type)
        except (KeyError, msgspec.ValidationError):
            continue
    return form(**found)


def all_as(form: type[Form], documents: Iterable[Document]) -> dict[str, Form]:
    """The documents by id."""
    return {document.id: read_as(form, document.body) for document in documents}


def permission_of(health: Health) -> Permission | None:
    """The permission on record; None where the source needs none, or an old crawler did not say."""
    return read_as(Permission, health.permission) if health.permission else None


def days(since: datetime, now: datetime) -> list[datetime]:
    """The days that hold requests from `since` on, the newest first; both times are in UTC."""
    back_to = (now.date() - since.date()).days
    return [now - timedelta(days=back) for back in range(back_to + 1)]
