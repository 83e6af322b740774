"""One visit to one query of a source: page after page until nothing is new, then what earlier visits left unread, then
what lies below the entries.

All effects come in as functions, so that the rules can be read and tested without a network. `Visit.state` moves with
each page that is safely on the bus: whoever keeps it can go on from there, whatever ended the visit.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from crawlers.parsers import Ask, Follow
from crawlers.visits.checkpoint import (
    Checkpoint,
    Stretch,
    dated,
    due,
    noticed,
    saw,
    saw_below,
    stretched,
    visited,
)
from crawlers.visits.gaps import aged
from crawlers.visits.reading import (
    POST_PAGES,
    Deliver,
    Fetch,
    Reader,
    Refused,
    Tally,
    Unreachable,
    Vanished,
    read_whole,
)
from crawlers.visits.stretches import Walk, below_the_top, can_narrow, going_on, rest_of, under_way
from tingchao.privacy import Seal

__all__ = ["Deliver", "Fetch", "Gone", "Keep", "Refused", "Tally", "Unreachable", "Visit"]

MOST_FOLLOWED = 30
"""Threads followed in one visit, those below comments too; the rest have their turn in the next."""
MOST_THREAD_PAGES = 20
GROWING = frozenset({"forum.thread"})
"""Parsers of threads whose newest mentions are on the last page."""

Keep = Callable[[Checkpoint], Awaitable[None]]
Gone = Callable[[str, str], Awaitable[None]]
"""Called with the native id of a post that is there no longer, and the page that says so."""
Note = Callable[[Walk], Awaitable[None]]


async def _nothing(*_: object) -> None:
    pass


class Visit:
    """A visit under way. The tally is right even when it ends with `Refused` or `Unreachable`.

    `held` remembers, from visit to visit in this process, which mentions of each thread were published. `keep` is
    called with each new `state`.
    """

    def __init__(
        self,
        fetch: Fetch,
        deliver: Deliver,
        seal: Seal,
        held: dict[str, set[str]],
        tally: Tally,
        *,
        keep: Keep = _nothing,
        gone: Gone = _nothing,
    ) -> None:
        self._reader = Reader(fetch, deliver, seal, tally)
        self._held = held
        self._keep = keep
        self._gone = gone
        self.tally = tally
        self.state = Checkpoint()

    async def make(
        self,
        opening: Ask,
        checkpoint: Checkpoint,
        *,
        pages: int,
        interval: timedelta,
        now: datetime,
        alerted: bool = False,
    ) -> Checkpoint:
        """Visit, and return the checkpoint that holds once all of it is on the bus; `pages` of lists at most, and
        one more each for what was left unread.

        A thread or a later page that may not be asked is passed over, as `trouble`. Raises `Refused`,
        `Unreachable`, `BusUnavailable`; then `state` holds, which is what was there before or further.
        """
        self.state = aged(checkpoint, now)
        left = await self._top(opening, pages, now)
        await self._unread(max(left, 1))
        await self._threads(interval, now, alerted)
        for name in self._held.keys() - self.state.threads.keys():
            del self._held[name]
        return self.state

    async def _top(self, opening: Ask, pages: int, now: datetime) -> int:
        """Pages from the newest back to what was seen last time. Returns how many are left."""
        before = self.state
        self.tally.first = not before.seen

        async def note(walk: Walk) -> None:
            await self._move(saw(self.state, walk.keys), before, under_way(before, walk, pages, now))

        walk = await self._walk(opening, frozenset(before.seen), pages, note, top=True)
        self.tally.stopped = "pages" if walk.stopped == "forbidden" else walk.stopped
        if walk.stopped == "end":
            self.tally.complete(walk.total, walk.shown)
        state = replace(dated(saw(self.state, walk.keys), walk.newest), looked=now)
        await self._move(state, before, *below_the_top(before, walk, now))
        return pages - walk.read

    async def _unread(self, left: int) -> None:
        """What earlier visits, or the top of this one, left unread."""
        tried: set[tuple[object, ...]] = set()
        while left > 0:
            stretch = next(
                (each for each in self.state.stretches if each.ask and _name(each) not in tried), None
            )
            if stretch is None or stretch.ask is None:
                return
            tried.add(_name(stretch))
            try:
                left -= await self._stretch(stretch, stretch.ask, left)
            except Unreachable as error:
                self.tally.trouble = str(error)
                return

    async def _stretch(self, stretch: Stretch, ask: Ask, pages: int) -> int:
        others = [each for each in self.state.stretches if each != stretch]

        async def note(walk: Walk) -> None:
            rest = going_on(stretch, walk)
            self.state = stretched(saw_below(self.state, walk.keys), [*others, *rest])
            await self._keep(self.state)

        most = pages if stretch.left is None else min(pages, stretch.left)
        walk = await self._walk(
            ask,
            frozenset(stretch.below),
            most,
            note,
            narrow=can_narrow(stretch),
            known=not stretch.sliced,
        )
        if walk.stopped in ("end", "empty") and stretch.sliced:
            self.tally.complete(stretch.expected or walk.total, stretch.got + len(walk.keys))
        state = saw_below(self.state, walk.keys)
        self.state = stretched(state, [*others, *rest_of(stretch, walk)])
        await self._keep(self.state)
        return walk.read

    async def _move(self, state: Checkpoint, before: Checkpoint, *rest: Stretch) -> None:
        self.state = stretched(state, [*before.stretches, *rest])
        await self._keep(self.state)

    async def _walk(
        self,
        ask: Ask,
        below: frozenset[str],
        pages: int,
        note: Note,
        *,
        top: bool = False,
        narrow: bool = False,
        known: bool = False,
    ) -> Walk:
        """Pages from `ask` on, where something is `known` to be. `note` is called before each further one."""
        walk = Walk(ask, narrow=narrow)
        while True:
            try:
                parsed = await self._reader.page(
                    ask, known=known or bool(below), whole=read_whole(self.state)
                )
            except Refused as error:
                if error.whole_host or (top and walk.read == 0):
                    raise
                self.tally.trouble, walk.stopped = str(error), "forbidden"
                return walk
            walk.asked = ask
            fresh = walk.page(parsed, below, pages)
            self.tally.new += len(fresh) if top else 0
            if top and walk.read == 1:
                self.tally.outcome = parsed.outcome
                self.tally.shown = (
                    len(fresh) if self.tally.first else max(len(parsed.mentions), len(parsed.follow))
                )
            self.state = noticed(self.state, parsed.follow)
            if walk.stopped or parsed.next is None:
                return walk
            await note(walk)
            ask = parsed.next

    async def _threads(self, interval: timedelta, now: datetime, alerted: bool) -> None:
        tried: set[str] = set()
        while len(tried) < MOST_FOLLOWED:
            # Anew each time: a thread may lead to threads below its comments.
            waiting = due(self.state, now, interval, alerted=alerted)
            follow = next((each for each in waiting if each.id not in tried), None)
            if follow is None:
                return
            tried.add(follow.id)
            resume, pending = self.state.threads[follow.id].resume, True
            try:
                resume, pending = await self._thread(follow, resume), False
            except Vanished as error:
                pending = False
                await self._gone(POST_PAGES[follow.ask.parser](follow), str(error))
            except Unreachable as error:
                self.tally.trouble = str(error)
            except Refused as error:
                if error.whole_host:
                    raise
                self.tally.trouble, pending = str(error), False
            self.state = visited(self.state, follow, now, resume, pending=pending)
            await self._keep(self.state)

    async def _thread(self, follow: Follow, resume: str) -> str:
        """The pages below a post until all that the site counts is held, or nothing is new. Returns the page to
        go on from, where a thread grows at its end."""
        # Held only once the thread was read: one that fails in the middle is read as a whole again.
        held = set(self._held.get(follow.id, ()))
        ask: Ask | None = follow.ask
        if resume:
            ask = Ask(resume, follow.ask.parser, {**follow.ask.context, "page": "2"})
        last = resume
        for _ in range(MOST_THREAD_PAGES):
            if ask is None:
                break
            try:
                parsed = await self._reader.page(ask, known=True)
            except Vanished:
                if ask.url == follow.ask.url:
                    raise
                return ""  # the thread became shorter: from its beginning next time
            self.state = noticed(self.state, parsed.follow)
            here = {mention.native_id for mention in parsed.mentions}
            last = ask.url
            ask = parsed.next
            fresh = here - held
            held |= here
            if not fresh if parsed.total is None else len(held) >= parsed.total or not here:
                break
        self._held[follow.id] = held
        return last if follow.ask.parser in GROWING else ""


def _name(stretch: Stretch) -> tuple[object, ...]:
    """What tells a stretch that was tried in this visit from others that go on at the same page."""
    return stretch.ask and stretch.ask.url, stretch.until, stretch.opened, stretch.below
