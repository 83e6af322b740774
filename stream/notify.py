"""`notify`: alert events in, messages to people out, each attempt on record.

A message to send is a document (kind `delivery`, its id is the message id) before the bus forgets the event,
and it stays until it was accepted or given up: whoever is killed in between, the next one sends it again under the
same id. Each channel has a thread of its own, so that one that hangs delays no other; a thread claims a document
by a conditional write before it sends, so that two notifiers rarely send the same thing, and never neither.

A person ends an alert in the store alone, without a message on the bus: the alerts that were told are looked at
every few seconds, so that their closing message goes out too.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from stream.alert import AlertNews
from stream.loop import Dead, Output, Worker
from tingchao.alerts import desk
from tingchao.alerts.alert import Delivered, Delivery
from tingchao.alerts.channels import Channel, Outcome, Result
from tingchao.alerts.notice import Happened, Notice, alert_at, links_to, message_id, told
from tingchao.bus import ALERTS, Message
from tingchao.errors import StaleVersion, Unavailable
from tingchao.ledger import NotThere, UnknownEvent
from tingchao.store import Document, Store

log = structlog.get_logger("notify")

KIND = "delivery"
GIVE_UP_AFTER = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 600.0
LOOK_EVERY = 1.0
SWEEP_EVERY = timedelta(seconds=5)
FINAL = ("sent", "given_up")


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not through yet; a claim counts the attempt and moves `next_at`."""

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
        self._sweep_at: datetime | None = None
        self._told: set[str] | None = None
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
            if self._told is not None:
                self._told.add(news.alert)
            happened = told(events).get(news.version)
            if happened is None:
                dropped["too soon after the last message"] += 1
            elif not self._senders:
                dropped["no channel is set"] += 1
            else:
                self._queue(news, happened)
        return Output(dead=dead, dropped=dropped)

    def tick(self, now: datetime) -> Output:
        for sender in self._senders:
            if sender.error is not None:
                raise sender.error
        if self._sweep_at is not None and now < self._sweep_at:
            return Output()
        self._sweep_at = now + SWEEP_EVERY
        self._tell_ends(now)
        return Output(dropped=self._drop_orphans(now))

    def reset(self) -> None:
        self._told = None

    def close(self) -> None:
        for sender in self._senders:
            sender.stop()
        for sender in self._senders:
            sender.join(3.0)

    def _tell_ends(self, now: datetime) -> None:
        """Closing messages of alerts that people were told of and that a person ended."""
        if not self._senders:
            return
        if self._told is None:
            kept = self._store.documents(desk.ALERTS.kind)
            self._told = {document.id for document in kept if _is_recent(document, now)}
        for id in sorted(self._told):
            document = self._store.find(desk.ALERTS.kind, id)
            if document is None or not _is_recent(document, now):
                self._told.discard(id)
            elif document.body.get("ended_at") and document.body.get("deliveries"):
                self._told.discard(id)
                self._tell_end(id)

    def _tell_end(self, alert: str) -> None:
        try:
            versions = told(desk.ALERTS.events(self._store, alert))
        except UnknownEvent as error:
            log.error("alert cannot be read and is left alone", alert=alert, reason=str(error))
            return
        for version, happened in versions.items():
            if happened is Happened.RESOLVED:
                self._queue(AlertNews(alert, happened.value, version), happened)

    def _drop_orphans(self, now: datetime) -> Counter[str]:
        """Messages that nobody will send: their channel is gone, or they cannot be read."""
        dropped: Counter[str] = Counter()
        names = {sender.channel.name for sender in self._senders}
        for document in self._store.documents(KIND):
            pending = _pending(document)
            if pending is None:
                log.error("a delivery cannot be read and is removed", message=document.id)
                dropped["a delivery that cannot be read"] += 1
            elif pending.channel in names:
                continue
            else:
                dropped["its channel is no longer set"] += 1
                _give_up(self._store, document.id, pending, now, "the channel is no longer set")
            self._store.remove(KIND, document.id)
        return dropped

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
        self.error: BaseException | None = None

    def wake(self) -> None:
        """There is something new."""
        self._woken.set()

    def stop(self) -> None:
        """End after the message in hand."""
        self._stopped = True
        self._woken.set()

    def run(self) -> None:
        """Send until stopped; what it dies of is kept in `error`, so that the worker dies of it too."""
        try:
            while not self._stopped:
                self._woken.clear()
                try:
                    self.send_due()
                except (Unavailable, StaleVersion) as error:
                    log.warning("waiting", channel=self.channel.name, reason=str(error))
                self._woken.wait(LOOK_EVERY)
        except BaseException as error:
            self.error = error
            raise

    def send_due(self) -> None:
        """Try everything whose time has come, oldest first."""
        for document, pending in sorted(self._mine(), key=lambda pair: (pair[1].created_at, pair[1].version)):
            if self._stopped:
                return
            if pending.next_at > self._now():
                continue
            try:
                self._try(document, pending)
            except (NotThere, UnknownEvent) as error:
                log.error("message cannot be sent", message=document.id, reason=str(error))
                if self._now() - pending.created_at >= GIVE_UP_AFTER:
                    self._store.remove(KIND, document.id)

    def _mine(self) -> Iterator[tuple[Document, Pending]]:
        for document in self._store.documents(KIND):
            pending = _pending(document)
            if pending is not None and pending.channel == self.channel.name:
                yield document, pending

    def _try(self, document: Document, pending: Pending) -> None:
        attempts = pending.attempts + 1
        try:
            # Longer with each attempt: whatever kills the process in the middle must not do so over and over.
            hold = max(CLAIM, timedelta(seconds=pause_after(attempts, None, self._chance())))
            claimed = replace(pending, attempts=attempts, next_at=self._now() + hold)
            version = self._store.put(KIND, document.id, msgspec.to_builtins(claimed), document.version)
        except StaleVersion:
            return
        if document.id in _ended(self._store, pending.alert):
            self._store.remove(KIND, document.id)
            return
        if self._now() - pending.created_at >= GIVE_UP_AFTER:
            _give_up(self._store, document.id, claimed, self._now(), "not accepted within 24 hours")
            self._store.remove(KIND, document.id)
            return
        if pause := self.channel.reserve(time.monotonic()):
            self._later(
                document.id, version, replace(pending, next_at=self._now() + timedelta(seconds=pause))
            )
            return
        outcome = self.channel.send(self._notice(document.id, pending))
        self._record(document.id, version, claimed, outcome)

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
        left = (pending.created_at + GIVE_UP_AFTER - now).total_seconds()
        pause = min(pause_after(pending.attempts, outcome.retry_after, self._chance()), left)
        self._later(id, version, replace(pending, next_at=now + timedelta(seconds=pause)))

    def _later(self, id: str, version: int, pending: Pending) -> None:
        try:
            self._store.put(KIND, id, msgspec.to_builtins(pending), version)
        except StaleVersion:
            log.info("another notifier took it over", message=id)

    def _notice(self, id: str, pending: Pending) -> Notice:
        events = desk.ALERTS.events(self._store, pending.alert)
        if len(events) < pending.version:
            raise NotThere(
                f"alert {pending.alert} has {len(events)} events; there is no event {pending.version}"
            )
        alert = alert_at(pending.alert, events, pending.version)
        mention = next(iter(self._store.get([alert.first_mention])), None) if alert.first_mention else None
        return Notice(
            id=id,
            happened=pending.happened,
            alert=alert,
            at=self._now(),
            quote=(mention.title or mention.text) if mention else "",
            quote_source=self._source_name(mention.source) if mention else "",
            links=links_to(self._dashboard, alert.id),
        )

    def _source_name(self, source: str) -> str:
        """A source as people know it."""
        document = self._store.find("source", source)
        return str((document.body.get("name") if document else "") or source)


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
    return {
        event.delivery.message_id
        for event in desk.ALERTS.events(store, alert)
        if isinstance(event, Delivered) and event.delivery.outcome in FINAL
    }


def _give_up(store: Store, id: str, pending: Pending, at: datetime, why: str) -> None:
    """Put on record that a message will not be sent. An alert that cannot be read takes no record."""
    delivery = Delivery(
        message_id=id,
        channel=pending.channel,
        attempt=pending.attempts,
        at=at,
        outcome="given_up",
        detail=why,
    )
    log.warning("delivery given up", channel=pending.channel, message=id, reason=why)
    try:
        desk.record_delivery(store, pending.alert, delivery)
    except (NotThere, UnknownEvent) as error:
        log.error("delivery not recorded", message=id, reason=str(error))


def _pending(document: Document) -> Pending | None:
    try:
        return msgspec.convert(document.body, Pending)
    except msgspec.ValidationError:
        return None


def _is_recent(alert: Document, now: datetime) -> bool:
    """Whether a kept alert is not over, or was ended so lately that people should still hear of it."""
    try:
        ended_at = msgspec.convert(alert.body.get("ended_at"), datetime | None)
    except msgspec.ValidationError:
        return False
    return ended_at is None or now - ended_at <= GIVE_UP_AFTER
