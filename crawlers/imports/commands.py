"""What `tingchao import --watch` and `tingchao push-server` call: they open their doors and run until stopped."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog
import uvicorn

from crawlers.accounts import CURRENT, KIND, Accounts
from crawlers.imports.mapping import ColumnMapping
from crawlers.imports.pushing import app
from crawlers.imports.receipts import DEFAULT_SOURCE, Clerk
from crawlers.imports.standings import State
from crawlers.imports.tokens import load_token
from crawlers.imports.watching import Looked, Watcher, watch
from tingchao.bus import open_bus
from tingchao.errors import BadSetting, Unavailable
from tingchao.privacy import Secret
from tingchao.settings import Settings
from tingchao.store import Store, open_store

log = structlog.get_logger("import")
MOST_CONNECTIONS = 64
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def watch_folder(
    settings: Settings,
    folder: Path,
    *,
    source: str = "",
    mapping: ColumnMapping | None = None,
    wait: Callable[[float], bool],
    say: Callable[[str], None],
) -> None:
    """Import what is written to a folder until `wait` says to stop; `say` hears a line for each file read.

    Raises `BadInput` for a folder that is none. A bus or store that does not answer is waited for.
    """
    secret = Secret.load(settings.home)
    with open_bus(settings.bus_address) as bus, open_store(settings.store_address) as store:
        accounts = Accounts()
        learn = partial(_learn, accounts, store)
        watcher = Watcher(folder, bus, store, secret, accounts, source, mapping)

        def waited(seconds: float) -> bool:
            stop = wait(seconds)
            try:
                learn()
            except Unavailable as error:
                _is_down(error)
            return stop

        learn()
        watch(
            watcher,
            now=lambda: datetime.now(UTC),
            wait=waited,
            heard=lambda looked: say(_sentence(looked)),
            down=_is_down,
        )


def push_server(
    settings: Settings, *, host: str, port: int, source: str = DEFAULT_SOURCE, say: Callable[[str], None]
) -> None:
    """Serve the push door until Ctrl-C or SIGTERM. Raises `BadSetting` for a token or an address that cannot work,
    `BusUnavailable`, `StoreUnavailable` if they do not answer at the start."""
    secret = Secret.load(settings.home)
    given = settings.push_token
    token = load_token(settings.home, given.get_secret_value() if given else None)
    open_bus(settings.bus_address).close()
    open_store(settings.store_address).close()
    with _listening(host, port) as listener:
        address = f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}/v1/mentions"
        if token.made:
            say(f"token (shown this once, kept as a hash): {token.made}")
        listener.listen(MOST_CONNECTIONS)
        if host not in LOOPBACK:
            say("other machines can reach this door without encryption; put a proxy that ends TLS before it")
        say(f"listening on {address}")
        served = app(partial(_clerk, settings, secret, source), token.hash, now=lambda: datetime.now(UTC))
        config = uvicorn.Config(
            served,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=10,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _clerk(settings: Settings, secret: Secret, source: str) -> Clerk:
    bus = open_bus(settings.bus_address)
    try:
        store = open_store(settings.store_address)
    except BaseException:
        bus.close()
        raise
    accounts = Accounts()
    return Clerk(bus, store, secret, accounts, source, partial(_learn, accounts, store))


def _learn(accounts: Accounts, store: Store) -> None:
    if watchlist := store.find(KIND, CURRENT):
        accounts.learn(watchlist.body)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        listener.close()
        raise BadSetting(
            f"--host {host} --port {port}: cannot be listened on ({error}). Name another"
        ) from None
    return listener


def _is_down(error: Unavailable) -> None:
    log.warning("does not answer, tried again", error=str(error))


def _sentence(looked: Looked) -> str:
    standing, report = looked.standing, looked.report
    if standing.state is State.BAD:
        return f"{standing.name}: left alone until it changes. {standing.problem}"
    refused = f", refused {report.refused:,} ({report.problems[0]})" if report.refused else ""
    return f"{standing.name}: took {report.published:,}{refused}"
