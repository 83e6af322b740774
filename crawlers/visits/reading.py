"""Read one page: fetch it, parse it, hand its mentions over, and count what came of it.

All effects come in as functions (`Fetch`, `Deliver`), so that the rules can be read and tested without a network.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crawlers.manners.rests import retry_after
from crawlers.parsers import Ask, Follow, Outcome, Page, Parsed, parse
from crawlers.parsers.article import native_id, own_address
from crawlers.visits.checkpoint import NEVER, Checkpoint
from tingchao.mention import Mention, Precision
from tingchao.privacy import Seal

LARGE = 100_000
"""Bytes of a page from which on it is parsed aside, so that other sources are not kept waiting."""
GOOD = frozenset({Outcome.ITEMS, Outcome.EMPTY, Outcome.END})
POST_PAGES: Mapping[str, Callable[[Follow], str]] = {
    "forum.thread": lambda follow: f"t{follow.id}",
    "discourse.topic": lambda follow: f"t{follow.id}-1",
    "douban.topic": lambda follow: follow.id,
    "article": lambda follow: native_id(own_address(follow.ask.url)),
}
"""Parsers of pages that are the post itself, with the post's native id: where such a page is gone, so is the post.
Comments that are gone (404) may only have been closed."""
GONE = frozenset({404, 410})

Fetch = Callable[[Ask], Awaitable[Page]]
Deliver = Callable[[Sequence[Mention]], Awaitable[int]]


class Refused(Exception):
    """The site does not want us; `after` are the seconds that it asks us to wait. Without `whole_host` it is one
    path that may not be asked, by robots.txt or by our own rules."""

    def __init__(
        self, outcome: Outcome, reason: str, after: float | None = None, *, whole_host: bool = True
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.after = after
        self.whole_host = whole_host


class Unreachable(Exception):
    """The site failed or did not answer; it may do better at the next visit."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Vanished(Exception):
    """The post that the page was about is there no longer."""


@dataclass(slots=True)
class Tally:
    """What a visit came to, in numbers. `stopped` says why it went no further: end, seen, empty or pages; the
    last means that older mentions are still to be read. `trouble` is about one page that could not be read.

    `new` are entries above what was seen before, `shown` those of a first page, `first` says that nothing had been
    seen. `lacking` counts records without a field among all `parsed`; `named` counts, among `fetched` pages, those whose
    parser named a field that a record lacked. `expected` and `got` are entries that the site counts and that it showed,
    of lists read to their end.
    """

    fetched: int = 0
    parsed: int = 0
    published: int = 0
    outcome: Outcome = Outcome.EMPTY
    stopped: str = ""
    trouble: str = ""
    missing: set[str] = field(default_factory=set)
    new: int = 0
    shown: int = 0
    first: bool = False
    newest: datetime | None = None
    lacking: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    expected: int | None = None
    got: int = 0

    def page(self, parsed: Parsed, published: int) -> None:
        """Count a page."""
        self.fetched += 1
        self.parsed += len(parsed.mentions)
        self.published += published
        self.missing.update(parsed.missing)
        self.named.update(parsed.missing)
        for mention in parsed.mentions:
            self.lacking.update(lacks(mention))
            if mention.published_precision is not Precision.NONE:
                self.newest = max(self.newest or mention.published_at, mention.published_at)

    def add(self, other: "Tally") -> None:
        """Count another visit in: numbers add up, words are those of the last that has any."""
        for name in ("fetched", "parsed", "published", "new", "shown"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.outcome = other.outcome
        self.stopped, self.trouble = other.stopped or self.stopped, other.trouble or self.trouble
        self.missing |= other.missing
        self.first = self.first or other.first
        self.newest = max((at for at in (self.newest, other.newest) if at), default=None)
        self.lacking += other.lacking
        self.named += other.named
        self.complete(other.expected, other.got)

    def complete(self, expected: int | None, got: int) -> None:
        """Count a list that was read to its end."""
        if expected is not None:
            self.expected = (self.expected or 0) + expected
            self.got += got


def lacks(mention: Mention) -> list[str]:
    """The fields that a mention does not have."""
    counts = mention.engagement
    there = {
        "author": mention.author.key,
        "published_at": mention.published_precision is not Precision.NONE,
        "url": mention.url,
        "likes": counts.likes is not None,
        "comments": counts.comments is not None,
        "reposts": counts.reposts is not None,
        "views": counts.views is not None,
        "region": mention.region,
    }
    return [name for name, value in there.items() if not value]


def read_whole(state: Checkpoint) -> frozenset[str]:
    """Native ids of posts that were read from a page of their own: a list, which may show no more than their title,
    has nothing to add."""
    return frozenset(
        POST_PAGES[thread.parser](Follow(name, Ask(thread.url, thread.parser), thread.mark, thread.born))
        for name, thread in state.threads.items()
        if thread.parser in POST_PAGES and thread.visited > NEVER and not thread.pending
    )


class Reader:
    """Reads pages for one visit. The tally is right whatever is raised."""

    def __init__(self, fetch: Fetch, deliver: Deliver, seal: Seal, tally: Tally) -> None:
        self._fetch = fetch
        self._deliver = deliver
        self._seal = seal
        self.tally = tally

    async def page(self, ask: Ask, *, known: bool = False, whole: frozenset[str] = frozenset()) -> Parsed:
        """Fetch, parse, deliver. An empty page is asked for once more where something is `known` to have been
        there, or pages lead to it: empty pages happen at random. What the page says of posts that are `whole`, by
        native id, is not handed over.

        Raises `Refused`, `Unreachable`, `Vanished`, and what fetching and delivering raise.
        """
        parsed, status = await self._read(ask, whole)
        if status != 304 and (parsed.outcome is Outcome.END or (known and parsed.outcome is Outcome.EMPTY)):
            parsed, status = await self._read(ask, whole)
        if status in GONE and ask.parser in POST_PAGES:
            raise Vanished(ask.url)
        return parsed

    async def _read(self, ask: Ask, whole: frozenset[str]) -> tuple[Parsed, int]:
        page = await self._fetch(ask)
        if len(page.body) > LARGE:
            parsed = await asyncio.to_thread(parse, ask.parser, page, self._seal)
        else:
            parsed = parse(ask.parser, page, self._seal)
        if parsed.outcome not in GOOD:
            self._give_up(ask, page, parsed)
        mentions = [mention for mention in parsed.mentions if mention.native_id not in whole]
        self.tally.page(parsed, await self._deliver(mentions) if mentions else 0)
        return parsed, page.status

    def _give_up(self, ask: Ask, page: Page, parsed: Parsed) -> None:
        self.tally.outcome = parsed.outcome
        self.tally.page(parsed, 0)
        asked = retry_after(page.headers, page.captured_at)
        if parsed.outcome in {Outcome.BLOCKED, Outcome.LOGIN}:
            raise Refused(parsed.outcome, f"answered {page.status} to {ask.parser}", asked)
        if parsed.outcome is Outcome.ERROR:
            raise Unreachable(f"answered {page.status} to {ask.parser}", asked)
        lost = ", ".join(parsed.missing) or "known field"
        raise Unreachable(f"answered {page.status} in another shape than {ask.parser} knows: no {lost}")
