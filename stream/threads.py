"""What a comment or a repost replies to: the text above it, which the model is shown when it is asked about a topic.

A worker remembers the latest texts that it has seen, whether they match a topic or not, and asks the store for others
once a batch. Who comes before the text above is scored without it, and `rescore` finds it: nothing waits for anything.
A store that does not answer costs the context and never the mention.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import structlog

from tingchao.errors import StoreUnavailable
from tingchao.mention import Mention, mention_id
from tingchao.spoken import scored_text

log = structlog.get_logger("threads")

REMEMBERED = 10_000
"""Texts; at most about 10 MB."""
SHOWN = 300
"""Characters that are remembered of a text: more than a model is shown (`models.passage`)."""
MISSED_FOR = 60.0
"""Seconds until a text that nobody had is asked for again: another worker may just be writing it."""
REST = 30.0
"""Seconds for which a store that did not answer is left alone."""

Key = tuple[str, str]
"""Source and native id."""


class Threads:
    """`get` is the store's; without it only what was seen is known. `clock` gives seconds. For one thread."""

    def __init__(
        self,
        get: Callable[[Sequence[str]], Sequence[Mention]] = lambda _: (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._get = get
        self._clock = clock
        self._texts: OrderedDict[Key, str] = OrderedDict()
        self._missed: OrderedDict[Key, float] = OrderedDict()
        self._rest_until = 0.0

    def see(self, mentions: Iterable[Mention]) -> None:
        """Remember what was said, in case somebody replies to it."""
        for mention in mentions:
            self._remember((mention.source, mention.native_id), mention)

    def above(self, mentions: Sequence[Mention]) -> list[str]:
        """What each mention replies to; empty where it replies to nothing, or nobody knows to what."""
        keys = [_parent(mention) for mention in mentions]
        self._look_up(list(dict.fromkeys(key for key in keys if key and key not in self._texts)))
        return [self._texts.get(key, "") if key else "" for key in keys]

    def _look_up(self, keys: Sequence[Key]) -> None:
        now = self._clock()
        sought = {mention_id(*key): key for key in keys if self._missed.get(key, now) <= now}
        if not sought or now < self._rest_until:
            return
        try:
            there = self._get(list(sought))
        except StoreUnavailable as error:
            self._rest_until = now + REST
            log.warning("scored without the text above", replies=len(sought), reason=str(error))
            return
        for mention in there:
            self._remember(sought.pop(mention.id), mention)
        self._missed.update((key, now + MISSED_FOR) for key in sought.values())
        _cut(self._missed)

    def _remember(self, key: Key, mention: Mention) -> None:
        self._texts[key] = scored_text(mention)[:SHOWN]
        self._texts.move_to_end(key)
        _cut(self._texts)


def _parent(mention: Mention) -> Key | None:
    parent = mention.parent_id
    return (mention.source, parent) if parent and parent != mention.native_id else None


def _cut(kept: OrderedDict[Key, str] | OrderedDict[Key, float]) -> None:
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
