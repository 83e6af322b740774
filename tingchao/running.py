"""`tingchao up`: check the settings, load the watchlist, run every part, and say where the dashboard is."""

import errno
import hashlib
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, socket

import requests
import structlog

from tingchao.bus import open_bus
from tingchao.errors import BadSetting
from tingchao.following import follow
from tingchao.lock import FolderLock
from tingchao.logs import configure
from tingchao.privacy import Secret
from tingchao.settings import Settings
from tingchao.store import Store, open_store
from tingchao.up import Part, Supervisor, me, stop_on_signals
from tingchao.watchlist import from_yaml, load, read, save, to_yaml

log = structlog.get_logger("up")

READY_WITHIN = 60.0
NO_TOPICS = "no topic is watched, so every mention is dropped: tingchao watchlist load FILE, or tingchao init"
NO_SOURCES = "no sources are set, so nothing is crawled: set TINGCHAO_SOURCES, or run tingchao init"


def run_up(settings: Settings, *, announce: bool = True, greet: Callable[[str], str] | None = None) -> None:
    """Run all parts until SIGINT or SIGTERM; the former raises `KeyboardInterrupt` once all have ended.

    Raises `TingchaoError` for what keeps it from starting.
    """
    with FolderLock(settings.home):
        run_locked(settings, announce=announce, greet=greet)


def run_locked(
    settings: Settings, *, announce: bool = True, greet: Callable[[str], str] | None = None
) -> None:
    """As `run_up`, for a caller that holds the folder's lock."""
    port = dashboard_port(settings)
    settings = settings.model_copy(update={"dashboard_port": port})
    notes = prepare(settings)
    configure(settings.home / "logs" / "up.log", name="up")
    stop = stop_on_signals()
    for note in notes:
        _warn(note)
    supervisor = Supervisor(
        parts(settings, shadowed=_was_shadowed(settings)), settings.home / "logs", say=_tell
    )
    helpers = [threading.Thread(target=supervisor.watch, args=(stop,), daemon=True)]
    if settings.watchlist:
        file = settings.home / settings.watchlist
        reload = partial(_reload, settings, file)
        helpers.append(threading.Thread(target=follow, args=(file, reload, stop, _warn), daemon=True))
    try:
        supervisor.start()
        for helper in helpers:
            helper.start()
        address = f"http://127.0.0.1:{port}"
        _announce(address, settings.home / "logs", stop, greet if announce else None, announce)
        stop.wait()
    finally:
        stop.set()
        for helper in helpers:
            if helper.is_alive():
                helper.join()
        supervisor.stop()
    stop.raise_interrupt()


def _announce(
    address: str, logs: Path, stop: threading.Event, greet: Callable[[str], str] | None, announce: bool
) -> None:
    if not _answers(f"{address}/_stcore/health", stop):
        if not stop.is_set():
            _warn(f"the dashboard does not answer at {address} yet; see {logs / 'dashboard.out'}")
    elif announce:
        print(greet(address) if greet else f"Dashboard: {address}\nLogs: {logs}", flush=True)


def _warn(sentence: str) -> None:
    """Something a person at the terminal should know, and who reads the log later."""
    log.warning(sentence)
    _tell(sentence)


def _tell(sentence: str) -> None:
    with suppress(OSError):
        print(f"tingchao: {sentence}", file=sys.stderr, flush=True)


