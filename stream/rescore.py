"""`tingchao rescore`: score history again, chunk by chunk, newest first, through the store's own door.

read a page → score → look again → upsert → put the bookmark. Whatever is killed in between is done again and changes
nothing, for a mention that carries the model's name is passed over. So a run may also begin anew at any time; it must where
the bookmark is old, for times such as 7d count from its beginning. Only what a model says is replaced. Nothing is
published, so no alert is raised again: alerts are about what happens now, and what people saw and decided then stays.

The store takes the newer capture (`tingchao.store.rules.revised`), so a re-scored mention is written as captured one
second later. A crawl that is newer than that wins, whoever writes first, and an old message that comes again does not
undo the new score. A mention that was captured anew or removed since the page was read is left alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from models import Scorer
from stream.scoring import question, score, scored
from stream.threads import Threads
from tingchao.errors import AlreadyRunning, BadInput, BadQuery, BadRecord, StaleVersion
from tingchao.mention import Label, Mention
from tingchao.query import Published, parse
from tingchao.store import Scope, Store
from tingchao.times import shanghai
from tingchao.watchlist import Topic

log = structlog.get_logger("rescore")

KIND = "rescore"
CHUNK = 250
SOURCES = 200
OTHERS = "(other sources)"
RUNS_KEPT = 50
SAMPLE = 500
PARTS = 40
LATER = timedelta(seconds=1)
RESUMED_WITHIN = timedelta(days=1)
"""A run that began longer ago is not gone on with."""
WEEK = timedelta(days=7)


class Asked(msgspec.Struct, frozen=True):
    """Which mentions, as it was typed: a query, and the first and last moment of publication (empty: no end)."""

    query: str = ""
    since: str = ""
    until: str = ""

    def scope(self, now: datetime) -> Scope:
        """Raises `BadQuery` and `BadInput`. `now` is what times such as 7d count from."""
        return Scope(
            parse(self.query, now=now, language="en"),
            since=_moment("since", self.since, now),
            until=_moment("until", self.until, now),
        )


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The bookmark, and in the end the record. Mentions are counted; `total` are those in scope at the start."""

    asked: Asked
    model: str
    began_at: datetime
    total: int
    after: str | None = None
    ended_at: datetime | None = None
    done: int = 0
    already: int = 0
    rescored: int = 0
    unscorable: int = 0
    passed: int = 0
    """Captured anew or removed while they were scored."""
    labels: int = 0
    targets: int = 0
    sources: dict[str, list[int]] = {}
    """For each source how many labels changed, and of how many mentions."""


class Chunk(msgspec.Struct, frozen=True):
    """A page, scored: each mention as it was read, and what is to be written in its place."""

    read: Sequence[Mention]
    changes: Sequence[tuple[Mention, Mention]]
    unscorable: int

    @property
    def already(self) -> int:
        return len(self.read) - len(self.changes) - self.unscorable


def rescore(
    store: Store,
    scorer: Scorer,
    topics: Mapping[str, Topic],
    asked: Asked,
    *,
    now: Callable[[], datetime],
    anew: bool = False,
    tell: Callable[[Run], None] = lambda _: None,
) -> Run:
    """Score again all that is asked for, from the bookmark of a run that was interrupted; the finished run.

    `anew` forgets the bookmark; so does one that is older than `RESUMED_WITHIN`. `tell` hears of each chunk.
    Raises `BadInput`, `StoreUnavailable`, and `AlreadyRunning` if another process has moved the bookmark.
    """
    id, run, version = _begun(store, scorer.name, asked, now(), anew=anew)
    scope = run.asked.scope(run.began_at)
    threads = Threads(store.get)
    while run.ended_at is None:
        page = store.search(scope, limit=CHUNK, after=run.after)
        chunk = _scored(page.hits, scorer, topics, threads)
        written = _write(store, chunk.changes)
        run = _counted(run, chunk, written)
        run = replace(run, after=page.next or run.after, ended_at=None if page.next else now())
        version = _put(store, id, run, version)
        tell(run)
    _forget_old(store)
    return run


def sample(store: Store, scorer: Scorer, topics: Mapping[str, Topic], asked: Asked, now: datetime) -> Run:
    """What a run would change, tried on at most `SAMPLE` mentions from all over the time asked for. Writes nothing."""
    scope = asked.scope(now)
    total = store.count(scope)
    run = Run(asked=asked, model=scorer.name, began_at=now, total=total)
    threads = Threads(store.get)
    for part, size in _parts(store, scope, total):
        hits = store.search(part, limit=size).hits
        chunk = _scored(hits, scorer, topics, threads)
        run = _counted(run, chunk, chunk.changes)
    return replace(run, ended_at=now)


def runs(store: Store) -> list[Run]:
    """Runs that are recorded, the newest first; one that cannot be read is left out."""
    found = [run for _, run, _ in _recorded(store)]
    return sorted(found, key=lambda each: each.began_at, reverse=True)


# --- one chunk


def _scored(hits: Sequence[Mention], scorer: Scorer, topics: Mapping[str, Topic], threads: Threads) -> Chunk:
    threads.see(hits)
    old = [each for each in hits if not _is_done(each, scorer.name)]
    changes: list[tuple[Mention, Mention]] = []
    unscorable = 0
    asked = [question(each, topics, above) for each, above in zip(old, threads.above(old), strict=True)]
    for each, answers in zip(old, score(scorer, asked), strict=True):
        if isinstance(answers, BadRecord):
            unscorable += 1
            log.warning("a mention cannot be scored and stays as it is", mention=each.id, reason=str(answers))
        else:
            changes.append((each, scored(each, answers, scorer.name)))
    return Chunk(hits, changes, unscorable)


