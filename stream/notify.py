"""`notify`: alert events in, messages to people out, each attempt on record.

A message to send is a document (kind `delivery`, its id is the message id) before the bus forgets the event,
and it stays until it was accepted or given up: whoever is killed in between, the next one sends it again under the
same id. Each channel has a thread of its own, so that one that hangs delays no other; a thread claims a document
by a conditional write before it sends, so that two notifiers rarely send the same thing, and never neither.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from stream.alert import AlertNews
from stream.loop import Dead, Output, Worker
from tingchao.alerts import desk
from tingchao.alerts.alert import Delivery
from tingchao.alerts.channels import Channel, Outcome, Result
from tingchao.alerts.notice import Happened, Notice, alert_at, links_to, message_id, told
from tingchao.bus import ALERTS, Message
from tingchao.errors import StaleVersion, Unavailable
from tingchao.ledger import UnknownEvent
from tingchao.store import Document, Store

log = structlog.get_logger("notify")

KIND = "delivery"
GIVE_UP_AFTER = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 600.0
LOOK_EVERY = 1.0
FINAL = ("sent", "given_up")


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not through yet; `next_at` is also moved by a claim."""

    alert: str
    version: int
    channel: str
    happened: Happened
    created_at: datetime
    attempts: int = 0
    next_at: datetime


class Notify(Worker):
    """Decides who hears of what, and keeps one sender a channel."""

    name = "notify"
    reads = (ALERTS,)
    wait = 0.2

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        dashboard: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._now = now
        self._senders = [Sender(store, channel, dashboard, now, chance) for channel in channels]
        for sender in self._senders:
            sender.start()

    def handle(self, messages: Sequence[Message]) -> Output:
        dead: list[Dead] = []
        dropped: Counter[str] = Counter()
        for message in messages:
            try:
                news = msgspec.json.decode(message.value, type=AlertNews)
                events = desk.ALERTS.events(self._store, news.alert)
            except (msgspec.DecodeError, UnknownEvent) as error:
                dead.append(Dead(message, f"not news of an alert: {error}"))
                continue
            if not 0 < news.version <= len(events):
                dead.append(
                    Dead(
                        message,
                        f"alert {news.alert} has {len(events)} events; there is no event {news.version}",
                    )
                )
                continue
            happened = told(events).get(news.version)
            if happened is None:
                dropped["too soon after the last message"] += 1
            elif not self._senders:
                dropped["no channel is set"] += 1
            else:
                self._queue(news, happened)
        return Output(dead=dead, dropped=dropped)

    def close(self) -> None:
        for sender in self._senders:
            sender.stop()
        for sender in self._senders:
            sender.join(3.0)

    def _queue(self, news: AlertNews, happened: Happened) -> None:
        now = self._now()
        ended = _ended(self._store, news.alert)
        for sender in self._senders:
            id = message_id(news.alert, news.version, sender.channel.name)
            if id in ended:
                continue
            pending = Pending(
                alert=news.alert,
                version=news.version,
                channel=sender.channel.name,
                happened=happened,
                created_at=now,
                next_at=now,
            )
            try:
                self._store.put(KIND, id, msgspec.to_builtins(pending), 0)
            except StaleVersion:
                log.info("already queued", message=id)
            sender.wake()


class Sender(threading.Thread):
    """Sends what is due on one channel."""

    def __init__(
        self,
        store: Store,
        channel: Channel,
        dashboard: str,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        super().__init__(name=f"send-{channel.name}", daemon=True)
        self.channel = channel
        self._store = store
        self._dashboard = dashboard
        self._now = now
        self._chance = chance
        self._woken = threading.Event()
        self._stopped = False

    def wake(self) -> None:
        """There is something new."""
        self._woken.set()

    def stop(self) -> None:
        """End after the message in hand."""
        self._stopped = True
        self._woken.set()

    def run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            try:
                self.send_due()
            except Unavailable as error:
                log.warning("waiting", channel=self.channel.name, reason=str(error))
            self._woken.wait(LOOK_EVERY)

    def send_due(self) -> None:
        """Try everything whose time has come, oldest first."""
        waiting = [(each, msgspec.convert(each.body, Pending)) for each in self._store.documents(KIND)]
        mine = [(each, pending) for each, pending in waiting if pending.channel == self.channel.name]
        for document, pending in sorted(mine, key=lambda pair: (pair[1].created_at, pair[1].version)):
            if self._stopped:
                return
            if pending.next_at <= self._now():
                self._try(document, pending)

    def _try(self, document: Document, pending: Pending) -> None:
        try:
            claimed = replace(pending, next_at=self._now() + CLAIM)
            version = self._store.put(KIND, document.id, msgspec.to_builtins(claimed), document.version)
        except StaleVersion:
            return
        if document.id in _ended(self._store, pending.alert):
            self._store.remove(KIND, document.id)
            return
        if pause := self.channel.reserve(time.monotonic()):
            self._later(
                document.id, version, replace(pending, next_at=self._now() + timedelta(seconds=pause))
            )
            return
        outcome = self.channel.send(self._notice(document.id, pending))
        self._record(document.id, version, replace(pending, attempts=pending.attempts + 1), outcome)

    def _record(self, id: str, version: int, pending: Pending, outcome: Outcome) -> None:
        now = self._now()
        ending = _ending(outcome, now - pending.created_at)
        delivery = Delivery(
            message_id=id,
            channel=pending.channel,
            attempt=pending.attempts,
            at=now,
            outcome=ending,
            detail=outcome.detail,
        )
        desk.record_delivery(self._store, pending.alert, delivery)
        log.info(
            "delivery",
            channel=pending.channel,
            message=id,
            attempt=pending.attempts,
            outcome=ending,
            detail=outcome.detail,
        )
        if ending in FINAL:
            self._store.remove(KIND, id)
            return
        pause = timedelta(seconds=pause_after(pending.attempts, outcome.retry_after, self._chance()))
        self._later(id, version, replace(pending, next_at=now + pause))

    def _later(self, id: str, version: int, pending: Pending) -> None:
        try:
            self._store.put(KIND, id, msgspec.to_builtins(pending), version)
        except StaleVersion:
            log.info("another notifier took it over", message=id)

    def _notice(self, id: str, pending: Pending) -> Notice:
        alert = alert_at(pending.alert, desk.ALERTS.events(self._store, pending.alert), pending.version)
        mention = next(iter(self._store.get([alert.first_mention])), None) if alert.first_mention else None
        return Notice(
            id=id,
            happened=pending.happened,
            alert=alert,
            at=self._now(),
            quote=(mention.title or mention.text) if mention else "",
            quote_source=mention.source if mention else "",
            links=links_to(self._dashboard, alert.id),
        )


def pause_after(attempts: int, retry_after: float | None, chance: float) -> float:
    """Seconds before the next attempt: doubling to ten minutes, spread by a fifth, and never less than asked for.

    >>> [pause_after(n, None, 0.5) for n in (1, 2, 3, 20)]
    [2.0, 4.0, 8.0, 600.0]
    """
    pause = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE) * (0.8 + 0.4 * chance)
    return max(pause, retry_after or 0.0)


def _ending(outcome: Outcome, age: timedelta) -> str:
    """What an attempt is recorded as."""
    if outcome.result is Result.ACCEPTED:
        return "sent"
    if outcome.result is Result.REFUSED or age >= GIVE_UP_AFTER:
        return "given_up"
    return "failed"


def _ended(store: Store, alert: str) -> set[str]:
    """The messages about an alert that were accepted or given up."""
    return {each.message_id for each in desk.find(store, alert).deliveries if each.outcome in FINAL}
