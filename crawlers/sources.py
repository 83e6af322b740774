"""What the operator wants heard: `sources.yaml`, read and checked.

sources:
  - {id: ithome, name: IT之家, spider: rss, url: https://www.ithome.com/rss/}
  - {id: hn, name: Hacker News, spider: hackernews, queries: [xiaomi], interval: 600}
"""

from enum import StrEnum
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from tingchao.errors import BadInput

MAX_BYTES = 1_000_000
SHORTEST_DELAY = 1.0
"""Seconds between two requests to a host that is not one's own; nobody may go below."""

CLOSED = (
    "weibo.com", "weibo.cn", "xiaohongshu.com", "zhihu.com", "douyin.com", "kuaishou.com", "toutiao.com",
    "bilibili.com", "tieba.baidu.com", "douban.com", "xueqiu.com", "tousu.sina.com.cn", "mp.weixin.qq.com",
    "weixin.sogou.com", "smzdm.com", "autohome.com.cn",
)  # fmt: skip
"""Hosts whose robots.txt or terms forbid crawlers: their data come by import, licence or official API."""


class Spider(StrEnum):
    """How a source is asked."""

    RSS = "rss"
    HACKERNEWS = "hackernews"
    MASTODON = "mastodon"
    APPSTORE = "appstore"
    FORUM = "forum"
    MICROBLOG = "microblog"
    COMPLAINTS = "complaints"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source. `interval` and `delay` are seconds; None takes the default of the settings."""

    id: str
    spider: Spider
    name: str = ""
    url: str = ""
    base: str = ""
    queries: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    app: str | int = ""
    country: str = "cn"
    interval: float | None = None
    delay: float | None = None
    pages: int = 5
    enabled: bool = True

    @property
    def title(self) -> str:
        """The name for people."""
        return self.name or self.id


NEEDS: dict[Spider, tuple[str, ...]] = {
    Spider.RSS: ("url",),
    Spider.HACKERNEWS: ("queries",),
    Spider.MASTODON: ("base", "tags"),
    Spider.APPSTORE: ("app",),
    Spider.FORUM: ("base",),
    Spider.MICROBLOG: ("base", "queries"),
    Spider.COMPLAINTS: ("base", "queries"),
}
"""The fields that each spider cannot do without."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: tuple[Source, ...]


def shipped() -> str:
    """The text of the sources that come with the program: open ones that need no key."""
    return (files("crawlers") / "sources.yaml").read_text(encoding="utf-8")


def load(path: Path | None) -> tuple[Source, ...]:
    """The enabled sources in a file; those that ship without one. Raises `BadInput` that names file, line and field."""
    if path is None:
        return from_yaml(shipped())
    try:
        with path.open("rb") as file:
            wire = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Set TINGCHAO_SOURCES to a YAML file"
        ) from None
    if len(wire) > MAX_BYTES:
        raise BadInput(f"{path}: larger than {MAX_BYTES:,} bytes; a list of sources is smaller")
    try:
        return from_yaml(wire.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8") from None


def from_yaml(text: str, name: str = "sources.yaml") -> tuple[Source, ...]:
    """`load` for a text; `name` is what errors call it."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.CSafeLoader)):
            raise BadInput(f"{name}: YAML aliases (*name) are not taken; write it out")
        root = yaml.compose(text, yaml.CSafeLoader)
        plain = yaml.load(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{name} line {line}: no valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"{name}: no valid YAML: {str(error)[:200]}") from None
    lines = _Lines(name, root)
    try:
        found = msgspec.convert(plain, _File, strict=False).sources
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `")
        place = place.rstrip("`")
        raise BadInput(f"{lines.of(place)}: {reason}. {_expected(reason, place)}".rstrip()) from None
    seen: set[str] = set()
    for number, source in enumerate(found):
        problem = _problem(source, seen)
        if problem:
            raise BadInput(f"{lines.of(f'$.sources[{number}].{problem[0]}')}: {problem[1]}")
        seen.add(source.id)
    return tuple(source for source in found if source.enabled)


def _expected(reason: str, place: str) -> str:
    if "[" not in place:
        return "Write such as sources: [{id: ithome, spider: rss, url: https://www.ithome.com/rss/}]"
    if "enum" in reason:
        return f"Spiders are {', '.join(Spider)}"
    if "unknown field" in reason:
        return f"Fields are {', '.join(Source.__struct_fields__)}"
    return ""


def _problem(source: Source, seen: set[str]) -> tuple[str, str] | None:
    """The first thing that is wrong with a source: the field, and what would be right."""
    if not source.id or len(source.id) > 40 or not source.id.replace("-", "").replace("_", "").isalnum():
        return "id", f"{source.id!r}: 1 to 40 letters, digits, - and _"
    if source.id in seen:
        return "id", f"{source.id!r} is there twice; each source has its own"
    for field in NEEDS[source.spider]:
        if not getattr(source, field):
            return field, f"missing; spider {source.spider} needs {' and '.join(NEEDS[source.spider])}"
    for field in ("url", "base"):
        if (address := getattr(source, field)) and (reason := _bad_address(address)):
            return field, f"{address!r} {reason}"
    if source.interval is not None and not 1 <= source.interval <= 7 * 86_400:
        return "interval", f"{source.interval} is not between 1 second and 7 days"
    shortest = 0.0 if _is_ours(source.url or source.base) else SHORTEST_DELAY
    if source.delay is not None and not shortest <= source.delay <= 3_600:
        return "delay", f"{source.delay} is not between {shortest:g} and 3600 seconds"
    if not 1 <= source.pages <= 50:
        return "pages", f"{source.pages} is not between 1 and 50"
    if source.app and not str(source.app).isdecimal():
        return "app", f"{source.app!r}: the number in the app's address, such as 1234567890"
    return None


def _is_ours(address: str) -> bool:
    """Whether it is a site on this machine or network, written as a number or localhost."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or not ip_address(host).is_global
    except ValueError:
        return False


def _bad_address(address: str) -> str:
    """Why nobody may crawl there; "" if it looks right."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return "is no address. Give https://HOST/..."
    if parts.scheme not in {"http", "https"} or not host:
        return "is no address. Give https://HOST/..."
    if parts.username or parts.password:
        return "holds a user name or password; leave it out"
    if any(host == closed or host.endswith(f".{closed}") for closed in CLOSED):
        return "forbids crawlers. Import its data instead: see docs/sources.md, closed platforms"
    return ""


class _Lines:
    """Where things stand in the file."""

    def __init__(self, name: str, root: Any) -> None:
        self._name = name
        self._root = root

    def of(self, place: str) -> str:
        """`FILE line N, field F` for a path such as `$.sources[2].delay`."""
        node = self._root
        field = ""
        for step in place.removeprefix("$").replace("[", ".").replace("]", "").split("."):
            if not step:
                continue
            field = step if not step.isdecimal() else f"source {int(step) + 1}"
            child = _child(node, step)
            if child is None:
                break
            node = child
        line = node.start_mark.line + 1 if node is not None else 1
        return f"{self._name} line {line}" + (f", {field}" if field else "")


def _child(node: Any, step: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if getattr(key, "value", None) == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        return node.value[int(step)]
    return None
