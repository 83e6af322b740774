"""The watchlist as a YAML file that people write, and the line of each mistake in it."""

from pathlib import Path
from typing import Any

import yaml

from tingchao.errors import BadWatchlist
from tingchao.watchlist.topics import Place, Watchlist, checked, to_document

MAX_BYTES = 1_000_000
MAX_NESTING = 10


def load(path: Path) -> Watchlist:
    """Read a watchlist file. Raises `BadWatchlist` with a line for each problem: file, line, topic and field."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadWatchlist(
            f"{path}: cannot be read: {error.strerror}. Name a watchlist file in YAML"
        ) from None
    return from_yaml(text, path.name)


def from_yaml(text: bytes | str, name: str = "watchlist.yaml") -> Watchlist:
    """Read a watchlist; `name` is what the problems call it. Raises `BadWatchlist` as `load` does."""
    wire = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(wire) > MAX_BYTES:
        raise BadWatchlist(f"{name}: larger than {MAX_BYTES:,} bytes; split it or shorten its queries")
    try:
        _refuse_bombs(wire, name)
        root = yaml.compose(wire, yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        raise BadWatchlist(f"{name}: not readable as UTF-8 text ({error.reason}); save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BadWatchlist(f"{name}{place}: not YAML: {error.problem}") from None
    lines: dict[Place, int] = {}
    problems: list[str] = []
    body = _plain(root, (), lines, problems, name) if root else None
    if problems:
        raise BadWatchlist("\n".join(problems))

    def named(place: Place) -> str:
        while place and place not in lines:
            place = place[:-1]
        return f"{name} line {lines[place]}" if place else name

    return checked(body, named)


def to_yaml(watchlist: Watchlist) -> str:
    """The file that `from_yaml` reads back to the same watchlist."""
    return yaml.dump(
        to_document(watchlist), Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=110
    )


def _refuse_bombs(wire: bytes, name: str) -> None:
    """Aliases can blow a small file up to gigabytes, and deep nesting the stack; a watchlist needs neither."""
    depth = 0
    for event in yaml.parse(wire, yaml.CSafeLoader):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            raise BadWatchlist(f"{name} line {line}: aliases (*{event.anchor}) are not taken; write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING:
            raise BadWatchlist(
                f"{name} line {line}: nested deeper than {MAX_NESTING}; topics hold texts and lists only"
            )


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], problems: list[str], name: str) -> Any:
    """The node as dicts, lists and texts (`name: 360` is a text too), noting the line of each place."""
    lines[place] = _line(node)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            field = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if field in mapping:
                problems.append(f"{name} line {_line(key)}: {field!r} is there twice; remove one")
            mapping[field] = _plain(value, (*place, field), lines, problems, name)
            lines[(*place, field)] = _line(key)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(child, (*place, index), lines, problems, name) for index, child in enumerate(node.value)
        ]
    return None if node.tag == "tag:yaml.org,2002:null" else node.value


def _line(node: yaml.Node | yaml.Event) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1
