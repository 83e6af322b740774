"""Bad input and bad surroundings, as a person meets them: real processes of `tingchao`, their words and exit codes."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import IO

import psutil
import pytest

from tingchao.bus import RAW, open_bus
from tingchao.settings import Settings
from tingchao.store import open_store
from tingchao.watchlist import read

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

WITHIN = 60.0
WATCHLIST = "topics:\n  - {id: xiaomi, name: 小米, role: brand}\n"


def environment(**more: str) -> dict[str, str]:
    settings = {f"TINGCHAO_{name.upper()}" for name in Settings.model_fields}
    plain = {name: value for name, value in os.environ.items() if name not in settings}
    return {**plain, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tingchao.cli", "--home", str(home), *arguments]


def ended(
    home: Path, *arguments: str, limit: int | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `limit` is the largest file it may write, in bytes."""
    return subprocess.run(
        command(home, *arguments),
        cwd=home,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None,
    )


def assert_one_sentence(err: str, *said: str) -> None:
    assert err.startswith("tingchao"), err
    assert err.count("\n") == 1, err
    for each in said:
        assert each in err


def until(happened: Callable[[], bool]) -> None:
    pulse, end = threading.Event(), time.monotonic() + WITHIN
    while time.monotonic() < end:
        if happened():
            return
        pulse.wait(0.05)
    raise AssertionError(f"it did not happen within {WITHIN:.0f} s")


def posts(path: Path, number: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for n in range(number):
            at = "2026-11-20T10:00:00+00:00"
            file.write(json.dumps({"id": str(n), "text": f"小米 {n}", "published_at": at, "time": at}) + "\n")
    return path


def waiting(home: Path) -> int:
    with open_bus(f"sqlite:///{home / 'bus.db'}") as bus:
        return bus.lag("enrich", [RAW])[RAW]


@pytest.fixture
def silent() -> Iterator[int]:
    """A port at which somebody listens and never answers."""
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """A port at which nobody listens."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("setting", ["TINGCHAO_BUS=kafka", "TINGCHAO_STORE=http"])
@pytest.mark.parametrize("whom", ["closed", "silent"])
def test_an_address_that_does_not_answer_is_named_and_the_command_ends(tmp_path, request, setting, whom):
    name, _, scheme = setting.partition("=")
    address = f"{scheme}://127.0.0.1:{request.getfixturevalue(whom)}"

    ran = ended(tmp_path, "status", **{name: address})

    assert (ran.returncode, ran.stdout) == (3, "")
    assert_one_sentence(ran.stderr, address)


def test_a_full_disk_loses_nothing_that_was_stored_and_the_import_can_be_repeated(tmp_path):
    file = posts(tmp_path / "posts.jsonl", 6_000)
    assert ended(tmp_path, "import", str(posts(tmp_path / "few.jsonl", 50))).returncode == 0

    full = ended(tmp_path, "import", str(file), limit=1_500_000)
    kept = waiting(tmp_path)
    asked = ended(tmp_path, "status", limit=1_500_000)
    again = ended(tmp_path, "import", str(file), "--json")

    assert full.returncode == 3
    assert_one_sentence(full.stderr, str(tmp_path / "bus.db"), "space")
    assert kept >= 50
    assert asked.returncode == 0
    assert json.loads(again.stdout)["published"] == 6_000
    assert waiting(tmp_path) == kept + 6_000


SMALL_DISK = """
mount -t tmpfs -o size=3m none "$1" || exit 77
$2 --home "$1" import "$3"; echo "first $?"
mount -o remount,size=64m "$1"
$2 --home "$1" import "$3"; echo "second $?"
exit 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk of its own")
def test_a_disk_without_space_is_named_and_the_same_import_goes_on_when_there_is_space(tmp_path):
    file = posts(tmp_path / "posts.jsonl", 6_000)
    (tmp_path / "disk").mkdir()
    tingchao = f"{sys.executable} -m tingchao.cli"

    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK, "sh",
         str(tmp_path / "disk"), tingchao, str(file)],
        env=environment(), capture_output=True, text=True, timeout=WITHIN,
    )  # fmt: skip
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip(f"a small disk cannot be mounted here: {ran.stderr.strip()[:100]}")

    assert_one_sentence(ran.stderr, str(tmp_path / "disk" / "bus.db"), "the disk is full; make room")
    assert "first 3\n" in ran.stdout
    assert "published: 6000\n" in ran.stdout.partition("first 3")[2]
    assert "second 0\n" in ran.stdout


