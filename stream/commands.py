"""What `tingchao work` runs: workers by name, each in a thread with its own bus; one store for all."""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from stream.loop import FIRST_PAUSE, LONGEST_PAUSE, Reporter, Worker, run
from tingchao.alerts.channels import Channel
from tingchao.bus import open_bus
from tingchao.counters import Counters, State
from tingchao.errors import BadInput, BadSetting, BadWatchlist, NeedsPerson, Unavailable
from tingchao.settings import Settings
from tingchao.store import Store, open_store

log = structlog.get_logger("work")

STOP_WITHIN = 8.0
LOOK_EVERY = 0.25
NICENESS = 10
T = TypeVar("T")


def work(names: Sequence[str], settings: Settings, stop: threading.Event) -> None:
    """Run workers until `stop` is set: those of `WORKERS`, with `-2`, `-3` behind for more of one.

    Waits for a bus or store that does not answer. Raises `BadInput` for an unknown name, `BadSetting`, and
    what a worker raised that gave up, after stopping the others; if that was `NeedsPerson`, the others go on first.
    """
    for name in names:
        if _kind(name) not in WORKERS:
            raise BadInput(f"worker {name!r}: there is no such worker; known are {', '.join(WORKERS)}")
    channels = channels_of(settings) if any(_kind(name) == "notify" for name in names) else []
    if all(_kind(name) == "shadow" for name in names):
        give_way()  # only then: beside other workers a thread of low priority would keep the interpreter from them
    store = _opened(lambda: open_store(settings.store_address), stop)
    if store is None:
        return
    counters = [Counters(name, datetime.now(UTC)) for name in names]
    reporter = Reporter(store, counters, stop)
    reporter.start()
    with store, ThreadPoolExecutor(len(names), thread_name_prefix="worker") as pool:
        futures = {
            pool.submit(_serve, each.name, settings, store, channels, each, stop): each for each in counters
        }
        while not stop.wait(LOOK_EVERY) and not _is_over(futures):
            pass
        stop.set()
        done, late = wait(futures, STOP_WITHIN)
        for future in late:
            log.warning("worker did not stop in time", worker=futures[future].name)
        reporter.join(2.0)
        reporter.report()
        _raise_first(done)


def _is_over(futures: Iterable[Future[None]]) -> bool:
    """No worker is left, or one died of what a new start may cure. What needs a person leaves the others running."""
    ends = [future.exception() if future.done() else None for future in futures]
    return all(future.done() for future in futures) or any(
        end is not None and not isinstance(end, NeedsPerson) for end in ends
    )


def channels_of(settings: Settings) -> list[Channel]:
    """The channels that are set. Raises `BadSetting` for a webhook without a secret."""
    from tingchao.alerts.channels.webhook import Webhook
    from tingchao.alerts.channels.wecom import WeCom

    channels: list[Channel] = []
    private, language = settings.allow_private_hosts, settings.language
    if settings.webhook_url:
        if not settings.webhook_secret:
            raise BadSetting(
                "TINGCHAO_WEBHOOK_SECRET is not set: a webhook is signed; give 16 characters or more"
            )
        url, secret = settings.webhook_url.get_secret_value(), settings.webhook_secret.get_secret_value()
        channels.append(Webhook(url, secret, allow_private=private, language=language))
    if settings.wecom_url:
        channels.append(
            WeCom(settings.wecom_url.get_secret_value(), allow_private=private, language=language)
        )
    return channels


def _serve(
    name: str,
    settings: Settings,
    store: Store,
    channels: Sequence[Channel],
    counters: Counters,
    stop: threading.Event,
) -> None:
    try:
        worker = _opened(lambda: WORKERS[_kind(name)](settings, store, channels), stop)
        bus = _opened(lambda: open_bus(settings.bus_address), stop) if worker else None
        if worker is None or bus is None:
            return
        try:
            with bus:
                run(worker, bus, counters, stop=stop)
        finally:
            worker.close()
    except BaseException as error:
        counters.failed(str(error) or type(error).__name__, State.FAILED)
        raise


def _opened(opening: Callable[[], T], stop: threading.Event) -> T | None:
    """What `opening` gives, once the door behind it answers; None if we are to stop first."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            return opening()
        except Unavailable as error:
            log.warning("waiting", seconds=pause, reason=str(error))
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return None


def _raise_first(done: set[Future[None]]) -> None:
    for future in done:
        if error := future.exception():
            raise error


def give_way() -> None:
    """Let every other thread of this machine go first; the threads that this one starts give way too (Linux)."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


def _kind(name: str) -> str:
    head, _, number = name.rpartition("-")
    return head if head and number.isdecimal() else name


def _enrich(settings: Settings, store: Store, _: Sequence[Channel]) -> Worker:
    from models import open_scorer
    from models.cache import CachedScorer
    from stream.enrich import Enrich
    from stream.threads import Threads
    from tingchao.alerts.risk import shipped_rules
    from tingchao.watchlist import Watching

    watching = Watching(store)
    scorer = CachedScorer(open_scorer(settings.model, threads=settings.threads))
    return Enrich(lambda: watching.matcher, scorer, shipped_rules(), Threads(store.get))


def _index(_: Settings, store: Store, __: Sequence[Channel]) -> Worker:
    from stream.index import Index
    from stream.remembering import remembered

    return Index(store, remembered(store, datetime.now(UTC)))


def _alert(settings: Settings, store: Store, _: Sequence[Channel]) -> Worker:
    from stream.alert import Alerting
    from tingchao.watchlist import read

    def name_of(topic: str) -> str:
        try:
            return next((each.name for each in read(store)[0].topics if each.id == topic), topic)
        except BadWatchlist:
            return topic

    return Alerting(store, name_of, wall=settings.clock == "wall")


def _notify(settings: Settings, store: Store, channels: Sequence[Channel]) -> Worker:
    from stream.notify import Notify

    dashboard = settings.dashboard_url or f"http://127.0.0.1:{settings.dashboard_port}"
    return Notify(store, channels, dashboard)


def _drift(settings: Settings, store: Store, _: Sequence[Channel]) -> Worker:
    from stream.drift import Drifting

    return Drifting(store, wall=settings.clock == "wall")


def _shadow(settings: Settings, store: Store, _: Sequence[Channel]) -> Worker:
    from models import open_scorer
    from models.cache import CachedScorer
    from stream.shadow import LIVE_WITHIN, NoSecondModel, Shadow
    from tingchao.watchlist import Watching

    scorer = None
    if settings.shadow_model:
        try:
            scorer = CachedScorer(open_scorer(settings.shadow_model, threads=settings.threads))
        except BadSetting as error:
            raise NoSecondModel(f"TINGCHAO_SHADOW_MODEL={settings.shadow_model!r}: {error}") from error
    live_within = LIVE_WITHIN if settings.clock == "wall" else None
    watching = Watching(store)
    return Shadow(store, scorer, lambda: watching.matcher.watchlist.topics, live_within=live_within)


WORKERS: dict[str, Callable[[Settings, Store, Sequence[Channel]], Worker]] = {
    "enrich": _enrich,
    "index": _index,
    "alert": _alert,
    "notify": _notify,
    "drift": _drift,
    "shadow": _shadow,
}
