"""What became of a pushed body: taken once, kept as a receipt in the store (kind `receipt`), told again when asked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from crawlers.imports.intake import Intake
from crawlers.imports.report import Report
from crawlers.imports.rows import Row, json_array, json_lines
from crawlers.imports.sealing import safe_reason
from crawlers.imports.translating import Translator
from tingchao.bus import Bus
from tingchao.errors import BadInput, BadRecord
from tingchao.privacy import Secret
from tingchao.scrubbing import is_organisation
from tingchao.store import Store
from tingchao.times import iso

KIND = "receipt"
SHOWN_REFUSED = 1_000
MOST_ROWS = 50_000
KEPT = timedelta(days=30)
LOOK_EVERY = timedelta(hours=1)
DEFAULT_SOURCE = "push"


@dataclass(slots=True)
class Clerk:
    """Takes bodies, one after the other, in one thread."""

    bus: Bus
    store: Store
    secret: Secret
    kept: Callable[[str], bool] = is_organisation
    source: str = DEFAULT_SOURCE
    learn: Callable[[], None] = lambda: None
    """Called before each body: whose names stay readable may have changed."""
    _looked: datetime | None = field(default=None, repr=False)

    def take(self, body: bytes, *, lines: bool, now: datetime) -> dict[str, Any]:
        """Publish what is in a body, and give the receipt: `{"receipt", "at", "accepted", "refused": [{"line",
        "reason"}], "more_refused", "repeated"}`. A body that was taken before is not taken again.

        Everything is durable on return. Raises `BusUnavailable`, `StoreUnavailable`: then it may be sent again.
        """
        id = hashlib.blake2b(body, digest_size=16, key=b"lines" if lines else b"array").hexdigest()
        if known := self.find(id):
            return known
        self.learn()
        intake = _Noting(self._translator(now), self.bus, "push", now, worker="push")
        try:
            rows = (
                json_lines(BytesIO(body), Path("body")) if lines else json_array(_array(body), Path("body"))
            )
            for row in rows:
                if row.ordinal > MOST_ROWS:
                    intake.refused.append(
                        {"line": row.number, "reason": f"after {MOST_ROWS:,} rows; send in parts"}
                    )
                    break
                intake.take(row)
        except BadInput as error:
            intake.refused.append({"line": intake.last + 1, "reason": str(error).removeprefix("body: ")})
        intake.flush()
        receipt = {
            "receipt": id,
            "at": iso(now),
            "accepted": intake.report.published,
            "refused": intake.refused[:SHOWN_REFUSED],
            "more_refused": max(0, len(intake.refused) - SHOWN_REFUSED),
            "repeated": intake.report.repeated,
        }
        if receipt["accepted"]:
            self.store.put(KIND, id, receipt)
        self._forget(now)
        return receipt

    def find(self, id: str) -> dict[str, Any] | None:
        """A receipt that was given. Raises `StoreUnavailable`."""
        found = self.store.find(KIND, id[:64])
        return dict(found.body) if found else None

    def close(self) -> None:
        self.bus.close()
        self.store.close()

    def _translator(self, now: datetime) -> Translator:
        return Translator(secret=self.secret, now=now, source=self.source, kept=self.kept)

    def _forget(self, now: datetime) -> None:
        if self._looked and now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        oldest = iso(now - KEPT)
        for document in self.store.documents(KIND):
            if str(document.body.get("at", "")) < oldest:
                self.store.remove(KIND, document.id)


class _Noting(Intake):
    """An intake that notes every refusal: who sent the rows may know what stood in them, but not more."""

    def __init__(self, translator: Translator, bus: Bus, name: str, now: datetime, worker: str) -> None:
        super().__init__(translator, bus, name, now, worker, report=Report())
        self.refused: list[dict[str, Any]] = []
        self.last = 0

    def take(self, row: Row) -> None:
        self.last = row.number
        super().take(row)

    def _refuse(self, row: Row, error: BadRecord) -> None:
        self.refused.append({"line": row.number, "reason": safe_reason(error)})
        super()._refuse(row, error)


def _array(body: bytes) -> BytesIO:
    """The body as an array: one object counts as an array of one."""
    text = body.lstrip()
    return BytesIO(b"[" + text + b"]" if text.startswith(b"{") else text)