def parts(settings: Settings, *, shadowed: bool = False) -> list[Part]:
    """The processes of one machine: crawler, scorer, the light workers together, dashboard, a second model if one is set.

    `shadowed`: there was a second model once. Then its worker only reads on, for the bus keeps what it has not read.
    """
    env = {
        "TINGCHAO_SUPERVISED": "1",
        "TINGCHAO_HOME": str(settings.home),
        "TINGCHAO_DASHBOARD_PORT": str(settings.dashboard_port),
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    light = ["index", "alert", "notify", "drift"]
    if shadowed and not settings.shadow_model:
        light.append("shadow")
    running = [
        Part("enrich", me("work", "enrich"), env),
        Part("index-alert-notify", me("work", *light), env),
        Part("dashboard", me("dashboard"), env),
    ]
    if settings.shadow_model:
        running.append(Part("shadow", me("work", "shadow"), env))
    return [Part("crawl", me("crawl"), env), *running] if settings.sources else running


def prepare(settings: Settings) -> list[str]:
    """Look once at everything that a part would die of, and load a watchlist file that changed meanwhile.

    Returns what is no mistake but worth knowing. Raises `TingchaoError` for what must be put right first.
    """
    check_files(settings)
    with open_bus(settings.bus_address), open_store(settings.store_address) as store:
        if settings.watchlist:
            load_watchlist(store, settings.home / settings.watchlist)
        watched = bool(read(store)[0].topics)
    return [*([] if watched else [NO_TOPICS]), *([] if settings.sources else [NO_SOURCES])]


def check_files(settings: Settings) -> None:
    """Read what the settings name: key, channels, sources, playbook, model. Raises `TingchaoError`."""
    Secret.load(settings.home)
    import_module("stream.commands").channels_of(settings)
    if settings.sources:
        import_module("crawlers.sources").load(settings.home / settings.sources)
    if settings.playbook:
        import_module("tingchao.playbook.plan").load_plan(settings.home / settings.playbook)
    _check_model("TINGCHAO_MODEL", settings.model)
    if settings.shadow_model:
        _check_model("TINGCHAO_SHADOW_MODEL", settings.shadow_model)


def _check_model(name: str, address: str) -> None:
    scheme, _, folder = address.partition(":")
    if scheme == "onnx":
        import_module("models.card").read_card(Path(folder))
    elif address != "bundled" and not (scheme == "torch" and Path(folder).is_dir()):
        raise BadSetting(
            f"{name}={address!r}: use bundled, or onnx:FOLDER or torch:FOLDER with a folder that is there"
        )


def _was_shadowed(settings: Settings) -> bool:
    with open_store(settings.store_address) as store:
        return store.find("worker", "shadow") is not None


def load_watchlist(store: Store, file: Path) -> bool:
    """Put the file's topics into the store unless exactly this file was loaded before; True if it was put.

    So an edit on the dashboard outlives a restart, and an edit of the file wins once.
    """
    load(file)
    return _take(store, file, file.read_bytes())


def _take(store: Store, file: Path, text: bytes) -> bool:
    watchlist = from_yaml(text, file.name)
    digest = hashlib.sha256(text).hexdigest()
    loaded = store.find("watchlist_file", "current")
    if loaded and loaded.body.get("sha256") == digest:
        return False
    _, version = read(store)
    save(store, watchlist, version)
    store.put("watchlist_file", "current", {"sha256": digest, "path": str(file)})
    return True


def _reload(settings: Settings, file: Path, text: bytes) -> str:
    """Load a watchlist file that changed while we run; what to say of it."""
    from_yaml(text, file.name)
    with open_store(settings.store_address) as store:
        taken = _take(store, file, text)
        topics = len(read(store)[0].topics)
    if not taken:
        return ""
    return f"{file} has changed: " + (f"{topics} topics are watched now" if topics else NO_TOPICS)


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


def dashboard_port(settings: Settings) -> int:
    """The port that was set, or, where none was, the usual one or any free one of loopback.

    Raises `BadSetting` if somebody listens at the port that was set: links in messages point there.
    """
    chosen = "dashboard_port" in settings.model_fields_set
    try:
        return port_is_free(settings.dashboard_port)
    except BadSetting:
        if chosen:
            raise
        return port_is_free(0)


def port_is_free(port: int) -> int:
    """`port`, or a free one for 0. Raises `BadSetting` if it cannot be listened at."""
    with socket() as probe:
        probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = (
                "another program listens there"
                if error.errno == errno.EADDRINUSE
                else error.strerror or str(error)
            )
            raise BadSetting(
                f"TINGCHAO_DASHBOARD_PORT={port}: {why}. Stop that one, or set another port; 0 takes a free one"
            ) from None
        return int(probe.getsockname()[1])


def _answers(address: str, stop: threading.Event) -> bool:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and not stop.is_set():
        with suppress(requests.RequestException):
            if requests.get(address, timeout=2).ok:
                return True
        stop.wait(0.1)
    return False


def check_home(folder: Path) -> None:
    """Make the home folder. Raises `BadSetting` where it cannot be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadSetting(
            f"TINGCHAO_HOME={folder}: cannot be written ({error.strerror}). Choose another folder with --home"
        ) from None
