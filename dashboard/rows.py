"""Mentions as rows of a list. Pure: records in, a tree for `paper` out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from dashboard.boards import risk, say_known
from dashboard.marks import hits, marked, places_in, snippet
from dashboard.paper import Node, el
from dashboard.verdict import Verdict, because, model_word, per_cent, verdict
from dashboard.verdict import badge as judgement
from dashboard.words import ago, clock, number, source_word, t
from tingchao.corrections import judged
from tingchao.mention import Label, Mention, Precision
from tingchao.query import Query, word
from tingchao.times import shanghai


@dataclass(frozen=True, slots=True)
class Names:
    """What topics and sources are called on screen, by id."""

    topics: Mapping[str, str]
    sources: Mapping[str, str]

    def source(self, id: str) -> str:
        """A source's own name, else the one that the catalogue has for it."""
        return self.sources.get(id) or source_word(id)


@dataclass(frozen=True, slots=True)
class Folded:
    """A mention, and how many others on the list say exactly the same."""

    mention: Mention
    others: int = 0


def fold(mentions: Iterable[Mention]) -> list[Folded]:
    """The first of each text, in order, with the number of its repeats."""
    groups: dict[str, list[Mention]] = {}
    for mention in mentions:
        groups.setdefault(mention.text_key or mention.id, []).append(mention)
    return [Folded(group[0], len(group) - 1) for group in groups.values()]


def row(
    mention: Mention,
    now: datetime,
    *,
    names: Names,
    query: Query | None = None,
    others: int = 0,
    href: str | None = None,
    same: str | None = None,
    shown: Verdict | None = None,
) -> Node:
    """One mention in a list: what it says first, then who, where and when. `href` opens it, `same` its repeats.

    `shown` is its label; without one it is the model's of the whole text.
    """
    found = hits(mention, query)
    shown = shown or verdict(mention)
    title = marked(mention.title, places_in("title", found)) if mention.title else []
    return el(
        "div",
        el("div", *_judged(shown, names), cls="cell"),
        el(
            "div",
            el("a", *title, cls="title", href=href) if title else None,
            el("a", *snippet(mention.text, places_in("text", found)), cls="text", href=href),
            el("div", *_told(mention, now, names), _others(others, same), cls="told"),
            cls="body",
        ),
        cls=f"mention {_tone(shown)}",
        role="listitem",
    )


def whole(
    mention: Mention,
    now: datetime,
    *,
    names: Names,
    query: Query | None = None,
    shown: Verdict | None = None,
) -> Node:
    """One mention in full: the text as it was first seen, with its label as in `row`."""
    found = hits(mention, query)
    shown = shown or verdict(mention)
    return el(
        "div",
        el(
            "div",
            *_judged(shown, names),
            *(_risk(each.category) for each in mention.risk),
            el("span", because(shown, now), cls="because"),
            cls="line",
        ),
        el("h2", *marked(mention.title, places_in("title", found))) if mention.title else None,
        el("blockquote", *marked(mention.text, places_in("text", found))),
        el("div", *_told(mention, now, names), _outside(mention.url), cls="told"),
        cls=f"whole {_tone(shown)}",
    )


def details(mention: Mention, now: datetime, *, names: Names, every: Sequence[Verdict]) -> Node:
    """All that is known of a mention; `every` are its labels, of the whole text and towards each topic."""
    return el(
        "table",
        el("tbody", *(_fact(*each) for each in _facts(mention, now, names, every))),
        cls="facts",
    )


def why(mention: Mention, query: Query | None) -> Node:
    """为何命中: each word that matched and how often."""
    counted: dict[str, int] = {}
    for hit in hits(mention, query):
        counted[hit.term] = counted.get(hit.term, 0) + 1
    words: list[Node] = [
        el("span", el("mark", term), f" ×{n}" if n > 1 else "", cls="term") for term, n in counted.items()
    ]
    return el(
        "div", el("span", t("why_hit"), cls="key"), *(words or [el("span", t("why_fields"))]), cls="hit-why"
    )


def phrase(said: str, length: int = 60) -> str:
    """A quoted phrase for the query box that finds texts which hold the longest piece of `said`; empty if there is none.

    >>> phrase('他说“好”，真的很好')
    '"，真的很好"'
    """
    pieces = re.split(r'["“”＂\\\s]+', said)
    longest = max(pieces, key=len, default="")[:length]
    try:
        word(longest)
    except ValueError:
        return ""
    return f'"{longest}"'


