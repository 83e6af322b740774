"""The queue 需人工: mentions of which the model is not sure and nobody has decided; and the tabs that lead to it.

It is the search `has=unsure` without what people have corrected. So it can be narrowed like any search, and typing
`has:unsure` finds the decided ones as well.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from dashboard import read
from dashboard.asked import Asked
from dashboard.paper import Node, el
from dashboard.words import language, number, t
from tingchao.mention import UNSURE, Label, Mention
from tingchao.query import HAS, FieldName, Is, Query, all_of, negate
from tingchao.store import Facet, Page, Scope

QUEUES = (UNSURE, "unread")
"""What a person may want to look at, as values of `has`."""
MOST_AT_ONCE = 1_000
"""Mentions that are read at once while those are passed over that somebody has decided."""
_NEGATIVE = Is(FieldName.SENTIMENT, Label.NEGATIVE)


def is_queue(asked: Asked) -> bool:
    """Whether it is the queue that is asked for."""
    return asked.has == (UNSURE,)


def found(asked: Asked, scope: Scope, limit: int) -> Page:
    """The newest `limit` hits; of the queue those first that lean to the negative."""
    if not is_queue(asked):
        return read.search(scope, limit=limit)
    done = read.decided(scope)
    at_once = min(MOST_AT_ONCE, limit + len(done))
    waiting = (
        hit
        for leaning in (_NEGATIVE, negate(_NEGATIVE))
        for hit in _every(replace(scope, query=Query(asked.q, all_of(scope.query.root, leaning))), at_once)
        if hit.id not in done
    )
    total = read.search(scope, limit=1).total - len(done)
    return Page(tuple(islice(waiting, limit)), max(0, total), None)


def _every(scope: Scope, at_once: int) -> Iterator[Mention]:
    """All hits, newest first, read as far as they are asked for."""
    after: str | None = None
    while True:
        page = read.search(scope, limit=at_once, after=after)
        yield from page.hits
        after = page.next
        if after is None:
            return


def tabs(asked: Asked, now: datetime) -> Node:
    """全部, 需人工 with how many wait for a decision, 未判读 with how many there are."""
    everything = replace(asked, has=())
    scope = everything.scope(now, language())
    counts = dict(read.facet(scope, Facet.HAS, size=len(HAS)))
    waiting = counts.get(UNSURE, 0)
    counts[UNSURE] = max(0, waiting - len(read.decided(scope))) if waiting else 0
    return el(
        "div",
        el("a", t("queue_all"), cls="tab" if asked.has else "tab now", href=everything.address()),
        *(
            el(
                "a",
                t(f"queue_{name}"),
                el("b", number(counts.get(name, 0))),
                cls="tab now" if asked.has == (name,) else "tab",
                href=replace(asked, has=(name,)).address(),
                title=t(f"queue_{name}_help"),
            )
            for name in QUEUES
        ),
        cls="tabs",
    )
