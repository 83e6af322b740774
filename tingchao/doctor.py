"""`tingchao doctor`: one line a check, what was found, and what to change."""

import difflib
import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tingchao.bus import ENRICHED, open_bus
from tingchao.errors import BadSetting, TingchaoError
from tingchao.lock import holder
from tingchao.privacy import KEY_FILE, Secret
from tingchao.running import NO_SOURCES, NO_TOPICS, check_home, port_is_free
from tingchao.settings import Settings, read_settings
from tingchao.store import open_store
from tingchao.watchlist import load, read

LEAST_FREE = 1_000_000_000
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
OURS_BESIDE_SETTINGS = {
    f"TINGCHAO_{name}"
    for name in (
        "SUPERVISED",
        "SERVICE_TOKEN",
        "CACHE",
        "MAVEN",
        "SHARED",
        "REQUIRE_ALL",
        "CHROMIUM",
        "BENCH_MENTIONS",
        "TEST_SERVICES",
    )
}
"""Variables of this program, its tests and its benchmarks that are no settings."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, and what was found or has to change."""

    name: str
    ok: bool
    found: str


def examine(home: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Look at everything a start needs, one check at a time; nothing here raises.

    Without readable settings nothing else can be looked at.
    """
    yield Check("python", True, f"{platform.python_version()} on {sys.platform}; {_packages()}")
    try:
        settings = read_settings(home)
    except BadSetting as error:
        yield Check("settings", False, str(error))
        return
    yield _checked("settings", partial(_settings, settings, environment))
    for name, look in (("home", _home), ("secrets", _secrets), ("bus", _bus)):
        yield _checked(name, partial(look, settings))
    store = _checked("store", partial(_store, settings))
    yield store
    yield _checked("watchlist", partial(_watchlist, settings, store.ok))
    for name, look in (
        ("model", _model),
        ("sources", _sources),
        ("playbook", _playbook),
        ("notify", _notify),
        ("dashboard", _dashboard),
    ):
        yield _checked(name, partial(look, settings))


def _checked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except (TingchaoError, OSError) as error:
        return Check(name, False, str(error))


def _packages() -> str:
    found = []
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def _settings(settings: Settings, environment: Mapping[str, str]) -> str:
    known = {f"TINGCHAO_{name.upper()}" for name in Settings.model_fields}
    strange = sorted(
        name
        for name in environment
        if name.startswith("TINGCHAO_") and name not in known | OURS_BESIDE_SETTINGS
    )
    if strange:
        near = difflib.get_close_matches(strange[0], known, 1, 0.75)
        hint = f"Did you mean {near[0]}?" if near else "Unset it"
        raise BadSetting(
            f"{', '.join(strange)} in the environment: there is no such setting, it does nothing. {hint}"
        )
    given = sorted(settings.model_fields_set - {"home"})
    return ", ".join(f"TINGCHAO_{name.upper()}" for name in given) or "all at their defaults"


def _home(settings: Settings) -> str:
    check_home(settings.home)
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE:
        raise TingchaoError(
            f"{settings.home.absolute()} has {free / 1e9:.1f} GB free; give it at least {LEAST_FREE / 1e9:.0f} GB"
        )
    return f"{settings.home.absolute()}, {free / 1e9:.0f} GB free"


def _secrets(settings: Settings) -> str:
    for name in (KEY_FILE, "tingchao.env"):
        path = settings.home / name
        if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
            raise BadSetting(f"{path}: others may read it (mode {mode:o}). Run: chmod 600 {path}")
    if not (settings.home / KEY_FILE).exists():
        return f"{KEY_FILE} will be made on first start"
    Secret.load(settings.home)
    return f"{KEY_FILE} is there, for this user only; keep a copy apart from the data"


def _bus(settings: Settings) -> str:
    with open_bus(settings.bus_address) as bus:
        bus.lag("index", [ENRICHED])
    return f"{settings.bus_address.partition('://')[0]} answers"


def _store(settings: Settings) -> str:
    with open_store(settings.store_address) as store:
        return store.ping()


def _watchlist(settings: Settings, store_answers: bool) -> str:
    in_file = load(settings.home / settings.watchlist) if settings.watchlist else None
    if not store_answers:
        raise TingchaoError("the topics in the store were not looked at, for it does not answer")
    with open_store(settings.store_address) as store:
        in_store, at = read(store)
    if in_file and not at:
        return f"{settings.watchlist}: {len(in_file.topics)} topics; `up` will load them"
    if not in_store.topics:
        raise TingchaoError(NO_TOPICS)
    told = f"{len(in_store.topics)} topics in the store, version {at}"
    if in_file is None:
        return told
    return f"{told}; " + (
        f"the same as {settings.watchlist}"
        if in_file == in_store
        else f"{settings.watchlist} differs, and counts again once it is edited"
    )


def _model(settings: Settings) -> str:
    scorer = import_module("models").open_scorer(settings.model, threads=settings.threads)
    return f"{scorer.name}, {settings.threads} thread{'s' if settings.threads > 1 else ''}"


def _sources(settings: Settings) -> str:
    if not settings.sources:
        return NO_SOURCES
    sources = import_module("crawlers.sources").load(settings.home / settings.sources)
    contact = "user_agent" in settings.model_fields_set
    return f"{settings.sources}: {len(sources)} sources, robots.txt obeyed; " + (
        f"we say who asks: {settings.user_agent}"
        if contact
        else "put your contact in TINGCHAO_USER_AGENT, so that sites can reach you"
    )


def _playbook(settings: Settings) -> str:
    plan = import_module("tingchao.playbook.plan").load_plan(
        settings.home / settings.playbook if settings.playbook else None
    )
    tasks = sum(len(stage.tasks) for stage in plan.stages)
    return f"{settings.playbook or 'the one that ships'}: {len(plan.stages)} stages, {tasks} tasks"


def _notify(settings: Settings) -> str:
    channels = import_module("stream.commands").channels_of(settings)
    return (
        ", ".join(channel.name for channel in channels)
        or "no channel: alerts show on the dashboard only (set TINGCHAO_WEBHOOK_URL)"
    )


def _dashboard(settings: Settings) -> str:
    if not settings.dashboard_port:
        return "a free port of 127.0.0.1"
    if pid := holder(settings.home):
        return f"`up` runs in this folder as process {pid}"
    port_is_free(settings.dashboard_port)
    return f"port {settings.dashboard_port} of 127.0.0.1 is free"
