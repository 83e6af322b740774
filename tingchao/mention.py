"""The record that flows: one public post, comment, repost, article, review or complaint.

A `Mention` is born in a parser, crosses the bus as JSON, gains matches and sentiment in `enrich`, and is
kept by the store. It never changes: each step makes a new one with `msgspec.structs.replace`. Times are
aware UTC datetimes in whole seconds; ids are strings; the author is already a keyed hash.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from tingchao.errors import BadRecord

WIRE_VERSION = 2
MAX_WIRE_BYTES = 1_000_000
MAX_TEXT = 100_000
MAX_TITLE = 500
MAX_URL = 2_000
FIRST_YEAR, LAST_YEAR = 1970, 2199

UNSURE = "unsure"
"""What `Mention.abstain` says where the model read the text and is not sure; anything else there means unread."""


T = TypeVar("T")


def _wire_version() -> int:
    """A factory, for msgspec leaves plain defaults off the wire and `v` must be on it."""
    return WIRE_VERSION


class Kind(StrEnum):
    POST = "post"
    COMMENT = "comment"
    REPOST = "repost"
    ARTICLE = "article"
    REVIEW = "review"
    COMPLAINT = "complaint"


class Precision(StrEnum):
    """How exactly the source told the time of publication; NONE: not at all, `captured_at` stands in."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    NONE = "none"


