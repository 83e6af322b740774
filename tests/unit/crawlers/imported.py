"""Shared by the tests of imports: a secret, a clock, a bus that is a list, and files written from rows."""

import csv
import io
from datetime import UTC, datetime

import msgspec

from crawlers.imports import import_file
from tingchao.bus import DEAD, RAW
from tingchao.errors import BusUnavailable
from tingchao.mention import decode_mention
from tingchao.privacy import Secret

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SECRET = Secret(b"s" * 32)


class ListBus:
    """Keeps what was published; only what was flushed counts. `down` makes it refuse."""

    def __init__(self):
        self.messages = []
        self.durable = []
        self.down = False

    def publish(self, topic, key, value):
        self.messages.append((topic, key, value))

    def flush(self, timeout=30.0):
        if self.down:
            self.messages.clear()
            raise BusUnavailable("bus: does not answer; start it")
        self.durable += self.messages
        self.messages.clear()

    def mentions(self):
        return [decode_mention(value) for topic, _, value in self.durable if topic == RAW]

    def letters(self):
        return [msgspec.json.decode(value) for topic, _, value in self.durable if topic == DEAD]

    def close(self):
        pass


def table(rows, *, delimiter=",", encoding="utf-8-sig", columns=None):
    """Rows as the bytes of a CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def brought_in(path, **options):
    """The mentions and the report of an import."""
    bus = ListBus()
    report = import_file(path, bus, SECRET, now=NOW, **options)
    return bus.mentions(), report
