"""What the operator wants heard: `sources.yaml`, read and checked.

sources:
  - {id: ithome, name: IT之家, spider: rss, url: https://www.ithome.com/rss/}
  - {id: hn, name: Hacker News, spider: hackernews, queries: [xiaomi], interval: 600}
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from crawlers.manners import budgets
from crawlers.manners.budgets import Budget
from crawlers.registry import closed_entry, spiders
from crawlers.rights import permission as permissions
from crawlers.rights.keys import NAME
from crawlers.rights.permission import Permission
from tingchao.errors import BadInput

MAX_BYTES = 1_000_000
SHORTEST_DELAY = 1.0
"""Seconds between two requests to a host that is not one's own; nobody may go below."""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source. `interval` and `delay` are seconds; None takes the default of the settings. `key` is the name of a
    key, never the key. `instances` are sites of one kind, each of which becomes a source of its own."""

    id: str
    spider: str
    name: str = ""
    url: str = ""
    base: str = ""
    instances: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    app: str | int = ""
    country: str = "cn"
    key: str = ""
    permission: Permission | None = None
    interval: float | None = None
    delay: float | None = None
    budget: Budget | None = None
    pages: int = 5
    enabled: bool = True

    @property
    def title(self) -> str:
        """The name for people."""
        return self.name or self.id

    @property
    def root(self) -> str:
        """The address under which it is asked: its own, or the usual one of its spider."""
        return self.url or self.base or next(iter(self.instances), "") or spiders()[self.spider].base


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
    sources: list[Source] = []
    for number, source in enumerate(found):
        if problem := _problem(source):
            raise BadInput(f"{lines.of(f'$.sources[{number}].{problem[0]}')}: {problem[1]}")
        for each in _apart(source):
            if each.id in seen:
                place = lines.of(f"$.sources[{number}].id")
                raise BadInput(f"{place}: {each.id!r} is there twice; each source has its own")
            seen.add(each.id)
            sources.append(each)
    return tuple(source for source in sources if source.enabled)


def _apart(source: Source) -> Iterator[Source]:
    """A source of several instances as one of each, so that each has its own pace, health and rest."""
    if not source.instances:
        yield source
    for instance in source.instances:
        host = (urlsplit(instance).hostname or "").replace(".", "-")
        alone = len(source.instances) == 1
        yield msgspec.structs.replace(
            source,
            id=source.id if alone else f"{source.id}-{host}",
            name=source.title if alone else f"{source.title} ({urlsplit(instance).hostname})",
            base=instance,
            instances=(),
        )


def _expected(reason: str, place: str) -> str:
    if "[" not in place:
        return "Write such as sources: [{id: ithome, spider: rss, url: https://www.ithome.com/rss/}]"
    form = Permission if ".permission" in place else Budget if ".budget" in place else Source
    if "unknown field" in reason or "missing required field" in reason:
        return f"Fields are {', '.join(form.__struct_fields__)}"
    if place.endswith(".kind"):
        return f"Kinds are {', '.join(permissions.PermissionKind)}"
    if place.endswith(".until"):
        return "Write its last day as 2027-06-30"
    return ""


def _problem(source: Source) -> tuple[str, str] | None:
    """The first thing that is wrong with a source: the field, and what would be right."""
    if not source.id or len(source.id) > 40 or not source.id.replace("-", "").replace("_", "").isalnum():
        return "id", f"{source.id!r}: 1 to 40 letters, digits, - and _"
    if source.spider not in spiders():
        return "spider", f"{source.spider[:40]!r}: there is none. Spiders are {', '.join(spiders())}"
    for check in (_missing, _bad_key, _bad_place, _bad_permission):
        if problem := check(source):
            return problem
    if source.interval is not None and not 1 <= source.interval <= 7 * 86_400:
        return "interval", f"{source.interval} is not between 1 second and 7 days"
    shortest = 0.0 if _is_ours(source.root) else SHORTEST_DELAY
    if source.delay is not None and not shortest <= source.delay <= 3_600:
        return "delay", f"{source.delay} is not between {shortest:g} and 3600 seconds"
    if source.budget and (reason := budgets.problem(source.budget)):
        return "budget", reason
    if not 1 <= source.pages <= 50:
        return "pages", f"{source.pages} is not between 1 and 50"
    if source.app and not str(source.app).isdecimal():
        return "app", f"{source.app!r}: the number in the app's address, such as 1234567890"
    if bad := next((each for each in source.lists if not _LIST.fullmatch(each)), None):
        return "lists", f"{bad!r}: the name of a list, such as latest or statuses/mentions"
    return None


_LIST = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}(?:/[A-Za-z][A-Za-z0-9_]{0,39}){0,3}")


def _missing(source: Source) -> tuple[str, str] | None:
    needs = spiders()[source.spider].needs
    for need in needs:
        fields = need.split("|")
        if not any(getattr(source, field) for field in fields):
            wanted = " and ".join(each.replace("|", " or ") for each in needs)
            return fields[0], f"missing; spider {source.spider} needs {wanted}"
    return None


def _bad_key(source: Source) -> tuple[str, str] | None:
    """A key that stands in the file itself is never repeated."""
    if source.key and not NAME.fullmatch(source.key):
        return (
            "key",
            "is no name of a key. Give a name such as YOUTUBE_KEY, and keep the key itself out of this file",
        )
    if source.key and spiders()[source.spider].auth is None:
        return "key", f"spider {source.spider} takes no key; leave it out"
    plain = urlsplit(source.root).scheme == "http"
    if source.key and plain and not _is_ours(source.root):
        return "base", f"{source.root!r}: a key goes over https only"
    return None


def _bad_place(source: Source) -> tuple[str, str] | None:
    places = [("url", source.url), ("base", source.base), *(("instances", each) for each in source.instances)]
    for field, address in places:
        if address and (reason := _bad_address(address)):
            return field, f"{address!r} {reason}"
    closed = closed_entry(source.root)
    if closed and not source.permission:
        field = next((name for name, address in places if address), "spider")
        return field, (
            f"{source.root!r} forbids crawlers. Import its data (docs/sources/{closed.id}.md), or write down the permission "
            "you hold, such as permission: {kind: contract, holder: NAME, reference: NUMBER, until: 2027-06-30}"
        )
    return None


def _bad_permission(source: Source) -> tuple[str, str] | None:
    found = permissions.problem(source.permission) if source.permission else None
    return (f"permission.{found[0]}", found[1]) if found else None


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
