"""The nouns of parsing: a page, what to ask next, and what a parser made of a page."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tingchao.errors import BadRecord
from tingchao.mention import Mention, Robots
from tingchao.privacy import RawPost, Seal

APART = "apart"
"""In the context of a `next`: it is another list, not an older part of this one, and is asked though nothing was new."""


class Outcome(StrEnum):
    """What a page turned out to be; the first three are good news."""

    ITEMS = "items"
    EMPTY = "empty"
    """A first page, rightly formed, that has nothing."""
    END = "end"
    """A later page, rightly formed, that has nothing more."""
    BLOCKED = "blocked"
    """The site refuses: by status, by a captcha, by its own error code."""
    LOGIN = "login"
    CHANGED = "changed"
    """Not the shape this parser knows."""
    ERROR = "error"
    """The site failed, and may do better later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One response. `headers` have lower-case names; `context` is what was known when it was asked for."""

    url: str
    body: bytes
    captured_at: datetime
    source: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    robots: Robots = Robots()  # noqa: RUF009 (immutable)

    @property
    def first(self) -> bool:
        """Whether it is the first page of its kind: a later one that is empty is the end."""
        return self.context.get("page", "1") == "1"


@dataclass(frozen=True, slots=True)
class Ask:
    """A page to fetch, the parser that will read it, and what that parser will want to know."""

    url: str
    parser: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Follow:
    """Something below a page, such as a post's comments. It is worth a visit when `mark` is another than before."""

    id: str
    ask: Ask
    mark: str
    born: datetime


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a page held. `missing` names expected fields that some of its records lacked; `total` is how many
    mentions the site says there are in all."""

    outcome: Outcome
    mentions: tuple[Mention, ...] = ()
    next: Ask | None = None
    missing: tuple[str, ...] = ()
    follow: tuple[Follow, ...] = ()
    total: int | None = None


Parser = Callable[[Page, Seal], Parsed]


class Gathering:
    """Collects what a parser finds on one page; a record without what a mention needs is left out and named."""

    def __init__(self, page: Page, seal: Seal) -> None:
        self._page = page
        self._seal = seal
        self._raw_hash = hashlib.blake2b(page.body, digest_size=16).hexdigest()
        self.mentions: list[Mention] = []
        self.follow: list[Follow] = []
        self.missing: set[str] = set()

    def expect(self, **fields: object) -> None:
        """Note each field whose value is absent."""
        self.missing.update(name for name, value in fields.items() if value in ("", None))

    def add(self, **fields: Any) -> Mention | None:
        """Seal a raw post with these fields; the page supplies source, time of capture, robots and hash."""
        self.expect(**{name: fields.get(name) for name in ("native_id", "text", "published")})
        page = self._page
        try:
            mention = self._seal(
                RawPost(
                    source=page.source,
                    captured_at=page.captured_at,
                    robots=page.robots,
                    raw_hash=self._raw_hash,
                    **fields,
                )
            )
        except BadRecord:
            return None
        self.mentions.append(mention)
        return mention

    def parsed(self, next: Ask | None = None, total: int | None = None) -> Parsed:
        """The result; without mentions and things to follow it is `changed` if records were there but none
        could be read, `empty` on a first page, `end` on a later one."""
        if self.mentions or self.follow:
            outcome = Outcome.ITEMS
        elif self.missing:
            outcome = Outcome.CHANGED
        else:
            outcome = Outcome.EMPTY if self._page.first else Outcome.END
        return Parsed(
            outcome,
            tuple(self.mentions),
            next if outcome is Outcome.ITEMS else None,
            tuple(sorted(self.missing)),
            tuple(self.follow),
            total,
        )
