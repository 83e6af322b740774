"""`tingchao up`: check the settings, load the watchlist, run every part, and say where the dashboard is."""

import hashlib
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import socket

import requests
import structlog

from tingchao.bus import open_bus
from tingchao.errors import TingchaoError
from tingchao.lock import FolderLock
from tingchao.logs import configure
from tingchao.settings import Settings
from tingchao.store import Store, open_store
from tingchao.up import Part, Supervisor, me, stop_on_signals
from tingchao.watchlist import load, read, save, to_yaml

log = structlog.get_logger("up")

READY_WITHIN = 60.0


def run_up(settings: Settings, *, announce: bool = True, greet: Callable[[str], str] | None = None) -> None:
    """Run all parts until SIGINT or SIGTERM. Raises `TingchaoError` for what keeps it from starting."""
    with FolderLock(settings.home):
        configure(settings.home / "logs" / "up.log", name="up")
        stop = stop_on_signals()
        settings = settings.model_copy(update={"dashboard_port": free_port(settings.dashboard_port)})
        prepare(settings)
        supervisor = Supervisor(parts(settings), settings.home / "logs")
        try:
            supervisor.start()
            address = f"http://127.0.0.1:{settings.dashboard_port}"
            watching = threading.Thread(target=supervisor.watch, args=(stop,), daemon=True)
            watching.start()
            if _answers(f"{address}/_stcore/health", stop) and announce:
                print(
                    greet(address) if greet else f"Dashboard: {address}\nLogs: {settings.home / 'logs'}",
                    flush=True,
                )
            elif not stop.is_set():
                print(
                    f"The dashboard does not answer at {address} yet; see {settings.home / 'logs' / 'dashboard.out'}",
                    file=sys.stderr,
                )
            stop.wait()
            watching.join()
        finally:
            stop.set()
            supervisor.stop()


def parts(settings: Settings) -> list[Part]:
    """The processes of one machine: crawler, scorer, the three light workers together, dashboard."""
    env = {
        "TINGCHAO_SUPERVISED": "1",
        "TINGCHAO_HOME": str(settings.home),
        "TINGCHAO_DASHBOARD_PORT": str(settings.dashboard_port),
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    running = [
        Part("enrich", me("work", "enrich"), env),
        Part("index-alert-notify", me("work", "index", "alert", "notify"), env),
        Part("dashboard", me("dashboard"), env),
    ]
    return [Part("crawl", me("crawl"), env), *running] if settings.sources else running


def prepare(settings: Settings) -> None:
    """Open what must answer, once, and load a watchlist file that changed since it was last loaded."""
    with open_bus(settings.bus_address), open_store(settings.store_address) as store:
        if settings.watchlist:
            load_watchlist(store, settings.home / settings.watchlist)
        if settings.sources:
            import_module("crawlers.sources").load(settings.home / settings.sources)


def load_watchlist(store: Store, file: Path) -> bool:
    """Put the file's topics into the store unless exactly this file was loaded before; True if it was put.

    So an edit on the dashboard outlives a restart, and an edit of the file wins once.
    """
    watchlist = load(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    loaded = store.find("watchlist_file", "current")
    if loaded and loaded.body.get("sha256") == digest:
        return False
    _, version = read(store)
    save(store, watchlist, version)
    store.put("watchlist_file", "current", {"sha256": digest, "path": str(file)})
    return True


def put_watchlist(settings: Settings, file: Path) -> tuple[int, int]:
    """Load a file into the running system; returns how many topics and which version. Raises `BadWatchlist`."""
    watchlist = load(file)
    with open_store(settings.store_address) as store:
        _, version = read(store)
        return len(watchlist.topics), save(store, watchlist, version)


def watchlist_text(settings: Settings) -> str:
    """The watchlist in the store, as YAML."""
    with open_store(settings.store_address) as store:
        return to_yaml(read(store)[0])


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else any free port of loopback."""
    for port in (wanted, 0):
        with socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise TingchaoError("no free port on 127.0.0.1")


def _answers(address: str, stop: threading.Event) -> bool:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and not stop.is_set():
        with suppress(requests.RequestException):
            if requests.get(address, timeout=2).ok:
                return True
        stop.wait(0.1)
    return False

