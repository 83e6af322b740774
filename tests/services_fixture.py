"""Real Kafka and Elasticsearch for tests: started once per run, shared by all workers, stopped by the last.

`TINGCHAO_TEST_SERVICES` may name a folder where `tingchao services up` has them running already. A machine
that cannot start them skips, visibly; with `TINGCHAO_REQUIRE_ALL=1` it fails instead.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Services
from deploy.local.artifacts import MISSING_EXTRA
from tingchao.errors import BadSetting, Unavailable


def _lacking(reason: str) -> None:
    if os.environ.get("TINGCHAO_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (TINGCHAO_REQUIRE_ALL=1 forbids skipping)", pytrace=False)
    pytest.skip(reason)


def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all pytest-xdist workers of this run, and for this run alone."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "services"


class _Users:
    """Counts who still uses the servers, in a file beside them; the last to leave stops them."""

    def __init__(self, folder: Path) -> None:
        import filelock

        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "users"
        self.lock = filelock.FileLock(folder / "users.lock", timeout=300)

    def change(self, by: int) -> int:
        with self.lock:
            count = int(self.path.read_text() if self.path.exists() else "0") + by
            self.path.write_text(str(count))
        return count


def _served(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[str]:
    given = os.environ.get("TINGCHAO_TEST_SERVICES")
    folder = Path(given) if given else _shared_folder(tmp_path_factory) / name
    services = Services(folder, elasticsearch_heap="768m", kafka_heap="384m")
    try:
        users = _Users(folder)
    except ImportError:
        _lacking(f"{name} cannot be started here: {MISSING_EXTRA}")
    users.change(+1)
    try:
        addresses = services.up(kafka=name == "kafka", elasticsearch=name == "elasticsearch")
        yield addresses.bus if name == "kafka" else addresses.store
    except (BadSetting, Unavailable) as error:
        _lacking(f"{name} cannot be started here: {error}")
    finally:
        if users.change(-1) == 0 and not given:
            services.down(purge=True)


@pytest.fixture(scope="session")
def kafka_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`kafka://127.0.0.1:PORT` of a real broker."""
    yield from _served(tmp_path_factory, "kafka")


@pytest.fixture(scope="session")
def elasticsearch_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`http://127.0.0.1:PORT` of a real node."""
    yield from _served(tmp_path_factory, "elasticsearch")
