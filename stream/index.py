"""`index`: enriched mentions into the store, in bulk, each under the mention that said the same first.

Ids and revisions make a replay change nothing. One `Folding` knows what was said lately: a batch is placed by it before
it is written, and the mentions of earlier batches that moved are written after it. Whatever was not written is owed, and
written with the next batch; a worker that starts reads what was said from the store (`stream.remembering`).
"""

from collections.abc import Sequence

from stream.loop import Dead, Output, Worker
from tingchao.bus import ENRICHED, Message
from tingchao.errors import BadRecord
from tingchao.folding import Folding, Place, placed, saying
from tingchao.mention import Mention, decode_mention
from tingchao.store import Store


class Index(Worker):
    """Batches are large, for a bulk of 2,000 costs far less than four of 500, and small when there is little."""

    name = "index"
    reads = (ENRICHED,)
    max_messages = 2_000

    def __init__(self, store: Store, folding: Folding | None = None) -> None:
        self._store = store
        self._folding = folding or Folding()
        self._owed: dict[str, Place] = {}
        """Where mentions are shown that the store may still show elsewhere, by id."""

    def handle(self, messages: Sequence[Message]) -> Output:
        mentions: list[Mention] = []
        sent: dict[str, Message] = {}
        dead: list[Dead] = []
        for message in messages:
            try:
                mention = decode_mention(message.value)
            except BadRecord as error:
                dead.append(Dead(message, str(error)))
                continue
            mentions.append(mention)
            sent[mention.id] = message
        if mentions:
            refused = {
                each.mention_id: each.reason for each in self._store.upsert(self._fold(mentions)).refused
            }
            dead += [Dead(sent[id], f"the store refuses it: {reason}") for id, reason in refused.items()]
            self._unfold([each for each in mentions if each.id in refused])
        if self._owed:
            self._store.refold(list(self._owed.values()))
            self._owed.clear()
        return Output(dead=dead)

    def _fold(self, mentions: Sequence[Mention]) -> list[Mention]:
        """The mentions where they are shown. What the store has shown before and is shown elsewhere now is owed."""
        sayings = [saying(mention) for mention in mentions]
        before = {one.id: self._folding.place(one.name) for one in sayings}
        places = {place.id: place for place in self._folding.add(sayings)}
        for id, place in places.items():
            if id not in before or before[id] not in (None, place):
                self._owed[id] = place
        return [placed(mention, places[mention.id]) for mention in mentions]

    def _unfold(self, refused: Sequence[Mention]) -> None:
        """What the store does not take is nobody's origin."""
        for place in self._folding.remove([saying(mention).name for mention in refused]):
            self._owed[place.id] = place
        for mention in refused:
            self._owed.pop(mention.id, None)
