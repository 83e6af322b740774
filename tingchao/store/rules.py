"""What every store does alike, without one of them: pure rules.

Which mentions are refused and why, what a revision changes, how a page is continued, and how time is cut.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from tingchao.errors import BadInput, BadRecord
from tingchao.folding import Place, placed
from tingchao.mention import LAST_YEAR, MAX_WIRE_BYTES, UNSURE, Label, Mention, decode_mention, encode
from tingchao.query import And, Published
from tingchao.store import Bucket, Scope
from tingchao.text import fold

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
FIRST = 0
END = int(_END.timestamp())
"""Mentions are stored that were published in [FIRST, END), seconds since 1970."""

SHANGHAI = 8 * 3600
"""Seconds that Asia/Shanghai is ahead of UTC; it has had no summer time since 1991."""

MAX_WORD = 512
MAX_BUCKETS = 20_000
MAX_PAGE = 5_000
"""Mentions of one page."""
MAX_BODY = 1_000_000
MAX_EVENTS = 1_000
"""Events that one append takes."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_BOOKMARK = re.compile(r"([0-9a-f]{1,9})\.([0-9a-f]{32})")
_INT64 = 2**63


# --- admission


def wire_of(mention: Mention) -> bytes:
    """The bytes to keep. Raises `BadRecord` with the reason why no store takes this mention."""
    if not is_id(mention.id):
        raise BadRecord(f"id={mention.id[:40]!r} must be 32 hex digits, as `mention_id` makes them")
    if not (_FIRST <= mention.published_at < _END and _FIRST <= mention.captured_at < _END):
        raise BadRecord(
            f"published {mention.published_at.isoformat()}, captured {mention.captured_at.isoformat()}: "
            f"both must be from 1970 to {LAST_YEAR}, in UTC"
        )
    _check_words(mention)
    _check_counts(mention)
    try:
        wire = kept(mention)
    except (UnicodeEncodeError, OverflowError) as error:
        raise BadRecord(f"mention {mention.id} cannot be encoded: {error}") from error
    if len(wire) > MAX_WIRE_BYTES:
        raise BadRecord(f"mention {mention.id} has {len(wire):,} bytes; at most {MAX_WIRE_BYTES:,} are taken")
    return wire


def _check_words(mention: Mention) -> None:
    words = [mention.source, mention.region, mention.lang, mention.author.key, mention.fold, mention.folded]
    if mention.matches:
        words += [match.topic for match in mention.matches]
    if mention.risk:
        words += [risk.category for risk in mention.risk]
    joined = "".join(words)
    if len(joined) <= MAX_WORD and joined.isprintable():
        return
    for word in words:
        if len(word) > MAX_WORD or _CONTROL.search(word):
            raise BadRecord(
                f"{word[:40]!r} ({len(word)} characters): source, region, lang, author, fold, topic and risk "
                f"take {MAX_WORD} characters and no control characters"
            )


def _check_counts(mention: Mention) -> None:
    counts = mention.engagement
    for count in (counts.likes, counts.comments, counts.reposts, counts.views):
        if count is not None and not -_INT64 <= count < _INT64:
            raise BadRecord(f"mention {mention.id}: engagement {count} does not fit 64 bits")


def is_id(id: str) -> bool:
    """32 hex digits in lower case, as `mention_id` makes them."""
    try:
        return len(id) == 32 and bytes.fromhex(id).hex() == id
    except ValueError:
        return False


def revised(known: Mention, later: Mention) -> Mention | None:
    """`known` after `later` was seen, or None if that is no newer: what was said, when, and where it is folded stays as
    first seen, everything else is taken from the newer capture."""
    if later.captured_at <= known.captured_at:
        return None
    placed = known if known.fold else later
    return replace(
        later,
        text=known.text,
        title=known.title,
        text_key=known.text_key or later.text_key,
        simhash=known.simhash or later.simhash,
        published_at=known.published_at,
        published_precision=known.published_precision,
        fold=placed.fold,
        folded=placed.folded,
        origin_at=placed.origin_at,
    )


def refolded(mention: Mention, place: Place) -> Mention | None:
    """`mention` where `place` shows it, or None if it is shown there already."""
    moved = placed(mention, place)
    return None if moved == mention else moved


def kept(mention: Mention) -> bytes:
    """The wire form to keep: without what a store keeps apart, so that folding never writes it anew."""
    return encode(replace(mention, fold="", folded="", origin_at=None) if mention.fold else mention)


def given_back(wire: bytes, fold: str, folded: str, origin: int | None) -> Mention:
    """The mention that was kept, with what a store keeps apart; `origin` in seconds."""
    mention = decode_mention(wire)
    if not fold:
        return mention
    at = None if origin is None else datetime.fromtimestamp(origin, UTC)
    return replace(mention, fold=fold, folded=folded, origin_at=at)


# --- what can be filtered and counted


def topics_of(mention: Mention) -> tuple[str, ...]:
    """The ids of the matched topics, sorted, each once."""
    matches = mention.matches
    if len(matches) < 2:
        return (matches[0].topic,) if matches else ()
    return tuple(sorted({match.topic for match in matches}))


def risks_of(mention: Mention) -> tuple[str, ...]:
    """The categories of risk, sorted, each once."""
    risks = mention.risk
    if len(risks) < 2:
        return (risks[0].category,) if risks else ()
    return tuple(sorted({risk.category for risk in risks}))


