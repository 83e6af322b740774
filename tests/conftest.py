"""What all tests share: where the research texts lie, and what a lack on this machine means."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.services_fixture import elasticsearch_address, kafka_address  # noqa: F401  fixtures for all
from tingchao.store import Store, open_store

# A shell that starts us in the background lets us ignore Ctrl-C, and whatever we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""Noon in Shanghai on the day that the examples play."""


def lacking(reason: str) -> None:
    """This machine cannot run the test: a visible skip, or a failure where everything is required (CI)."""
    if os.environ.get("TINGCHAO_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (TINGCHAO_REQUIRE_ALL=1 forbids skipping)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of research texts and models beside the checkout; they are never part of it."""
    folder = Path(os.environ.get("TINGCHAO_SHARED") or Path(__file__).resolve().parents[1].parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(f"the research texts are not at {folder}; set TINGCHAO_SHARED to run this test")
    return folder


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An embedded store of its own."""
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened
