"""The receiver believes only what is signed, takes nothing twice, and its robot refuses as the real one does."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demo.inbox import Inbox, signature

SECRET = "a-secret-of-the-demo"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
BODY = json.dumps(
    {"title": "【橙】云雀电器：负面 18 倍", "alert": {"grade": "orange"}}, ensure_ascii=False
).encode()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(SECRET, "robot-key")


def headers(
    message_id: str = "msg_1", at: datetime = NOW, body: bytes = BODY, secret: str = SECRET
) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(secret, message_id, stamp, body),
    }


def robot_body(content: str, kind: str = "markdown") -> bytes:
    return json.dumps({"msgtype": kind, kind: {"content": content}}, ensure_ascii=False).encode()


def test_a_signed_webhook_is_kept_with_its_time_of_arrival(inbox):
    status, _ = inbox.hook(headers(), BODY, NOW)

    (message,) = inbox.messages()["messages"]
    assert status == 200
    assert (message["id"], message["at"], message["channel"]) == ("msg_1", NOW.timestamp(), "webhook")
    assert message["body"] == json.loads(BODY)


def test_a_signature_of_the_standard_with_base64_secret_is_understood(inbox):
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()

    status, _ = Inbox(secret, "k").hook(headers(secret=secret), BODY, NOW)

    assert status == 200


def test_the_signature_is_the_standard_s_own_example():
    # From the verification example of standardwebhooks.com.
    body = b'{"test": 2432232314}'
    given = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body
    )

    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"webhook-signature": "v1,AAAA"}, "another signature"),
        ({"webhook-signature": ""}, "no signature"),
        ({"webhook-signature": "é"}, "a signature that is no ASCII"),
        ({"webhook-id": "msg_2"}, "the signature is for another id"),
        ({"webhook-timestamp": "1"}, "an old timestamp could be a replay"),
        ({"webhook-timestamp": "soon"}, "no timestamp"),
        ({"webhook-id": ""}, "without an id no repeat can be dropped"),
    ],
)
def test_what_is_not_signed_rightly_is_refused(inbox, change, why):
    status, _ = inbox.hook({**headers(), **change}, BODY, NOW)

    assert status == 401, why
    assert inbox.messages()["messages"] == []
    assert inbox.messages()["rejected"] == 1


def test_a_changed_body_is_refused(inbox):
    assert inbox.hook(headers(), BODY + b" ", NOW)[0] == 401


def test_a_repeat_is_dropped(inbox):
    inbox.hook(headers(), BODY, NOW)

    status, _ = inbox.hook(headers(at=NOW + timedelta(seconds=9)), BODY, NOW + timedelta(seconds=9))

    assert status == 200
    assert len(inbox.messages()["messages"]) == 1
    assert inbox.messages()["repeats"] == 1


@pytest.mark.parametrize("body", [b"not json", b"[1]", b"\xff"])
def test_a_body_that_cannot_be_read_is_a_bad_request(inbox, body):
    assert inbox.hook(headers(body=body), body, NOW)[0] == 400


def test_messages_are_given_after_a_number(inbox):
    for number in range(3):
        inbox.hook(headers(f"msg_{number}"), BODY, NOW)

    assert [message["n"] for message in inbox.messages(after=1)["messages"]] == [2, 3]


def test_the_robot_takes_markdown(inbox):
    assert inbox.robot("robot-key", robot_body("**冒烟**"), NOW) == {"errcode": 0, "errmsg": "ok"}
    assert inbox.messages()["messages"][0]["html"] == "<p><b>冒烟</b></p>"


@pytest.mark.parametrize(
    ("key", "body", "errcode"),
    [
        ("wrong", robot_body("x"), 93000),
        ("robot-key", robot_body("字" * 1366), 40058),
        ("robot-key", robot_body("字" * 683, "text"), 40058),
        ("robot-key", robot_body("x", "card"), 40058),
        ("robot-key", b"{}", 40008),
        ("robot-key", b"[]", 40008),
    ],
)
def test_the_robot_refuses_with_the_codes_of_the_real_one(inbox, key, body, errcode):
    assert inbox.robot(key, body, NOW)["errcode"] == errcode
    assert inbox.messages()["messages"] == []


def test_the_robot_takes_twenty_messages_a_minute(inbox):
    answers = [inbox.robot("robot-key", robot_body("x"), NOW)["errcode"] for _ in range(21)]

    assert answers == [0] * 20 + [45009]
    assert inbox.robot("robot-key", robot_body("x"), NOW + timedelta(seconds=61))["errcode"] == 0


def test_the_robot_can_be_told_to_refuse(inbox):
    inbox.refuse_robot(310000, 1)

    assert inbox.robot("robot-key", robot_body("x"), NOW)["errcode"] == 310000
    assert inbox.robot("robot-key", robot_body("x"), NOW)["errcode"] == 0
