"""Mentions as a CSV file that a spreadsheet opens without running anything in it. Pure."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from itertools import takewhile

from dashboard.verdict import towards
from tingchao.corrections import NOTHING, Corrections
from tingchao.mention import Mention
from tingchao.times import shanghai

LIMIT = 10_000
"""Rows of one file; more takes a narrower question."""

COLUMNS = (
    "id",
    "published_at",
    "precision",
    "source",
    "kind",
    "sentiment",
    "p_negative",
    "abstain",
    "corrected",
    "corrected_towards",
    "model",
    "topics",
    "risk",
    "region",
    "author",
    "title",
    "text",
    "url",
    "likes",
    "comments",
    "reposts",
    "captured_at",
    "gone_at",
)
# A cell that starts so may be taken for a formula, also in full width (OWASP: CSV injection).
_FORMULA = frozenset("=+-@＝＋－＠")
_CUT = dict.fromkeys([0x00, *range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])


def cell(value: str) -> str:
    """A text that no spreadsheet takes for a formula: a dangerous start gets an apostrophe before it.

    >>> cell("=1+1"), cell(" ＝cmd"), cell("好评")
    ("'=1+1", "' ＝cmd", '好评')
    """
    kept = value.translate(_CUT)
    lead = "".join(takewhile(lambda sign: sign.isspace() or unicodedata.category(sign) == "Cf", kept))
    first = kept[len(lead) : len(lead) + 1]
    return f"'{kept}" if first in _FORMULA or any(sign in lead for sign in "\t\r\n") else kept


def to_csv(mentions: Iterable[Mention], corrections: Corrections = NOTHING) -> bytes:
    """UTF-8 with a byte-order mark (spreadsheets guess wrongly without it), one row a mention, times in Shanghai.

    `sentiment` is the model's; `corrected` what a person said of the whole text, `corrected_towards` of its topics.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for mention in mentions:
        writer.writerow([cell(value) for value in _values(mention, corrections)])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _values(mention: Mention, corrections: Corrections) -> list[str]:
    words = {
        topic: word.label.value for topic in towards(mention) if (word := corrections.on(mention.id, topic))
    }
    sentiment, seen = mention.sentiment, mention.engagement
    return [
        mention.id,
        f"{shanghai(mention.published_at):%Y-%m-%d %H:%M:%S}",
        mention.published_precision.value,
        mention.source,
        mention.kind.value,
        sentiment.label.value if sentiment else "",
        f"{sentiment.p_negative:.3f}" if sentiment else "",
        mention.abstain,
        words.pop("", ""),
        " ".join(f"{topic}:{label}" for topic, label in words.items()),
        mention.model,
        " ".join(match.topic for match in mention.matches),
        " ".join(risk.category for risk in mention.risk),
        mention.region,
        " ".join(part for part in (mention.author.name_masked, mention.author.badge) if part),
        mention.title,
        mention.text,
        mention.url,
        *("" if count is None else str(count) for count in (seen.likes, seen.comments, seen.reposts)),
        f"{shanghai(mention.captured_at):%Y-%m-%d %H:%M:%S}",
        f"{shanghai(mention.gone_at):%Y-%m-%d %H:%M:%S}" if mention.gone_at else "",
    ]
