"""`shadow`: a second model reads what `enrich` has scored, and how far the two agree is counted; nothing else happens.

It reads `mentions.enriched` as a group of its own, in a process that lets every other go first, and publishes nothing: no
dead letters either, for `index` shelves what cannot be read. A mention that was captured more than `LIVE_WITHIN` ago is
passed over, so a slow model takes a sample, and what waits on the bus stays bounded. Without a second model it only
reads on: the embedded bus keeps what a group of its readers has not read.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec
import structlog

from models import Scorer
from stream.agreement import Agreement, Compared, compared, read_agreement
from stream.counting import Body, Counting
from stream.loop import Output
from stream.scoring import question, score
from stream.threads import Threads
from tingchao.bus import ENRICHED, Message
from tingchao.errors import BadRecord, NeedsPerson
from tingchao.mention import Mention, decode_mention
from tingchao.store import Store
from tingchao.watchlist import Topic

log = structlog.get_logger("shadow")

KIND = "shadow"
LIVE_WITHIN = timedelta(hours=1)

OFF = "no second model is set"
LATE = "captured too long ago"
SAME = "scored by the second model itself"
UNSCORED = "has no sentiment"
UNREADABLE = "cannot be read"
NO_NUMBER = "the second model gives no number"


class NoSecondModel(NeedsPerson):
    """The second model cannot be opened: the workers beside it go on, and trying again would not help."""


Pair = tuple[str, str]
"""The names of the model that scored, and of the one that shadows it."""


class Shadow(Counting[Pair, Compared]):
    """`scorer` is the second model, None where none is set; `topics` gives those watched now.

    `live_within` None: however long ago, as for replays, whose time is their own.
    """

    name = "shadow"
    kind = KIND
    reads = (ENRICHED,)
    max_messages = 32
    checkpoint_every = 5.0

    def __init__(
        self,
        store: Store,
        scorer: Scorer | None,
        topics: Callable[[], Sequence[Topic]],
        *,
        live_within: timedelta | None = LIVE_WITHIN,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(store)
        self._scorer = scorer
        self._topics = topics
        self._live_within = live_within
        self._now = now
        self._threads = Threads(store.get)

    def handle(self, messages: Sequence[Message]) -> Output:
        if self._scorer is None:
            return Output(dropped={OFF: len(messages)})
        dropped: Counter[str] = Counter()
        live: list[tuple[Message, Mention]] = []
        for message in messages:
            try:
                mention = decode_mention(message.value)
            except BadRecord:
                dropped[UNREADABLE] += 1
                continue
            self._threads.see([mention])
            if why := self._why_not(mention, self._scorer.name):
                dropped[why] += 1
            else:
                live.append((message, mention))
        topics = {topic.id: topic for topic in self._topics()} if live else {}
        above = self._threads.above([mention for _, mention in live])
        asked = [question(mention, topics, on) for (_, mention), on in zip(live, above, strict=True)]
        found = score(self._scorer, asked)
        for (message, mention), answers in zip(live, found, strict=True):
            if isinstance(answers, BadRecord):
                dropped[NO_NUMBER] += 1
            else:
                self.count((mention.model, self._scorer.name), compared(message, mention, answers))
        return Output(dropped=dropped)

    def id_of(self, group: Pair) -> str:
        return document_id(group)

    def counted(self, group: Pair, seen: Sequence[Compared], body: Body | None) -> tuple[Body, int]:
        first = seen[0].at
        kept = (_read(body) if body else None) or Agreement(
            old=group[0], new=group[1], since=first, until=first
        )
        new = kept.add(seen)
        return msgspec.to_builtins(kept), new

    def _why_not(self, mention: Mention, new: str) -> str:
        if mention.sentiment is None and not mention.unread:
            return UNSCORED
        if mention.model == new:
            return SAME
        if self._live_within and self._now() - mention.captured_at > self._live_within:
            return LATE
        return ""


def document_id(pair: Pair) -> str:
    """The id of the document about a pair of models."""
    return blake2b("\0".join(pair).encode("utf-8", "replace"), digest_size=16).hexdigest()


def agreements(store: Store) -> list[Agreement]:
    """What was counted of each pair of models, the one counted last first. One that cannot be read is left out."""
    found = [_read(document.body) for document in store.documents(KIND)]
    return sorted((each for each in found if each), key=lambda each: each.until, reverse=True)


def forget(store: Store) -> int:
    """Begin anew: remove what was counted; how many pairs that were."""
    return sum(store.remove(KIND, document.id) for document in store.documents(KIND))


def _read(body: Body) -> Agreement | None:
    try:
        return read_agreement(body)
    except msgspec.ValidationError as error:
        log.warning("what two models agreed on cannot be read, and is counted anew", reason=str(error))
        return None
