"""One Elasticsearch, spoken to in few words: calls that are repeated while that can help, and clear failures.

The only module that names the client. What it raises is of our family; what it gives is JSON.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import elastic_transport
import elasticsearch
import msgspec
import stamina
from elasticsearch.serializer import JsonSerializer

from tingchao.errors import BadSetting, StoreUnavailable

Json = dict[str, Any]

PATIENCE = 30.0
"""Seconds that a call is repeated while the server is away or overloaded."""

_OVERLOADED = frozenset({429, 502, 503, 504})
_JSON = "application/vnd.elasticsearch+json; compatible-with=9"
_LINES = "application/vnd.elasticsearch+x-ndjson; compatible-with=9"


class Again(Exception):
    """Trying once more can help; the text says what stood in the way."""


class _Json(JsonSerializer):
    """msgspec reads and writes large answers several times faster than `json`."""

    def json_dumps(self, data: Any) -> bytes:
        return msgspec.json.encode(data)

    def json_loads(self, data: str | bytes) -> Any:
        return msgspec.json.decode(data)


class Server:
    """Elasticsearch at `url` (without user and password, which are given apart). Safe to share between threads."""

    def __init__(self, url: str, user: tuple[str, str] | None) -> None:
        self.url = url
        serializer = _Json()
        self._client = elasticsearch.Elasticsearch(
            url,
            basic_auth=user,
            request_timeout=PATIENCE,
            max_retries=0,
            retry_on_timeout=False,
            serializers={"application/json": serializer, "application/vnd.elasticsearch+json": serializer},
        )

    def version(self) -> str:
        """The version of the node that answers. Raises `BadSetting` for one this program cannot speak to."""
        plain = {
            "accept": "application/json"
        }  # Elasticsearch 8 refuses the media type of 9 before it tells its age
        answer = self.call(
            "GET", "/_nodes/_local", {"filter_path": "nodes.*.version"}, headers=plain, patience=8
        )
        found = next((str(node["version"]) for node in answer.get("nodes", {}).values()), "?")
        if found.partition(".")[0] != "9":
            raise BadSetting(
                f"TINGCHAO_STORE: {self.url} is Elasticsearch {found}; this needs Elasticsearch 9"
            )
        return found

    def call(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        body: Any = None,
        *,
        accept: Sequence[int] = (),
        headers: dict[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> Json:
        """The answer, with its HTTP status under `_status`; statuses in `accept` are answers too.

        Raises `StoreUnavailable` once `patience` seconds of repeating did not help, or for a refusal that
        is no answer; `BadSetting` if the server wants another user.
        """
        given = {"accept": _JSON, **({"content-type": _JSON} if body is not None else {}), **(headers or {})}
        try:
            for attempt in stamina.retry_context(
                on=Again, attempts=None, timeout=patience, wait_initial=0.1, wait_max=5.0, wait_jitter=0.2
            ):
                with attempt:
                    return self._once(method, path, params, body, accept, given, patience)
        except Again as reason:
            raise StoreUnavailable(f"Elasticsearch at {self.url}: {reason}") from reason
        raise AssertionError("stamina ends with a value or an error")

    def _once(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None,
        body: Any,
        accept: Sequence[int],
        headers: dict[str, str],
        patience: float,
    ) -> Json:
        try:
            answer = self._client.options(request_timeout=patience).perform_request(
                method, path, params=params, headers=headers, body=body
            )
        except elasticsearch.ApiError as error:
            status = error.status_code
            if status in accept:
                return {**(error.body if isinstance(error.body, dict) else {}), "_status": status}
            raise self._failure(status, error.body) from error
        except elasticsearch.UnsupportedProductError as error:
            raise BadSetting(f"TINGCHAO_STORE: {self.url} is not an Elasticsearch") from error
        except (elastic_transport.TlsError, ValueError) as error:
            raise StoreUnavailable(f"Elasticsearch at {self.url}: {error}") from error
        except elastic_transport.TransportError as error:
            raise Again(f"nobody answers ({type(error).__name__}); is it running?") from error
        body_ = answer.body
        return {**(body_ if isinstance(body_, dict) else {}), "_status": answer.meta.status}

    def _failure(self, status: int, body: Any) -> Exception:
        if status < 300:
            return BadSetting(f"TINGCHAO_STORE: {self.url} is not an Elasticsearch")
        if status in (401, 403):
            return BadSetting(
                f"TINGCHAO_STORE: {self.url} refuses this user ({status}); write https://USER:PASSWORD@HOST:9200"
            )
        if status in _OVERLOADED:
            return Again(f"it is overloaded ({status}: {reason_of(body)})")
        if "media_type_header_exception" in str(body):
            return BadSetting(f"TINGCHAO_STORE: {self.url} is older than Elasticsearch 9; this needs 9")
        return StoreUnavailable(f"Elasticsearch at {self.url} refused ({status}): {reason_of(body)}")

    def bulk(self, lines: bytes) -> list[Json]:
        """Do the actions of an NDJSON body; one outcome per action, in order, each with its `status`."""
        answer = self.call(
            "POST",
            "/_bulk",
            {"filter_path": "items.*.status,items.*.error.type,items.*.error.reason,items.*.result"},
            lines,
            headers={"content-type": _LINES},
        )
        return [next(iter(item.values())) for item in answer["items"]]

    def documents(self, places: Sequence[tuple[str, str]], source: Sequence[str] | bool) -> list[Json | None]:
        """What lies at each (index, id) now, refreshed or not; None where there is nothing."""
        found: list[Json | None] = []
        for at in range(0, len(places), 5_000):
            some = [{"_index": index, "_id": id} for index, id in places[at : at + 5_000]]
            asked = ",".join(source) if not isinstance(source, bool) else str(source).lower()
            answer = self.call("POST", "/_mget", {"_source": asked}, {"docs": some})
            found.extend(self._there(one) for one in answer["docs"])
        return found

    def _there(self, answer: Json) -> Json | None:
        error = answer.get("error")
        if error and error["type"] != "index_not_found_exception":
            raise StoreUnavailable(f"Elasticsearch at {self.url}: {answer['_index']}: {reason_of(answer)}")
        return answer if answer.get("found") else None

    def search(self, index: str, body: Json) -> Json:
        """A complete answer. Raises `StoreUnavailable` rather than give a part of one."""
        answer = self.call(
            "POST",
            f"/{quote(index)}/_search",
            {
                "allow_partial_search_results": "false",
                "ignore_unavailable": "true",
                "allow_no_indices": "true",
            },
            body,
        )
        if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
            raise StoreUnavailable(f"Elasticsearch at {self.url} answered only in part; try again")
        return answer

    def close(self) -> None:
        self._client.close()


def reason_of(body: Any) -> str:
    """What Elasticsearch says of a refusal, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return str(error)[:300]
    cause = (error.get("root_cause") or [error])[0]
    deeper = error.get("caused_by") or cause.get("caused_by") or {}
    text = f"{cause.get('type', '?')}: {cause.get('reason', '?')}"
    return f"{text} ({deeper['reason']})"[:300] if deeper.get("reason") else text[:300]
