"""Personal data stops here: a raw post goes in, a `Mention` without its author's identity comes out.

`seal` is the only way from a parser to the bus. Ids of authors become an HMAC under a secret of this
installation (unsalted hashes of enumerable ids can be reversed), nicknames keep one character, follower
numbers become a range, and texts lose @names, e-mail addresses, mobile and identity-card numbers and links to
profiles (personal information protection law, articles 6 and 51; GB/T 35273-2020, 3.15 on pseudonyms).
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from tingchao.errors import BadRecord, BadSetting
from tingchao.mention import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_TEXT,
    MAX_TITLE,
    MAX_URL,
    Author,
    Engagement,
    Kind,
    Mention,
    Robots,
    mention_id,
)
from tingchao.scrubbing import clean, is_organisation, language, mask_name, names_profile, scrub
from tingchao.text import simhash, text_key
from tingchao.times import SHANGHAI, when

SECRET_BYTES = 32
KEY_FILE = "author.key"
MAX_MEDIA = 20
MAX_REGION = 12
ROBOTS_SILENT = Robots()
MAX_COUNT = 2**53
"""Larger numbers lose digits in JSON readers; no post has that many likes."""


class Secret:
    """The key under which author ids are hashed. Its value is never shown."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load(cls, home: Path) -> Self:
        """Read `author.key` in `home`, made on first use (mode 0600); whoever comes first makes it for all.

        Losing it breaks the link between old and new posts of one author; it is not in the store, so that a
        copy of the store alone identifies nobody. Raises `BadSetting` for a file that is not such a key.
        """
        path = home / KEY_FILE
        try:
            if not path.exists():
                _create(path)
            key = path.read_bytes()
        except OSError as error:
            raise BadSetting(
                f"{path}: cannot be read or made ({error.strerror}). Make the folder writable"
            ) from error
        with suppress(OSError):  # the key may lie on a disk that cannot be written
            path.chmod(0o600)
        if len(key) != SECRET_BYTES:
            raise BadSetting(
                f"{path} has {len(key)} bytes, not {SECRET_BYTES}: restore it from your copy; "
                "without one, move it away, and authors are counted anew"
            )
        return cls(key)

    def __repr__(self) -> str:
        return "Secret(····)"

    def digest(self, text: str) -> str:
        """HMAC-SHA256 of `text`, cut to 32 hex digits."""
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def token(self, text: str) -> str:
        """32 hex digits that stand for `text` and can be told from any that were made elsewhere: 24 of its
        digest and 8 of the digest of those."""
        head = self.digest(text)[:24]
        return head + self.digest(f"token\x00{head}")[:8]

    def made(self, token: str) -> bool:
        """Whether `token` came from `Secret.token` under this key (by chance: once in 4 billion)."""
        return len(token) == 32 and hmac.compare_digest(
            token[24:].encode(), self.digest(f"token\x00{token[:24]}")[:8].encode()
        )


