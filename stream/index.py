"""`index`: enriched mentions into the store, in bulk. Ids and revisions make a replay change nothing."""

from collections.abc import Sequence

from stream.loop import Dead, Output, Worker
from tingchao.bus import ENRICHED, Message
from tingchao.errors import BadRecord
from tingchao.mention import Mention, decode_mention
from tingchao.store import Store


class Index(Worker):
    """Batches are large, for a bulk of 2,000 costs far less than four of 500, and small when there is little."""

    name = "index"
    reads = (ENRICHED,)
    max_messages = 2_000

    def __init__(self, store: Store) -> None:
        self._store = store

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
            refused = self._store.upsert(mentions).refused
            dead += [Dead(sent[each.mention_id], f"the store refuses it: {each.reason}") for each in refused]
        return Output(dead=dead)
