"""A store of its own for a test: where it is opened, and what of it is left behind."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests

STORES = ["sqlite", pytest.param("elasticsearch", marks=pytest.mark.services)]


def store_address(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of an empty store of the kind in `request.param`, removed afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
        return
    server, prefix = request.getfixturevalue("elasticsearch_address"), f"t{uuid4().hex[:12]}"
    yield f"{server}/{prefix}"
    indices = requests.get(f"{server}/{prefix}-*/_settings", timeout=30).json()
    if indices:
        requests.delete(f"{server}/{','.join(indices)}", timeout=30).raise_for_status()
    requests.delete(f"{server}/_index_template/{prefix}-*", timeout=30).raise_for_status()
