"""The way in that files, watched folders and pushed feeds share: rows become mentions on the bus, or are refused.

A refused row goes to the dead-letter topic with its place and reason, not with its text: that may hold personal data.
"""

from dataclasses import dataclass, field
from datetime import datetime

from crawlers.imports.clocks import form_of
from crawlers.imports.report import Report, letter, shown
from crawlers.imports.rows import Row
from crawlers.imports.sealing import safe_reason
from crawlers.imports.translating import Translator
from tingchao.bus import DEAD, RAW, Bus
from tingchao.errors import BadRecord
from tingchao.mention import encode

FLUSH_EVERY = 1_000


@dataclass(slots=True)
class Intake:
    """Takes rows. Without a bus it only reads; `preview` is how many mentions are shown, `worker` who says so in
    dead letters, `name` what the rows came from."""

    translator: Translator
    bus: Bus | None
    name: str
    now: datetime
    worker: str = "import"
    preview: int = 0
    report: Report = field(default_factory=Report)

    def take(self, row: Row) -> None:
        """Publish what is in a row, or refuse it. Nothing is durable before `flush`. Raises `BusUnavailable`."""
        report = self.report
        try:
            mentions, warnings, time = self.translator.mentions(row)
            wires = [(mention, encode(mention)) for mention in mentions]
            for mention, wire in wires:
                if self.bus:
                    self.bus.publish(RAW, mention.id, wire)
        except BadRecord as error:
            self._refuse(row, error)
            return
        for warning in warnings:
            report.warn(f"{row.where} {row.number}: {warning}")
        if not row.raw.isascii() and "\ufffd" in row.raw.decode("utf-8", "replace"):
            report.warn(
                f"{row.where} {row.number}: has characters that could not be read; is it saved as UTF-8?"
            )
        for mention in mentions:
            report.counted(mention)
            report.times[form_of(time, mention.published_precision)] += 1
            if len(report.preview) < self.preview:
                report.preview.append(shown(mention))
            if self.bus:
                report.published += 1
                if report.published % FLUSH_EVERY == 0:
                    self.bus.flush()

    def flush(self) -> None:
        """Wait until what was taken is durable. Raises `BusUnavailable`."""
        if self.bus:
            self.bus.flush()

    def _refuse(self, row: Row, error: BadRecord) -> None:
        self.report.refuse(row.number, str(error), row.where)
        if self.bus:
            wire = letter(self.name, row.number, len(row.raw), safe_reason(error), self.worker, self.now)
            self.bus.publish(DEAD, f"{self.name}/{row.number}", wire)
