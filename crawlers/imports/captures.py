"""What browser extensions capture (Zeeschuimer, also as 4CAT keeps it): a platform's own JSON, an item a line.

An item is put back into the envelope in which its platform sent it, and read by the platform's parser; so a shape is
known in one place only.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawlers.imports.sealing import LICENSED
from crawlers.parsers import PARSERS, Page, parse
from crawlers.parsers.shapes import at, ident, words
from tingchao.errors import BadRecord
from tingchao.mention import Mention
from tingchao.privacy import Seal
from tingchao.times import when

Item = dict[str, Any]
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class _Envelope:
    """A parser, how an item becomes a page for it, and which post the item belongs to."""

    parser: str
    wrap: Callable[[Item], Item]
    post: tuple[str, ...] = ()


def is_capture(row: Mapping[str, Any]) -> bool:
    """Whether a row is an item with what the extension noted about it."""
    return (isinstance(row.get("data"), dict) and isinstance(row.get("source_platform"), str)) or isinstance(
        row.get("__import_meta"), dict
    )


def captured(row: Mapping[str, Any], now: datetime, seal: Seal) -> tuple[Mention, ...]:
    """The mentions in one captured item: the post, or a comment with the answers shown below it.

    Raises `BadRecord` for a platform that no parser reads, and for an item in which none found a post.
    """
    noted, item = _parted(row)
    platform = words(noted.get("source_platform"))
    url = words(noted.get("source_url")) or words(noted.get("source_platform_url"))
    item = _snake(item) if _humped(item) else item
    envelopes = _envelopes(platform or url, item)
    if not envelopes:
        raise BadRecord(
            f"captured from {platform[:40] or 'nowhere'!r}, which no parser reads. Known are {', '.join(_KNOWN)}"
        )
    at_time = when(noted.get("timestamp_collected"), now).at or now
    for envelope in envelopes:
        if envelope.parser not in PARSERS:
            continue
        source = envelope.parser.partition(".")[0]
        post = next((found for name in envelope.post if (found := ident(item.get(name)))), "")
        page = Page(
            url=url if url.startswith("https://") else f"https://{platform or source}/",
            body=json.dumps(envelope.wrap(item)).encode(),
            captured_at=at_time,
            source=source,
            context={"post": post} if post else {},
            robots=LICENSED,
        )
        if mentions := parse(envelope.parser, page, seal).mentions:
            return mentions
    raise BadRecord(f"captured from {platform[:40]!r}, but no post with an id and a text is in it")


def _parted(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], Item]:
    if isinstance(row.get("data"), dict) and "__import_meta" not in row:
        return row, row["data"]
    noted = row["__import_meta"]
    return noted, {name: value for name, value in row.items() if name != "__import_meta"}


def _envelopes(platform: str, item: Item) -> list[_Envelope]:
    """The envelopes to try, the likeliest first."""
    for name, choose in _KNOWN.items():
        if name in platform:
            return choose(item)
    return []


def _xiaohongshu(item: Item) -> list[_Envelope]:
    if "sub_comment_count" in item:
        return [
            _Envelope(
                "xiaohongshu.comments",
                lambda each: {
                    "code": 0,
                    "success": True,
                    "data": {"comments": [each], "has_more": False, "cursor": ""},
                },
                ("note_id",),
            )
        ]
    return [_Envelope("xiaohongshu.note", _notes), _Envelope("xiaohongshu.search", _notes)]


def _notes(item: Item) -> Item:
    """A note in the list that both search and detail pages have."""
    card = item.get("note_card") or item.get("note") or item
    id = ident(item.get("id")) or ident(at(card, "note_id"))
    note = {
        **item,
        "id": id,
        "model_type": "note",
        "note_card": {"note_id": id, **card} if isinstance(card, dict) else card,
    }
    return {"code": 0, "success": True, "data": {"has_more": False, "items": [note]}}


def _douyin(item: Item) -> list[_Envelope]:
    if "cid" in item:
        return [
            _Envelope(
                "douyin.comments",
                lambda each: {"status_code": 0, "comments": [each], "has_more": 0, "cursor": 0, "total": 1},
                ("aweme_id",),
            )
        ]
    return [_Envelope("douyin.search", _awemes)]


def _awemes(item: Item) -> Item:
    renamed = {"author": item.get("author_info"), "statistics": item.get("stats")}
    aweme = {**{name: value for name, value in renamed.items() if value}, **item}
    return {"status_code": 0, "has_more": 0, "cursor": 0, "data": [{"type": 1, "aweme_info": aweme}]}


def _bilibili(_: Item) -> list[_Envelope]:
    return [_Envelope("bilibili.search", _videos)]


def _videos(item: Item) -> Item:
    owner = {"author": at(item, "owner", "name"), "mid": at(item, "owner", "mid")}
    counts = {
        "play": at(item, "stat", "view"),
        "review": at(item, "stat", "reply"),
        "like": at(item, "stat", "like"),
        "description": item.get("desc"),
    }
    video = {**{name: value for name, value in (owner | counts).items() if value is not None}, **item}
    return {
        "code": 0,
        "message": "0",
        "data": {"page": 1, "numPages": 1, "result": [{"type": "video", **video}]},
    }


def _weibo(_: Item) -> list[_Envelope]:
    return [
        _Envelope(
            "weibo.search", lambda each: {"ok": 1, "data": {"cards": [{"card_type": 9, "mblog": each}]}}
        )
    ]


_KNOWN: dict[str, Callable[[Item], list[_Envelope]]] = {
    "xiaohongshu": _xiaohongshu,
    "rednote": _xiaohongshu,
    "douyin": _douyin,
    "bilibili": _bilibili,
    "weibo": _weibo,
}


def _humped(item: Item) -> bool:
    """Whether names are written `likeThis`, as in the state that a page carries along."""
    names = item.keys() | (item["note"].keys() if isinstance(item.get("note"), dict) else set())
    return any(name in names for name in ("awemeId", "noteId", "interactInfo", "createTime"))


def _snake(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return {_HUMP.sub("_", name).lower(): _snake(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list) and depth < MAX_DEPTH:
        return [_snake(each, depth + 1) for each in value]
    return value
