"""A thing whose history is a stream of events and whose present is their fold.

The stream `KIND:ID` holds the events; the document (KIND, ID) is the fold, kept beside it so that lists are
cheap. Commands look at the fold and return events; `act` appends them and, if somebody else was faster,
looks again. The document can always be made again from the stream.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from tingchao.errors import StaleVersion, TingchaoError
from tingchao.store import Document, Recorded, Store

TRIES = 20


class Folded(Protocol):
    """What events fold into: it knows how many of them it has seen."""

    @property
    def version(self) -> int: ...


State = TypeVar("State", bound=Folded)
Event = TypeVar("Event")


class UnknownEvent(TingchaoError):
    """The stream holds an event that this program cannot read: a newer version wrote it, or it is damaged."""


class NotThere(TingchaoError):
    """Nothing has this id."""

    exit_code = 2


@dataclass(frozen=True)
class Ledger(Generic[State, Event]):
    """How one kind of thing is read and written. `event` is a tagged union of msgspec Structs."""

    kind: str
    state: Any
    event: Any
    apply: Callable[[State | None, str, Event], State]

    def fold(self, id: str, records: Sequence[Recorded]) -> State:
        """The state after `records`. Raises `NotThere` if there is none, `UnknownEvent` naming the one at fault."""
        state: State | None = None
        for record in records:
            state = self.apply(state, id, self.event_of(record))
        if state is None:
            raise NotThere(f"there is no {self.kind} {id!r}")
        return state

    def event_of(self, record: Recorded) -> Event:
        """The event in a record; raises `UnknownEvent` naming stream and version."""
        try:
            event: Event = msgspec.convert(record.event, self.event)
        except msgspec.ValidationError as error:
            raise UnknownEvent(
                f"{record.stream}, event {record.version} ({record.event.get('event', 'without a name')}): {error}. "
                "A newer Tingchao may have written it: upgrade this one"
            ) from error
        return event

    def read(self, store: Store, id: str) -> State:
        """The thing as it stands, from its events. Raises `NotThere`, `UnknownEvent`."""
        return self.fold(id, store.read(self.stream(id)))

    def events(self, store: Store, id: str) -> list[Event]:
        """All that happened to it, oldest first."""
        return [self.event_of(record) for record in store.read(self.stream(id))]

    def all(self, store: Store) -> list[State]:
        """Every thing of this kind, by id, from the kept folds. Raises `UnknownEvent` naming one that cannot be read."""
        return [self._kept(document) for document in store.documents(self.kind)]

    def begin(self, store: Store, id: str, event: Event) -> State:
        """Write the first event. Raises `StaleVersion` if the id is taken."""
        store.append(self.stream(id), 0, [msgspec.to_builtins(event)])
        return self._keep(store, id, self.apply(None, id, event))

    def act(
        self,
        store: Store,
        id: str,
        decide: Callable[[State], Sequence[Event]],
        expected_version: int | None = None,
    ) -> State:
        """Append what `decide` returns for the present state; none: nothing changes.

        With `expected_version` (what a person saw) a change in between raises `StaleVersion`; without it
        the decision is taken again on the newer state.
        """
        for _ in range(TRIES):
            state = self.read(store, id)
            if expected_version is not None and state.version != expected_version:
                raise StaleVersion(f"{self.kind} {id}", expected_version, state.version)
            events = decide(state)
            if not events:
                return self._keep(store, id, state)
            try:
                store.append(self.stream(id), state.version, [msgspec.to_builtins(event) for event in events])
            except StaleVersion:
                continue
            for event in events:
                state = self.apply(state, id, event)
            return self._keep(store, id, state)
        raise StaleVersion(f"{self.kind} {id}", state.version, self.read(store, id).version)

    def stream(self, id: str) -> str:
        return f"{self.kind}:{id}"

    def _kept(self, document: Document) -> State:
        try:
            state: State = msgspec.convert(document.body, self.state)
        except msgspec.ValidationError as error:
            raise UnknownEvent(
                f"{self.kind} {document.id}: its kept state cannot be read ({error}). "
                "A newer Tingchao may have written it: upgrade this one"
            ) from error
        return state

    def _keep(self, store: Store, id: str, state: State) -> State:
        """Put the fold beside its stream, never over a newer one."""
        for _ in range(TRIES):
            kept = store.find(self.kind, id)
            if kept is not None and kept.body["version"] >= state.version:
                break
            try:
                store.put(self.kind, id, msgspec.to_builtins(state), kept.version if kept else 0)
                break
            except StaleVersion:
                continue
        return state
