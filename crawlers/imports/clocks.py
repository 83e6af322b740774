"""In which form a time was written, for the report of an import."""

import re

from tingchao.mention import Precision

LONGEST = 40
_FORMS = (
    (re.compile(r"\d{10}(?:\.\d+)?"), "unix seconds"),
    (re.compile(r"\d{13}"), "unix milliseconds"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})"), "ISO 8601 with zone"),
    (re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d.*\d{4}"), "Tue Nov 24 10:00:00 +0800 2026"),
    (re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} .*"), "RFC 2822"),
    (re.compile(r".*前.*|.*刚.*|.*[今昨]天.*|.*[今昨]日.*"), "relative to the time of capture"),
)


def form_of(shown: object, precision: Precision) -> str:
    """The form of a time as it was written; `unreadable` or `none` where it told no time."""
    if shown is None or shown == "":
        return "none" if precision is Precision.NONE else "the platform's own"
    text = str(shown).strip()[:LONGEST]
    if precision is Precision.NONE:
        return "unreadable"
    for pattern, name in _FORMS:
        if pattern.fullmatch(text):
            return name
    return re.sub(
        r"[^\W\d_]+", lambda found: found[0] if found[0] in "年月日时分秒T" else "A", re.sub(r"\d", "0", text)
    )
