"""A forecast for platforms that nobody trained on.

The encoder has seen every source, so its dev figures are of known ones. Without training it again there is a cheap
forecast: a character model (1- to 3-grams, logistic regression) is trained with all sources and once without each family of
them; what it loses shows how far a source stands alone. The real thing is a bundle trained without a source:
`--loso FOLDER` with `FOLDER/SOURCE/card.json` for each.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models import open_scorer
from models.characters import counter, learner
from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.measures import mean, quality
from models.evaluate.results import Line, Table, Tables
from models.evaluate.sets import MENGNIU, Row, Sets, by_source, sampled
from models.heads import LABELS
from models.normalise import normalise
from tingchao.errors import BadSetting

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "SMP 2020": ("smp2020_usual", "smp2020_virus"),
    "shop and hotel reviews": ("online_shopping_10_cats", "chnsenticorp", "chnsenticorp_hotel", MENGNIU),
    **{
        name: (name,)
        for name in (
            "weibo2018",
            "bdci2018_car",
            "waimai_10k",
            "senta_mixed",
            "douban_book",
            "fin_news_title",
            "thucnews_headline",
            "auto_complaints",
            "nlpcc2013_sentence",
            "ecisa2019",
            "bilibili2024",
        )
    },
}
"""Sources that share their texts or their makers are left out together."""

_SEED = 1


class Characters:
    """The character model: probabilities of negative, neutral, positive from counts of 1- to 3-grams."""

    def __init__(self) -> None:
        self._count = counter()
        self._model = learner(_SEED)

    def count(self, texts: Sequence[str]) -> Any:
        return self._count.transform([normalise(text) for text in texts])

    def learn(self, counted: Any, labels: Sequence[str]) -> "Characters":
        self._model.fit(counted, [LABELS.index(label) for label in labels])
        return self

    def labels(self, counted: Any) -> list[str]:
        return [str(LABELS[number]) for number in self._model.predict(counted)]


def unseen(sets: Sets, judge: Judge, loso: Path | None = None, sample: int = 0) -> Tables:
    """The character model with and without each family, beside the encoder, which saw them all.

    `sample`: for a trial, the character model learns from twenty times so many rows of each source (0: all).
    """
    train = sampled(sets.train("sentiment", "sentiment_more"), 20 * sample)
    rows = sets.dev("sentiment", "sentiment_more")
    model = Characters()
    counted, counted_dev = model.count([row.text for row in train]), model.count([row.text for row in rows])
    sources = np.array([row.source for row in train])
    labels = np.array([row.label for row in train])
    everything = model.learn(counted, labels.tolist()).labels(counted_dev)
    encoder = said.labels(judge(rows))
    table: Table = {}
    places = by_source(rows)
    for name, family in FAMILIES.items():
        there = [source for source in family if source in places]
        if not there:
            continue
        print(f"  without {name}", flush=True)
        kept = ~np.isin(sources, family)
        without = Characters().learn(counted[kept], labels[kept].tolist())
        for source in there:
            own = places[source]
            table[source] = _line(rows, own, encoder, everything, without.labels(counted_dev[own]))
    table["mean of sources"] = {"n": len(rows)} | {
        column: mean([_number(line[column]) for line in table.values()])
        for column in ("encoder, saw it", "characters, saw it", "characters, never saw it", "lost")
    }
    return {"characters": table} | ({"encoder": _encoders(loso, rows)} if loso else {})


def _line(
    rows: Sequence[Row], own: Sequence[int], encoder: Sequence[str], seen: Sequence[str], never: Sequence[str]
) -> Line:
    want = [rows[place].label for place in own]
    before = quality(want, [seen[place] for place in own]).macro_f1
    after = quality(want, never).macro_f1
    return {
        "n": len(own),
        "encoder, saw it": quality(want, [encoder[place] for place in own]).macro_f1,
        "characters, saw it": before,
        "characters, never saw it": after,
        "lost": before - after,
    }


def _encoders(folder: Path, rows: Sequence[Row]) -> Table:
    """Bundles trained without the source that their folder is named after, each on that source."""
    table: Table = {}
    for source, places in by_source(rows).items():
        if (folder / source / "card.json").exists():
            own = [rows[place] for place in places]
            readings = Judge(open_scorer(f"onnx:{folder / source}"))(own)
            found = quality([row.label for row in own], said.labels(readings))
            table[source] = {"n": found.rows, "accuracy": found.accuracy, "macro-F1": found.macro_f1}
    if not table:
        raise BadSetting(
            f"{folder}: no SOURCE/card.json in it; put each bundle trained without a source there"
        )
    table["mean of sources"] = {"macro-F1": mean([_number(line["macro-F1"]) for line in table.values()])}
    return table


def _number(figure: object) -> float | None:
    return float(figure) if isinstance(figure, int | float) else None
