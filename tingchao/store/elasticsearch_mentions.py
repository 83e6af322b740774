"""Write mentions to Elasticsearch: every mention in one document for ever, whatever a later crawl read.

A new mention is created in its home index. Where an earlier revision may lie in another index, all candidates
are looked at first, by id and in real time. A document that is there is replaced only as it was seen
(`if_seq_no`), else looked at again. Each item of a bulk request has an end of its own: done, refused, or again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import stamina

from tingchao.errors import BadRecord, StoreUnavailable
from tingchao.folding import Place
from tingchao.mention import Mention, Precision
from tingchao.store import Refused, Upserted, rules
from tingchao.store.elasticsearch_server import PATIENCE, Again, Server
from tingchao.store.elasticsearch_shape import KEPT, Names, indexed, read, shown_at

_MAX_ITEMS = 1_000
_MAX_BYTES = 8 * 1024 * 1024
_OVERLOADED = (429, 503)
_action = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Found:
    """A mention as it lies in an index, and the mark by which to replace exactly this state of it."""

    index: str
    mention: Mention
    seq_no: int
    primary_term: int


class Arrival(NamedTuple):
    """A mention on its way in, with its wire form."""

    mention: Mention
    wire: bytes


class Mentions:
    """The mentions of one store."""

    def __init__(self, server: Server, names: Names) -> None:
        self._server = server
        self._names = names
        self._has_undated = False

    def upsert(self, mentions: Sequence[Mention]) -> Upserted:
        """See `Store.upsert`. Raises `StoreUnavailable` if some item found no end; repeating all is harmless."""
        outcomes: Counter[str] = Counter()
        refused: list[Refused] = []
        arrivals: list[Arrival] = []
        for mention in mentions:
            try:
                arrivals.append(Arrival(mention, rules.wire_of(mention)))
            except BadRecord as error:
                refused.append(Refused(mention.id, str(error)))
        for some in _rounds(arrivals):
            self._write(some, outcomes, refused)
        return Upserted(outcomes["created"], outcomes["updated"], outcomes["unchanged"], tuple(refused))

    def refold(self, places: Sequence[Place]) -> int:
        """See `Store.refold`. Raises `StoreUnavailable` if some item found no end; repeating all is harmless."""
        waiting = {place.id: place for place in places if rules.is_id(place.id)}
        moved = 0
        try:
            for attempt in stamina.retry_context(
                on=Again, attempts=None, timeout=PATIENCE, wait_initial=0.05, wait_max=5.0, wait_jitter=0.2
            ):
                with attempt:
                    for some in _portions(list(waiting.values())):
                        moved += self._refold(some, waiting)
                    if waiting:
                        raise Again("another worker keeps writing the same mentions")
        except Again as reason:
            raise StoreUnavailable(f"Elasticsearch at {self._server.url}: {reason}") from reason
        return moved

    def get(self, ids: Sequence[str]) -> list[Mention]:
        """See `Store.get`; sees every finished write."""
        sought = list(dict.fromkeys(id for id in ids if rules.is_id(id)))
        found = self._find([(index, id) for index in self.indices() for id in sought]) if sought else {}
        return [found[id].mention for id in ids if id in found]

    def delete(self, ids: Sequence[str]) -> int:
        """See `Store.delete`."""
        sought = list(dict.fromkeys(id for id in ids if rules.is_id(id)))
        places = [(index, id) for index in self.indices() for id in sought]
        there = [
            place for place, one in zip(places, self._server.documents(places, False), strict=True) if one
        ]
        gone = 0
        for at in range(0, len(there), _MAX_ITEMS):
            lines = [
                _action({"delete": {"_index": index, "_id": id}}) for index, id in there[at : at + _MAX_ITEMS]
            ]
            outcomes = self._server.bulk(b"\n".join(lines) + b"\n")
            gone += sum(outcome["status"] == 200 for outcome in outcomes)
            if any(outcome["status"] not in (200, 404) for outcome in outcomes):
                raise StoreUnavailable(
                    f"Elasticsearch at {self._server.url}: not all mentions were removed; try again"
                )
        return gone

    def indices(self) -> list[str]:
        """The indices that hold mentions, by name."""
        answer = self._server.call("GET", f"/_alias/{self._names.mentions}", accept=(404,))
        return [] if answer["_status"] == 404 else sorted(name for name in answer if name != "_status")

    # --- one round

    def _write(self, arrivals: Sequence[Arrival], outcomes: Counter[str], refused: list[Refused]) -> None:
        """Bring each of `arrivals`, whose ids differ, to its end."""
        waiting = {arrival.mention.id: arrival for arrival in arrivals}
        known = self._known(arrivals)
        try:
            for attempt in stamina.retry_context(
                on=Again, attempts=None, timeout=PATIENCE, wait_initial=0.05, wait_max=5.0, wait_jitter=0.2
            ):
                with attempt:
                    ended, busy = self._try(list(waiting.values()), known, outcomes, refused)
                    for id in ended:
                        del waiting[id]
                    if waiting:
                        known = self._known(waiting.values(), everywhere=True)
                        raise Again(busy or "another worker keeps writing the same mentions")
        except Again as reason:
            raise StoreUnavailable(f"Elasticsearch at {self._server.url}: {reason}") from reason

    def _try(
        self,
        arrivals: Sequence[Arrival],
        known: dict[str, Found],
        outcomes: Counter[str],
        refused: list[Refused],
    ) -> tuple[list[str], str]:
        """Do the actions once. Returns the ids that found their end, and why others did not."""
        ended: list[str] = []
        lines: list[bytes] = []
        sent: list[tuple[str, str]] = []
        busy = ""
        for arrival in arrivals:
            id = arrival.mention.id
            found = known.get(id)
            if found is None:
                action = {"create": {"_index": self._names.home(arrival.mention), "_id": id}}
                lines += [_action(action), indexed(arrival.mention, arrival.wire)]
                sent.append((id, "created"))
                continue
            after = rules.revised(found.mention, arrival.mention)
            if after is None:
                outcomes["unchanged"] += 1
                ended.append(id)
                continue
            mark = {"if_seq_no": found.seq_no, "if_primary_term": found.primary_term}
            lines += [
                _action({"index": {"_index": found.index, "_id": id, **mark}}),
                indexed(after, rules.kept(after)),
            ]
            sent.append((id, "updated"))
        if not sent:
            return ended, busy
        for (id, done), outcome in zip(sent, self._server.bulk(b"\n".join(lines) + b"\n"), strict=True):
            status = outcome["status"]
            if status in (200, 201):
                outcomes[done] += 1
                ended.append(id)
            elif status in _OVERLOADED:
                busy = f"it is overloaded ({status})"
            elif status != 409:
                error: dict[str, Any] = outcome.get("error", {})
                refused.append(
                    Refused(id, f"{status} {error.get('type', '?')}: {error.get('reason', '?')}"[:500])
                )
                ended.append(id)
        return ended, busy

    def _refold(self, places: Sequence[Place], waiting: dict[str, Place]) -> int:
        """Move mentions once, and take those that found their end out of `waiting`. Returns how many moved."""
        lines: list[bytes] = []
        sent: list[str] = []
        known = self._placed(places)
        for place in places:
            found = known.get(place.id)
            after = rules.refolded(found.mention, place) if found else None
            if found is None or after is None:
                del waiting[place.id]
                continue
            mark = {"if_seq_no": found.seq_no, "if_primary_term": found.primary_term}
            lines += [
                _action({"update": {"_index": found.index, "_id": place.id, **mark}}),
                _action({"doc": shown_at(after)}),
            ]
            sent.append(place.id)
        if not sent:
            return 0
        moved = 0
        for id, outcome in zip(sent, self._server.bulk(b"\n".join(lines) + b"\n"), strict=True):
            if outcome["status"] == 200:
                moved += 1
            elif outcome["status"] == 409 or outcome["status"] in _OVERLOADED:
                continue
            elif outcome["status"] != 404:
                raise StoreUnavailable(
                    f"Elasticsearch at {self._server.url}: a mention was not folded ({outcome['status']})"
                )
            del waiting[id]
        return moved

    # --- what is there already

    def _placed(self, places: Sequence[Place]) -> dict[str, Found]:
        """The mentions of `places`: sought in the months about their publication, then everywhere."""
        undated = {self._names.undated} if self._undated_exists() else set()
        found = self._find(
            [
                (index, place.id)
                for place in places
                for index in sorted(self._names.about(place.published_at) | undated)
            ]
        )
        rest = [place.id for place in places if place.id not in found]
        if rest:
            found |= self._find([(index, id) for index in self.indices() for id in rest])
        return found

    def _known(self, arrivals: Any, *, everywhere: bool = False) -> dict[str, Found]:
        """Earlier revisions of `arrivals`. At first only those that a bare `create` would not run into."""
        places: list[tuple[str, str]] = []
        undated = self._undated_exists()
        all_indices: list[str] | None = None
        for mention, _ in arrivals:
            candidates = self._names.elsewhere(mention)
            if undated:
                candidates.add(self._names.undated)
            if mention.published_precision is Precision.NONE:
                if all_indices is None:
                    all_indices = self.indices()
                candidates = set(all_indices)
            if candidates or everywhere:
                candidates.add(self._names.home(mention))
                places += [(index, mention.id) for index in sorted(candidates)]
        return self._find(places) if places else {}

    def _find(self, places: Sequence[tuple[str, str]]) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for answer in self._server.documents(places, KEPT):
            if answer is not None:
                mention = read(answer["_source"])
                found[mention.id] = Found(
                    answer["_index"], mention, answer["_seq_no"], answer["_primary_term"]
                )
        return found

    def _undated_exists(self) -> bool:
        if not self._has_undated:
            answer = self._server.call("HEAD", f"/{self._names.undated}", accept=(404,))
            self._has_undated = answer["_status"] == 200
        return self._has_undated


def _rounds(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Portions that one bulk request takes, each id at most once in each, later revisions in later ones."""
    rounds: list[list[Arrival]] = []
    ids: set[str] = set()
    size = 0
    for arrival in arrivals:
        id = arrival.mention.id
        full = bool(rounds) and (len(rounds[-1]) >= _MAX_ITEMS or size > _MAX_BYTES)
        if not rounds or full or id in ids:
            rounds.append([])
            ids, size = set(), 0
        rounds[-1].append(arrival)
        ids.add(id)
        size += 3 * len(arrival.wire)
    return rounds


def _portions(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    for at in range(0, len(places), _MAX_ITEMS):
        yield places[at : at + _MAX_ITEMS]
