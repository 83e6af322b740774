"""Real servers: started, found again by another process, ended, and started after a crash."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from deploy.local import Services
from tingchao.errors import BadSetting, Unavailable

pytestmark = [pytest.mark.services, pytest.mark.slow]

ELSEWHERE = """
import sys
from pathlib import Path
from deploy.local import down, status
folder = Path(sys.argv[1])
for _ in range(2):
    print(*(standing.name for standing in status(folder) if standing.answers))
    down(folder)
"""


@pytest.fixture
def services(tmp_path: Path, kafka_address: str) -> Iterator[Services]:
    """Servers of the test's own; `kafka_address` says that this machine can start some."""
    own = Services(tmp_path / "services", kafka_heap="256m", elasticsearch_heap="512m")
    yield own
    own.down(purge=True)


def listens(address: str) -> bool:
    host, port = address.rpartition("//")[2].split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_both_come_up_are_found_again_and_end_from_another_process(services: Services):
    addresses = services.up()
    assert services.up() == addresses
    assert requests.get(f"{addresses.store}/_cluster/health", timeout=10).json()["status"] == "green"
    family = [
        process
        for standing in services.status()
        for process in (psutil.Process(standing.pid), *psutil.Process(standing.pid).children(recursive=True))
    ]

    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(services.folder)], capture_output=True, text=True, timeout=120
    )

    assert done.stdout == "elasticsearch kafka\n\n", done.stderr
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)
    assert not listens(addresses.bus)
    assert not listens(addresses.store)


def test_a_killed_server_comes_up_again_at_the_same_address(services: Services):
    before = services.up(elasticsearch=False)
    (standing,) = services.status()
    psutil.Process(standing.pid).send_signal(signal.SIGKILL)
    psutil.wait_procs([psutil.Process(standing.pid)] if psutil.pid_exists(standing.pid) else [], timeout=10)

    assert services.up(elasticsearch=False) == before
    assert [standing.answers for standing in services.status()] == [True]


def test_purge_removes_the_data(services: Services):
    services.up(elasticsearch=False)
    assert (services.folder / "kafka").exists()

    services.down(purge=True)

    assert sorted(path.name for path in services.folder.iterdir()) in ([], ["services.lock"])


def test_a_server_that_cannot_start_shows_the_end_of_its_log(services: Services):
    services = Services(services.folder, kafka_heap="1k")

    with pytest.raises(Unavailable, match=r"kafka ended while starting.*server\.log(.|\n)*heap"):
        services.up(elasticsearch=False)
    assert services.status() == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(BadSetting, match="file"):
        Services(tmp_path / "file").up()