def test_a_full_disk_leaves_settings_as_they_were(tmp_path):
    assert ended(tmp_path, "init", "--brand", "小米").returncode == 0
    before = (tmp_path / "watchlist.yaml").read_bytes()

    ran = ended(tmp_path, "init", "--brand", "OPPO", "--force", limit=50)

    assert ran.returncode == 2
    assert_one_sentence(ran.stderr, str(tmp_path), "File too large")
    assert (tmp_path / "watchlist.yaml").read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_a_failure_in_one_sentence(tmp_path):
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            command(tmp_path, "status"), env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert ran.returncode == 1
    assert_one_sentence(ran.stderr, "No space left on device")


def unprivileged(*arguments: str) -> list[str]:
    """A command that may not write what its user may not write, also where the tests run as root."""
    if os.geteuid():
        return list(arguments)
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", *arguments]


@pytest.mark.skipif(sys.platform != "linux", reason="drops rights as Linux does")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    try:
        for arguments in (["up"], ["init", "--brand", "小米"], ["demo"], ["import", "x.jsonl"]):
            ran = subprocess.run(
                unprivileged(*command(tmp_path, *arguments)),
                env=environment(),
                capture_output=True,
                text=True,
                timeout=WITHIN,
            )

            assert ran.returncode == 2
            assert_one_sentence(ran.stderr, str(tmp_path), "Permission denied")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("arguments", [["search", "小米"], ["--help"], ["doctor"]])
