"""What the command line asks and prints: search, match, checks and status, for people or as JSON."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
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
from tingchao.times import SHANGHAI
from tingchao.watchlist import Matcher, load, read

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SHOWN = 90
SHOWN_SHARE = 0.05
"""Of refused visits, from which on it is told."""
READS = {"enrich": RAW, "index": ENRICHED, "alert": OBSERVATIONS, "notify": ALERTS}
MAX_LINE = 1_000_000
GONE_AFTER = 15.0


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
    label = mention.sentiment.label if mention.sentiment else "unread" if mention.unread else "unscored"
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
            _write(out, {"error": row, "line": number})
            continue
        found = matcher.explain(_subject(row))
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


def _subject(row: dict[str, Any]) -> Subject:
    """What a topic may ask of a row; an unreadable `published_at` counts as unknown."""
    try:
        published_at = datetime.fromisoformat(str(row.get("published_at")))
    except ValueError:
        published_at = None
    return Subject(
        _text(row, "text"),
        _text(row, "title"),
        url=_text(row, "url"),
        source=_text(row, "source"),
        kind=_text(row, "kind"),
        lang=_text(row, "lang"),
        region=_text(row, "region"),
        author=_text(row, "author"),
        published_at=published_at if published_at and published_at.tzinfo else None,
        media=bool(row.get("media")),
        parent=bool(row.get("parent_id")),
    )


def _text(row: dict[str, Any], name: str) -> str:
    return str(row.get(name) or "")


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
        except RecursionError:
            yield number, f"line {number} is nested too deep"
            continue
        except ValueError as error:
            yield number, f"line {number} is not JSON: {str(error)[:120]}"
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


def print_status(
    settings: Settings, *, as_json: bool, out: TextIO, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Print workers, lag, sources and open alerts. Raises `BusUnavailable`, `StoreUnavailable`."""
    found = standing(settings, now())
    if as_json:
        _write(out, found)
    else:
        out.writelines(f"{line}\n" for line in _status_lines(found))


def standing(settings: Settings, now: datetime) -> dict[str, Any]:
    """How everything stands, as plain values. A worker that has not reported for a while is `gone`."""
    with open_store(settings.store_address) as store, open_bus(settings.bus_address) as bus:
        lag = {group: bus.lag(group, [topic])[topic] for group, topic in READS.items()}
        workers = {document.id: _worker(document.body, now) for document in store.documents("worker")}
        sources = {document.id: dict(document.body) for document in store.documents("source")}
        alerts = [
            dict(document.body)
            for document in store.documents("alert")
            if document.body.get("state") in ("open", "acknowledged")
        ]
        watchlist, version = read(store)
        mentions = store.count(Scope())
    return {
        "mentions": mentions,
        "topics": len(watchlist.topics),
        "watchlist_version": version,
        "lag": lag,
        "workers": workers,
        "sources": sources,
        "open_alerts": alerts,
    }


def _worker(body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a worker reported, and `gone` where a running one no longer does."""
    told = dict(body)
    try:
        silent = (now - datetime.fromisoformat(str(told.get("at")))).total_seconds() > GONE_AFTER
    except (ValueError, TypeError):
        silent = True
    if silent and told.get("state") in ("starting", "running", "waiting"):
        told["state"] = "gone"
    return told


def _status_lines(found: Mapping[str, Any]) -> Iterator[str]:
    topics, workers, alerts = found["topics"], found["workers"], found["open_alerts"]
    yield f"mentions     {found['mentions']:,}"
    yield (
        f"watched      {topics} topics, version {found['watchlist_version']}"
        if topics
        else ("watched      nothing: every mention is dropped. Run: tingchao watchlist load FILE")
    )
    for group, waiting in found["lag"].items():
        told = workers.get(group, {})
        state = told.get("state", "not seen")
        yield (
            f"{group:<12} {state:<10} lag {waiting:,}  seen {told.get('seen', 0):,}"
            f"  dropped {told.get('dropped', 0):,}  dead {told.get('dead', 0):,}"
        )
        if state in ("waiting", "failed") and told.get("last_error"):
            yield f"             {printable(str(told['last_error']))[:200]}"
    for name, source in found["sources"].items():
        yield f"source       {name}: {_heard(source)}"
    if not found["sources"]:
        yield "source       none has been crawled"
    yield f"open alerts  {len(alerts)}"
    for alert in alerts:
        yield f"             {printable(str(alert.get('topic_name')))} since {alert.get('raised_at')}"


def _heard(source: Mapping[str, Any]) -> str:
    """How a source is doing: its state, how fresh, how much against its usual, and what is not heard."""
    told = [str(source.get("state")), f"last success {source.get('last_success') or 'never'}"]
    if source.get("newest"):
        told.append(f"newest {source['newest']}")
    if source.get("an_hour") is not None:
        told.append(
            f"{source.get('lately', 0):,} new in this hour and the last (usual: {source['an_hour']:g} an hour)"
        )
    if (refusing := source.get("refusing") or 0) >= SHOWN_SHARE:
        told.append(f"refuses {refusing:.0%}")
    if gaps := source.get("gaps"):
        told.append(f"{gaps:,} gap{'s' if gaps > 1 else ''}")
    if source.get("expected") is not None:
        told.append(f"got {source.get('got', 0):,} of {source['expected']:,}")
    if blind := source.get("blind"):
        told.append("lost " + printable(" ".join(map(str, blind)))[:SHOWN])
    error = printable(str(source.get("error") or ""))[:160]
    if error and source.get("state") not in ("ok", "silent"):
        told.append(error)
    return ", ".join(told)


def _write(out: TextIO, row: dict[str, Any]) -> None:
    out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
