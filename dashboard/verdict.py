"""Which label a mention carries on screen, whose word that is, and how sure: in figures, and as a tree. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.boards import say_known
from dashboard.paper import Node, el
from dashboard.words import clock, t
from tingchao.corrections import NOTHING, Correction, Corrections, judged
from tingchao.mention import UNSURE, Label, Mention

PALE = 0.6
"""Probability below which a label is drawn pale, with 置信度低."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`label` towards `topic`, or of the whole text where that is empty; None if nobody gave one.

    `sure` is the probability that the model gives its own label, `was`; `why` is its reason to abstain. `word` is a
    person's, which then is the label. `whole` is the label of the whole text.
    """

    label: Label | None
    was: Label | None
    sure: float
    why: str = ""
    topic: str = ""
    word: Correction | None = None
    whole: Label | None = None

    @property
    def unread(self) -> bool:
        """The model read nothing, so that its label says nothing."""
        return self.why not in ("", UNSURE)


def verdict(mention: Mention, topic: str = "", corrections: Corrections = NOTHING) -> Verdict:
    """What is shown of a mention when `topic` is asked about; of the whole text if no sentiment towards it is known."""
    towards = topic if judged(mention, topic) or corrections.on(mention.id, topic) else ""
    whole = _said(mention, "", corrections)
    return whole if not towards else _said(mention, towards, corrections, whole.label)


def _said(mention: Mention, topic: str, corrections: Corrections, whole: Label | None = None) -> Verdict:
    model, word = judged(mention, topic), corrections.on(mention.id, topic)
    # Being unsure is said of the whole text; towards a topic the probability alone tells.
    why = mention.abstain if not topic or mention.abstain != UNSURE else ""
    was = model.label if model and why in ("", UNSURE) else None
    sure = max(model.p_negative, model.p_neutral, model.p_positive) if model else 0.0
    label = word.label if word else was
    return Verdict(label, was, sure, why, topic, word, whole if topic else label)


def badge(shown: Verdict, *, topic_name: str = "") -> list[Node]:
    """The label with how sure it is, and below it who says so or why nobody should lean on it."""
    return [_label(shown), *_marks(shown), *_aims(shown, topic_name)]


def because(shown: Verdict, now: datetime) -> str:
    """In a sentence: who corrected it, or why a person should decide; empty if neither."""
    if shown.word:
        return t(
            "by_person_help",
            who=shown.word.by,
            at=clock(shown.word.at, now),
            label=t(f"s_{shown.word.label.value}"),
            was=model_word(shown),
        )
    if shown.was and shown.why == UNSURE:
        return t("unsure_help", label=t(f"s_{shown.was.value}"), sure=per_cent(shown.sure))
    return ""


def model_word(shown: Verdict) -> str:
    """The model's label and how sure it is, whatever a person said."""
    if shown.unread:
        return f"{t('s_unread')} · {reason(shown.why)}"
    return f"{t(f's_{shown.was.value}')} {per_cent(shown.sure)}" if shown.was else t("s_unscored")


def reason(abstain: str) -> str:
    """Why the model abstains, in words."""
    return say_known(f"dashboard.abstain_{abstain}", abstain)


def per_cent(probability: float) -> str:
    """`92%`; never `100%`, for no model is certain.

    >>> per_cent(0.918), per_cent(0.9996)
    ('92%', '>99%')
    """
    return ">99%" if probability >= 0.995 else f"{probability:.0%}"


def towards(mention: Mention) -> Sequence[str]:
    """What a person can speak about: the whole text (""), and each topic."""
    return ("", *dict.fromkeys(match.topic for match in mention.matches))


def _label(shown: Verdict) -> Node:
    if shown.label is None:
        return el("span", t("s_unread") if shown.unread else t("s_unscored"), cls="label none")
    name = shown.label.value
    if shown.word:
        return el("span", t(f"s_{name}"), cls=f"label {name}", title=f"{t('model')} {model_word(shown)}")
    pale = " pale" if shown.sure < PALE or shown.why else ""
    return el(
        "span",
        f"{t(f's_{name}')} ",
        el("b", per_cent(shown.sure), cls="sure"),
        cls=f"label {name}{pale}",
        title=t("confidence_help", label=t(f"s_{name}"), sure=per_cent(shown.sure)),
    )


def _marks(shown: Verdict) -> list[Node]:
    if shown.word:
        return [el("i", t("by_person"), cls="who person", title=shown.word.by)]
    if shown.unread:
        return [el("i", reason(shown.why), cls="unsure")]
    if shown.why == UNSURE:
        return [el("i", t("for_person"), cls="who wanted"), el("i", reason(shown.why), cls="unsure")]
    return [el("i", t("unsure"), cls="unsure")] if shown.was and shown.sure < PALE else []


def _aims(shown: Verdict, topic_name: str) -> list[Node]:
    """Whom the label is meant for, where it is not the text as a whole; that one's too where it differs."""
    if not shown.topic:
        return []
    aims: list[Node] = [el("i", t("towards", name=topic_name or shown.topic), cls="aim")]
    if shown.whole and shown.whole is not shown.label:
        aims.append(el("i", t("whole_is", label=t(f"s_{shown.whole.value}")), cls="aim"))
    return aims
