"""`tingchao init`: the first watchlist, sources and settings for somebody's own brand."""

import os
import re
import unicodedata
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tingchao.errors import BadInput, BadSetting
from tingchao.watchlist import from_yaml

MAX_WORD = 40

SETTINGS = """\
# Settings of Tingchao; every one is explained in docs/settings.md. Lines that start with # are off.
TINGCHAO_WATCHLIST=watchlist.yaml
TINGCHAO_SOURCES=sources.yaml

# The bus and the store are files in this folder until you name servers:
# TINGCHAO_BUS=kafka://127.0.0.1:9092
# TINGCHAO_STORE=https://user:password@127.0.0.1:9200

# Where alerts go besides the dashboard:
# TINGCHAO_WEBHOOK_URL=https://example.com/hook
# TINGCHAO_WEBHOOK_SECRET=at-least-sixteen-characters
# TINGCHAO_WECOM_URL=https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=...

# Tell sites who is asking; put your contact in it:
# TINGCHAO_USER_AGENT=tingchao/0.1 (+https://example.com/contact)
"""

WATCHLIST_HEAD = """\
# What is watched. A mention that matches no topic is dropped and counted.
# role: brand (ours), competitor, industry or regulation. The query language: docs/queries.md, for example
#   query: '({brand} OR 别名) AND (冒烟 OR 起火) NOT 招聘'
topics:
"""

SOURCES_HEAD = """\
# Where posts come from: open sources that need no key. robots.txt is obeyed and every source has its pace.
# spider: rss, hackernews, mastodon, appstore; see docs/sources.md. interval is in seconds.
sources:
"""

FEEDS = (
    ("ithome", "IT之家", "https://www.ithome.com/rss/", 300),
    ("36kr", "36氪", "https://www.36kr.com/feed", 300),
    ("v2ex", "V2EX", "https://www.v2ex.com/index.xml", 600),
)


def write_first_settings(
    folder: Path, brand: str, rivals: Sequence[str], industry: Sequence[str], *, force: bool = False
) -> list[Path]:
    """Write watchlist.yaml, sources.yaml and tingchao.env into `folder`, check them, and return their paths.

    Raises `BadInput` for a word that cannot be watched, or where files are there and `force` is not given, and
    `BadSetting` for a folder that cannot be written.
    """
    brand, rivals, industry = word(brand), [word(each) for each in rivals], [word(each) for each in industry]
    texts = {
        folder / "watchlist.yaml": watchlist_text(brand, rivals, industry),
        folder / "sources.yaml": sources_text([brand, *rivals]),
        folder / "tingchao.env": SETTINGS,
    }
    there = [path for path in texts if path.exists()]
    if there and not force:
        raise BadInput(f"{there[0]} is there already; edit it, or give --force to overwrite")
    from_yaml(texts[folder / "watchlist.yaml"])
    import_module("crawlers.sources").from_yaml(texts[folder / "sources.yaml"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            write_whole(path, text)
    except OSError as error:
        raise BadSetting(
            f"{error.filename or folder}: cannot be written ({error.strerror}). Choose another folder with --home"
        ) from None
    return list(texts)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash, sees the old one or the new one; only this user may read it."""
    draft = path.with_name(f".{path.name}.part")
    try:
        with open(
            os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def word(text: str) -> str:
    """A brand or word as it may be watched. Raises `BadInput`.

    >>> word(" 小米 ")
    '小米'
    """
    kept = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if not any(unicodedata.category(sign)[0] in "LN" for sign in kept) or len(kept) > MAX_WORD or '"' in kept:
        raise BadInput(
            f"{text!r}: give a name of 1 to {MAX_WORD} characters, with at least one letter and no quotation mark"
        )
    return kept


def watchlist_text(brand: str, rivals: Sequence[str], industry: Sequence[str]) -> str:
    """A commented watchlist: ours, each rival, and one topic for the industry."""
    taken: set[str] = set()
    topics = [_topic(brand, "brand", _phrase(brand), taken)]
    topics += [_topic(rival, "competitor", _phrase(rival), taken) for rival in rivals]
    if industry:
        topics.append(
            _topic("行业 " + "、".join(industry)[:30], "industry", " OR ".join(map(_phrase, industry)), taken)
        )
    return WATCHLIST_HEAD.replace("{brand}", brand) + "\n".join(topics)


def sources_text(brands: Sequence[str]) -> str:
    """Open feeds, Hacker News for the names in Latin letters, and a Mastodon tag for each name."""
    lines = [
        f"  - {{id: {id}, name: {name}, spider: rss, url: '{url}', interval: {interval}}}"
        for id, name, url, interval in FEEDS
    ]
    latin = [brand for brand in brands if brand.isascii()]
    if latin:
        lines.append(
            f"  - {{id: hackernews, name: Hacker News, spider: hackernews, queries: {_list(latin)}, interval: 600}}"
        )
    tags = [re.sub(r"\W", "", brand) for brand in brands]
    lines.append(
        "  - {id: mastodon, name: Mastodon, spider: mastodon, base: 'https://mastodon.social', "
        f"tags: {_list(tags)}, interval: 300}}"
    )
    lines.append("# Apple's review feed of an app in the Chinese store; put the app's number:")
    lines.append(
        "#  - {id: app-reviews, name: App Store, spider: appstore, app: '1234567890', country: cn, interval: 1800}"
    )
    return SOURCES_HEAD + "\n".join(lines) + "\n"


def _topic(name: str, role: str, query: str, taken: set[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or role
    id = next(each for each in (base, *(f"{base}-{n}" for n in range(2, 1_000))) if each not in taken)
    taken.add(id)
    return f"  - id: {id}\n    name: {_quoted(name)}\n    role: {role}\n    query: {_quoted(query)}\n"


def _phrase(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[\u4e00-\u9fff]+|[A-Za-z0-9]+", text) and text not in ("AND", "OR", "NOT")
        else f'"{text}"'
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(_quoted(each) for each in words if each) + "]"
