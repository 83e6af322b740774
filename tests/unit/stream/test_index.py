from msgspec.structs import replace

from stream.index import Index
from tests.unit.stream.doors import mention
from tingchao.bus import ENRICHED, Message
from tingchao.mention import encode
from tingchao.store import Scope, Store


def test_mentions_are_stored_once_however_often_they_come(store: Store) -> None:
    messages = [Message(ENRICHED, str(n), encode(mention(n, f"新星{n}"))) for n in range(30)]

    for _ in range(3):
        assert not Index(store).handle(messages).dead

    assert store.count(Scope()) == 30


def test_what_cannot_be_read_and_what_the_store_refuses_are_dead_letters(store: Store) -> None:
    refused = replace(mention(2, "新星"), id="not-an-id")
    messages = [
        Message(ENRICHED, "a", b"{"),
        Message(ENRICHED, "b", encode(refused)),
        Message(ENRICHED, "c", encode(mention(3, "新星"))),
    ]

    output = Index(store).handle(messages)

    assert [letter.message.key for letter in output.dead] == ["a", "b"]
    assert "the store refuses it" in output.dead[1].reason
    assert store.count(Scope()) == 1