def test_a_reader_that_leaves_is_no_failure(tmp_path, arguments):
    process = subprocess.Popen(
        command(tmp_path, *arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait(WITHIN) in (0, 1)


def test_a_filter_whose_reader_leaves_ends_well(tmp_path):
    line = '{"text": "昨天 23:50", "captured_at": "2026-11-24T02:00:00Z"}\n'
    (tmp_path / "times.jsonl").write_text(line * 20_000, "utf-8")
    with (tmp_path / "times.jsonl").open("rb") as lines:
        process = subprocess.Popen(
            command(tmp_path, "when"),
            env=environment(),
            stdin=lines,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        process.stdout.close()

        assert json.loads(first) == {"time": "2026-11-23T15:50:00Z", "precision": "minute"}
        assert process.stderr.read() == b""
        assert process.wait(WITHIN) == 0


class Up:
    """`tingchao up` as a child, with what it says line by line."""

    def __init__(self, home: Path, **more: str) -> None:
        self.process = subprocess.Popen(
            command(home, "up"),
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        assert self.process.stdout
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            self.said.append(line)

    def says(self, text: str) -> bool:
        return any(text in line for line in self.said)

    def parts(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(WITHIN)
        self._reader.join(5)
        return code


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "watchlist.yaml").write_text(WATCHLIST, "utf-8")
    (tmp_path / "tingchao.env").write_text("TINGCHAO_WATCHLIST=watchlist.yaml\nTINGCHAO_DASHBOARD_PORT=0\n")
    return tmp_path


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    running = Up(home)
    try:
        until(lambda: running.says("Dashboard: ") or running.process.poll() is not None)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(WITHIN)


def watched(home: Path) -> list[str]:
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        return [topic.id for topic in read(store)[0].topics]


def test_up_says_what_is_missing_follows_its_watchlist_and_ends_with_all_its_parts(home, up):
    assert up.says("no sources are set, so nothing is crawled")
    second = ended(home, "up")
    assert second.returncode == 4
    assert_one_sentence(second.stderr, f"in use by process {up.process.pid}")

    whole = WATCHLIST + "  - {id: oppo, name: OPPO, role: competitor}\n"
    (home / "watchlist.yaml").write_text(whole[:-20], "utf-8")
    until(lambda: up.says("what was loaded before stays"))
    assert watched(home) == ["xiaomi"]
    (home / "watchlist.yaml").write_text(whole, "utf-8")
    until(lambda: watched(home) == ["xiaomi", "oppo"])
    (home / "watchlist.yaml").unlink()
    until(lambda: up.says("cannot be read"))
    (home / "watchlist.yaml").write_text("topics: []\n")
    until(lambda: up.says("no topic is watched, so every mention is dropped"))

    parts = up.parts()
    assert len(parts) == 3
    parts[0].kill()
    until(lambda: up.says("starts again in 1 s"))
    until(lambda: len(up.parts()) == 3)
    parts = up.parts()

    assert up.interrupt() == 130
    assert up.said[-1] == "tingchao: interrupted\n"
    assert not [part for part in parts if part.is_running()]
    assert ended(home, "status").returncode == 0


def test_a_port_that_was_set_and_is_taken_stops_the_start(home, silent):
    for arguments in (["up"], ["dashboard"]):
        ran = ended(home, *arguments, TINGCHAO_DASHBOARD_PORT=str(silent))

        assert ran.returncode == 2
        assert_one_sentence(
            ran.stderr,
            f"TINGCHAO_DASHBOARD_PORT={silent}: another program listens there",
            "0 takes a free one",
        )


@pytest.mark.parametrize("name", ["import", "replay"])
def test_ctrl_c_ends_an_import_and_what_was_flushed_is_kept(tmp_path, name):
    file = posts(tmp_path / "posts.jsonl", 5_000)
    options = ["--speed", "1", "--shift"] if name == "replay" else []
    with file.open("a", encoding="utf-8") as more:
        more.write(json.dumps({"id": "late", "text": "小米", "time": "2026-11-21T10:00:00+00:00"}) + "\n")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        command(tmp_path, name, str(file if options else fifo), *options),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    held = None if options else fifo.open("wb")
    if held:
        held.write(file.read_bytes())
        held.flush()
    try:
        until(lambda: (tmp_path / "bus.db").exists() and waiting(tmp_path) >= 5_000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WITHIN)
    finally:
        process.kill()
        if held:
            held.close()

    assert (process.returncode, out) == (130, "")
    assert_one_sentence(err, "interrupted")
    assert waiting(tmp_path) >= 5_000


class Feed(BaseHTTPRequestHandler):
    """No robots.txt, and a feed without items."""

    def do_GET(self) -> None:
        body = (
            b""
            if self.path == "/robots.txt"
            else b"<rss version='2.0'><channel><title>x</title></channel></rss>"
        )
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def test_ctrl_c_ends_a_crawl_and_sigterm_ends_it_well(tmp_path):
    site = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    (tmp_path / "sources.yaml").write_text(
        f"sources: [{{id: a, spider: rss, url: 'http://127.0.0.1:{site.server_port}/f'}}]\n"
    )
    more = {"TINGCHAO_SOURCES": "sources.yaml", "TINGCHAO_ALLOW_PRIVATE_HOSTS": "true"}
    try:
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            process = subprocess.Popen(
                command(tmp_path, "crawl"), env=environment(**more), stderr=subprocess.PIPE, text=True
            )
            before = health(tmp_path)
            until(lambda before=before: health(tmp_path) not in ("", before))
            process.send_signal(number)
            _, err = process.communicate(timeout=WITHIN)

            assert process.returncode == code
            assert "Traceback" not in err
    finally:
        site.shutdown()
        site.server_close()


def health(home: Path) -> str:
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        return "".join(str(document.body.get("last_success")) for document in store.documents("source"))
