"""Each rule about stores runs against SQLite and, where it can be started, real Elasticsearch."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stores import STORES, store_address
from tingchao.store import Store, open_store


@pytest.fixture(params=STORES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from store_address(request, tmp_path)


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with open_store(address) as opened:
        yield opened
