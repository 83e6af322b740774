"""A source while it is listened to, and its queries, each on a schedule of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from crawlers.manners.addresses import host_of
from crawlers.openings import openings
from crawlers.parsers import Ask
from crawlers.rights import permission
from crawlers.scrapy_settings import DEFAULT_DELAY
from crawlers.sources import Source
from crawlers.visits import health as healths
from crawlers.visits import schedule
from crawlers.visits.checkpoint import Checkpoint, checkpoint_id
from crawlers.visits.health import Health
from crawlers.visits.reading import Tally
from crawlers.visits.schedule import Limits
from crawlers.visits.usual import Usual


@dataclass
class Query:
    """One question to a source, while it is listened to: its checkpoint now and as it was written last, whether its
    gaps were written by this process, and why its last visit did not go through."""

    name: str
    opening: Ask
    id: str
    checkpoint: Checkpoint | None = None
    written: Checkpoint | None = None
    written_at: datetime | None = None
    held: dict[str, set[str]] = field(default_factory=dict)
    trouble: str = ""
    told: bool = False


@dataclass
class Line:
    """One source while it is listened to. `host_seconds`: what one visit to each of its queries takes of its host."""

    source: Source
    host: str
    interval: float
    delay: float
    health: Health
    usual: Usual
    queries: list[Query]
    failures: int = 0
    asked_to_wait: float = 0.0
    written: Health | None = None

    @property
    def host_seconds(self) -> float:
        return self.delay * sum((each.checkpoint or Checkpoint()).pace.requests for each in self.queries)


def line_of(source: Source, interval: float, health: Mapping[str, Any], usual: Mapping[str, Any]) -> Line:
    """A source as the store knows it; `interval` is for one that sets none."""
    asks = openings(source)
    interval = source.interval or interval
    return Line(
        source=source,
        host=host_of(asks[0][1].url),
        interval=interval,
        delay=DEFAULT_DELAY if source.delay is None else source.delay,
        health=replace(
            healths.from_body(health, source.title, interval),
            permission=permission.record(source.permission, source.key),
        ),
        usual=healths.usual_of(usual),
        queries=[Query(name, ask, checkpoint_id(source.id, name)) for name, ask in asks],
    )


def paced(
    state: Checkpoint, limits: Limits, tally: Tally | None, now: datetime, chance: float, *, alerted: bool
) -> Checkpoint:
    """A query's checkpoint after a visit, with the time of the next; without a `tally` the visit did not go through,
    and says nothing about what comes."""
    pace = state.pace
    if tally is not None:
        pace = schedule.paced(pace, limits, now=now, new=tally.new, shown=tally.shown, requests=tally.fetched)
    pace = schedule.tried(pace, limits, now, chance, alerted=alerted and tally is not None)
    return replace(state, pace=pace)
