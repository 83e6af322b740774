"""The shipped model beside others, on the same rows: how often they agree, and what is lost on the main figures."""

from collections.abc import Sequence

from models import Scorer
from models.evaluate import judge as said
from models.evaluate.headline import measured
from models.evaluate.judge import Judge
from models.evaluate.measures import agreement
from models.evaluate.results import Table, Tables
from models.evaluate.sets import Sets


def against(sets: Sets, own: Scorer, others: Sequence[Scorer], sample: int = 0) -> Tables:
    """`lost to the best`: the best of the others on that figure, minus ours."""
    rows = sets.dev("sentiment", "sentiment_more")
    ours = said.probabilities(Judge(own)(rows))
    near: Table = {}
    for other in others:
        found = agreement(ours, said.probabilities(Judge(other)(rows)))
        near[other.name] = {
            "n": len(rows),
            "same label": found.same_label,
            "largest difference of a probability": found.largest,
            "mean difference": found.mean,
        }
    own_figures = measured(sets, own, sample)
    their = {other.name: measured(sets, other, sample) for other in others}
    main: Table = {}
    for name, figure in own_figures.items():
        there = {other: figures[name] for other, figures in their.items() if name in figures}
        main[name] = {
            own.name: figure,
            **there,
            "lost to the best": max(there.values()) - figure if there else None,
        }
    return {"agreement": near, "main figures": main}
