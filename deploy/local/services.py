"""Both servers of one folder: up, status, down; from any process, as often as one likes."""

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from deploy.local import elasticsearch, kafka, process
from deploy.local.artifacts import MISSING_EXTRA, cache_folder
from deploy.local.process import Handle
from tingchao.errors import AlreadyRunning, BadSetting, Unavailable

STATE = "services.json"
PATIENCE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.2
LOOKS_TO_BE_SURE = 5
LOCK_SECONDS = 600.0
READY: Mapping[str, Callable[[int], bool]] = {"kafka": kafka.ready, "elasticsearch": elasticsearch.ready}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Values for TINGCHAO_BUS and TINGCHAO_STORE; empty for a server that does not run."""

    bus: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One server as it is now: `running` by its process, `answers` by asking it."""

    name: str
    running: bool
    answers: bool
    address: str
    pid: int
    log: str


class _State(msgspec.Struct):
    servers: dict[str, Handle] = {}
    ports: dict[str, list[int]] = {}


class Services:
    """Kafka and Elasticsearch with their data in `folder` and their programs in `cache`.

    `kafka_heap` and `elasticsearch_heap` are Java sizes such as 512m or 1g.
    """

    def __init__(
        self,
        folder: Path | str,
        cache: Path | str | None = None,
        *,
        kafka_heap: str = "512m",
        elasticsearch_heap: str = "1g",
    ) -> None:
        self.folder = Path(folder).absolute()
        self.cache = Path(cache).absolute() if cache else cache_folder()
        self._heaps = {"kafka": kafka_heap, "elasticsearch": elasticsearch_heap}

    def up(self, kafka: bool = True, elasticsearch: bool = True) -> Addresses:
        """Start what is wanted and does not run yet, and wait until it answers.

        Raises `BadSetting` without the extra, `Unavailable` with the end of the server's log if it does not
        come up; what this call had started is stopped again then.
        """
        wanted = [name for name, on in (("kafka", kafka), ("elasticsearch", elasticsearch)) if on]
        with self._alone():
            state = self._read()
            started: list[str] = []
            try:
                for name in wanted:
                    if name in state.servers and process.alive(state.servers[name]):
                        continue
                    state.servers[name] = self._start(name, state)
                    started.append(name)
                    self._write(state)
                for name in wanted:
                    _wait(name, state.servers[name])
            except BaseException:
                for name in started:
                    process.stop(state.servers.pop(name))
                self._write(state)
                raise
        return _addresses(state.servers)

    def status(self) -> list[Standing]:
        """How each server that was ever started here stands."""
        return [_standing(name, handle) for name, handle in sorted(self._read().servers.items())]

    def down(self, purge: bool = False) -> None:
        """Stop both servers; with `purge` delete their data too. Harmless where nothing runs."""
        if not self.folder.exists():
            return
        with self._alone():
            state = self._read()
            for handle in state.servers.values():
                process.stop(handle)
            state.servers.clear()
            self._write(state)
            if purge:
                for name in READY:
                    shutil.rmtree(self.folder / name, ignore_errors=True)
                (self.folder / STATE).unlink(missing_ok=True)

    def _start(self, name: str, state: _State) -> Handle:
        port, inner = state.ports[name] = _ports(state.ports.get(name))
        home = self.folder / name
        environment: dict[str, str] = {}
        with _lock(self.cache / "cache.lock"):
            if name == "kafka":
                argv = kafka.command(home, self.cache, port, inner, self._heaps[name])
            else:
                argv, environment = elasticsearch.command(home, self.cache, port, inner, self._heaps[name])
        return process.start(argv, port=port, log=home / "server.log", cwd=home, env=environment)

    def _alone(self) -> AbstractContextManager[None]:
        return _lock(self.folder / "services.lock")

    def _read(self) -> _State:
        try:
            return msgspec.json.decode((self.folder / STATE).read_bytes(), type=_State)
        except FileNotFoundError:
            return _State()
        except msgspec.DecodeError as error:
            raise BadSetting(
                f"{self.folder / STATE} is damaged ({error}). End the servers by hand, delete it."
            ) from None

    def _write(self, state: _State) -> None:
        target = self.folder / STATE
        scratch = target.with_suffix(".part")
        scratch.write_text(
            json.dumps(
                {"servers": {k: asdict(v) for k, v in state.servers.items()}, "ports": state.ports}, indent=1
            )
        )
        os.replace(scratch, target)


def up(folder: Path, *, kafka: bool = True, elasticsearch: bool = True) -> Addresses:
    """`Services(folder).up(...)`, for the command line."""
    return Services(folder).up(kafka, elasticsearch)


def status(folder: Path) -> list[Standing]:
    """`Services(folder).status()`, for the command line."""
    return Services(folder).status()


def down(folder: Path, purge: bool = False) -> None:
    """`Services(folder).down(purge)`, for the command line."""
    Services(folder).down(purge)


def _wait(name: str, handle: Handle) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    gone = 0
    while not READY[name](handle.port):
        # A process that is just putting another program into its place shows no environment for a moment.
        gone = 0 if process.alive(handle) else gone + 1
        if gone == LOOKS_TO_BE_SURE:
            raise Unavailable(
                f"{name} ended while starting. The end of {handle.log}:\n{process.tail(handle)}"
            )
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{name} did not answer at port {handle.port} within {PATIENCE_SECONDS:.0f} s. "
                f"The end of {handle.log}:\n{process.tail(handle)}"
            )
        time.sleep(LOOK_EVERY_SECONDS)


def _standing(name: str, handle: Handle) -> Standing:
    running = process.alive(handle)
    address = _address(name, handle)
    return Standing(name, running, running and READY[name](handle.port), address, handle.pid, handle.log)


def _address(name: str, handle: Handle) -> str:
    return f"{'kafka' if name == 'kafka' else 'http'}://127.0.0.1:{handle.port}"


def _addresses(servers: Mapping[str, Handle]) -> Addresses:
    living = {name: _address(name, handle) for name, handle in servers.items() if process.alive(handle)}
    return Addresses(living.get("kafka", ""), living.get("elasticsearch", ""))


def _ports(before: list[int] | None) -> list[int]:
    """The two ports used last time where they are still free, so that addresses in settings stay true."""
    if before and all(_free(port) for port in before):
        return before
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], other.getsockname()[1]]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        import filelock
    except ImportError:
        raise BadSetting(MISSING_EXTRA) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path, timeout=LOCK_SECONDS)
        lock.acquire()
    except filelock.Timeout:
        raise AlreadyRunning(
            f"{path}: another process has been starting or stopping servers here for minutes"
        ) from None
    except OSError as error:
        raise BadSetting(f"{path}: the folder cannot be written ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()
