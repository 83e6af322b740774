"""What is still to be read of a list once a walk over its pages has ended. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from crawlers.parsers import APART, Ask, Parsed
from crawlers.visits.checkpoint import MOST_BELOW, Checkpoint, Stretch, Why
from crawlers.visits.slices import REACH, overflows, parts, window, windows

ENOUGH = 0.9
"""The share of what a site counts that must have been shown: sites count what they hide, too."""
MOST_TRIES = 3
NUMBERED = frozenset({"page", "p", "pn", "page_num", "pageIndex", "offset", "start"})
"""Names by which addresses count pages or entries from the top."""
_OVERLAP = timedelta(minutes=1)
"""Entries may share the minute of the oldest that was read."""


@dataclass(slots=True)
class Walk:
    """A walk over the pages of a list. `asked` is the last page read, `next` the one after it; `keys` are the entries
    that were not seen before, of the number `shown`.

    `met`: something seen before stands below something new, so that nothing lies between; an old entry on top may
    be pinned there. `posts`: the entries are mentions, which stay the same; threads come again with another mark. With
    `narrow` the walk ends as soon as the site counts more than it can show.
    """

    asked: Ask
    narrow: bool = False
    next: Ask | None = None
    keys: dict[str, None] = field(default_factory=dict)
    shown: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    total: int | None = None
    read: int = 0
    met: bool = False
    posts: bool = False
    stopped: str = ""

    def page(self, parsed: Parsed, below: frozenset[str], pages: int) -> list[str]:
        """Take in a page, and see whether the walk ends with it. Returns the entries that are new."""
        here = keys_of(parsed)
        fresh = [key for key in here if key not in below and key not in self.keys]
        self.read += 1
        self.shown += len(set(here))
        self.keys.update(dict.fromkeys(fresh))
        self.next = parsed.next
        self.total = parsed.total if self.total is None else self.total
        self.posts = self.posts or bool(parsed.mentions)
        times = [mention.published_at for mention in parsed.mentions] or [each.born for each in parsed.follow]
        self.oldest = min([*times, *([self.oldest] if self.oldest else [])], default=None)
        self.newest = max([*times, *([self.newest] if self.newest else [])], default=None)
        under = here[here.index(fresh[0]) :] if fresh else here
        self.met = self.met or any(key in below for key in under)
        if parsed.next is None:
            self.stopped = "end" if here else "empty"
        elif APART not in parsed.next.context and (not fresh or here[-1] in below):
            self.stopped = "seen"
        elif self.narrow and overflows(self.asked, self.total, 0):
            self.stopped = "cap"
        elif self.read >= pages:
            self.stopped = "pages"
        return fresh


def keys_of(parsed: Parsed) -> list[str]:
    """What tells whether a page was seen before: its mentions, or its threads with their marks."""
    if parsed.mentions:
        return [mention.native_id for mention in parsed.mentions]
    return [f"{follow.id} {follow.mark}" for follow in parsed.follow]


def under_way(before: Checkpoint, walk: Walk, pages: int, now: datetime) -> Stretch:
    """What lies below a walk from the top that goes on: the visit may be ended there."""
    stretch = _below(before, walk, now, Why.UNDER_WAY)
    again = stretch.ask == walk.asked
    return replace(stretch, left=None if before.seen else pages - walk.read + again)


def below_the_top(before: Checkpoint, walk: Walk, now: datetime) -> list[Stretch]:
    """What a walk from the top left unread, so that it cannot be proved to have met what was seen `before`.

    A first visit goes as far back as its pages reach, or through the slices of a list that is cut off: what lies
    further back was promised to nobody."""
    if walk.met or walk.stopped == "seen" or (walk.stopped == "empty" and walk.read == 1):
        return []
    if walk.stopped in ("pages", "forbidden"):
        return [_below(before, walk, now, Why(walk.stopped))] if before.seen else []
    if overflows(walk.asked, walk.total, len(walk.keys)):
        return [_sliced(_below(before, walk, now, Why.CAP), walk.asked)]
    if not before.seen:
        return []
    if walk.total is not None and walk.shown >= walk.total * ENOUGH:
        return []
    if walk.stopped == "empty" and walk.total is None:
        return [replace(_below(before, walk, now, Why.SHORT), ask=walk.asked)]
    if not walk.posts:
        return []
    # What was seen would still stand below, if the list went on to it.
    why = Why.SHORT if walk.total is not None else Why.WINDOW if walk.read == 1 else Why.CAP
    return [_sliced(_below(before, walk, now, why), walk.asked)]


def rest_of(stretch: Stretch, walk: Walk) -> list[Stretch]:
    """What is still to be read of a stretch after a walk from its `ask`."""
    counted = _counted(stretch, walk)
    got, expected = counted.got, counted.expected
    if walk.met or walk.stopped == "seen":
        return []
    if walk.stopped == "forbidden":
        return [replace(counted, ask=None, why=Why.FORBIDDEN)] if stretch.gap else []
    if walk.stopped == "pages":
        return going_on(stretch, walk)
    if overflows(walk.asked, walk.total, got):
        return _narrowed(counted, walk)
    if stretch.sliced:
        return [] if expected is None or got >= expected * ENOUGH else _again(counted, walk)
    if walk.stopped == "empty" and walk.read == 1 and stretch.tries < MOST_TRIES:
        return [replace(counted, tries=stretch.tries + 1)]
    if not stretch.below or not walk.posts:
        return []
    if walk.stopped == "empty" and stretch.tries < MOST_TRIES:
        return [replace(counted, ask=walk.asked, why=Why.SHORT, tries=stretch.tries + 1)]
    return [_sliced(replace(stretch, why=Why.CAP, until=_until(walk, stretch.until)), walk.asked)]


def going_on(stretch: Stretch, walk: Walk) -> list[Stretch]:
    """What is still to be read of a stretch where a walk over it has not come to an end."""
    counted = _counted(stretch, walk)
    if stretch.sliced:
        return [replace(counted, ask=walk.next)]
    ask = _going_on(walk)
    left = None if stretch.left is None else stretch.left - walk.read
    if left is not None and not walk.stopped:
        left += ask == walk.asked
    if left is not None and left <= 0:
        return []
    why = Why.PAGES if stretch.gap else stretch.why
    return [replace(counted, ask=ask, until=_until(walk, stretch.until), left=left, why=why)]


def can_narrow(stretch: Stretch) -> bool:
    """Whether a slice can be cut further."""
    if not stretch.sliced or stretch.since is None or stretch.ask is None:
        return False
    return len(windows(stretch.since, stretch.until)) > 1 or (stretch.whole and bool(parts(stretch.ask)))


def _counted(stretch: Stretch, walk: Walk) -> Stretch:
    expected = walk.total if stretch.sliced and stretch.expected is None else stretch.expected
    return replace(stretch, got=stretch.got + len(walk.keys), expected=expected)


def _below(before: Checkpoint, walk: Walk, now: datetime, why: Why) -> Stretch:
    since, until = before.newest or before.looked, _until(walk, now)
    if since and since >= until:
        # The list is not in the order of publication: what was missed, was missed since the last look.
        since, until = before.looked or since, now
    return Stretch(
        ask=_going_on(walk) if why in (Why.PAGES, Why.UNDER_WAY) else None,
        since=since,
        until=until,
        why=why,
        below=before.seen[:MOST_BELOW],
        gap=str(int(now.timestamp())) if before.seen else "",
        opened=now,
    )


def _until(walk: Walk, otherwise: datetime) -> datetime:
    return min(walk.oldest + _OVERLAP, otherwise) if walk.oldest else otherwise


def _sliced(stretch: Stretch, ask: Ask) -> Stretch:
    """Asked for by its time; without an `ask` where the source cannot be asked so."""
    since = stretch.since or stretch.until - REACH
    asked = window(ask, since, stretch.until)
    return replace(stretch, ask=asked, since=since, below=(), sliced=True, expected=None, got=0)


def _going_on(walk: Walk) -> Ask | None:
    """Numbered pages move when something above comes or goes: the last one is read again, to meet what was read."""
    if walk.next is None:
        return None
    here, there = urlsplit(walk.asked.url), urlsplit(walk.next.url)
    changed = set(parse_qsl(there.query)) - set(parse_qsl(here.query))
    moves = here.path != there.path or any(name in NUMBERED for name, _ in changed)
    return walk.asked if moves else walk.next


def _narrowed(stretch: Stretch, walk: Walk) -> list[Stretch]:
    """Cut into days, then hours, then parts of the query."""
    whole = (
        stretch
        if stretch.sliced
        else _sliced(replace(stretch, until=_until(walk, stretch.until)), walk.asked)
    )
    if whole.since is None:
        return []
    spans: Sequence[tuple[datetime, datetime]] = windows(whole.since, whole.until)
    if len(spans) > 1:
        return [
            replace(
                whole,
                ask=window(walk.asked, *span),
                since=span[0],
                until=span[1],
                why=Why.CAP,
                expected=None,
                got=0,
            )
            for span in spans
        ]
    asks = parts(walk.asked) if whole.whole else ()
    if asks:
        return [
            replace(whole, ask=ask, whole=False, why=Why.CAP, expected=None, got=0, tries=0) for ask in asks
        ]
    return [replace(whole, ask=None, why=Why.CAP, expected=stretch.expected, got=stretch.got)]


def _again(stretch: Stretch, walk: Walk) -> list[Stretch]:
    """Asked for from its beginning in the next visit: what is missing may have been an empty page."""
    tries = stretch.tries + 1
    if tries >= MOST_TRIES or stretch.since is None:
        return [replace(stretch, ask=None, why=Why.SHORT, tries=tries)]
    ask = window(walk.asked, stretch.since, stretch.until)
    return [replace(stretch, ask=ask, why=Why.SHORT, tries=tries, got=0, expected=None)]