class Label(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Role(StrEnum):
    BRAND = "brand"
    COMPETITOR = "competitor"
    INDUSTRY = "industry"
    REGULATION = "regulation"


class Author(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who wrote it, as far as we may know: `key` is an HMAC, `name_masked` keeps one character."""

    key: str = ""
    name_masked: str = ""
    badge: str = ""
    followers_bucket: str = ""


class Engagement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts as the source showed them; None where it shows none."""

    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None
    views: int | None = None


class Robots(msgspec.Struct, frozen=True, omit_defaults=True):
    """What robots.txt said about the page this came from, and by which rule."""

    allowed: bool = True
    rule: str = ""


class Sentiment(msgspec.Struct, frozen=True):
    """A label and the three probabilities it was read from (they sum to 1)."""

    label: Label
    p_negative: float
    p_neutral: float
    p_positive: float

    @property
    def confidence(self) -> float:
        """The probability of the label given, 0..1."""
        return max(self.p_negative, self.p_neutral, self.p_positive)


class Match(msgspec.Struct, frozen=True):
    """A topic of the watchlist that this mention is about, and the terms that say so."""

    topic: str
    role: Role
    terms: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True):
    """Sentiment towards one matched topic."""

    topic: str
    label: Label
    p_negative: float
    p_neutral: float
    p_positive: float


class Risk(msgspec.Struct, frozen=True):
    """A kind of danger the text speaks of, with a score in 0..1."""

    category: str
    score: float


class Mention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mention; see DESIGN section 5. Enrichment fills the part from `matches` on.

    `abstain` is empty, or `UNSURE`, or why the model did not read the text (`models.Abstain`): such a mention has no
    sentiment and no targets. Records of before have a neutral of 1/3 each there; `tingchao rescore has:unread` takes it
    away. `complaint` is the intensity, about -1 to 1, `irony` a probability; None where the model does not tell.
    `gone_at`: since then the source has not shown it any more; None again once it does. `fold` names the group that
    `index` shows it in, and `folded` says why it is shown under another (`folding.Why`; empty: it is shown itself), which
    was published at `origin_at` (None unless folded). A store keeps these three apart: see `Store.refold`.
    """

    v: int = msgspec.field(default_factory=_wire_version)
    id: str
    source: str
    kind: Kind
    native_id: str
    text: str
    published_at: datetime
    captured_at: datetime
    published_precision: Precision = Precision.SECOND
    parent_id: str | None = None
    root_id: str | None = None
    url: str = ""
    title: str = ""
    lang: str = "zh"
    author: Author = Author()
    engagement: Engagement = Engagement()
    region: str = ""
    media: tuple[str, ...] = ()
    robots: Robots = Robots()
    raw_hash: str = ""
    text_key: str = ""
    simhash: str = ""
    gone_at: datetime | None = None
    fold: str = ""
    folded: str = ""
    origin_at: datetime | None = None
    matches: tuple[Match, ...] = ()
    sentiment: Sentiment | None = None
    targets: tuple[Target, ...] = ()
    emotion: str = ""
    abstain: str = ""
    complaint: float | None = None
    irony: float | None = None
    risk: tuple[Risk, ...] = ()
    model: str = ""

    @property
    def unread(self) -> bool:
        """A model was asked and found nothing to read; `abstain` says why."""
        return self.abstain not in ("", UNSURE)

    def __post_init__(self) -> None:
        for name in ("published_at", "captured_at", "gone_at", "origin_at"):
            at: datetime | None = getattr(self, name)
            if at is None:
                continue
            if at.tzinfo is None:
                raise ValueError(
                    f"{name}={at.isoformat()} has no time zone; give UTC, such as 2026-11-24T02:00:00Z"
                )
            if at.tzinfo is not UTC or at.microsecond:
                at = _in_utc(name, at)
                msgspec.structs.force_setattr(self, name, at)
            if not FIRST_YEAR <= at.year <= LAST_YEAR:
                raise ValueError(_out_of_range(name, at))
        for name, limit in (("text", MAX_TEXT), ("title", MAX_TITLE), ("url", MAX_URL)):
            if len(getattr(self, name)) > limit:
                raise ValueError(
                    f"{name} has {len(getattr(self, name))} characters; at most {limit} are taken"
                )
        for name in ("id", "source", "native_id"):
            if not getattr(self, name) or len(getattr(self, name)) > 512:
                raise ValueError(f"{name}={getattr(self, name)[:40]!r} must have 1 to 512 characters")


def _in_utc(name: str, at: datetime) -> datetime:
    try:
        return at.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError(_out_of_range(name, at)) from None


def _out_of_range(name: str, at: datetime) -> str:
    return f"{name}={at.isoformat()} is out of range; years {FIRST_YEAR} to {LAST_YEAR} (UTC) are taken"


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `alert` needs to know of one mention for one topic; keyed on the bus by `topic`.

    `label` and `p_negative` are None where the model did not read the text.
    """

    v: int = msgspec.field(default_factory=_wire_version)
    topic: str
    role: Role
    mention_id: str
    source: str
    kind: Kind
    published_at: datetime
    captured_at: datetime
    published_precision: Precision = Precision.SECOND
    label: Label | None = None
    p_negative: float | None = None
    author_key: str = ""
    text_key: str = ""
    risk: tuple[Risk, ...] = ()


def mention_id(source: str, native_id: str) -> str:
    """The id of what `source` calls `native_id`: 32 hex digits, the same on every crawl.

    >>> mention_id("weibo", "5230000000000001") == mention_id("weibo", "5230000000000001")
    True
    """
    return hashlib.blake2b(f"{source}\x00{native_id}".encode(), digest_size=16).hexdigest()


def _from_version_1(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had the author's key as a bare string and no precision field."""
    author = old.get("author")
    return {**old, "author": {"key": author} if isinstance(author, str) else author or {}, "v": 2}


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_version_1}


class _Peek(msgspec.Struct):
    v: int = 1


_encoder = msgspec.json.Encoder()
_peek = msgspec.json.Decoder(_Peek)
_mentions = msgspec.json.Decoder(Mention)
_observations = msgspec.json.Decoder(Observation)


def encode(record: Mention | Observation) -> bytes:
    """The wire form: UTF-8 JSON with a version field `v`."""
    return _encoder.encode(record)


def decode_mention(wire: bytes) -> Mention:
    """Read a mention of this or an older version; unknown fields are ignored.

    Raises `BadRecord` with the reason: not JSON, a wrong type, a missing field, too large, or a version
    newer than this program knows.
    """
    return _decode(wire, _mentions, Mention)


def decode_observation(wire: bytes) -> Observation:
    """Read an observation; raises `BadRecord` as `decode_mention` does."""
    return _decode(wire, _observations, Observation)


def _decode(wire: bytes, decoder: "msgspec.json.Decoder[T]", form: type[T]) -> T:
    if len(wire) > MAX_WIRE_BYTES:
        raise BadRecord(f"record of {len(wire):,} bytes; at most {MAX_WIRE_BYTES:,} are taken")
    try:
        version = _peek.decode(wire).v
        if version == WIRE_VERSION:
            return decoder.decode(wire)
        if version > WIRE_VERSION:
            raise BadRecord(
                f"record of version {version}; this program reads up to {WIRE_VERSION}: upgrade it"
            )
        if version not in _UPGRADES:
            raise BadRecord(f"record of version {version}; known versions are 1 to {WIRE_VERSION}")
        old: dict[str, Any] = msgspec.json.decode(wire)
        for step in range(version, WIRE_VERSION):
            old = _UPGRADES[step](old)
        return msgspec.convert(old, form)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadRecord(f"not a {form.__name__.lower()}: {error}") from error
