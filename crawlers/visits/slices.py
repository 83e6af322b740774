"""How lists that end early are asked for in slices: a day, an hour, then parts of the query.

A search that shows 1,000 results of 5,000 looks finished and is not. A source that can be asked for a stretch of time
stands in `SLICERS` by its parser; for all others what lies below the cap is a gap. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawlers.parsers import Ask
from crawlers.parsers.shapes import query_of, with_query
from tingchao.times import shanghai

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REACH = timedelta(days=30)
"""How far back a first visit goes below a cap."""
MOST_SLICES = 48

_PROVINCES = (
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62,
    63, 64, 65, 71, 81, 82, 100, 400,
)  # fmt: skip
"""微博's numbers for provinces, 其他 and 海外."""


@dataclass(frozen=True, slots=True)
class Slicer:
    """How a parser's source is narrowed. `cap`: entries that one question shows at most; `window` asks for
    [since, until); `parts` are questions that together hold what one does, none where it cannot be split."""

    cap: int
    window: Callable[[Ask, datetime, datetime], Ask]
    parts: Callable[[Ask], tuple[Ask, ...]]


def windows(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """A stretch cut into days, one of at most a day into hours, newest first; alone where it is an hour or less."""
    step = DAY if until - since > DAY else HOUR
    found: list[tuple[datetime, datetime]] = []
    while until > since and len(found) < MOST_SLICES - 1:
        start = max(since, until - step)
        found.append((start, until))
        until = start
    if until > since:
        found.append((since, until))
    return found


def window(ask: Ask, since: datetime, until: datetime) -> Ask | None:
    """The first page of what was published in [since, until); None where the source cannot be asked so."""
    slicer = SLICERS.get(ask.parser)
    return slicer.window(ask, since, until) if slicer else None


def parts(ask: Ask) -> tuple[Ask, ...]:
    """Questions that together hold what this one does."""
    slicer = SLICERS.get(ask.parser)
    return slicer.parts(ask) if slicer else ()


def overflows(ask: Ask, total: int | None, got: int) -> bool:
    """Whether there is more than this question can show: the site counts as many as its cap, or has shown that
    many."""
    slicer = SLICERS.get(ask.parser)
    if slicer is None:
        return False
    return max(total or 0, got) >= slicer.cap


def _hackernews(ask: Ask, since: datetime, until: datetime) -> Ask:
    span = f"created_at_i>={int(since.timestamp())},created_at_i<{int(until.timestamp())}"
    return Ask(with_query(ask.url, numericFilters=span, page="0"), ask.parser)


def _hackernews_parts(ask: Ask) -> tuple[Ask, ...]:
    if query_of(ask.url, "tags") != "(story,comment)":
        return ()
    return tuple(Ask(with_query(ask.url, tags=tag, page="0"), ask.parser) for tag in ("story", "comment"))


def _weibo(ask: Ask, since: datetime, until: datetime) -> Ask:
    """By whole hours of Shanghai, both ends of which the site includes."""
    last = max(since, until - timedelta(seconds=1))
    span = f"custom:{_hour(since)}:{_hour(last)}"
    return Ask(with_query(ask.url, timescope=span, page="1"), ask.parser)


def _hour(at: datetime) -> str:
    local = shanghai(at)
    return f"{local:%Y-%m-%d}-{local.hour}"


def _weibo_parts(ask: Ask) -> tuple[Ask, ...]:
    if query_of(ask.url, "region"):
        return ()
    return tuple(
        Ask(with_query(ask.url, region=f"custom:{number}:1000", page="1"), ask.parser)
        for number in _PROVINCES
    )


def _bilibili(ask: Ask, since: datetime, until: datetime) -> Ask:
    begin, end = int(since.timestamp()), int(until.timestamp()) - 1
    url = with_query(
        ask.url, order="pubdate", pubtime_begin_s=str(begin), pubtime_end_s=str(max(begin, end)), page="1"
    )
    return Ask(url, ask.parser)


def _bilibili_parts(ask: Ask) -> tuple[Ask, ...]:
    """By length: up to 10 minutes, 30, 60, and above."""
    if query_of(ask.url, "duration") not in ("", "0"):
        return ()
    return tuple(
        Ask(with_query(ask.url, duration=str(length), page="1"), ask.parser) for length in range(1, 5)
    )


SLICERS: dict[str, Slicer] = {
    "hackernews.search": Slicer(1_000, _hackernews, _hackernews_parts),
    "weibo.desktop": Slicer(450, _weibo, _weibo_parts),
    "bilibili.search": Slicer(1_000, _bilibili, _bilibili_parts),
}
