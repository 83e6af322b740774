"""What the command line asks and prints: search, match, checks and status, for people or as JSON."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TextIO

import msgspec

from tingchao.bus import ALERTS, ENRICHED, OBSERVATIONS, RAW, open_bus
from tingchao.doctor import Check
from tingchao.errors import BadInput
from tingchao.mention import Mention
from tingchao.query import Subject, parse
from tingchao.settings import Settings
from tingchao.store import Scope, open_store
from tingchao.watchlist import Matcher, load

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SHOWN = 90
READS = {"enrich": RAW, "index": ENRICHED, "alert": OBSERVATIONS, "notify": ALERTS}
MAX_LINE = 1_000_000


def window(last: str) -> timedelta | None:
    """`90m`, `24h`, `7d`, `2w` as a length of time; empty: None. Raises `BadInput`.

    >>> window("24h")
    datetime.timedelta(days=1)
    """
    if not last:
        return None
    number, unit = last[:-1], last[-1]
    if unit not in UNITS or not number.isdecimal() or not 0 < int(number) < 10_000:
        raise BadInput(f"--last {last!r}: give a number and m, h, d or w, such as 24h")
    return timedelta(**{UNITS[unit]: int(number)})


def search_text(settings: Settings, text: str, *, last: str, limit: int, as_json: bool, out: TextIO) -> None:
    """Print the newest hits of a query. Raises `BadQuery` with the place, `StoreUnavailable`."""
    now = datetime.now(UTC)
    length = window(last)
    query = parse(text, now=now, language="en")
    with open_store(settings.store_address) as store:
        page = store.search(Scope(query, since=now - length if length else None), limit=limit)
    if as_json:
        for mention in page.hits:
            out.write(msgspec.json.encode(mention).decode() + "\n")
        return
    for mention in page.hits:
        out.write(_line(mention) + "\n")
    out.write(
        f"{page.total:,} mentions"
        + (f", the newest {len(page.hits)} shown" if page.total > len(page.hits) else "")
    )
    out.write("\n")


def _line(mention: Mention) -> str:
    label = mention.sentiment.label if mention.sentiment else "unscored"
    at = mention.published_at.astimezone(SHANGHAI)
    text = " ".join(printable(f"{mention.title} {mention.text}").split())
    return f"{at:%m-%d %H:%M}  {label:<8}  {printable(mention.source)[:14]:<14}  {text[:SHOWN]}"


def printable(text: str) -> str:
    """Text from the public without what could steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def match_lines(watchlist: Path, lines: Iterable[str], out: TextIO) -> int:
    """Match JSON lines and write one answer a line; returns how many lines could not be read."""
    matcher = Matcher(load(watchlist))
    bad = 0
    for number, row in rows(lines):
        if isinstance(row, str):
            bad += 1
            _write(out, {"line": number, "error": row})
            continue
        found = matcher.explain(
            Subject(
                title=str(row.get("title") or ""),
                text=str(row.get("text") or ""),
                source=str(row.get("source") or ""),
                kind=str(row.get("kind") or ""),
                lang=str(row.get("lang") or ""),
                url=str(row.get("url") or ""),
                region=str(row.get("region") or ""),
            )
        )
        _write(
            out,
            {
                "id": row.get("id"),
                "matches": [
                    {
                        "topic": match.topic,
                        "role": match.role,
                        "terms": [
                            {"term": hit.term, "start": hit.start, "end": hit.end, "field": hit.field}
                            for hit in hits
                        ],
                    }
                    for match, hits in found
                ],
            },
        )
    return bad


def rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Each line's number with its JSON object, or with a sentence that says why it is none; blank lines are skipped."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            yield number, f"line {number} has {len(line):,} characters; at most {MAX_LINE:,} are read"
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"line {number} is not JSON: {error}"
            continue
        yield number, row if isinstance(row, dict) else f"line {number} is not a JSON object"


def print_checks(checks: Iterable[Check], *, as_json: bool, out: TextIO) -> int:
    """Print each check as it is made; returns the exit code: 0 when all is well, else 1."""
    failed = 0
    for check in checks:
        failed += not check.ok
        if as_json:
            _write(out, {"check": check.name, "ok": check.ok, "found": check.found})
        else:
            out.write(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<10} {check.found}\n")
        out.flush()
    return 1 if failed else 0


def print_status(settings: Settings, *, as_json: bool, out: TextIO) -> None:
    """Print workers, lag, sources and open alerts. Raises `BusUnavailable`, `StoreUnavailable`."""
    with open_store(settings.store_address) as store, open_bus(settings.bus_address) as bus:
        lag = {group: bus.lag(group, [topic])[topic] for group, topic in READS.items()}
        workers = {document.id: dict(document.body) for document in store.documents("worker")}
        sources = {document.id: dict(document.body) for document in store.documents("source")}
        alerts = [
            dict(document.body)
            for document in store.documents("alert")
            if document.body.get("state") in ("open", "acknowledged")
        ]
        mentions = store.count(Scope())
    if as_json:
        _write(
            out,
            {"mentions": mentions, "lag": lag, "workers": workers, "sources": sources, "open_alerts": alerts},
        )
        return
    out.write(f"mentions     {mentions:,}\n")
    for group, waiting in lag.items():
        worker = workers.get(group, {})
        out.write(
            f"{group:<12} {worker.get('state', 'not seen'):<10} lag {waiting:,}  seen {worker.get('seen', 0):,}\n"
        )
    for name, source in sources.items():
        out.write(f"source       {name}: {source.get('state')}, last success {source.get('last_success')}\n")
    out.write(f"open alerts  {len(alerts)}\n")
    for alert in alerts:
        out.write(f"             {printable(str(alert.get('topic_name')))} since {alert.get('raised_at')}\n")


def _write(out: TextIO, row: dict[str, Any]) -> None:
    out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
