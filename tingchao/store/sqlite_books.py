"""Event streams and documents in the embedded store, inside a transaction that the caller holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw
import msgspec

from tingchao.errors import StaleVersion
from tingchao.store import Document, Recorded
from tingchao.store.rules import json_of


def head(database: apsw.Connection, stream: str) -> int:
    """The version of the last event, 0 if there is none."""
    return int(
        database.execute("SELECT coalesce(max(version), 0) FROM event WHERE stream = ?", (stream,)).get
    )


def append(
    database: apsw.Connection, stream: str, expected_version: int, events: Sequence[Mapping[str, Any]]
) -> int:
    """See `Store.append`."""
    found = head(database, stream)
    if found != expected_version:
        raise StaleVersion(f"stream {stream}", expected_version, found)
    rows = [(stream, version, json_of(event)) for version, event in enumerate(events, found + 1)]
    database.executemany("INSERT INTO event VALUES (?,?,?)", rows)
    return found + len(rows)


def read(database: apsw.Connection, stream: str, after: int) -> list[Recorded]:
    """See `Store.read`."""
    rows = database.execute(
        "SELECT version, event FROM event WHERE stream = ? AND version > ? ORDER BY version", (stream, after)
    )
    return [Recorded(stream, version, msgspec.json.decode(event)) for version, event in rows]


def put(database: apsw.Connection, kind: str, id: str, body: str, expected_version: int | None) -> int:
    """See `Store.put`; `body` is JSON."""
    found = database.execute("SELECT version FROM document WHERE kind = ? AND id = ?", (kind, id)).get or 0
    if expected_version is not None and expected_version != found:
        raise StaleVersion(f"document {kind}/{id}", expected_version, found)
    database.execute("INSERT OR REPLACE INTO document VALUES (?,?,?,?)", (kind, id, found + 1, body))
    return int(found) + 1


def find(database: apsw.Connection, kind: str, id: str) -> Document | None:
    """See `Store.find`."""
    row = database.execute(
        "SELECT version, body FROM document WHERE kind = ? AND id = ?", (kind, id)
    ).fetchone()
    return None if row is None else Document(kind, id, row[0], msgspec.json.decode(row[1]))


def documents(database: apsw.Connection, kind: str) -> list[Document]:
    """See `Store.documents`."""
    rows = database.execute("SELECT id, version, body FROM document WHERE kind = ? ORDER BY id", (kind,))
    return [Document(kind, id, version, msgspec.json.decode(body)) for id, version, body in rows]


def remove(database: apsw.Connection, kind: str, id: str) -> bool:
    """See `Store.remove`."""
    database.execute("DELETE FROM document WHERE kind = ? AND id = ?", (kind, id))
    return database.changes() > 0
