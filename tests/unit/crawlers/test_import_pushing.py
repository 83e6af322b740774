"""The door for feeds that push: who may, what is taken, what the receipt says, and that nothing is lost or doubled."""

import contextlib
import json
import socket
import threading
from datetime import timedelta

import pytest
import requests
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.imports.pushing import app
from crawlers.imports.receipts import KEPT, KIND, Clerk
from crawlers.imports.tokens import load_token, token_hash
from tests.unit.crawlers.imported import NOW, SECRET, ListBus
from tingchao.errors import BadSetting, BusUnavailable
from tingchao.store import open_store

TOKEN = "a-token-of-this-test"
ARRAY, LINES = "application/json", "application/x-ndjson"


def row(id, **more):
    return {"id": id, "source": "feed", "text": f"冒烟 {id}", "author": "隐私昵称甲", **more}


class Door:
    """A served app, and what stands behind it."""

    def __init__(self, tmp_path):
        self.bus = ListBus()
        self.opened = 0
        self.refusing = False
        self.store_address = f"sqlite:///{tmp_path / 'store.db'}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        served = app(self._open, token_hash(TOKEN), now=lambda: NOW, max_body=100_000)
        self._server = uvicorn.Server(uvicorn.Config(served, log_level="error", access_log=False))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True
        )
        self._thread.start()

    def _open(self):
        self.opened += 1
        if self.refusing:
            raise BusUnavailable("bus: nobody answers")
        return Clerk(self.bus, open_store(self.store_address), SECRET)

    def push(self, body, form=ARRAY, token=TOKEN, **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return requests.post(
            f"{self.address}/v1/mentions",
            data=body,
            headers={"Content-Type": form, "Authorization": f"Bearer {token}", **headers},
            timeout=30,
        )

    def close(self):
        self._server.should_exit = True
        self._thread.join(30)
        self._listener.close()


@pytest.fixture(scope="module")
def shared_door(tmp_path_factory):
    with contextlib.closing(Door(tmp_path_factory.mktemp("push"))) as found:
        yield found


@pytest.fixture
def door(shared_door):
    shared_door.bus.durable.clear()
    shared_door.bus.down = shared_door.refusing = False
    return shared_door


def test_an_array_is_taken_and_the_receipt_can_be_asked_for_again(door):
    answer = door.push([row("1"), {"id": "2"}, row("1")])

    receipt = answer.json()
    assert answer.status_code == 202
    assert (receipt["accepted"], receipt["repeated"]) == (2, 1)
    assert receipt["refused"] == [{"line": 2, "reason": "the post has no text"}]
    assert [mention.native_id for mention in door.bus.mentions()] == ["1", "1"]
    again = requests.get(
        door.address + answer.headers["Location"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
    )
    assert (again.status_code, again.json()) == (200, receipt)


def test_lines_are_taken_and_names_stay_behind(door):
    body = "\n".join(json.dumps(row(id), ensure_ascii=False) for id in ("11", "12")).encode() + b"\n{\n"

    receipt = door.push(body, LINES).json()

    assert (receipt["accepted"], [each["line"] for each in receipt["refused"]]) == (2, [3])
    assert "隐私昵称甲" not in str(door.bus.durable)
    assert door.bus.letters()[0]["worker"] == "push"


def test_the_same_body_twice_has_one_receipt_and_is_published_once(door):
    first, second = (door.push([row("21")]) for _ in range(2))

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(door.bus.mentions()) == 1


@pytest.mark.parametrize(
    "headers", [{"Authorization": ""}, {"Authorization": "Basic x"}, {"Authorization": "Bearer x"}]
)
def test_without_the_token_nothing_is_read(door, headers):
    answer = door.push([row("31")], **headers)

    assert answer.status_code == 401
    assert answer.json() == {"error": "no valid token; send Authorization: Bearer TOKEN"}
    assert door.bus.durable == []


@pytest.mark.parametrize(
    ("body", "form", "status", "said"),
    [
        (b"x" * 100_001, ARRAY, 413, "more than 100,000 bytes; send it in parts"),
        (b"[]", "text/csv", 415, "Content-Type 'text/csv' is not taken"),
        (b"[]", ARRAY, 422, "there is no mention in it"),
        (b"", LINES, 422, "there is no mention in it"),
        (b"soon", ARRAY, 422, "is no JSON array"),
        (b'[{"id": "1", "text": "x"', ARRAY, 422, "nothing was accepted; row 1 is no JSON"),
        (b'[{"id": "1"}]', ARRAY, 422, "nothing was accepted; the post has no text (line 1)"),
    ],
)
def test_what_cannot_be_taken_is_one_clear_sentence(door, body, form, status, said):
    answer = door.push(body, form)

    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert door.bus.mentions() == []


def test_a_body_that_does_not_tell_its_length_is_cut_off_all_the_same(door):
    with contextlib.suppress(requests.ConnectionError):
        answer = requests.post(
            f"{door.address}/v1/mentions",
            data=iter([b"x" * 50_000] * 5),
            headers={"Content-Type": ARRAY, "Authorization": f"Bearer {TOKEN}"},
            timeout=30,
        )
        assert answer.status_code == 413
    assert door.bus.durable == []


def test_packed_bodies_are_not_unpacked(door):
    assert door.push([row("41")], **{"Content-Encoding": "gzip"}).status_code == 415


def test_a_bus_that_does_not_answer_is_503_and_the_push_can_be_sent_again(door):
    door.bus.down = True
    answer = door.push([row("51")])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["error"].startswith("nothing was taken: bus")

    door.bus.down = False

    assert door.push([row("51")]).status_code == 202
    assert [mention.native_id for mention in door.bus.mentions()] == ["51"]


def test_receipts_and_paths_that_are_not_there_are_404(door):
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert (
        "no such receipt"
        in requests.get(f"{door.address}/v1/receipts/x", headers=headers, timeout=30).json()["error"]
    )
    assert requests.get(f"{door.address}/else", timeout=30).status_code == 404
    assert requests.get(f"{door.address}/v1/mentions", headers=headers, timeout=30).status_code == 405


def test_old_receipts_are_thrown_away(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        clerk = Clerk(ListBus(), store, SECRET)
        clerk.take(b'[{"id": "1", "text": "x"}]', lines=False, now=NOW)
        clerk.take(b'[{"id": "2", "text": "x"}]', lines=False, now=NOW + KEPT + timedelta(days=1))

        assert len(store.documents(KIND)) == 1


@pytest.fixture(scope="module")
def clerk(tmp_path_factory):
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('clerk') / 'store.db'}") as store:
        yield Clerk(ListBus(), store, SECRET)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "text", "data", "source_platform", "author"]), child, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()), st.booleans())
def test_no_body_makes_the_clerk_raise(clerk, body, lines):
    receipt = clerk.take(body, lines=lines, now=NOW)

    assert receipt["accepted"] >= 0


def test_a_token_is_made_once_and_only_its_hash_is_kept(tmp_path):
    first, second = load_token(tmp_path, None), load_token(tmp_path, None)

    assert len(first.made) >= 40
    assert token_hash(first.made) == first.hash == second.hash
    assert second.made == ""
    assert first.made not in (tmp_path / "push.token").read_text()
    assert (tmp_path / "push.token").stat().st_mode & 0o777 == 0o600


def test_tokens_that_cannot_work_are_named(tmp_path):
    with pytest.raises(BadSetting, match="TINGCHAO_PUSH_TOKEN=····: has 3 characters"):
        load_token(tmp_path, "abc")
    (tmp_path / "push.token").write_text("x")
    with pytest.raises(BadSetting, match="no hash of a token"):
        load_token(tmp_path, None)
