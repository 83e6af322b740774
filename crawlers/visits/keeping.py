"""What the crawl writes down in the store: checkpoints, gaps, health and what is usual, notices, posts that are gone.

A store that does not answer stops no crawl: what was not written is written with the next visit.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import structlog

from crawlers.pipeline import Pipeline
from crawlers.visits import checkpoint as checkpoints
from crawlers.visits import gaps
from crawlers.visits import health as healths
from crawlers.visits.checkpoint import Checkpoint
from crawlers.visits.gaps import Gap
from crawlers.visits.health import Health, State
from crawlers.visits.lines import Query
from crawlers.visits.usual import Usual
from tingchao import notices
from tingchao.errors import StoreUnavailable
from tingchao.mention import Mention, mention_id
from tingchao.notices import Notice
from tingchao.store import Store
from tingchao.times import iso

log = structlog.get_logger("crawl")

CHECKPOINT_EVERY = timedelta(seconds=30)
"""A visit that found nothing new moves its checkpoint in the store only so often."""
PAGE_EVERY = timedelta(seconds=0.2)
"""A visit under way writes its checkpoint at most so often."""
HEALTH_EVERY = timedelta(seconds=2)
"""A source that is visited more often writes its health only so often, unless something changed."""
BY = "crawl"


class Keeper:
    """Writes and reads; one per process."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._up: dict[str, frozenset[str]] = {}

    async def find(self, kind: str, id: str) -> Mapping[str, Any] | None:
        """A document's body; None where there is none or the store does not answer."""
        try:
            found = await self._pipeline.find(kind, id)
        except StoreUnavailable as error:
            log.warning("not read; starting without", kind=kind, id=id, reason=str(error))
            return None
        return found.body if found else None

    async def bodies(self, kind: str) -> list[Mapping[str, Any]]:
        """The bodies of all documents of a kind; none where the store does not answer."""
        try:
            return [document.body for document in await self._pipeline.documents(kind)]
        except StoreUnavailable as error:
            log.warning("not read", kind=kind, reason=str(error))
            return []

    async def put(self, kind: str, id: str, body: Mapping[str, Any]) -> bool:
        """Write a document; whether it was."""
        try:
            await self._pipeline.keep(kind, id, body)
        except StoreUnavailable as error:
            log.warning("not written; it will be with the next visit", kind=kind, id=id, reason=str(error))
            return False
        return True

    async def checkpoint(self, query: Query) -> Checkpoint:
        """Where the query was left."""
        if query.checkpoint is None:
            found = await self.find(checkpoints.KIND, query.id)
            query.checkpoint = query.written = checkpoints.from_body(found or {})
        return query.checkpoint

    async def page_read(self, query: Query, state: Checkpoint, now: datetime) -> None:
        """A visit under way has come this far."""
        query.checkpoint = state
        if query.written_at is None or now - query.written_at >= PAGE_EVERY:
            await self._write(query, now)

    async def visit_over(self, query: Query, now: datetime, *, news: bool) -> None:
        """A visit has ended, and the query's checkpoint holds."""
        old = query.written_at is None or now - query.written_at >= CHECKPOINT_EVERY
        if query.checkpoint != query.written and (news or old):
            await self._write(query, now)

    async def _write(self, query: Query, now: datetime) -> None:
        state = query.checkpoint
        if state is not None and await self.put(checkpoints.KIND, query.id, checkpoints.to_body(state)):
            query.written, query.written_at = state, now

    async def gaps(self, found: Mapping[str, Gap]) -> None:
        """Write down gaps that opened, shrank or closed, and forget the oldest of those that are over."""
        for id, gap in found.items():
            log.info("gap", source=gap.source, standing=gap.standing.value, why=gap.why, until=iso(gap.until))
            await self.put(gaps.KIND, id, gaps.to_body(gap))
        for source in {gap.source for gap in found.values() if gap.over}:
            try:
                await self._pipeline.ask(partial(_forget, source=source))
            except StoreUnavailable as error:
                log.warning("old gaps not removed", source=source, reason=str(error))

    async def health(self, id: str, health: Health, last: Health | None, *, always: bool) -> bool:
        """Write a source's health, at most every two seconds while it says the same; whether it was."""
        same = last is not None and (last.state, last.outcome, last.error, last.blind) == (
            health.state, health.outcome, health.error, health.blind,
        )  # fmt: skip
        recent = (
            last is not None
            and last.last_try
            and health.last_try
            and health.last_try - last.last_try < HEALTH_EVERY
        )
        if same and recent and not always:
            return False
        return await self.put(healths.KIND, id, healths.to_body(health))

    async def usual(self, id: str, usual: Usual) -> None:
        """Write what is usual for a source."""
        await self.put(healths.USUAL, id, healths.usual_body(usual))

    async def notices(self, id: str, health: Health, usual: Usual, now: datetime) -> None:
        """Put up a notice for each way in which the source has become unheard, and take down those that are over.

        Nothing is known of a source while it fails or refuses: then they stay as they are."""
        wanted = {f"{BY}.{id}.{about}": text for about, text in _sentences(id, health, usual).items()}
        if health.state not in (State.OK, State.SILENT, State.BLIND) or self._up.get(id) == frozenset(
            wanted.values()
        ):
            return
        try:
            await self._pipeline.ask(lambda store: _tell(store, id, wanted, now))
        except StoreUnavailable as error:
            log.warning("notice not given; it will be with the next visit", source=id, reason=str(error))
            return
        self._up[id] = frozenset(wanted.values())

    async def gone(self, source: str, native_id: str, page: str, now: datetime) -> None:
        """Mark a post as gone, as a new revision with what was said kept. Raises `BusUnavailable`."""
        id = mention_id(source, native_id)
        try:
            found: list[Mention] = await self._pipeline.ask(lambda store: store.get([id]))
        except StoreUnavailable as error:
            log.warning("not marked as gone; it will be with the next visit", page=page, reason=str(error))
            return
        for mention in found:
            if mention.gone_at is None:
                at = max(now, mention.captured_at + timedelta(seconds=1)).replace(microsecond=0)
                log.info("post is gone", source=source, mention=id)
                await self._pipeline.deliver([msgspec.structs.replace(mention, gone_at=at, captured_at=at)])


