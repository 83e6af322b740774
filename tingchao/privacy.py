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
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

from tingchao.errors import BadRecord, BadSetting
from tingchao.mention import (
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
            path.chmod(0o600)
            key = path.read_bytes()
        except OSError as error:
            raise BadSetting(
                f"{path}: cannot be read or made ({error.strerror}). Make the folder writable"
            ) from error
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

_ORGANISATION = re.compile(
    r"官方|官微|客服|公司|集团|旗舰店|专卖店|品牌|科技|汽车|手机|电器|家电|银行|保险|新闻|日报|晚报|早报|时报|周刊|电视|"
    r"卫视|央视|法院|检察|公安|警方|警察|消防|政府|发布|市场监管|监管局|消协|消费者|协会|大学|医院|Official|official"
)


def is_organisation(name: str) -> bool:
    """Whether an account's name speaks of a firm, an office or a newsroom, so that it is no personal data."""
    return _ORGANISATION.search(name) is not None


def author_key(secret: Secret, source: str, raw_id: str) -> str:
    """Who wrote it, without saying who: 32 hex digits, the same for one author of one source; "" for nobody."""
    return secret.digest(f"{source}\x00{raw_id}") if raw_id else ""


def mask_name(name: str) -> str:
    """One character of a nickname.

    >>> mask_name("路人甲")
    '路**'
    """
    shown = clean(name, 64)
    return f"{shown[0]}**" if len(shown) > 1 else "**" if shown else ""


def followers_bucket(followers: int | None) -> str:
    """The range a number of followers lies in; "" where it is not known.

    >>> followers_bucket(356_000)
    '100k-1m'
    """
    if followers is None or followers < 0:
        return ""
    for limit, bucket in ((1_000, "0-1k"), (10_000, "1k-10k"), (100_000, "10k-100k"), (1_000_000, "100k-1m")):
        if followers < limit:
            return bucket
    return "1m+"


_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_BLANKS = re.compile("[ \t\xa0\u3000\u2000-\u200a\u202f\u205f]+")
_LINE_EDGES = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{3})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)


def clean(text: str, limit: int) -> str:
    """Text fit to keep: no lone surrogates, control, zero-width or direction characters, no runs of blanks.

    Words, emoticons, emoji, hashtags and line ends stay. At most `limit` characters; cleaning twice changes nothing.
    """
    text = text[: 4 * limit]
    if not text.isascii():
        if _SURROGATE.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _STACKED.sub(r"\1", text)
    text = _UNSEEN.sub("", _LINE_END.sub("\n", text))
    text = _LINE_EDGES.sub("\n", _BLANKS.sub(" ", text))
    return _EMPTY_LINES.sub("\n\n", text).strip()[:limit].rstrip()


_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z])", re.ASCII)
_IDENTITY_CARD = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])",
    re.ASCII,
)
_LINK_REST = r"[^\s，。！？；、）】》\"'<>]"
_PROFILE = re.compile(
    r"(?:https?://)?(?:"
    rf"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,}}(?::\d+)?/(?:@|(?:[\w-]+/){{0,2}}(?:u|user|users|profile|members?|home/main)/){_LINK_REST}+"
    rf"|(?:www\.|m\.)?weibo\.(?:com|cn)/(?:n/{_LINK_REST}+|\d{{5,}}{_LINK_REST}*)"
    rf"|(?:www\.|m\.)?(?:zhihu|douban)\.com/people/{_LINK_REST}+"
    rf"|space\.bilibili\.com/{_LINK_REST}+"
    rf"|(?:www\.|mobile\.)?(?:twitter|x)\.com/\w+{_LINK_REST}*)",
    re.ASCII,
)
# Left as they are: names that are masked already, and the keyed hashes by which research corpora replace names.
_NAMED = re.compile(r"[@＠](?!u_[0-9a-f]{12}|.\*\*)([\w·-]{1,30})")


def scrub(text: str, kept: Callable[[str], bool] = is_organisation) -> str:
    """The text without what identifies private persons. `@names` for which `kept` is true stay: they are
    organisations, and a complaint is often addressed to them.

    >>> scrub("@路人甲 说客服不理人，打13800138000也没用")
    '@路** 说客服不理人，打〔电话〕也没用'
    """
    if "/" in text:
        text = _PROFILE.sub("〔主页〕", text)
    if "@" in text or "＠" in text:
        text = _EMAIL.sub("〔邮箱〕", text)
        text = _NAMED.sub(lambda found: found[0] if kept(found[1]) else f"@{mask_name(found[1])}", text)
    if any(character in text for character in "13456789"):
        text = _MOBILE.sub("〔电话〕", _IDENTITY_CARD.sub("〔证件号〕", text))
    return text


def seal(post: RawPost, secret: Secret, kept: Callable[[str], bool] = is_organisation) -> Mention:
    """The mention that a raw post becomes: id, hashed author, scrubbed and bounded texts, UTC times.

    A time that is unknown is replaced by `captured_at` with precision `none`. Raises `BadRecord` for a post
    without a usable id or without any text.
    """
    native_id = clean(post.native_id, 513)
    if not native_id or len(native_id) > 512:
        raise BadRecord(f"a post of {post.source} has no id of 1 to 512 characters")
    title = _scrubbed(post, clean(post.title, MAX_TITLE), kept)[:MAX_TITLE]
    text = _scrubbed(post, clean(post.text, MAX_TEXT), kept)[:MAX_TEXT] or title
    if not text:
        raise BadRecord(f"post {native_id[:80]} of {post.source} has no text")
    moment = when(post.published, post.captured_at, tz=post.tz)
    return Mention(
        id=mention_id(post.source, native_id),
        source=post.source,
        kind=post.kind,
        native_id=native_id,
        parent_id=clean(post.parent_id or "", 512) or None,
        root_id=clean(post.root_id or "", 512) or None,
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


_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


def language(text: str) -> str:
    """A guess by script, for sources that do not say: ja, ko, en, else zh."""
    head = text[:500]
    if _KANA.search(head):
        return "ja"
    if _HAN.search(head):
        return "zh"
    if _HANGUL.search(head):
        return "ko"
    return "en" if _LATIN.search(head) else "zh"


def _scrubbed(post: RawPost, text: str, kept: Callable[[str], bool]) -> str:
    """`scrub`, and the author's own nickname, where it is long enough not to be a common word."""
    text = scrub(text, kept)
    name = clean(post.author_name, 64)
    if len(name) < 3 or name not in text or kept(name):
        return text
    if name.isascii():
        return re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", mask_name(name), text)
    return text.replace(name, mask_name(name))


_PARTS = re.compile(r"[/?&=#@:]+")
_PROFILE_POST = re.compile(r"https?://(?:www\.|m\.)?weibo\.(?:com|cn)/\d{5,}/([A-Za-z0-9]{6,20})", re.ASCII)


def _public(post: RawPost, url: str) -> str:
    """A link that names no author, or "" where it cannot do without."""
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL:
        return ""
    if found := _PROFILE_POST.match(url):
        return f"https://m.weibo.cn/status/{found[1]}"
    url = clean(url, MAX_URL)
    identity = {post.author_id, post.author_name} - {""}
    return "" if _PROFILE.match(url) or identity & set(_PARTS.split(url)) else url


def _bounded(count: int | None) -> int | None:
    return None if count is None else max(0, min(count, MAX_COUNT))
