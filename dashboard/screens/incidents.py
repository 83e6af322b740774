"""事件: every incident, the open ones first."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import acting, bar, places, read, warroom
from dashboard.paper import draw, el
from dashboard.places import link
from dashboard.shield import shielded
from dashboard.words import grade_word, t
from tingchao.alerts.alert import Grade
from tingchao.playbook import desk
from tingchao.store import Store


def show() -> None:
    """The page."""
    with st.container(horizontal=True, horizontal_alignment="right", key="incidents.controls"):
        if st.button(t("new_incident"), key="incidents.new", icon=":material/add:", type="primary"):
            _new()
    if opened := st.session_state.pop("opened", ""):
        places.go(link("incident", id=opened))
    _list()


@st.fragment(run_every=bar.REFRESH)
@shielded("incidents")
def _list() -> None:
    listed, now = read.incidents(), datetime.now(UTC)
    if not listed:
        draw(
            "incidents.none",
            [
                el(
                    "div",
                    el("p", t("no_incidents")),
                    el("a", t("see_alerts"), href=link("alerts")),
                    cls="card empty",
                )
            ],
        )
        return
    names = ("grade", "incident", "stage", "next_due", "commander", "tasks")
    draw(
        "incidents.rows",
        [
            el(
                "div",
                el("div", *(el("span", t(name)) for name in names), cls="incident-row names"),
                *(warroom.card(incident, now) for incident in listed[:100]),
                cls="card list",
            )
        ],
        now=now.timestamp(),
    )


def _new() -> None:
    @st.dialog(t("new_incident"))
    def asking() -> None:
        topics = {topic.id: topic.name for topic in read.topics()}
        with st.form("incidents.form", border=False):
            title = st.text_input(t("incident_name"), key="incidents.title", max_chars=desk.MAX_TITLE)
            topic = st.selectbox(
                t("topic"), list(topics), format_func=lambda id: topics[id], key="incidents.topic"
            )
            grades = sorted(Grade, reverse=True)
            grade = st.selectbox(t("grade"), grades, format_func=grade_word, index=2, key="incidents.grade")
            name = (
                ""
                if acting.name()
                else st.text_input(t("your_name"), key="incidents.name", max_chars=acting.MAX_NAME)
            )
            sent = st.form_submit_button(t("open_incident"), type="primary")
        if not sent:
            return
        if name:
            acting.remember(name)
        if not title.strip() or not acting.name():
            draw(
                "incidents.missing",
                [
                    el(
                        "div",
                        t("title_needed") if not title.strip() else t("name_needed"),
                        cls="notice bad",
                        role="alert",
                    )
                ],
            )
            return

        def open_(store: Store, by: str, at: datetime) -> None:
            opened = desk.open_incident(
                store,
                read.plan(),
                title=title,
                topic=topic or "",
                topic_name=topics.get(topic or "", ""),
                grade=grade or Grade.YELLOW,
                by=by,
                at=at,
            )
            st.session_state["opened"] = opened.id

        if acting.perform(open_, t("incident_opened")):
            st.rerun()
        draw("incidents.refused", [el("div", acting.refused(), cls="notice bad", role="alert")])

    asking()