def _sentences(id: str, health: Health, usual: Usual) -> dict[str, str]:
    """What an operator is told of a source, by what it is about."""
    told: dict[str, str] = {}
    if health.blind:
        fields = ", ".join(health.blind)
        told["blind"] = (
            f"source {id} has lost: {fields}. Its records used to have it, so the site has probably changed; "
            "keep a page and try: tingchao parse"
        )
    if usual.silent:
        rate = f" (usual: {health.an_hour:g} an hour)" if health.an_hour is not None else ""
        told["silent"] = (
            f"source {id} answers but yields far less than usual since {iso(usual.silent)}{rate}: look whether it is "
            "as quiet in a browser"
        )
    return told


def _tell(store: Store, id: str, wanted: Mapping[str, str], now: datetime) -> None:
    for name, sentence in wanted.items():
        notices.give(store, name, Notice(by=BY, about=id, sentence=sentence, since=now))
    for name in _others(id, wanted):
        if store.remove(notices.KIND, name):
            log.info("notice taken back", by=BY, about=id)


def _others(id: str, wanted: Iterable[str]) -> set[str]:
    return {f"{BY}.{id}.{about}" for about in ("blind", "silent")} - set(wanted)


def _forget(store: Store, *, source: str) -> None:
    read = [(document.id, gaps.from_body(document.body)) for document in store.documents(gaps.KIND)]
    for id in gaps.over_the_limit([(id, gap) for id, gap in read if gap], source):
        store.remove(gaps.KIND, id)
