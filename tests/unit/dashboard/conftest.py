"""A home folder with a filled store, and pages run against it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import settings
from streamlit.testing.v1 import AppTest

from dashboard import read
from tests.unit.dashboard.scene import fill
from tingchao.store import open_store

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

APP = Path(__file__).resolve().parents[3] / "dashboard" / "app.py"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """No test sees what another one read."""
    yield
    read.settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        fill(store, datetime.now(UTC), days=15, an_hour=3, crisis=60)
    return home


@pytest.fixture
def page(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Run a page as an address opens it: `page("search", q="冒烟")`."""
    return opener(filled_home, monkeypatch)


def opener(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv("TINGCHAO_HOME", str(home))

    def run(name: str, **address: str) -> AppTest:
        test = AppTest.from_string(
            f"from dashboard.paper import draw\nfrom dashboard.shield import shield\nfrom dashboard.screens import {name}\n"
            f"with shield({name!r}):\n    {name}.show()\n",
            default_timeout=30,
        )
        for key, value in address.items():
            test.query_params[key.rstrip("_")] = value
        return test.run()

    return run


def drawn(test: AppTest) -> str:
    """Everything that went onto paper, as JSON text with readable characters."""
    found = []
    for element in test.main:
        _collect(element, found)
    return "\n".join(found)


def _collect(element: object, found: list[str]) -> None:
    proto = getattr(element, "proto", None)
    bidi = getattr(proto, "bidi_component", proto)
    for name in ("json", "mixed"):
        value = getattr(bidi, name, None)
        text = getattr(value, "json", value)
        if isinstance(text, str) and text.startswith("{"):
            found.append(
                text.encode().decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16")
            )
    for child in getattr(element, "children", {}).values():
        _collect(child, found)
