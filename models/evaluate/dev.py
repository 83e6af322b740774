"""The development sets: sentiment, sentiment towards a target, and the other heads, by source and in means."""

from collections.abc import Callable, Sequence

from models import Reading
from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.measures import (
    ece,
    mean,
    micro_f1,
    pearson,
    precision,
    quality,
    recall,
    recall_at_precision,
)
from models.evaluate.results import Figure, Line, Table, Tables
from models.evaluate.sets import (
    ASPECTS,
    COMPLAINTS,
    HEADLINES,
    NEUTRAL_POSTS,
    NOT_NEGATIVE,
    SOCIAL,
    THREE_CLASS,
    Row,
    Sets,
    by_source,
    is_held_out,
)
from models.heads import ALARMING
from models.reading import EMOTIONS

ALARM_PRECISION = 0.85
NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"


def sentiment(sets: Sets, judge: Judge) -> Tables:
    """Every source of `sentiment` and `sentiment_more`, and the means over kinds of sources."""
    rows = sets.dev("sentiment", "sentiment_more")
    readings = judge(rows)
    table = {
        source: sentiment_line(*_taken(rows, readings, places)) for source, places in by_source(rows).items()
    }
    table["all rows"] = sentiment_line(rows, readings)
    return {
        "by source": table,
        "means": _means(rows, readings, table),
        "complaints and calm headlines": _threshold(table),
        "alarm": _alarm(rows, readings),
        "left out": left_out(sets, "sentiment", "sentiment_more"),
    }


def left_out(sets: Sets, *folders: str) -> Table:
    """How many dev rows were not asked, since the training read their text."""
    return {
        folder: {"rows that training read": sets.left_out[folder]}
        for folder in folders
        if folder in sets.left_out
    }


def sentiment_line(rows: Sequence[Row], readings: Sequence[Reading]) -> Line:
    """What one source says of a model."""
    want, got = [row.label for row in rows], said.labels(readings)
    found = quality(want, got)
    return {
        "n": found.rows,
        "accuracy": found.accuracy,
        "macro-F1": found.macro_f1,
        "negative precision": precision(want, got, NEGATIVE) if len(set(want)) > 1 else None,
        "negative recall": recall(want, got, NEGATIVE),
        "neutral recall": recall(want, got, NEUTRAL),
        "ECE": ece(said.confidences(readings), said.rights(rows, readings)),
    }


def _means(rows: Sequence[Row], readings: Sequence[Reading], table: Table) -> Table:
    many_classes = [source for source in table if source not in (COMPLAINTS, HEADLINES, "all rows")]
    kinds = {
        "social posts": SOCIAL,
        "three-class sets": THREE_CLASS,
        "real neutral posts": NEUTRAL_POSTS,
        "all multi-class sets": many_classes,
    }
    return {kind: _mean_line(rows, readings, table, sources) for kind, sources in kinds.items()}


def _threshold(table: Table) -> Table:
    """Two sources of one class each pull the same threshold in opposite directions."""
    return {
        COMPLAINTS: {
            "n": table.get(COMPLAINTS, {}).get("n"),
            "recall": table.get(COMPLAINTS, {}).get("negative recall"),
        },
        HEADLINES: {
            "n": table.get(HEADLINES, {}).get("n"),
            "recall": table.get(HEADLINES, {}).get("neutral recall"),
        },
    }


def _alarm(rows: Sequence[Row], readings: Sequence[Reading]) -> Table:
    social = [place for place, row in enumerate(rows) if row.source in SOCIAL]
    found = recall_at_precision(
        [readings[place].sentiment.p_negative for place in social],
        [rows[place].label == NEGATIVE for place in social],
        ALARM_PRECISION,
    )
    return {
        f"negatives of social posts at precision {ALARM_PRECISION}": {
            "n": len(social),
            "recall": found and found[0],
            "limit on P(negative)": found and found[1],
        }
    }


def _mean_line(
    rows: Sequence[Row], readings: Sequence[Reading], table: Table, sources: Sequence[str]
) -> Line:
    """Means over the sources; the calibration error is of all their rows together."""
    there = [source for source in sources if source in table]
    places = [place for place, row in enumerate(rows) if row.source in there]
    own_rows, own = _taken(rows, readings, places)
    line: Line = {"n": len(places), "sources": len(there)}
    for column in ("accuracy", "macro-F1", "negative precision", "negative recall"):
        line[column] = mean([_value(table[source].get(column)) for source in there])
    line["ECE"] = ece(said.confidences(own), said.rights(own_rows, own)) if own else None
    return line


def target(sets: Sets, judge: Judge) -> Tables:
    """Towards the target, against the same model that is not told it; a set of two classes is judged over its two."""
    rows = sets.dev("target", "aspect")
    told, blind = judge(rows, ("target", "context")), judge(rows)
    table: Table = {}
    for source, places in by_source(rows).items():
        want = [rows[place].label for place in places]
        table[source] = _gain(
            source, want, *(said.labels([found[place] for place in places]) for found in (told, blind))
        )
    sources = [source for source in table if source != ASPECTS]
    table["mean of sources"] = {
        "n": sum(int(_value(table[source]["n"]) or 0) for source in sources),
        **{
            column: mean([_value(table[source][column]) for source in sources])
            for column in ("macro-F1", "blind", "gain")
        },
    }
    return {
        "by source": table,
        "thread": _thread(rows, told, judge),
        "sureness": _target_ece(rows, told),
        "left out": left_out(sets, "target", "aspect"),
    }


