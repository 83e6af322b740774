"""`tingchao parse`: one parser over one saved response, so that a page that fails can be reported with one file."""

import secrets
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from crawlers.parsers import PARSERS, Ask, Page, Parsed, parse
from crawlers.registry import typical_urls
from tingchao.errors import BadInput
from tingchao.mention import Mention
from tingchao.privacy import KEY_FILE, SECRET_BYTES, Secret, seal
from tingchao.times import iso

MAX_BYTES = 20_000_000
_ENRICHED = frozenset(
    {"v", "matches", "sentiment", "targets", "emotion", "abstain", "complaint", "irony", "risk", "model"}
)
"""Fields of a mention that no parser fills."""


def names() -> tuple[str, ...]:
    """Every parser there is."""
    return tuple(sorted(PARSERS))


def parse_file(
    name: str,
    file: Path,
    home: Path,
    *,
    url: str = "",
    status: int = 200,
    headers: Sequence[str] = (),
    captured_at: str = "",
    context: Sequence[str] = (),
) -> dict[str, Any]:
    """What the parser `name` reads from a saved response (`-`: standard input), as plain values:
    `{"outcome", "mentions", "next", "missing"}`.

    Without `url` it is taken to come from an address as the registry has one for the parser. `headers` are `Name: value`,
    `context` NAME=VALUE. Authors are hashed under the home's secret, or one thrown away where there is none.
    Raises `BadInput`.
    """
    if name not in PARSERS:
        raise BadInput(f"parser {name!r}: there is none. {_near(name)}")
    page = Page(
        url=url or typical_urls().get(name, "https://site.example/"),
        body=_read(file),
        captured_at=_moment(captured_at),
        source=name.partition(".")[0],
        status=status,
        headers={
            key.lower(): value for key, value in _pairs(headers, ":", "--header", "Name: value").items()
        },
        context=_pairs(context, "=", "--context", "NAME=VALUE"),
    )
    return _plain(parse(name, page, partial(seal, secret=_secret(home))))


def _near(name: str) -> str:
    source = name.partition(".")[0]
    near = [known for known in names() if known.partition(".")[0] == source]
    return f"Known are {', '.join(near or names())}"


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            body = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with file.open("rb") as saved:
                body = saved.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}). Give a saved response, or -") from None
    if len(body) > MAX_BYTES:
        raise BadInput(f"{file}: larger than {MAX_BYTES:,} bytes; a crawler takes no such page")
    return body


def _moment(shown: str) -> datetime:
    if not shown:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(shown)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 1971 <= at.year <= 2198:
        raise BadInput(f"--captured-at {shown!r}: give a time with its zone, such as 2026-11-24T02:00:00Z")
    return at.astimezone(UTC)


def _pairs(given: Sequence[str], sign: str, option: str, form: str) -> dict[str, str]:
    pairs = {}
    for each in given:
        name, found, value = each.partition(sign)
        if not found or not name.strip():
            raise BadInput(f"{option} {each[:40]!r}: write {form}")
        pairs[name.strip()] = value.strip()
    return pairs


def _secret(home: Path) -> Secret:
    """The installation's, if it has one: reading a file is no reason to make one."""
    return Secret.load(home) if (home / KEY_FILE).exists() else Secret(secrets.token_bytes(SECRET_BYTES))


def _plain(parsed: Parsed) -> dict[str, Any]:
    return {
        "outcome": parsed.outcome.value,
        "mentions": [_mention(mention) for mention in parsed.mentions],
        "next": _ask(parsed.next),
        "missing": list(parsed.missing),
    }


def _ask(ask: Ask | None) -> Mapping[str, Any] | None:
    return {"url": ask.url, "parser": ask.parser, "context": dict(ask.context)} if ask else None


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        name: _value(getattr(mention, name)) for name in Mention.__struct_fields__ if name not in _ENRICHED
    }


def _value(value: Any) -> Any:
    """With every field of a record, those that are not known as null."""
    if isinstance(value, msgspec.Struct):
        return {name: _value(getattr(value, name)) for name in value.__struct_fields__}
    return iso(value) if isinstance(value, datetime) else msgspec.to_builtins(value)
