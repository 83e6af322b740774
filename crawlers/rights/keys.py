"""Keys of official APIs. sources.yaml names a key; the key itself lies in the environment, or in a file of that name
in the folder `keys` of the home folder, and is read anew for each request, so that it can be changed while it runs.
"""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from pydantic import SecretStr

from crawlers.registry import Auth
from tingchao.errors import TingchaoError

FOLDER = "keys"
MAX_BYTES = 4_096
NAME = re.compile(r"[A-Z][A-Z0-9_]{2,59}")
_KEY = re.compile(r"[\x21-\x7e]+")
EARLY = timedelta(seconds=60)
"""A token is asked for again this long before it ends."""


class NoKey(TingchaoError):
    """A key is not there, cannot be used, or is not taken by the site."""


class Keys:
    """Where keys are found. Raises nothing until one is asked for."""

    def __init__(self, home: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = home / FOLDER
        self._environment = environment

    def find(self, name: str) -> SecretStr:
        """The key called `name`. Raises `NoKey` that names variable and file, never the key."""
        found = self._environment.get(name, "") or self._read(name)
        key = found.strip()
        if not key:
            raise NoKey(
                f"no key {name}: set the environment variable {name}, or write the key into {self._folder / name}"
            )
        if not _KEY.fullmatch(key):
            raise NoKey(f"key {name} holds blanks or signs that no key has: copy it anew")
        return SecretStr(key)

    def _read(self, name: str) -> str:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                return file.read(MAX_BYTES).decode("ascii", "replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise NoKey(
                f"{path}: cannot be read ({error.strerror}). Make it readable for this user"
            ) from None


def header(auth: Auth, key: SecretStr) -> dict[str, str]:
    """The header that carries a key or a token."""
    return {auth.header: f"{auth.scheme} {key.get_secret_value()}".strip()}


@dataclass(frozen=True, slots=True)
class Token:
    """What a site gave for a client's id and secret."""

    value: SecretStr
    until: datetime


TOKEN_BODY = b"grant_type=client_credentials"


def token_headers(name: str, key: SecretStr) -> dict[str, str]:
    """The headers of a request for a token (RFC 6749, 2.3.1). Raises `NoKey` unless the key reads ID:SECRET."""
    shown = key.get_secret_value()
    if not all(part for part in shown.partition(":")):
        raise NoKey(f"key {name} is to read CLIENT_ID:CLIENT_SECRET")
    coded = base64.b64encode(shown.encode("ascii")).decode("ascii")
    return {"Authorization": f"Basic {coded}", "Content-Type": "application/x-www-form-urlencoded"}


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float = 3_600.0


def read_token(name: str, status: int, body: bytes, now: datetime) -> Token:
    """The token in an answer (RFC 6749, 5.1). Raises `NoKey` where there is none."""
    try:
        answer = msgspec.json.decode(body, type=_Answer) if status == 200 else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = None
    if answer is None or not _KEY.fullmatch(answer.access_token):
        raise NoKey(f"answered {status} without a token for key {name}: see that id and secret are right")
    lasts = timedelta(seconds=min(max(answer.expires_in, 0.0), 86_400.0))
    return Token(SecretStr(answer.access_token), now + max(lasts - EARLY, timedelta(0)))
