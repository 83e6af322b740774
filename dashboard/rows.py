"""Mentions as rows of a list. Pure: records in, a tree for `paper` out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from dashboard.boards import risk
from dashboard.marks import hits, marked, places_in, snippet
from dashboard.paper import Node, el
from dashboard.words import ago, number, t
from tingchao.mention import Label, Mention, Precision
from tingchao.query import Query, word
from tingchao.times import shanghai

UNSURE = 0.6
"""Confidence below which a label carries 置信度低."""


@dataclass(frozen=True, slots=True)
class Names:
    """What topics and sources are called on screen, by id."""

    topics: Mapping[str, str]
    sources: Mapping[str, str]


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
) -> Node:
    """One mention in a list: what it says first, then who, where and when. `href` opens it, `same` its repeats."""
    found = hits(mention, query)
    title = marked(mention.title, places_in("title", found)) if mention.title else []
    return el(
        "div",
        el("div", label(mention), cls="cell"),
        el(
            "div",
            el("a", *title, cls="title", href=href) if title else None,
            el("a", *snippet(mention.text, places_in("text", found)), cls="text", href=href),
            el("div", *_told(mention, now, names), _others(others, same), cls="told"),
            cls="body",
        ),
        cls=f"mention {_tone(mention)}",
        role="listitem",
    )


def whole(mention: Mention, now: datetime, *, names: Names, query: Query | None = None) -> Node:
    """One mention in full: the text as it was first seen, and all that is known of it."""
    found = hits(mention, query)
    return el(
        "div",
        el("div", label(mention), *(_risk(each.category) for each in mention.risk), cls="line"),
        el("h2", *marked(mention.title, places_in("title", found))) if mention.title else None,
        el("blockquote", *marked(mention.text, places_in("text", found))),
        el("div", *_told(mention, now, names), _outside(mention.url), cls="told"),
        el("table", el("tbody", *(_fact(*each) for each in _facts(mention))), cls="facts"),
        cls=f"whole {_tone(mention)}",
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


def label(mention: Mention) -> Node:
    """The sentiment badge, always with its word."""
    if mention.sentiment is None:
        return el("span", t("s_unscored"), cls="label none")
    sure = mention.sentiment.confidence
    unsure = el("i", t("unsure"), cls="unsure", title=f"{sure:.0%}") if sure < UNSURE else None
    name = mention.sentiment.label.value
    return el(
        "span", el("span", t(f"s_{name}"), cls=f"label {name}", title=f"{t('confidence')} {sure:.0%}"), unsure
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


def _tone(mention: Mention) -> str:
    return "is-negative" if mention.sentiment and mention.sentiment.label is Label.NEGATIVE else ""


def _told(mention: Mention, now: datetime, names: Names) -> list[Node]:
    at = mention.published_at
    author = " ".join(part for part in (mention.author.name_masked, mention.author.badge) if part)
    parts: list[Node] = [
        el("b", names.sources.get(mention.source, mention.source)),
        el("span", t(f"kind_{mention.kind.value}")),
        el("span", ago(at, now, mention.published_precision), title=f"{shanghai(at):%Y-%m-%d %H:%M:%S}"),
    ]
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


def _facts(mention: Mention) -> Sequence[tuple[str, str]]:
    precision = (
        ""
        if mention.published_precision is Precision.SECOND
        else f" ({t('precision_' + mention.published_precision.value)})"
    )
    sentiment = mention.sentiment
    return [
        (t("published"), f"{shanghai(mention.published_at):%Y-%m-%d %H:%M:%S}{precision}"),
        (t("captured"), f"{shanghai(mention.captured_at):%Y-%m-%d %H:%M:%S}"),
        (
            t("sentiment"),
            " · ".join(
                f"{t('s_' + name)} {value:.0%}"
                for name, value in (
                    ("negative", sentiment.p_negative),
                    ("neutral", sentiment.p_neutral),
                    ("positive", sentiment.p_positive),
                )
            )
            if sentiment
            else t("s_unscored"),
        ),
        (t("model"), mention.model or "—"),
        (t("robots"), t("robots_allowed") if mention.robots.allowed else t("robots_refused")),
        (t("mention_id"), mention.id),
        (t("text_hash"), mention.raw_hash or mention.text_key or "—"),
    ]


def _fact(name: str, value: str) -> Node:
    return el("tr", el("th", name), el("td", value))