def _gain(source: str, want: Sequence[str], told: Sequence[str], blind: Sequence[str]) -> Line:
    if source == NOT_NEGATIVE:
        told, blind, want = ([_negative_or_not(label) for label in each] for each in (told, blind, want))
    with_target, without = quality(want, told), quality(want, blind)
    return {
        "n": with_target.rows,
        "accuracy": with_target.accuracy,
        "macro-F1": with_target.macro_f1,
        "blind": without.macro_f1,
        "gain": with_target.macro_f1 - without.macro_f1,
    }


def _thread(rows: Sequence[Row], told: Sequence[Reading], judge: Judge) -> Table:
    """Comments that came with the thread above: what showing it brings."""
    places = [place for place, row in enumerate(rows) if row.context]
    if not places:
        return {}
    own, with_it = _taken(rows, told, places)
    want = [row.label for row in own]
    alone = quality(want, said.labels(judge(own, ("target",))))
    shown = quality(want, said.labels(with_it))
    return {
        "with the thread above": {"n": shown.rows, "accuracy": shown.accuracy, "macro-F1": shown.macro_f1},
        "without it": {"n": alone.rows, "accuracy": alone.accuracy, "macro-F1": alone.macro_f1},
    }


def _target_ece(rows: Sequence[Row], told: Sequence[Reading]) -> Table:
    places = [place for place, row in enumerate(rows) if row.source not in (NOT_NEGATIVE, ASPECTS)]
    own, readings = _taken(rows, told, places)
    if not own:
        return {}
    return {
        "towards a target": {
            "n": len(own),
            "ECE": ece(said.confidences(readings), said.rights(own, readings)),
        }
    }


def others(sets: Sets, judge: Judge) -> Tables:
    """Emotion, irony, offence, crisis and complaint, each where the model has the head."""
    heads = judge.scorer.heads
    found: Tables = {}
    if "emotion" in heads:
        rows = sets.dev("emotion")
        found["emotion"] = _labelled(rows, judge(rows), lambda reading: EMOTIONS[_first_max(reading.emotion)])
    if "irony" in heads:
        rows = sets.dev("irony")
        found["irony"] = _labelled(
            rows,
            judge(rows, ("context",)),
            lambda each: "ironic" if (each.irony or 0) >= ALARMING else "normal",
        )
    if "offensive" in heads:
        rows = sets.dev("offensive")
        found["offensive"] = _labelled(
            rows, judge(rows), lambda each: "offensive" if (each.offensive or 0) >= ALARMING else "normal"
        )
    if "crisis" in heads:
        found["crisis"] = _crisis(sets, judge)
    if "complaint" in heads:
        found["complaint"] = _complaint(sets, judge)
    found["left out"] = left_out(sets, "emotion", "irony", "offensive", "crisis")
    return found


def _labelled(rows: Sequence[Row], readings: Sequence[Reading], name: Callable[[Reading], str]) -> Table:
    got = [name(reading) if not _unread(reading) else "" for reading in readings]
    table: Table = {}
    for source, places in by_source(rows).items():
        want = [rows[place].label for place in places]
        found = quality(want, [got[place] for place in places])
        table[source] = {"n": found.rows, "accuracy": found.accuracy, "macro-F1": found.macro_f1}
    return table


def _crisis(sets: Sets, judge: Judge) -> Table:
    """Over the categories that the head has; rows of other categories count as having none."""
    names = judge.scorer.heads["crisis"]
    rows = sets.dev("crisis")
    got = [
        {name for name, p in zip(names, each.crisis, strict=False) if p >= ALARMING} for each in judge(rows)
    ]
    want = [set(row.categories) & set(names) for row in rows]
    table: Table = {
        source: {
            "n": len(places),
            "micro-F1": micro_f1([want[place] for place in places], [got[place] for place in places]),
        }
        for source, places in by_source(rows).items()
    }
    for name in names:
        there, called = ([name if name in each else "" for each in sets_] for sets_ in (want, got))
        table[name] = {
            "n": sum(map(bool, there)),
            "precision": precision(there, called, name),
            "recall": recall(there, called, name),
        }
    return table


def _complaint(sets: Sets, judge: Judge) -> Table:
    """On the tenth that training leaves out, for the set has no dev part."""
    rows = [row for row in sets.train("complaint_intensity") if is_held_out(row.text)]
    pairs = [(row.score, each.complaint) for row, each in zip(rows, judge(rows), strict=True)]
    there = [(wanted, found) for wanted, found in pairs if wanted is not None and found is not None]
    pearson_ = pearson([wanted for wanted, _ in there], [found for _, found in there])
    return {"complaint_intensity": {"n": len(there), "Pearson": pearson_}}


def _taken(
    rows: Sequence[Row], readings: Sequence[Reading], places: Sequence[int]
) -> tuple[list[Row], list[Reading]]:
    return [rows[place] for place in places], [readings[place] for place in places]


def _negative_or_not(label: str) -> str:
    return label if label == NEGATIVE else "not negative"


def _unread(reading: Reading) -> bool:
    return bool(reading.abstain) and reading.abstain != "unsure"


def _first_max(p: Sequence[float]) -> int:
    return max(range(len(p)), key=p.__getitem__)


def _value(figure: Figure) -> float | None:
    return float(figure) if isinstance(figure, int | float) else None
