"""What every bus takes: how large a message may be, and how a topic may be called."""

import re

from tingchao.errors import BadInput, BadRecord

MAX_VALUE_BYTES = 1_000_000
MAX_KEY_BYTES = 1_024
PARTITIONS = 4
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,200}")


def checked_key(key: str, value: bytes) -> bytes:
    """The key as bytes. Raises `BadRecord` where key or value is more than the bus takes."""
    try:
        name = key.encode()
    except UnicodeEncodeError as error:
        raise BadRecord(f"message key {key!r} is not valid text: {error.reason}") from None
    if len(value) > MAX_VALUE_BYTES or len(name) > MAX_KEY_BYTES:
        raise BadRecord(
            f"message of {len(value):,} bytes with a key of {len(name):,}; "
            f"the bus takes {MAX_VALUE_BYTES:,} and {MAX_KEY_BYTES:,}"
        )
    return name


def check_topic(topic: str) -> None:
    """Raises `BadInput` for a name that some bus could not have."""
    if not _TOPIC.fullmatch(topic):
        raise BadInput(f"topic {topic!r}: a name is 1 to 200 letters, digits, dots, dashes or underscores")
