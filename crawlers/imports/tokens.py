"""The token of the push door: given by the operator, or made once, shown once and kept as a hash."""

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from tingchao.errors import BadSetting

FILE = "push.token"
SHORTEST = 16
_HASH = re.compile(r"[0-9a-f]{64}")


class Token(NamedTuple):
    """`hash` is what is compared; `made` is the token itself, only at the moment it was made."""

    hash: str
    made: str = ""


def token_hash(token: str) -> str:
    """What is kept of a token. It is random, so that a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def load_token(home: Path, given: str | None) -> Token:
    """The token that was `given`, else the one whose hash lies in `push.token`, made on first use (mode 0600).

    Raises `BadSetting` for a short token, and for a file that holds no such hash.
    """
    if given is not None:
        if len(given) < SHORTEST:
            raise BadSetting(
                f"TINGCHAO_PUSH_TOKEN=····: has {len(given)} characters; give at least {SHORTEST}"
            )
        return Token(token_hash(given))
    path = home / FILE
    try:
        return _kept(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise BadSetting(f"{path}: cannot be read ({error.strerror})") from None
    made = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(token_hash(made) + "\n")
    except FileExistsError:
        return _kept(path)
    except OSError as error:
        raise BadSetting(f"{path}: cannot be made ({error.strerror}). Make the folder writable") from None
    return Token(token_hash(made), made)


def _kept(path: Path) -> Token:
    text = path.read_text("utf-8", "replace").strip()
    if not _HASH.fullmatch(text):
        raise BadSetting(f"{path}: is no hash of a token. Delete it, and a new token is made and shown")
    return Token(text)
