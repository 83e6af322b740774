"""The crisis team's inbox: a signed webhook and an imitation of a 企业微信 group robot, checked as real ones do.

Signatures follow Standard Webhooks (standardwebhooks.com): `webhook-signature` holds `v1,` and the base64 of
HMAC-SHA256 over `id.timestamp.body`. The robot's answers are those of its documentation: errcode 0, 93000 (key),
40058 (too long), 45009 (too often).
"""

import base64
import binascii
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deploy.demo import cards, markdown

KEPT = 500
TOLERANCE_SECONDS = 300
ROBOT_A_MINUTE = 20
LONGEST = {"markdown": 4096, "text": 2048}
ERRORS = {
    45009: "api freq out of limit",
    93000: "invalid webhook url",
    40058: "content exceed max length",
    310000: "keywords not in content",
    40008: "invalid message type",
}


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """What `webhook-signature` must hold. A secret that begins with `whsec_` is base64, as the standard has it."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Inbox:
    """Messages in the order they came; safe to share between threads."""

    def __init__(self, secret: str, robot_key: str) -> None:
        self._secret = secret
        self._robot_key = robot_key
        self._lock = threading.Lock()
        self._messages: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._count = 0
        self._seen: set[str] = set()
        self._robot_times: deque[float] = deque(maxlen=ROBOT_A_MINUTE)
        self._robot_refusals: list[int] = []
        self._counts = {"accepted": 0, "repeats": 0, "rejected": 0, "robot_refused": 0}

    def hook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[int, dict[str, Any]]:
        """Take a webhook: status and JSON answer. 401 for a wrong signature, 400 for what cannot be read, 200 for
        a repeat, which is dropped. Header names are lower case."""
        message_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        if problem := self._untrusted(message_id, timestamp, headers.get("webhook-signature", ""), body, now):
            with self._lock:
                self._counts["rejected"] += 1
            return 401, {"error": problem}
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return 400, {"error": "the body is not JSON"}
        if not isinstance(content, dict):
            return 400, {"error": "the body must be a JSON object"}
        with self._lock:
            if message_id in self._seen:
                self._counts["repeats"] += 1
                return 200, {"repeat": True}
            self._seen.add(message_id)
            self._counts["accepted"] += 1
            self._keep("webhook", message_id, now, content, cards.to_html(content))
        return 200, {"accepted": message_id}

    def robot(self, key: str, body: bytes, now: datetime) -> dict[str, Any]:
        """Take a message for the group robot; the answer is always HTTP 200 with an errcode."""
        with self._lock:
            code = self._robot_code(key, body, now)
            if code:
                self._counts["robot_refused"] += 1
                return {"errcode": code, "errmsg": ERRORS.get(code, "refused")}
            message = json.loads(body)
            kind = message["msgtype"]
            self._robot_times.append(now.timestamp())
            self._counts["accepted"] += 1
            self._keep("wecom", "", now, message, markdown.to_html(message[kind]["content"]))
        return {"errcode": 0, "errmsg": "ok"}

    def refuse_robot(self, errcode: int, times: int) -> None:
        """Answer the next `times` robot messages with `errcode` (for tests of what a sender does then)."""
        with self._lock:
            self._robot_refusals = [errcode] * max(0, min(times, 1000))

    def messages(self, after: int = 0) -> dict[str, Any]:
        """Messages with a number above `after`, oldest first, and counts."""
        with self._lock:
            return {"messages": [m for m in self._messages if m["n"] > after], **self._counts}

    def _untrusted(self, message_id: str, timestamp: str, given: str, body: bytes, now: datetime) -> str:
        """Why this webhook is not to be believed, or nothing."""
        if not message_id or len(message_id) > 200:
            return "webhook-id is missing or longer than 200 characters"
        if not timestamp.isdigit() or len(timestamp) > 12:
            return "webhook-timestamp must be seconds since 1970"
        if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            return f"webhook-timestamp is more than {TOLERANCE_SECONDS} s away from now"
        try:
            right = signature(self._secret, message_id, timestamp, body)
        except binascii.Error:
            return "the receiver's secret is not base64 after whsec_"
        if not any(hmac.compare_digest(right.encode(), each.encode()) for each in given.split(" ")[:8]):
            return "webhook-signature does not fit the body"
        return ""

    def _robot_code(self, key: str, body: bytes, now: datetime) -> int:
        if self._robot_refusals:
            return self._robot_refusals.pop()
        if not hmac.compare_digest(key.encode(), self._robot_key.encode()):
            return 93000
        times = self._robot_times
        if len(times) == ROBOT_A_MINUTE and now.timestamp() - times[0] < 60:
            return 45009
        try:
            message = json.loads(body)
            kind = message["msgtype"]
            size = len(message[kind]["content"].encode())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return 40008
        return 40058 if size > LONGEST.get(kind, 0) else 0

    def _keep(self, channel: str, message_id: str, now: datetime, body: dict[str, Any], html: str) -> None:
        self._count += 1
        self._messages.append(
            {
                "n": self._count,
                "channel": channel,
                "id": message_id,
                "at": now.timestamp(),
                "body": body,
                "html": html,
            }
        )
