"""What `tingchao rescore`, `tingchao model shadow` and `tingchao model drift` do and print."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from models import open_scorer
from models.cache import CachedScorer
from models.drift import CLASSES, Day, Measure
from models.heads import LABELS
from stream import drift
from stream.agreement import Agreement, Difference, Tally
from stream.commands import give_way
from stream.rescore import Asked, Run, report, rescore, sample
from stream.shadow import agreements, forget
from tingchao import notices, shell
from tingchao.asking import printable
from tingchao.mention import Mention
from tingchao.settings import Settings
from tingchao.store import Store, open_store
from tingchao.times import shanghai
from tingchao.watchlist import read

SHOWN = 70
SHOWN_RESTS = 10


def score_history(
    settings: Settings,
    asked: Asked,
    *,
    model: str,
    dry_run: bool,
    anew: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Score history again (or try it on a sample), and report; `anew`: not from where an interrupted run was.

    Raises `BadInput`, `BadSetting`, `StoreUnavailable`.
    """
    asked.scope(now())
    give_way()
    scorer = CachedScorer(open_scorer(model or settings.model, threads=settings.threads))
    with open_store(settings.store_address) as store:
        topics = {topic.id: topic for topic in read(store)[0].topics}
        if dry_run:
            return {"dry_run": True, **report(sample(store, scorer, topics, asked, now()))}
        with _progress() as tell:
            return report(rescore(store, scorer, topics, asked, now=now, anew=anew, tell=tell))


@contextmanager
def _progress() -> Iterator[Callable[[Run], None]]:
    """Shows on a terminal how far a run is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("mentions")

        def show(run: Run) -> None:
            bar.update(
                task,
                completed=run.done,
                total=max(run.total, run.done),
                description=f"mentions, {run.labels:,} labels changed",
            )

        yield show


# --- two models side by side


def print_shadow(settings: Settings, *, limit: int, clear: bool, as_json: bool, out: TextIO) -> None:
    """Print how far the second model agrees with the first, and the newest mentions on which it does not."""
    with open_store(settings.store_address) as store:
        if clear:
            shell.tell({"pairs_forgotten": forget(store)}, as_json=as_json, out=out)
            return
        found = agreements(store)
        texts = _texts(store, found)
    if as_json:
        shell.tell({"pairs": [_as_json(each, texts) for each in found]}, as_json=True, out=out)
        return
    for each in found:
        out.writelines(f"{line}\n" for line in _lines(each, texts, limit))
    if not found:
        out.write(
            "nothing was compared yet: set TINGCHAO_SHADOW_MODEL and start again; see docs/model-versions.md\n"
        )


def _texts(store: Store, found: Sequence[Agreement]) -> dict[str, Mention]:
    ids = dict.fromkeys(each.mention for agreement in found for each in agreement.differences)
    return {each.id: each for each in store.get(list(ids))}


def _as_json(agreement: Agreement, texts: Mapping[str, Mention]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(agreement)
    del found["marks"]
    found["labels"] = list(LABELS)
    for told, tally in (
        (found["whole"], agreement.whole),
        (found["towards"], agreement.towards),
        *((found["sources"][name], tally) for name, tally in agreement.sources.items()),
    ):
        told.update(same=round(tally.same, 4), mean_dp=round(tally.mean_dp, 4))
        del told["moved"]
    for told, difference in zip(found["differences"], agreement.differences, strict=True):
        there = texts.get(difference.mention)
        told["text"] = there.text if there else None
    return found


def _lines(agreement: Agreement, texts: Mapping[str, Mention], limit: int) -> Iterator[str]:
    since, until = shanghai(agreement.since), shanghai(agreement.until)
    yield f"{printable(agreement.old)} -> {printable(agreement.new)}, {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
    yield f"  {_tally('whole texts', agreement.whole)}"
    yield f"  {_tally('towards topics', agreement.towards)}"
    yield "  not read        " + ", ".join(f"{who} {n:,}" for who, n in agreement.unread.items())
    yield f"  {'first / second':<14}" + "".join(f"{label:>10}" for label in LABELS)
    for label, row in zip(LABELS, agreement.whole.matrix, strict=True):
        yield f"  {label:<14}" + "".join(f"{n:>10,}" for n in row)
    for name, tally in sorted(agreement.sources.items(), key=lambda each: (-each[1].n, each[0])):
        yield f"  {_tally(printable(name)[:14], tally)}"
    newest = list(reversed(agreement.differences))[:limit]
    yield f"  the newest {len(newest)} of {len(agreement.differences)} differences that are kept:"
    for each in newest:
        yield f"    {_difference(each, texts.get(each.mention))}"


def _tally(name: str, tally: Tally) -> str:
    return f"{name:<14}  {tally.n:>9,}   same label {tally.same:>6.1%}   mean |dp| {tally.mean_dp:.3f}"


def _difference(each: Difference, there: Mention | None) -> str:
    text = (
        " ".join(printable(f"{there.title} {there.text}").split())[:SHOWN] if there else "(not in the store)"
    )
    said = " -> ".join(f"{one.label} {max(one.p):.2f}" for one in (each.old, each.new))
    about = f" towards {each.topic}" if each.topic else ""
    return f"{shanghai(each.at):%m-%d %H:%M}  {said}{about}  {printable(each.source)[:14]}  {text}"


# --- drift


def print_drift(settings: Settings, *, as_json: bool, out: TextIO) -> None:
    """Print what the model said of each source, day by day, and what people found who had looked."""
    with open_store(settings.store_address) as store:
        found = drift.standing(store)
        rested = notices.rests(store, drift.KIND)
    if as_json:
        told = {
            "classes": {each.value: CLASSES[each] for each in Measure},
            "sources": {each.source: msgspec.to_builtins(each.days) for each in found},
            "rested": msgspec.to_builtins(rested),
        }
        shell.tell(told, as_json=True, out=out)
        return
    for each in found:
        out.write(f"{printable(each.source)}\n")
        out.writelines(f"  {_day(day)}\n" for day in each.days[-7:])
    if not found:
        out.write("nothing was counted yet: the worker `drift` counts what `enrich` has scored\n")
    for rest in rested[-SHOWN_RESTS:]:
        out.write(
            f"put to rest {shanghai(rest.at):%m-%d %H:%M}: {printable(rest.sentence)} ({printable(rest.note)})\n"
        )


def rest_drift(
    settings: Settings,
    source: str,
    note: str,
    *,
    as_json: bool,
    out: TextIO,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Put the notices about a source to rest, with a note, and print them. Raises `BadInput`, `StoreUnavailable`."""
    with open_store(settings.store_address) as store:
        rested = notices.put_to_rest(store, drift.KIND, source, note, now().replace(microsecond=0))
    shell.tell({"put_to_rest": [printable(each.sentence) for each in rested]}, as_json=as_json, out=out)


def _day(day: Day) -> str:
    shares = [
        ", ".join(
            f"{name} {n / max(sum(day.counts(each)), 1):.0%}"
            for name, n in zip(CLASSES[each], day.counts(each), strict=True)
            if n
        )
        for each in (Measure.LABELS, Measure.READING)
    ]
    return f"{day.day}  {printable(day.model)}  {sum(day.reading):,} texts: {shares[0] or 'none read'}; {shares[1]}"
