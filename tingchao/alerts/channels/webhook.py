"""The generic webhook: JSON, signed as Standard Webhooks says (standardwebhooks.com).

`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` under the secret. The
receiver compares it, refuses a timestamp more than five minutes off, and drops an id it has seen.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

from tingchao.alerts.channels import Outcome, Result
from tingchao.alerts.channels.http import NotAllowed, Unreachable, outcome_of, post
from tingchao.alerts.messages import payload
from tingchao.alerts.notice import Notice
from tingchao.catalogue import Language
from tingchao.errors import BadSetting

LEAST_SECRET = 16
PREFIX = "whsec_"


class Webhook:
    """Posts notices to one address. Raises `BadSetting` for a secret that is too short to keep anything secret."""

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        allow_private: bool = False,
        language: Language = "zh",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(secret) < LEAST_SECRET:
            raise BadSetting(
                f"TINGCHAO_WEBHOOK_SECRET=····: it has {len(secret)} characters; at least {LEAST_SECRET} are needed"
            )
        self._url = url
        self._key = key_of(secret)
        self._allow_private = allow_private
        self._language: Language = language
        self._clock = clock

    def __repr__(self) -> str:
        return "Webhook(····)"

    def reserve(self, now: float) -> float:  # noqa: ARG002
        return 0.0

    def send(self, notice: Notice) -> Outcome:
        body = payload(notice, self._language)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "tingchao",
            **signed(self._key, notice.id, int(self._clock()), body),
        }
        try:
            answer = post(self._url, body, headers, allow_private=self._allow_private)
        except NotAllowed as error:
            return Outcome(Result.REFUSED, f"TINGCHAO_WEBHOOK_URL: {error}")
        except Unreachable as error:
            return Outcome(Result.RETRY, str(error))
        return outcome_of(answer, "TINGCHAO_WEBHOOK_URL") or Outcome(Result.ACCEPTED, f"HTTP {answer.status}")


def key_of(secret: str) -> bytes:
    """The bytes to sign with: `whsec_` and base64 as the standard writes it, or the secret's own characters.

    Raises `BadSetting` if what follows `whsec_` is not base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise BadSetting("TINGCHAO_WEBHOOK_SECRET=····: after whsec_ there must be base64") from None


def signed(key: bytes, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message."""
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode('ascii')}",
    }