def _create(path: Path) -> None:
    """Write the whole key under another name, then link it: readers see all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster: its key counts
    finally:
        draft.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPost:
    """A post as a parser read it, with its author in clear. It never leaves the process: only `seal` reads it.

    `parent_id` and `root_id` are native ids of the same source; `published` is the time as the site shows it.
    """

    source: str
    native_id: str
    kind: Kind
    text: str
    published: object
    captured_at: datetime
    title: str = ""
    url: str = ""
    parent_id: str | None = None
    root_id: str | None = None
    lang: str = ""
    author_id: str = field(default="", repr=False)
    author_name: str = field(default="", repr=False)
    badge: str = ""
    followers: int | None = None
    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None
    views: int | None = None
    region: str = ""
    media: tuple[str, ...] = ()
    robots: Robots = ROBOTS_SILENT
    raw_hash: str = ""
    tz: tzinfo = SHANGHAI


Seal = Callable[[RawPost], Mention]


def author_key(secret: Secret, source: str, raw_id: str) -> str:
    """Who wrote it, without saying who: 32 hex digits, the same for one author of one source; "" for nobody."""
    return secret.token(f"{source}\x00{raw_id}") if raw_id else ""


_RANGES = ((1_000, "0-1k"), (10_000, "1k-10k"), (100_000, "10k-100k"), (1_000_000, "100k-1m"))
BUCKETS = frozenset(bucket for _, bucket in _RANGES) | {"", "1m+"}


def followers_bucket(followers: int | None) -> str:
    """The range a number of followers lies in; "" where it is not known.

    >>> followers_bucket(356_000)
    '100k-1m'
    """
    if followers is None or followers < 0:
        return ""
    for limit, bucket in _RANGES:
        if followers < limit:
            return bucket
    return "1m+"


def seal(post: RawPost, secret: Secret, kept: Callable[[str], bool] = is_organisation) -> Mention:
    """The mention that a raw post becomes: id, hashed author, scrubbed and bounded texts, UTC times.

    Its `id` is made of the native id as the source tells it; `native_id`, `parent_id` and `root_id` are shown as
    `shown_id` shows them. A time that is unknown is replaced by `captured_at` with precision `none`. Raises
    `BadRecord` for a post without a usable id, without any text, or captured in no year that is taken.
    """
    native_id = clean(post.native_id, 513)
    if not native_id or len(native_id) > 512:
        raise BadRecord("the post has no id of 1 to 512 characters")
    title = _scrubbed(post, clean(post.title, MAX_TITLE), kept)[:MAX_TITLE]
    text = _scrubbed(post, clean(post.text, MAX_TEXT), kept)[:MAX_TEXT] or title
    if not text:
        raise BadRecord("the post has no text")
    if not FIRST_YEAR < post.captured_at.year < LAST_YEAR:
        raise BadRecord(
            f"captured_at={post.captured_at.isoformat()}: years {FIRST_YEAR} to {LAST_YEAR} are taken"
        )
    moment = when(post.published, post.captured_at, tz=post.tz)
    return Mention(
        id=mention_id(post.source, native_id),
        source=post.source,
        kind=post.kind,
        native_id=shown_id(post, native_id, secret),
        parent_id=shown_id(post, clean(post.parent_id or "", 512), secret) or None,
        root_id=shown_id(post, clean(post.root_id or "", 512), secret) or None,
        url=_public(post, post.url),
        title=title,
        text=text,
        lang=clean(post.lang, 10) or language(text),
        author=Author(
            key=author_key(secret, post.source, post.author_id or post.author_name),
            name_masked=mask_name(post.author_name),
            badge=clean(post.badge, 20),
            followers_bucket=followers_bucket(post.followers),
        ),
        published_at=moment.at or post.captured_at,
        published_precision=moment.precision,
        captured_at=post.captured_at,
        engagement=Engagement(
            likes=_bounded(post.likes),
            comments=_bounded(post.comments),
            reposts=_bounded(post.reposts),
            views=_bounded(post.views),
        ),
        region=clean(post.region, MAX_REGION),
        media=tuple(url for link in post.media[:MAX_MEDIA] if (url := _public(post, link))),
        robots=post.robots,
        raw_hash=post.raw_hash,
        text_key=text_key(text),
        simhash=simhash(text),
    )


def _scrubbed(post: RawPost, text: str, kept: Callable[[str], bool]) -> str:
    """`scrub`, and the author's own nickname, where it is long enough not to be a common word."""
    text = scrub(text, kept)
    name = clean(post.author_name, 64)
    if len(name) < 3 or name not in text or kept(name):
        return text
    if name.isascii():
        return re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", mask_name(name), text)
    return text.replace(name, mask_name(name))


_OPAQUE = re.compile(
    r"(?:[A-Za-z]{0,2}|post|comment|reply|thread|floor|item|note|news|story|status|article|video|review|row)"
    r"[-_:]?\d{1,40}(?:[-_.]\d{1,40}){0,4}|(?:[A-Za-z]{1,2}[-_])?[0-9a-f]{12,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.ASCII,
)
_ADDRESS = re.compile(r"(?:https?://|tag:|urn:)", re.IGNORECASE)
HIDDEN_ID = "h_"


def shown_id(post: RawPost, native_id: str, secret: Secret) -> str:
    """A native id that may be kept: itself where it is a number, a hash or an address that names nobody, else
    `h_` and a token. But for an author's own id or name it is decided by the id alone, so that a comment's
    `parent_id` is shown as its parent's `native_id` is.
    """
    if not native_id:
        return ""
    form = _OPAQUE.fullmatch(native_id) or _ADDRESS.match(native_id)
    if form and not names_profile(native_id) and not _names_author(post, native_id):
        return native_id
    return HIDDEN_ID + secret.token(f"id\x00{post.source}\x00{native_id}")


_PROFILE_POST = re.compile(r"https?://(?:www\.|m\.)?weibo\.(?:com|cn)/\d{5,20}/([A-Za-z0-9]{6,20})", re.ASCII)


def _public(post: RawPost, url: str) -> str:
    """A link that names no author, or "" where it cannot do without."""
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL:
        return ""
    if found := _PROFILE_POST.match(url):
        return f"https://m.weibo.cn/status/{found[1]}"
    url = clean(url, MAX_URL)
    return "" if names_profile(url) or _names_author(post, url) else url


_PARTS = re.compile(r"[^0-9a-z\u0080-\U0010ffff]+")


def _names_author(post: RawPost, address: str) -> bool:
    """Whether the author's id or name is a part of an id or an address: of its path and query, or the first
    label of a host (as in `name.blog.example`), not the site's own name."""
    identity = [_PARTS.sub(" ", name.casefold()).strip() for name in (post.author_id, post.author_name)]
    identity = [name for name in identity if len(name) > 2 or (name and not name.isascii())]
    if not identity:
        return False
    address = unquote(address).casefold()
    _, parted, rest = address.partition("://")
    if parted:
        host, _, path = rest.partition("/")
        labels = host.rpartition("@")[2].split(".")
        address = f"{host.rpartition('@')[0]} {labels[0] if len(labels) > 2 else ''} {path}"
    parts = f" {_PARTS.sub(' ', address)} "
    return any(f" {name} " in parts or (not name.isascii() and name in parts) for name in identity)


def _bounded(count: int | None) -> int | None:
    return None if count is None else max(0, min(count, MAX_COUNT))
