"""The model card, `models/README.md`: written from the results, so every figure in it is of a run that is named."""

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from models.card import Card
from models.evaluate.goals import GOALS
from models.evaluate.headline import headline
from models.evaluate.markdown import table, written
from models.evaluate.mistakes import Read
from models.evaluate.plot import Axis, Point, axis, scatter
from models.evaluate.results import Figure, Results, Table

RELIABILITY, FRONT = "model-reliability.svg", "model-front.svg"
_FEWEST = 30
_WEAKEST = 12


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands above the tables of a part."""

    title: str
    words: str


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`words.yaml`: the prose of the card, with places for what changes."""

    summary: str
    purpose: str
    aimed: str
    goals: str
    sections: dict[str, Section]
    made: str


def read_words() -> Words:
    return msgspec.yaml.decode((Path(__file__).parent / "words.yaml").read_bytes(), type=Words)


def page(results: Results, card: Card, read: Read, words: Words) -> str:
    """The whole card."""
    parts = [
        f"# 模型卡 · Model card: {card.name}, version {card.version}",
        _notice(results),
        _summary(results, card, words),
        words.purpose.format(tokens=card.max_tokens),
        words.aimed if "target" in card.heads else "",
        _goals(results, words),
        *_sections(results, words),
        _weak_spots(results, read),
        words.made.format(base=f"{card.base}. " if card.base else ""),
        _measured(results),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def plots(results: Results) -> dict[str, str]:
    """File name -> SVG, for what there are results of."""
    found = {}
    bins = _table(results, "sureness", "reliability")
    if bins:
        points = [
            Point(_float(line["sure"]), _float(line["right"]), _mark(line["n"])) for line in bins.values()
        ]
        found[RELIABILITY] = scatter(
            "How sure, and how often right (dev, social posts)",
            Axis("confidence", 0.3, 1.0, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
            axis("share right", [0.3, *(point.y for point in points), 1.0], 0.1),
            points,
            line=True,
            diagonal=True,
        )
    front = _table(results, "front", "front")
    marks = [
        Point(_float(line["speed"]), _float(line["macro-F1"]), 5, name)
        for name, line in front.items()
        if line.get("speed") is not None and line.get("macro-F1") is not None
    ]
    if marks:
        found[FRONT] = scatter(
            "F1 against speed (dev, social posts)",
            axis(
                "times as fast as naive onnxruntime with the 12-layer teacher",
                [0, *(mark.x for mark in marks)],
                1,
            ),
            axis("mean macro-F1", [mark.y for mark in marks], 0.01),
            marks,
            line=False,
        )
    return found


def _notice(results: Results) -> str:
    sampled = sorted({part.sample for part in results.values() if part.sample})
    words = "Written by `python -m models.evaluate --write`; do not edit."
    if sampled:
        words += (
            f" **A trial run: at most {sampled[0]} rows of a source were taken; these figures mean little.**"
        )
    return words


def _summary(results: Results, card: Card, words: Words) -> str:
    found = headline(results)

    def of(name: str) -> str:
        return written(found[name]) if name in found else _UNMEASURED

    swaps = _table(results, "invariance", "labels that change")
    return words.summary.format(
        heads="、".join(_CHINESE[head] for head in (card.heads or {"sentiment": ()})),
        social=of("social posts, mean macro-F1"),
        three=of("three-class sets, mean macro-F1"),
        neutral=of("real neutral posts, mean macro-F1"),
        neutral_precision=of("real neutral posts, negative precision"),
        complaints=of("complaints, negative recall"),
        headlines=of("calm headlines, neutral recall"),
        target=of("target, mean macro-F1"),
        gain=_told(_table(results, "target", "by source").get("mean of sources", {}).get("gain")),
        two_brands=of("own sentences, two brands, macro-F1"),
        alarm=of("alarm, recall at precision 0.85"),
        ece=_told(_table(results, "sureness", "calibration").get("social posts", {}).get("ECE")),
        brands=_percent(swaps.get("names of brands swapped, whole text", {}).get("labels changed")),
        limit=f"{card.abstain_below:.2f}",
    )


_UNMEASURED = "未测"
_CHINESE = {
    "sentiment": "情感（负面、中性、正面）",
    "target": "对某个目标的情感",
    "emotion": "情绪",
    "irony": "反讽",
    "offensive": "冒犯",
    "complaint": "抱怨强度",
    "crisis": "危机类别",
}


def _goals(results: Results, words: Words) -> str:
    lines: Table = {}
    for goal in GOALS:
        got = goal.dev(results)
        dev = "; ".join(written(each) for each in got) if any(each is not None for each in got) else "–"
        lines[goal.figure] = {
            "given (character model)": goal.given,
            "reach": goal.reach,
            "aim": goal.aim,
            "**dev, not sealed**": dev,
            "dev counterpart": goal.counterpart,
        }
    return "\n\n".join(["## Against the goals", words.goals, table(lines, "figure on the sealed sets")])


def _sections(results: Results, words: Words) -> Iterator[str]:
    for name, section in words.sections.items():
        if name in results:
            shown = [
                f"**{title}**\n\n{table(lines)}"
                for title, lines in results[name].tables.items()
                if lines and title != "reliability"
            ]
            yield "\n\n".join([f"## {section.title}", section.words, *shown])


def _weak_spots(results: Results, read: Read) -> str:
    parts = ["## Weak spots"]
    weakest = _weakest(results)
    if weakest:
        parts.append(
            "The lowest macro-F1 among slices, kinds of own sentences and sources with at least 30 rows:"
        )
        parts.append(table(weakest, "where"))
    wrong = _table(results, "mistakes", "wrong negatives by source")
    if wrong:
        parts.append("Negatives that were missed, and other texts that were called negative:")
        parts.append(table(wrong, "source"))
    if read.count:
        parts.append(
            f"{read.count} wrong negatives of {read.model}, read on {read.date} and sorted by cause; examples are made up:"
        )
        causes: Table = {
            f"{each.cause} · {each.chinese}": {
                "missed": each.missed,
                "false alarms": each.false_alarms,
                "example": each.example,
                "what would mend it": each.mend,
            }
            for each in sorted(read.causes, key=lambda each: -each.missed - each.false_alarms)
            if each.missed + each.false_alarms
        }
        parts.append(table(causes, "cause"))
    else:
        parts.append("The list of wrong negatives of this model was not yet read by a person.")
    return "\n\n".join(parts)


def _weakest(results: Results) -> Table:
    found: Table = {}
    for part, tables in (
        ("slices", ("by length", "by what the text shows", "by platform")),
        ("own", ("whole text", "towards a brand")),
        ("sentiment", ("by source",)),
        ("target", ("by source",)),
        ("others", ("emotion", "irony", "offensive")),
    ):
        for name in tables:
            for line, figures in _table(results, part, name).items():
                if line.startswith(("all ", "mean ")):
                    continue
                rows, f1 = figures.get("n"), figures.get("macro-F1")
                if isinstance(rows, int) and rows >= _FEWEST and isinstance(f1, float):
                    found[f"{part}, {name}: {line}"] = {"n": rows, "macro-F1": f1}
    ranked = sorted(found.items(), key=lambda each: _float(each[1]["macro-F1"]))
    return dict(ranked[:_WEAKEST])


def _measured(results: Results) -> str:
    lines: Table = {
        name: {
            "model": part.model,
            "date": part.date,
            "rows": f"at most {part.sample} of a source" if part.sample else "all",
            "seconds": round(part.seconds),
        }
        for name, part in results.items()
    }
    processors = "; ".join(sorted({part.cpu for part in results.values()}))
    return f"## What was measured, when and where\n\nOn {processors}.\n\n{table(lines, 'part')}"


def _table(results: Results, part: str, name: str) -> Table:
    there = results.get(part)
    return there.tables.get(name, {}) if there else {}


def _float(figure: object) -> float:
    return float(figure) if isinstance(figure, int | float) else 0.0


def _mark(rows: object) -> float:
    """Radius of a mark whose area grows with the rows."""
    return min(14.0, 2.0 + 0.35 * math.sqrt(_float(rows)))


def _percent(figure: object) -> str:
    return f"{100 * figure:.1f} %" if isinstance(figure, float) else _UNMEASURED


def _told(figure: Figure) -> str:
    return _UNMEASURED if figure is None else written(figure)