def has_of(mention: Mention) -> tuple[bool, ...]:
    """Which of `tingchao.query.HAS` this mention has."""
    return (
        bool(mention.title),
        bool(mention.url),
        bool(mention.media),
        bool(mention.region),
        bool(mention.parent_id),
        mention.sentiment is not None,
        bool(mention.risk),
        mention.abstain == UNSURE,
        mention.unread,
        bool(mention.folded),
    )


def folded_url(url: str) -> str:
    """The URL as `url:` looks for it."""
    if url.isascii() and url.isprintable() and " " not in url:
        return url.lower()  # what `fold` would find, a hundred times faster
    return fold(url).text


# --- pages


def bookmark(mention: Mention) -> str:
    """Where to continue after this mention: its place in the order of hits, which never changes."""
    return f"{int(mention.published_at.timestamp()):x}.{mention.id}"


def read_bookmark(after: str) -> tuple[int, str]:
    """Seconds of publication and id of the last hit shown. Raises `BadInput` for what `bookmark` never made."""
    found = _BOOKMARK.fullmatch(after)
    if found is None:
        raise BadInput(
            f"after={after[:60]!r} is not the `next` of a page; leave it out to start at the first"
        )
    return int(found[1], 16), found[2]


def page_size(limit: int) -> int:
    """`limit` if it is one. Raises `BadInput`."""
    if not 1 <= limit <= MAX_PAGE:
        raise BadInput(f"limit={limit}: a page has 1 to {MAX_PAGE:,} mentions")
    return limit


# --- time


def seconds(at: datetime) -> int:
    """Whole seconds since 1970 at or after `at`. Raises `BadInput` for a naive time."""
    if at.tzinfo is None:
        raise BadInput(f"{at.isoformat()} has no time zone; give UTC, such as 2026-11-24T02:00:00Z")
    whole = at.replace(microsecond=0)
    return int(whole.timestamp()) + (1 if at.microsecond else 0)


def span(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """[since, until) in seconds, within what a store can hold."""
    low = FIRST if since is None else min(max(seconds(since), FIRST), END)
    high = END if until is None else min(max(seconds(until), FIRST), END)
    return low, max(low, high)


def window(scope: Scope) -> tuple[int, int]:
    """[since, until) of a scope in seconds, with those times that its whole query asks for."""
    low, high = span(scope.since, scope.until)
    root = scope.query.root
    for part in root.children if isinstance(root, And) else (root,):
        if isinstance(part, Published):
            since, until = span(part.since, part.until)
            low, high = max(low, since), min(high, until)
    return low, max(low, high)


def step_seconds(step: timedelta) -> int:
    """Raises `BadInput` for a step that is not whole minutes."""
    whole = int(step.total_seconds())
    if whole < 60 or whole % 60 or step.microseconds:
        raise BadInput(f"step={step}: a timeline takes steps of whole minutes, such as 5 minutes or 1 day")
    return whole


def floor(at: int, step: int) -> int:
    """The start of the step that holds `at`, counted from midnight in Shanghai."""
    return (at + SHANGHAI) // step * step - SHANGHAI


Counts = Mapping[tuple[int, str], int]
"""Mentions by start of their step and label (empty: unscored)."""


def buckets(counts: Counts, scope: Scope, step: int) -> list[Bucket]:
    """The timeline with its empty steps. Raises `BadInput` if it would have more than `MAX_BUCKETS`."""
    starts = [at for at, _ in counts]
    if not starts and (scope.since is None or scope.until is None):
        return []
    first = min(starts) if scope.since is None else floor(seconds(scope.since), step)
    last = max(starts) if scope.until is None else floor(seconds(scope.until) - 1, step)
    if (last - first) // step >= MAX_BUCKETS:
        raise BadInput(
            f"a timeline of {(last - first) // step + 1:,} steps; at most {MAX_BUCKETS:,}: take a longer step"
        )
    return [
        Bucket(
            datetime.fromtimestamp(at, UTC),
            negative=counts.get((at, Label.NEGATIVE), 0),
            neutral=counts.get((at, Label.NEUTRAL), 0),
            positive=counts.get((at, Label.POSITIVE), 0),
            unscored=counts.get((at, ""), 0),
        )
        for at in range(first, last + 1, step)
    ]


def most(counts: Mapping[str, int], size: int) -> list[tuple[str, int]]:
    """The most frequent first, ties by value; what is empty is not a value."""
    there = [(value, count) for value, count in counts.items() if value and count > 0]
    return sorted(there, key=lambda pair: (-pair[1], pair[0]))[:size]


# --- streams and documents


def json_of(body: Mapping[str, Any]) -> str:
    """JSON to keep. Raises `BadInput` for what is not JSON, or is larger than a store takes."""
    try:
        kept = msgspec.json.encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadInput(f"this cannot be kept as JSON: {error}") from error
    if len(kept) > MAX_BODY:
        raise BadInput(f"a body of {len(kept):,} bytes; at most {MAX_BODY:,} are taken")
    return kept.decode()


def check_events(stream: str, events: Sequence[Mapping[str, Any]]) -> None:
    """Raises `BadInput` for more events than one append takes."""
    if len(events) > MAX_EVENTS:
        raise BadInput(f"stream {stream}: {len(events)} events at once; at most {MAX_EVENTS} are taken")


def check_names(*names: str) -> None:
    """The names of a stream or of a document. Raises `BadInput` for one that is empty, long or has controls."""
    for name in names:
        if (
            not 1 <= len(name.encode("utf-8", "replace")) <= 200
            or _CONTROL.search(name)
            or not _encodes(name)
        ):
            raise BadInput(
                f"{name[:40]!r}: the name of a stream or document has 1 to 200 bytes and no controls"
            )


def _encodes(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)
