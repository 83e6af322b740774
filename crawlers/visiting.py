"""One visit to one query of a source: page after page until nothing is new, then what lies below the pages.

All effects come in as functions (`fetch`, `deliver`), so that the rules can be read and tested without a network.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crawlers.checkpoint import Checkpoint, due, saw, visited
from crawlers.manners import retry_after
from crawlers.parsers import Ask, Follow, Outcome, Page, Parsed, parse
from tingchao.mention import Mention
from tingchao.privacy import Seal

MOST_FOLLOWED = 30
"""Threads followed in one visit; the rest have their turn in the next."""
MOST_THREAD_PAGES = 20
LARGE = 100_000
"""Bytes of a page from which on it is parsed aside, so that other sources are not kept waiting."""
GOOD = frozenset({Outcome.ITEMS, Outcome.EMPTY, Outcome.END})
GROWING = frozenset({"forum.thread"})
"""Parsers of threads whose newest mentions are on the last page."""

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


@dataclass(slots=True)
class Tally:
    """What a visit came to, in numbers. `stopped` says why it went no further: end, seen, empty or pages; the
    last means that older mentions may have been missed. `trouble` is about one page that could not be read."""

    fetched: int = 0
    parsed: int = 0
    published: int = 0
    outcome: Outcome = Outcome.EMPTY
    stopped: str = ""
    trouble: str = ""
    missing: set[str] = field(default_factory=set)

    def page(self, parsed: Parsed, published: int) -> None:
        self.fetched += 1
        self.parsed += len(parsed.mentions)
        self.published += published
        self.missing.update(parsed.missing)


class Visit:
    """A visit under way. The tally is right even when it ends with `Refused` or `Unreachable`.

    `held` remembers, from visit to visit in this process, which mentions of each thread were published.
    """

    def __init__(
        self, fetch: Fetch, deliver: Deliver, seal: Seal, held: dict[str, set[str]], tally: Tally
    ) -> None:
        self._fetch = fetch
        self._deliver = deliver
        self._seal = seal
        self._held = held
        self.tally = tally

    async def make(
        self, opening: Ask, checkpoint: Checkpoint, *, pages: int, interval: timedelta, now: datetime
    ) -> Checkpoint:
        """Visit, and return the checkpoint that holds once all of it is on the bus.

        A thread or a later page that may not be asked is passed over, as `trouble`. Raises `Refused`,
        `Unreachable`, `BusUnavailable`; then the old checkpoint holds.
        """
        keys, found = await self._list(opening, checkpoint, pages)
        after = saw(checkpoint, keys)
        for number, follow in enumerate(due(checkpoint, found, now, interval)):
            known = checkpoint.threads.get(follow.id)
            resume, pending = known.resume if known else "", True
            if number < MOST_FOLLOWED:
                try:
                    resume, pending = await self._thread(follow, resume), False
                except Unreachable as error:
                    self.tally.trouble = str(error)
                except Refused as error:
                    if error.whole_host:
                        raise
                    self.tally.trouble, pending = str(error), False
            after = visited(after, follow, now, resume, pending=pending)
        for name in self._held.keys() - after.threads.keys():
            del self._held[name]
        return after

    async def _list(self, ask: Ask, checkpoint: Checkpoint, pages: int) -> tuple[list[str], list[Follow]]:
        """Pages from the newest back to what was seen last time."""
        seen = set(checkpoint.seen)
        keys: dict[str, None] = {}
        found: list[Follow] = []
        for number in range(pages):
            try:
                parsed = await self._page(ask)
            except Refused as error:
                if error.whole_host or number == 0:
                    raise
                self.tally.trouble, self.tally.stopped = str(error), "pages"
                break
            if number == 0:
                self.tally.outcome = parsed.outcome
            here = _keys(parsed)
            new = [key for key in here if key not in seen and key not in keys]
            keys.update(dict.fromkeys(new))
            found += parsed.follow
            if parsed.next is None:
                self.tally.stopped = "end" if here else "empty"
                break
            if not new or here[-1] in seen:
                self.tally.stopped = "seen"
                break
            ask = parsed.next
        else:
            self.tally.stopped = "pages"
        return list(keys), found

    async def _thread(self, follow: Follow, resume: str) -> str:
        """The pages below a post until all that the site counts is held, or nothing is new. Returns the page to
        go on from, where a thread grows at its end."""
        held = self._held.setdefault(follow.id, set())
        ask: Ask | None = follow.ask
        if resume:
            ask = Ask(resume, follow.ask.parser, {**follow.ask.context, "page": "2"})
        last = resume
        for _ in range(MOST_THREAD_PAGES):
            if ask is None:
                break
            parsed = await self._page(ask)
            here = {mention.native_id for mention in parsed.mentions}
            last = ask.url
            ask = parsed.next
            fresh = here - held
            held |= here
            if not fresh if parsed.total is None else len(held) >= parsed.total or not here:
                break
        return last if follow.ask.parser in GROWING else ""

    async def _page(self, ask: Ask) -> Parsed:
        """Fetch, parse, deliver. A later page that is empty is asked for again: empty pages happen at random."""
        parsed = await self._read(ask)
        if parsed.outcome is Outcome.END:
            parsed = await self._read(ask)
        return parsed

    async def _read(self, ask: Ask) -> Parsed:
        page = await self._fetch(ask)
        if len(page.body) > LARGE:
            parsed = await asyncio.to_thread(parse, ask.parser, page, self._seal)
        else:
            parsed = parse(ask.parser, page, self._seal)
        if parsed.outcome not in GOOD:
            self.tally.outcome = parsed.outcome
            self.tally.page(parsed, 0)
            asked = retry_after(page.headers, page.captured_at)
            if parsed.outcome in {Outcome.BLOCKED, Outcome.LOGIN}:
                raise Refused(parsed.outcome, f"answered {page.status} to {ask.parser}", asked)
            if parsed.outcome is Outcome.ERROR:
                raise Unreachable(f"answered {page.status} to {ask.parser}", asked)
            lost = ", ".join(parsed.missing) or "known field"
            raise Unreachable(f"answered {page.status} in another shape than {ask.parser} knows: no {lost}")
        self.tally.page(parsed, await self._deliver(parsed.mentions) if parsed.mentions else 0)
        return parsed


def _keys(parsed: Parsed) -> list[str]:
    """What tells whether a page was seen before: its mentions, or its threads with their marks."""
    if parsed.mentions:
        return [mention.native_id for mention in parsed.mentions]
    return [f"{follow.id} {follow.mark}" for follow in parsed.follow]
