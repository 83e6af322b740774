"""Every word that a person sees on a screen or in a message, in Chinese and English.

One YAML file a room (`alerts.yaml`, `dashboard.yaml`, ...), each `key: {zh: ..., en: ...}`; a key is
`room.name`. `{name}` in a text is filled by keyword.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

Language = Literal["zh", "en"]


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All entries: `room.name` to its texts by language. Raises `ValueError` naming an entry without both."""
    entries: dict[str, dict[str, str]] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        room, _, ending = file.name.partition(".")
        if ending != "yaml":
            continue
        for name, texts in (yaml.load(file.read_text("utf-8"), yaml.CSafeLoader) or {}).items():
            if set(texts) != {"zh", "en"}:
                raise ValueError(f"{file.name}: {name} must have exactly zh and en")
            entries[f"{room}.{name}"] = texts
    return entries


def say(key: str, language: Language = "zh", /, **values: object) -> str:
    """The text of `key`, filled. An unknown key is a bug and raises `KeyError`.

    >>> say("alerts.grade_red")
    '红'
    """
    return catalogue()[key][language].format(**values)
