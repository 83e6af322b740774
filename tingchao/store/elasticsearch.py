"""The store for many machines: Elasticsearch 9, monthly indices behind one alias.

Read in this order: `rules` (what every store does alike), `elasticsearch_shape` (how things lie there),
`elasticsearch_server` (the client), `elasticsearch_mentions` (writing), `elasticsearch_query` (a scope as a query),
`elasticsearch_books` (streams, documents). Needs no plug-in, script or licence beyond the core.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tingchao.errors import BadSetting
from tingchao.folding import Place
from tingchao.mention import Mention
from tingchao.store import Bucket, Document, Facet, Page, Recorded, Scope, Upserted, rules
from tingchao.store.elasticsearch_books import Books
from tingchao.store.elasticsearch_mentions import Mentions
from tingchao.store.elasticsearch_query import compiled
from tingchao.store.elasticsearch_server import Json, Server
from tingchao.store.elasticsearch_shape import KEPT, PLACE, Names, read, templates

_NEWEST_FIRST = [{"published_at": {"order": "desc", "format": "epoch_second"}}, {"id": "desc"}]
_FIELDS = {Facet.TOPIC: "topics", Facet.RISK: "risks"}
_SHARD_SIZE = 10_000
_EXPORTED = 500
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class ElasticsearchStore:
    """`tingchao.store.Store` at `http[s]://[USER:PASSWORD@]HOST:PORT[/PREFIX]`; names begin with PREFIX."""

    def __init__(self, address: str) -> None:
        """Raises `BadSetting` for an address or server that cannot work, `StoreUnavailable`."""
        url, user, prefix = _read(address)
        self._server = Server(url, user)
        self._names = Names(prefix)
        self._mentions = Mentions(self._server, self._names)
        self._books = Books(self._server, self._names)
        self._version = self._server.version()
        for name, template in templates(self._names).items():
            self._server.call("PUT", f"/_index_template/{name}", body=template)
        self._add_places()
        for index in (self._names.events, self._names.documents):
            if self._server.call("HEAD", f"/{index}", accept=(404,))["_status"] == 404:
                self._server.call("PUT", f"/{index}", accept=(400,))  # 400: another process was faster

    # --- mentions

    def upsert(self, mentions: Sequence[Mention]) -> Upserted:
        return self._mentions.upsert(mentions)

    def refold(self, places: Sequence[Place]) -> int:
        return self._mentions.refold(places)

    def get(self, ids: Sequence[str]) -> list[Mention]:
        return self._mentions.get(ids)

    def search(self, scope: Scope, *, limit: int = 50, after: str | None = None) -> Page:
        limit = rules.page_size(limit)
        found = self._search(_page(scope, limit + 1, after))["hits"]
        shown = tuple(_mention(hit) for hit in found["hits"][:limit])
        more = len(found["hits"]) > limit
        return Page(shown, found["total"]["value"], rules.bookmark(shown[-1]) if more else None)

    def count(self, scope: Scope) -> int:
        body = {"size": 0, "query": compiled(scope), "track_total_hits": True}
        return int(self._search(body)["hits"]["total"]["value"])

    def timeline(self, scope: Scope, step: timedelta) -> list[Bucket]:
        length = rules.step_seconds(step)
        rules.buckets(
            self._edges(scope, length), scope, length
        )  # too many steps are refused before they are counted
        labels = {"terms": {"field": "sentiment", "missing": "", "size": 10}}
        steps = {
            "date_histogram": {
                "field": "published_at",
                "fixed_interval": f"{length}s",
                "offset": f"-{rules.SHANGHAI}s",
                "min_doc_count": 1,
                "format": "epoch_second",
            },
            "aggs": {"labels": labels},
        }
        answer = self._search({"size": 0, "query": compiled(scope), "aggs": {"steps": steps}})
        counts = {
            (int(bucket["key"]) // 1000, label["key"]): label["doc_count"]
            for bucket in answer["aggregations"]["steps"]["buckets"]
            for label in bucket["labels"]["buckets"]
        }
        return rules.buckets(counts, scope, length)

    def facet(self, scope: Scope, by: Facet, *, size: int = 20) -> list[tuple[str, int]]:
        field, shard_size = _FIELDS.get(by, by.value), max(_SHARD_SIZE, 10 * size)
        values = {"terms": {"field": field, "size": size, "shard_size": shard_size}}
        answer = self._search({"size": 0, "query": compiled(scope), "aggs": {"values": values}})
        found = answer["aggregations"]["values"]
        if found["doc_count_error_upper_bound"]:
            return rules.most(self._every_value(scope, field), size)
        return [(bucket["key"], bucket["doc_count"]) for bucket in found["buckets"]]

    def export(self, scope: Scope) -> Iterator[Mention]:
        after = None
        while True:
            found = self._search(_page(scope, _EXPORTED, after, total=False))["hits"]["hits"]
            hits = list(map(_mention, found))
            yield from hits
            if len(hits) < _EXPORTED:
                return
            after = rules.bookmark(hits[-1])

    def delete(self, ids: Sequence[str]) -> int:
        return self._mentions.delete(ids)

    def refresh(self) -> None:
        self._server.call(
            "POST",
            f"/{self._names.mentions}/_refresh",
            {"ignore_unavailable": "true", "allow_no_indices": "true"},
        )

    # --- event streams

    def append(self, stream: str, expected_version: int, events: Sequence[Mapping[str, Any]]) -> int:
        rules.check_names(stream)
        rules.check_events(stream, events)
        return self._books.append(stream, expected_version, events)

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        rules.check_names(stream)
        return self._books.read(stream, after)

    # --- documents

    def put(self, kind: str, id: str, body: Mapping[str, Any], expected_version: int | None = None) -> int:
        rules.check_names(kind, id)
        return self._books.put(kind, id, rules.json_of(body), expected_version)

    def find(self, kind: str, id: str) -> Document | None:
        rules.check_names(kind, id)
        return self._books.find(kind, id)

    def documents(self, kind: str) -> list[Document]:
        rules.check_names(kind)
        return self._books.documents(kind)

    def remove(self, kind: str, id: str) -> bool:
        rules.check_names(kind, id)
        return self._books.remove(kind, id)

    # --- the thing itself

    def ping(self) -> str:
        names = self._mentions.indices()
        stored = self.count(Scope())
        size = 0.0
        if names:
            stats = self._server.call("GET", f"/{self._names.mentions}/_stats/store")
            size = stats["_all"]["primaries"]["store"]["size_in_bytes"] / 2**20
        place = f"{self._server.url}/{self._names.mentions}"
        return f"Elasticsearch {self._version}, {place}, {stored:,} mentions, {len(names)} indices, {size:,.1f} MiB"

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add_places(self) -> None:
        """Give the indices of before the fields of `PLACE`."""
        path = f"/{self._names.mentions}/_mapping"
        known = self._server.call("GET", f"{path}/field/origin_at", accept=(404,))
        if known.pop("_status") == 404:  # nothing is stored yet, and the template has the fields
            return
        if any(not index["mappings"] for index in known.values()):
            self._server.call("PUT", path, body={"properties": PLACE})

    # --- asking

    def _search(self, body: Json) -> Json:
        return self._server.search(self._names.mentions, body)

    def _edges(self, scope: Scope, step: int) -> Counter[tuple[int, str]]:
        """The first and the last step of a timeline, where the scope itself does not say."""
        if scope.since is not None and scope.until is not None:
            return Counter()
        ends = {name: {name: {"field": "published_at"}} for name in ("min", "max")}
        found = self._search({"size": 0, "query": compiled(scope), "aggs": ends})["aggregations"]
        values = [found[name]["value"] for name in ends if found[name]["value"] is not None]
        return Counter((rules.floor(int(value) // 1000, step), "") for value in values)

    def _every_value(self, scope: Scope, field: str) -> Counter[str]:
        """All values of a field with exact counts, page by page: for facets too large for one answer."""
        counts: Counter[str] = Counter()
        pages: Json = {"size": 5_000, "sources": [{"value": {"terms": {"field": field}}}]}
        while True:
            body = {"size": 0, "query": compiled(scope), "aggs": {"values": {"composite": pages}}}
            found = self._search(body)["aggregations"]["values"]
            counts.update({bucket["key"]["value"]: bucket["doc_count"] for bucket in found["buckets"]})
            if "after_key" not in found:
                return counts
            pages["after"] = found["after_key"]


def _page(scope: Scope, limit: int, after: str | None, *, total: bool = True) -> Json:
    body: Json = {
        "size": limit,
        "query": compiled(scope),
        "sort": _NEWEST_FIRST,
        "track_total_hits": total,
        "_source": KEPT,
    }
    if after is not None:
        published, id = rules.read_bookmark(after)
        body["search_after"] = [str(published), id]
    return body


def _mention(hit: Json) -> Mention:
    return read(hit["_source"])


def _read(address: str) -> tuple[str, tuple[str, str] | None, str]:
    """URL, user with password, and prefix of an address. Raises `BadSetting`, which never shows the password."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 9200
    except ValueError as error:
        raise BadSetting(f"TINGCHAO_STORE: {error}. Write https://USER:PASSWORD@HOST:9200/PREFIX") from error
    prefix = parts.path.strip("/") or "tingchao"
    if not host or parts.query or parts.fragment or not _PREFIX.fullmatch(prefix):
        raise BadSetting(
            f"TINGCHAO_STORE={parts.scheme}://{host}:{port}/{prefix}: write https://USER:PASSWORD@HOST:9200/PREFIX, "
            "PREFIX of small letters, digits, - and _"
        )
    shown = f"[{host}]" if ":" in host else host
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return f"{parts.scheme}://{shown}:{port}", user, prefix