def _judged(shown: Verdict, names: Names) -> list[Node]:
    return judgement(shown, topic_name=names.topics.get(shown.topic, shown.topic))


def _tone(shown: Verdict) -> str:
    return "is-negative" if shown.label is Label.NEGATIVE else ""


def _told(mention: Mention, now: datetime, names: Names) -> list[Node]:
    at = mention.published_at
    author = " ".join(part for part in (mention.author.name_masked, mention.author.badge) if part)
    parts: list[Node] = [
        el("b", names.source(mention.source)),
        el("span", t(f"kind_{mention.kind.value}")),
        el("span", ago(at, now, mention.published_precision), title=f"{shanghai(at):%Y-%m-%d %H:%M:%S}"),
    ]
    if mention.gone_at:
        parts.insert(
            0, el("span", t("gone"), cls="risk", title=t("gone_help", at=clock(mention.gone_at, now)))
        )
    if author:
        parts.append(el("span", author))
    if mention.region:
        parts.append(el("span", mention.region))
    parts += [
        el("span", names.topics.get(match.topic, match.topic), cls="topic") for match in mention.matches
    ]
    parts += [_risk(each.category) for each in mention.risk]
    if counts := _engagement(mention):
        parts.append(el("span", counts, cls="counts"))
    return parts


def _engagement(mention: Mention) -> str:
    seen = mention.engagement
    shown = (("reposts", seen.reposts), ("comments", seen.comments), ("likes", seen.likes))
    return " · ".join(f"{t(name)} {number(count)}" for name, count in shown if count is not None)


def _others(others: int, same: str | None) -> Node | None:
    return el("a", t("same_more", n=others), cls="same", href=same) if others else None


def _risk(category: str) -> Node:
    return el("span", risk(category), cls="risk", title=t("risk"))


def _outside(url: str) -> Node | None:
    host = urlsplit(url).hostname if url.startswith(("http://", "https://")) else None
    return el("a", t("open_original"), cls="out", href=url, title=t("leaves", host=host)) if host else None


def _facts(
    mention: Mention, now: datetime, names: Names, every: Sequence[Verdict]
) -> Sequence[tuple[str, str]]:
    precision = (
        ""
        if mention.published_precision is Precision.SECOND
        else f" ({t('precision_' + mention.published_precision.value)})"
    )
    return [
        (t("published"), f"{shanghai(mention.published_at):%Y-%m-%d %H:%M:%S}{precision}"),
        (t("captured"), f"{shanghai(mention.captured_at):%Y-%m-%d %H:%M:%S}"),
        *(((t("gone"), t("gone_help", at=clock(mention.gone_at, now))),) if mention.gone_at else ()),
        *(_sentiment(mention, each, now, names) for each in every),
        *_felt(mention),
        (t("model"), mention.model or "—"),
        (t("robots"), t("robots_allowed") if mention.robots.allowed else t("robots_refused")),
        (t("mention_id"), mention.id),
        (t("text_hash"), mention.raw_hash or mention.text_key or "—"),
    ]


def _sentiment(mention: Mention, said: Verdict, now: datetime, names: Names) -> tuple[str, str]:
    """A person's word first, then the model's with all three probabilities."""
    model = judged(mention, said.topic)
    told = model_word(said)
    if model and said.was:
        told = " · ".join(
            f"{t('s_' + label.value)} {per_cent(p)}"
            for label, p in zip(Label, (model.p_negative, model.p_neutral, model.p_positive), strict=True)
        )
    if said.word:
        by = t(
            "by_person_fact",
            who=said.word.by,
            at=clock(said.word.at, now),
            label=t(f"s_{said.word.label.value}"),
        )
        told = f"{by}{t('model_said', told=told)}"
    name = names.topics.get(said.topic, said.topic)
    return t("towards", name=name) if said.topic else t("sentiment_whole"), told


def _felt(mention: Mention) -> list[tuple[str, str]]:
    """What the model tells beyond sentiment, where it does."""
    told: list[tuple[str, str]] = []
    if mention.emotion:
        told.append((t("emotion"), say_known(f"dashboard.emotion_{mention.emotion}", mention.emotion)))
    if mention.complaint is not None:
        told.append((t("complaint_intensity"), t("complaint_scale", n=f"{mention.complaint:+.2f}")))
    if mention.irony is not None:
        told.append((t("irony"), per_cent(mention.irony)))
    return told


def _fact(name: str, value: str) -> Node:
    return el("tr", el("th", name), el("td", value))
