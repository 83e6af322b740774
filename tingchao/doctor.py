"""`tingchao doctor`: one line a check, what was found, and what to change."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from tingchao.bus import TOPICS, open_bus
from tingchao.errors import TingchaoError
from tingchao.settings import Settings
from tingchao.store import open_store
from tingchao.watchlist import load, read

LEAST_FREE = 1_000_000_000
LEAST_SECRET = 16
PACKAGES = (
    "scrapy",
    "kafka-python",
    "elasticsearch",
    "streamlit",
    "onnxruntime",
    "apsw",
    "torch",
    "transformers",
)


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, and what was found or has to change."""

    name: str
    ok: bool
    found: str


def examine(settings: Settings) -> Iterator[Check]:
    """Look at everything a start needs, one check at a time; nothing here raises."""
    looks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", lambda _: f"{platform.python_version()} on {sys.platform}"),
        ("packages", _packages),
        ("home", _home),
        ("bus", _bus),
        ("store", _store),
        ("model", _model),
        ("watchlist", _watchlist),
        ("sources", _sources),
        ("notify", _notify),
    )
    for name, look in looks:
        try:
            yield Check(name, True, look(settings))
        except (TingchaoError, OSError) as error:
            yield Check(name, False, str(error))


def _packages(_: Settings) -> str:
    found = []
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def _home(settings: Settings) -> str:
    folder = settings.home
    while not folder.exists():
        folder = folder.absolute().parent
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        raise TingchaoError(
            f"{folder} has {free / 1e9:.1f} GB free; give it at least {LEAST_FREE / 1e9:.0f} GB"
        )
    return f"{settings.home.absolute()}, {free / 1e9:.0f} GB free"


def _bus(settings: Settings) -> str:
    with open_bus(settings.bus_address) as bus:
        waiting = sum(bus.lag("index", TOPICS).values())
    return (
        f"{settings.bus_address.partition('://')[0]} answers"
        if not waiting
        else f"answers, {waiting:,} messages wait"
    )


def _store(settings: Settings) -> str:
    with open_store(settings.store_address) as store:
        return store.ping()


def _model(settings: Settings) -> str:
    scorer = import_module("models").open_scorer(settings.model, threads=settings.threads)
    return f"{scorer.name}, {settings.threads} thread{'s' if settings.threads > 1 else ''}"


def _watchlist(settings: Settings) -> str:
    if settings.watchlist:
        return f"{settings.watchlist}: {len(load(settings.home / settings.watchlist).topics)} topics"
    with open_store(settings.store_address) as store:
        watchlist, _ = read(store)
    if not watchlist.topics:
        raise TingchaoError("there are no topics: set TINGCHAO_WATCHLIST, or run: tingchao init")
    return f"{len(watchlist.topics)} topics in the store"


def _sources(settings: Settings) -> str:
    if not settings.sources:
        return "none: nothing is crawled (set TINGCHAO_SOURCES, or run: tingchao init)"
    sources = import_module("crawlers.sources").load(settings.home / settings.sources)
    return f"{settings.sources}: {len(sources)} sources"


def _notify(settings: Settings) -> str:
    channels = []
    if settings.webhook_url:
        secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
        if len(secret) < LEAST_SECRET:
            raise TingchaoError(
                f"TINGCHAO_WEBHOOK_SECRET has {len(secret)} characters; give it at least {LEAST_SECRET}"
            )
        channels.append("signed webhook")
    if settings.wecom_url:
        channels.append("企业微信")
    return ", ".join(channels) or "no channel: alerts show on the dashboard only (set TINGCHAO_WEBHOOK_URL)"
