"""Event streams and documents in Elasticsearch, read by id in real time.

An append of k events is one document, named after its stream and first version, so that it is all or nothing and
two writers at the same place collide. Where a document ends tells where the next begins. Each write carries a
token of its own: a repeated request that meets what it wrote itself has succeeded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tingchao.errors import StaleVersion, StoreUnavailable
from tingchao.store import Document, Recorded
from tingchao.store.elasticsearch_server import Json, Server
from tingchao.store.elasticsearch_shape import Names
from tingchao.store.rules import MAX_EVENTS, json_of

_FIRST_LOOK = 32
_WIDEST_LOOK = 512
_PUT_ATTEMPTS = 50


class Books:
    """The streams and documents of one store. `token` makes a word that no other write carries."""

    def __init__(self, server: Server, names: Names, token: Callable[[], str] = lambda: uuid4().hex) -> None:
        self._server = server
        self._names = names
        self._token = token

    # --- event streams

    def append(self, stream: str, expected_version: int, events: Sequence[Mapping[str, Any]]) -> int:
        """See `Store.append`."""
        if not self._ends_at(stream, expected_version):
            raise StaleVersion(f"stream {stream}", expected_version, self._head(stream))
        if not events:
            found = self._head(stream)
            if found != expected_version:
                raise StaleVersion(f"stream {stream}", expected_version, found)
            return found
        first, last, token = expected_version + 1, expected_version + len(events), self._token()
        kept = "[" + ",".join(json_of(event) for event in events) + "]"
        body = {"stream": stream, "first": first, "last": last, "events": kept, "token": token}
        if not self._create(self._names.events, _event_id(stream, first), body, token):
            raise StaleVersion(f"stream {stream}", expected_version, self._head(stream))
        return last

    def read(self, stream: str, after: int) -> list[Recorded]:
        """See `Store.read`."""
        start = 1
        if after > 0:
            holding = self._holding(stream, after)
            if holding is None:
                return []
            start = holding["first"]
        recorded = [
            Recorded(stream, version, event)
            for appended in self._chain(stream, start, ["first", "last", "events"])
            for version, event in enumerate(msgspec.json.decode(appended["events"]), appended["first"])
        ]
        return [one for one in recorded if one.version > after]

    def _head(self, stream: str) -> int:
        return max((appended["last"] for appended in self._chain(stream, 1, ["first", "last"])), default=0)

    def _chain(self, stream: str, start: int, fields: Sequence[str]) -> Iterator[Json]:
        """The appends from version `start` on, in order, up to the first that is not there."""
        look = _FIRST_LOOK
        while True:
            ids = [_event_id(stream, version) for version in range(start, start + look)]
            there = self._server.documents([(self._names.events, id) for id in ids], fields)
            at = start
            while at < start + look:
                appended = there[at - start]
                if appended is None:
                    return
                yield appended["_source"]
                at = appended["_source"]["last"] + 1
            start, look = at, min(2 * look, _WIDEST_LOOK)

    def _holding(self, stream: str, version: int) -> Json | None:
        """The append that `version` is part of: it began at most `MAX_EVENTS` versions earlier."""
        newest = version
        look = _FIRST_LOOK
        while newest > max(0, version - MAX_EVENTS):
            oldest = max(1, newest - look + 1)
            ids = [_event_id(stream, first) for first in range(newest, oldest - 1, -1)]
            there = self._server.documents([(self._names.events, id) for id in ids], ["first", "last"])
            for appended in there:
                if appended is not None:
                    found: Json = appended["_source"]
                    return found if found["last"] >= version else None
            newest, look = oldest - 1, MAX_EVENTS
        return None

    def _ends_at(self, stream: str, version: int) -> bool:
        if version <= 0:
            return version == 0
        holding = self._holding(stream, version)
        return holding is not None and holding["last"] == version

    # --- documents

    def put(self, kind: str, id: str, body: str, expected_version: int | None) -> int:
        """See `Store.put`; `body` is JSON."""
        token = self._token()
        for _ in range(_PUT_ATTEMPTS):
            there = self._there(kind, id)
            found = there["_source"]["version"] if there else 0
            if expected_version is not None and found != expected_version:
                raise StaleVersion(f"document {kind}/{id}", expected_version, found)
            written = {"kind": kind, "id": id, "version": found + 1, "body": body, "token": token}
            if there is None:
                done = self._create(self._names.documents, _document_id(kind, id), written, token)
            else:
                done = self._replace(there, written, token)
            if done:
                return int(found) + 1
        raise StoreUnavailable(f"document {kind}/{id}: {_PUT_ATTEMPTS} others were faster; try again")

    def find(self, kind: str, id: str) -> Document | None:
        """See `Store.find`."""
        there = self._there(kind, id)
        return None if there is None else _document(there["_source"])

    def documents(self, kind: str) -> list[Document]:
        """See `Store.documents`."""
        self._server.call("POST", f"/{self._names.documents}/_refresh")
        found: list[Document] = []
        body: Json = {"size": 1_000, "query": {"term": {"kind": {"value": kind}}}, "sort": [{"id": "asc"}]}
        while True:
            hits = self._server.search(self._names.documents, body)["hits"]["hits"]
            found.extend(_document(hit["_source"]) for hit in hits)
            if len(hits) < body["size"]:
                return found
            body["search_after"] = hits[-1]["sort"]

    def remove(self, kind: str, id: str) -> bool:
        """See `Store.remove`."""
        path = f"/{self._names.documents}/_doc/{quote(_document_id(kind, id), safe='')}"
        return bool(self._server.call("DELETE", path, accept=(404,))["_status"] == 200)

    def _there(self, kind: str, id: str) -> Json | None:
        return self._server.documents([(self._names.documents, _document_id(kind, id))], True)[0]

    # --- one write

    def _create(self, index: str, id: str, body: Json, token: str) -> bool:
        """Write where nothing is. False: somebody else was faster."""
        path = f"/{index}/_create/{quote(id, safe='')}"
        if self._server.call("PUT", path, body=body, accept=(409,))["_status"] != 409:
            return True
        return self._is_ours(index, id, token)

    def _replace(self, there: Json, body: Json, token: str) -> bool:
        """Write over exactly what was seen. False: it has changed."""
        path = f"/{there['_index']}/_doc/{quote(there['_id'], safe='')}"
        seen = {"if_seq_no": str(there["_seq_no"]), "if_primary_term": str(there["_primary_term"])}
        if self._server.call("PUT", path, seen, body, accept=(409,))["_status"] != 409:
            return True
        return self._is_ours(there["_index"], there["_id"], token)

    def _is_ours(self, index: str, id: str, token: str) -> bool:
        there = self._server.documents([(index, id)], ["token"])[0]
        return there is not None and bool(there["_source"]["token"] == token)


def _event_id(stream: str, first: int) -> str:
    return f"{stream}:{first}"


def _document_id(kind: str, id: str) -> str:
    """Tells kind `a.b`, id `c` from kind `a`, id `b.c`."""
    return f"{len(kind)}.{kind}.{id}"


def _document(source: Json) -> Document:
    return Document(source["kind"], source["id"], source["version"], msgspec.json.decode(source["body"]))