def _is_done(mention: Mention, model: str) -> bool:
    """Scored by this model; one that it did not read has no sentiment, as records of before do."""
    return mention.model == model and not (mention.unread and mention.sentiment)


def _write(store: Store, changes: Sequence[tuple[Mention, Mention]]) -> list[tuple[Mention, Mention]]:
    """Write what is still as it was read; returns that."""
    there = {each.id: (each.captured_at, each.model) for each in store.get([old.id for old, _ in changes])}
    kept = [(old, new) for old, new in changes if there.get(old.id) == (old.captured_at, old.model)]
    if kept:
        refused = store.upsert([replace(new, captured_at=new.captured_at + LATER) for _, new in kept]).refused
        gone = {each.mention_id for each in refused}
        kept = [(old, new) for old, new in kept if old.id not in gone]
    return kept


def _counted(run: Run, chunk: Chunk, written: Sequence[tuple[Mention, Mention]]) -> Run:
    sources = {name: list(counts) for name, counts in run.sources.items()}
    labels = targets = 0
    for old, new in written:
        name = old.source if old.source in sources or len(sources) < SOURCES else OTHERS
        counts = sources.setdefault(name, [0, 0])
        changed = _label(old) is not _label(new)
        counts[0] += changed
        counts[1] += 1
        labels += changed
        before = {each.topic: each.label for each in old.targets}
        targets += sum(before.get(each.topic, each.label) != each.label for each in new.targets)
    return replace(
        run,
        done=run.done + len(chunk.read),
        already=run.already + chunk.already,
        rescored=run.rescored + len(written),
        unscorable=run.unscorable + chunk.unscorable,
        passed=run.passed + len(chunk.changes) - len(written),
        labels=run.labels + labels,
        targets=run.targets + targets,
        sources=sources,
    )


def _label(mention: Mention) -> Label | None:
    return mention.sentiment.label if mention.sentiment else None


# --- the bookmark


def _begun(store: Store, model: str, asked: Asked, now: datetime, *, anew: bool) -> tuple[str, Run, int]:
    """The unfinished run for the same question and model, or a new one in its place; its id and version."""
    for id, run, version in list(_recorded(store)):
        if run.ended_at is not None or (run.asked, run.model) != (asked, model):
            continue
        began = f"{shanghai(run.began_at):%Y-%m-%d %H:%M}"
        if not anew and now - run.began_at <= RESUMED_WITHIN:
            log.warning(f"resuming the run of {began}", done=run.done, total=run.total)
            return id, run, version
        log.warning(f"the run of {began} was not finished; beginning anew", done=run.done, total=run.total)
        store.remove(KIND, id)
    run = Run(asked=asked, model=model, began_at=now, total=store.count(asked.scope(now)))
    key = blake2b(msgspec.json.encode((asked, model)), digest_size=4).hexdigest()
    id = f"{now:%Y%m%dT%H%M%S}-{key}"
    return id, run, _put(store, id, run, 0)


def _put(store: Store, id: str, run: Run, version: int) -> int:
    try:
        return store.put(KIND, id, msgspec.to_builtins(run), version)
    except StaleVersion:
        raise AlreadyRunning(
            f"rescore {run.asked.query!r} with {run.model}: another process is at it. Wait for its end, or stop it first"
        ) from None


def _recorded(store: Store) -> Iterator[tuple[str, Run, int]]:
    for document in store.documents(KIND):
        try:
            yield document.id, msgspec.convert(document.body, Run), document.version
        except msgspec.ValidationError as error:
            log.warning("the record of a run cannot be read", run=document.id, reason=str(error))


def _forget_old(store: Store) -> None:
    ended = sorted(id for id, run, _ in _recorded(store) if run.ended_at is not None)
    for id in ended[:-RUNS_KEPT]:
        store.remove(KIND, id)


# --- the sample


def _parts(store: Store, scope: Scope, total: int) -> Iterator[tuple[Scope, int]]:
    """Stretches of time with how many mentions to take of each, in proportion to how many there are."""
    if total <= SAMPLE:
        yield scope, max(total, 1)
        return
    weeks = [each.at for each in store.timeline(scope, WEEK) if each.total]
    first, end = min(weeks), max(weeks) + WEEK
    step = max((end - first) / PARTS, timedelta(minutes=1))
    whole = timedelta(minutes=-(-int(step.total_seconds()) // 60))
    counts = Counter({each.at: each.total for each in store.timeline(scope, whole) if each.total})
    for at, n in sorted(counts.items()):
        size = max(1, round(SAMPLE * n / total))
        since = max(at, scope.since) if scope.since else at
        until = min(at + whole, scope.until) if scope.until else at + whole
        yield Scope(scope.query, since=since, until=until), size


def _moment(side: str, text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        root = parse(f'{side}:"{text}"', now=now, language="en").root
    except BadQuery:
        root = None
    if not isinstance(root, Published):
        raise BadInput(
            f"--{side} {text[:40]!r}: give a time such as 2026-11-24, '2026-11-24 08:00', 24h or 7d"
        )
    return getattr(root, side)  # type: ignore[no-any-return]


def report(run: Run) -> dict[str, Any]:
    """What a person is told of a run, or of a sample."""
    return {
        "model": run.model,
        "in_scope": run.total,
        "read": run.done,
        "scored_again": run.rescored,
        "scored_by_this_model_already": run.already,
        "newer_or_removed_meanwhile": run.passed,
        "cannot_be_scored": run.unscorable,
        "labels_changed": _share(run.labels, run.rescored),
        "labels_towards_topics_changed": run.targets,
        "by_source": [
            f"{name}: {_share(changed, n)}"
            for name, (changed, n) in sorted(run.sources.items(), key=lambda each: (-each[1][0], each[0]))
        ],
    }


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else "0"
