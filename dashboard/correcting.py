"""A person says which label is right: under a mention in full, and under each hit of the queue 需人工."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard import acting, read
from dashboard.paper import Node, el
from dashboard.verdict import towards
from dashboard.words import plain, t
from tingchao.corrections import correct
from tingchao.mention import Label, Mention
from tingchao.store import Store


def box(mention: Mention, topic: str) -> None:
    """Three buttons for the right label, of the whole text or towards one of the topics; `topic` is chosen first."""
    names = read.names().topics
    aims = towards(mention)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="correct"):
        st.text(t("label_wrong"), width="content")
        aim = ""
        if len(aims) > 1:
            aim = (
                st.segmented_control(
                    t("label_wrong"),
                    aims,
                    default=topic if topic in aims else "",
                    format_func=lambda each: (
                        plain(t("towards", name=names.get(each, each))) if each else t("aim_whole")
                    ),
                    label_visibility="collapsed",
                    required=True,
                    key=f"correct.aim.{mention.id}",
                )
                or ""
            )
        for label in Label:
            st.button(
                t(f"s_{label.value}"),
                key=f"correct.{label.value}.{mention.id}",
                on_click=acting.press,
                args=(_act(mention.id, label, aim), t("corrected_now", label=t(f"s_{label.value}"))),
            )


def choices(mention: Mention) -> Node:
    """The same for a hit of the queue, by one press."""
    return el(
        "div",
        el("span", t("decide"), cls="key"),
        *(
            el(
                "button",
                t(f"s_{label.value}"),
                cls=f"quiet {label.value}",
                press=f"{label.value}:{mention.id}",
            )
            for label in Label
        ),
        cls="acts decide",
    )


def take(pressed: str | None, shown: Sequence[Mention]) -> None:
    """Do what was pressed under one of the hits that were `shown`."""
    label, _, id = (pressed or "").partition(":")
    if label in set(Label) and id in {mention.id for mention in shown}:
        acting.perform(_act(id, Label(label), ""), t("corrected_now", label=t(f"s_{label}")))
        st.rerun()


def _act(id: str, label: Label, topic: str) -> acting.Act:
    known = read.corrections()

    def act(store: Store, by: str, at: datetime) -> None:
        correct(store, id, label, by=by, at=at, topic=topic, known=known)

    return act
