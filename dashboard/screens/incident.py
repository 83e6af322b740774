"""战情室: where are we in the 24 hours, what is late, who does what?"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import acting, bar, charts, places, pulse, read, url, warroom
from dashboard.asked import Asked
from dashboard.paper import draw, el
from dashboard.places import link
from dashboard.shield import shield, shielded
from dashboard.window import CUSTOM, Window
from dashboard.words import grade_word, language, number, t
from tingchao.alerts.alert import Grade
from tingchao.playbook import desk
from tingchao.playbook.clock import stages
from tingchao.playbook.incident import INCIDENTS, Incident, TaskDone
from tingchao.playbook.plan import Task

TABS = ("board", "situation", "timeline", "team")


def show() -> None:
    """The page: the head is always there, one tab below it."""
    id = url.value("id")
    if not id:
        places.go(link("incidents"))
    incident, now = INCIDENTS.read(read.store(), id), datetime.now(UTC)
    drawn = st.session_state.get("incident.drawn")
    seen = drawn[1] if drawn and drawn[0] == id else incident.version
    st.session_state["incident.drawn"] = (id, incident.version)
    draw("incident.head", [warroom.head(incident, now)], now=now.timestamp())
    _news()
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key="incident.controls",
    ):
        tab = url.one_of("tab", t("war_room"), TABS, lambda name: t(f"tab_{name}"), "board")
        with st.container(horizontal=True, gap="small", width="content"):
            _acts(incident)
    with shield(f"incident.{tab}"):
        match tab:
            case "situation":
                _situation(incident, now)
            case "timeline":
                _timeline(incident, now)
            case "team":
                _team(incident, seen)
            case _:
                _board(incident, seen, now)


@st.fragment(run_every=bar.REFRESH)
@shielded("news")
def _news() -> None:
    """Somebody else wrote: say so, and let the person choose when to see it."""
    id, version = st.session_state["incident.drawn"]
    there = read.store().find(INCIDENTS.kind, id)
    if there and int(there.body["version"]) > version:
        by = str(there.body.get("last_by", ""))[:40]
        with st.container(horizontal=True, vertical_alignment="center", key="incident.news"):
            draw("incident.news.text", [el("span", t("news_by", who=by), cls="notice")])
            if st.button(t("show_news"), key="incident.news.show", icon=":material/refresh:", type="primary"):
                st.rerun()


def _acts(incident: Incident) -> None:
    if incident.is_open:
        if st.button(t("write_note"), key="incident.note", shortcut="n", icon=":material/edit_note:"):
            _note(incident)
        if st.button(t("set_grade"), key="incident.grade", icon=":material/flag:"):
            _grade(incident)
        if st.button(t("close_incident"), key="incident.close", icon=":material/task_alt:"):
            _with_reason(
                incident,
                t("close_incident"),
                t("why_close"),
                "close",
                lambda why: (
                    lambda store, by, at: desk.close(
                        store, incident.id, by=by, at=at, why=why, seen=incident.version
                    )
                ),
            )
    elif st.button(t("reopen_incident"), key="incident.reopen", icon=":material/restart_alt:"):
        _with_reason(
            incident,
            t("reopen_incident"),
            t("why_reopen"),
            "reopen",
            lambda why: lambda store, by, at: desk.reopen(store, incident.id, by=by, at=at, why=why),
        )


# --- tasks


def _board(incident: Incident, seen: int, now: datetime) -> None:
    mine = ""
    if acting.name():
        mine = acting.name() if st.toggle(t("my_tasks"), key="incident.mine") else ""
    pressed = draw(
        "incident.board",
        warroom.board(stages(incident, now), incident.plan, mine=mine, closed=not incident.is_open),
        now=now.timestamp(),
    )
    if not pressed:
        return
    what, _, id = pressed.partition(":")
    task = incident.plan.task(id)
    if task is None:
        return
    if what == "done" and not task.evidence and acting.name():
        acting.perform(
            lambda store, by, at: desk.tick(store, incident.id, id, by=by, at=at, seen=seen),
            t("ticked"),
            incident=incident.id,
        )
        st.rerun()
    elif what == "done":
        _tick(incident, task)
    elif what == "undo":
        _with_reason(
            incident,
            t("undo"),
            t("why_undo"),
            f"undo.{id}",
            lambda why: (
                lambda store, by, at: desk.untick(
                    store, incident.id, id, by=by, at=at, why=why, seen=incident.version
                )
            ),
            about=_title(task),
        )
    elif what == "more":
        _more(incident, task)


def _title(task: Task) -> str:
    return task.title.say(language())


def _tick(incident: Incident, task: Task) -> None:
    @st.dialog(t("tick"))
    def asking() -> None:
        draw(
            "task.title",
            [
                el("b", _title(task)),
                el("p", t("evidence_help") if task.evidence else t("note_help"), cls="faint"),
            ],
        )
        with st.form("task.form", border=False):
            note = st.text_area(
                t("evidence"), key=f"task.note.{task.id}", max_chars=desk.MAX_NOTE, height=110
            )
            name = _name_field(f"task.{task.id}")
            sent = st.form_submit_button(t("tick"), type="primary")
        if sent and _complete(name, note if task.evidence else "-", t("evidence_needed"), "task"):
            _send(
                incident,
                lambda store, by, at: desk.tick(
                    store, incident.id, task.id, by=by, at=at, note=note, seen=incident.version
                ),
                "task",
                t("ticked"),
            )

    asking()


def _more(incident: Incident, task: Task) -> None:
    @st.dialog(t("assign_or_skip"))
    def asking() -> None:
        draw("more.title", [el("b", _title(task))])
        with st.form("more.form", border=False):
            to = st.text_input(t("assign_to"), key=f"more.to.{task.id}", max_chars=desk.MAX_NAME)
            why = st.text_input(t("skip_because"), key=f"more.why.{task.id}", max_chars=1_000)
            name = _name_field(f"more.{task.id}")
            with st.container(horizontal=True):
                assigned = st.form_submit_button(t("assign"), type="primary")
                skipped = st.form_submit_button(t("skip"))
        if assigned and _complete(name, to, t("person_needed"), "more"):
            _send(
                incident,
                lambda store, by, at: desk.assign(
                    store, incident.id, task.id, to=to, by=by, at=at, seen=incident.version
                ),
                "more",
                t("saved"),
            )
        if skipped and _complete(name, why, t("reason_needed"), "more"):
            _send(
                incident,
                lambda store, by, at: desk.skip(
                    store, incident.id, task.id, by=by, at=at, why=why, seen=incident.version
                ),
                "more",
                t("saved"),
            )

    asking()


# --- dialogs


def _note(incident: Incident) -> None:
    @st.dialog(t("write_note"))
    def asking() -> None:
        with st.form("note.form", border=False):
            text = st.text_area(t("note_text"), key="note.text", max_chars=desk.MAX_NOTE, height=130)
            corrects = st.number_input(
                t("note_corrects"),
                key="note.corrects",
                min_value=0,
                max_value=incident.version,
                value=0,
                step=1,
            )
            name = _name_field("note")
            sent = st.form_submit_button(t("write"), type="primary")
        if sent and _complete(name, text, t("note_needed"), "note"):
            _send(
                incident,
                lambda store, by, at: desk.note(
                    store, incident.id, text=text, by=by, at=at, corrects=int(corrects)
                ),
                "note",
                t("written_down"),
            )

    asking()


def _grade(incident: Incident) -> None:
    @st.dialog(t("set_grade"))
    def asking() -> None:
        grades = sorted(Grade, reverse=True)
        with st.form("grade.form", border=False):
            grade = st.selectbox(
                t("grade"),
                grades,
                format_func=grade_word,
                index=grades.index(incident.grade),
                key="grade.grade",
            )
            why = st.text_area(t("reason"), key="grade.why", max_chars=1_000, height=90)
            name = _name_field("grade")
            sent = st.form_submit_button(t("confirm_grade"), type="primary")
        if sent and _complete(name, why, t("reason_needed"), "grade"):
            _send(
                incident,
                lambda store, by, at: desk.confirm_grade(
                    store, incident.id, grade, by=by, at=at, why=why, seen=incident.version
                ),
                "grade",
                t("saved"),
            )

    asking()


def _with_reason(
    incident: Incident, title: str, question: str, key: str, act: Callable[[str], acting.Act], about: str = ""
) -> None:
    @st.dialog(title)
    def asking() -> None:
        if about:
            draw(f"{key}.about", [el("b", about)])
        with st.form(f"{key}.form", border=False):
            why = st.text_area(question, key=f"{key}.why", max_chars=1_000, height=100)
            name = _name_field(key)
            sent = st.form_submit_button(title, type="primary")
        if sent and _complete(name, why, t("reason_needed"), key):
            _send(incident, act(why), key, t("saved"))

    asking()


def _name_field(key: str) -> str:
    """Ask for the name in the dialog where nobody has given one yet."""
    return acting.name() or st.text_input(t("your_name"), key=f"{key}.name", max_chars=acting.MAX_NAME)


def _complete(name: str, text: str, missing: str, key: str) -> bool:
    if not text.strip():
        draw(f"{key}.missing", [el("div", missing, cls="notice bad", role="alert")])
        return False
    if not acting.name() and not acting.remember(name):
        draw(f"{key}.missing", [el("div", t("name_needed"), cls="notice bad", role="alert")])
        return False
    return True


def _send(incident: Incident, act: acting.Act, key: str, done: str) -> None:
    """Do the act and close the dialog; refused, the dialog stays with what was typed."""
    if acting.perform(act, done, incident=incident.id):
        st.rerun()
    draw(f"{key}.refused", [el("div", acting.refused(), cls="notice bad", role="alert")])
    if st.button(t("refresh"), key=f"{key}.refresh", icon=":material/refresh:"):
        st.rerun()


# --- the other tabs


def _situation(incident: Incident, now: datetime) -> None:
    window = _around(incident, now)
    asked = Asked(window, topic=(incident.topic,) if incident.topic else ())
    scope = asked.scope(now)
    summary = pulse.summarise(read.timeline(scope, window.step), read.past_timelines(scope.query, window))
    share = summary.negative.now
    with st.container(border=True, key="card-incident-situation"):
        told = (
            t("negative_now", share=f"{share:.0%}")
            if share is not None
            else t("too_few", n=summary.negative.n)
        )
        draw(
            "incident.situation.head",
            [
                el(
                    "div",
                    el("h3", t("tab_situation")),
                    el("a", t("n_mentions", n=number(summary.mentions.n)), href=asked.address()),
                    el("span", told, cls="faint"),
                    cls="block-head",
                )
            ],
        )
        if summary.mentions.n:
            st.vega_lite_chart(
                charts.trend(summary.steps, window.step, _marks(incident, window), height=260),
                key="incident.situation.chart",
                alt=t("trend_alt", n=number(summary.mentions.n)),
            )
        else:
            draw("incident.situation.none", [el("p", t("evidence_gone"), cls="empty")])


def _around(incident: Incident, now: datetime) -> Window:
    """From six hours before the first post to the incident's end, or to now; at most the last seven days of it."""
    until = (incident.closed_at or now).replace(second=0, microsecond=0) + timedelta(minutes=1)
    since = min(incident.t0, incident.posted_at or incident.t0) - timedelta(hours=6)
    return Window(CUSTOM, max(since.replace(second=0, microsecond=0), until - timedelta(days=7)), until)


def _marks(incident: Incident, window: Window) -> list[tuple[datetime, str, str]]:
    """First post, alert, T0 and finished tasks, as marks on the axis."""
    marks = [
        (incident.posted_at, t("first_post"), "#1d4e6f"),
        (incident.detected_at, t("raised_at"), "#fa8c16"),
        (incident.t0, "T0", "#cf1322"),
    ]
    marks += [
        (event.at, _title(task), "#389e6d")
        for event in INCIDENTS.events(read.store(), incident.id)
        if isinstance(event, TaskDone) and (task := incident.plan.task(event.task))
    ]
    return [(at, what, colour) for at, what, colour in marks if at and window.since <= at < window.until][:40]


def _timeline(incident: Incident, now: datetime) -> None:
    listed = INCIDENTS.events(read.store(), incident.id)
    with st.container(border=True, key="card-incident-log"):
        draw(
            "incident.log.list", [warroom.log(listed, incident, now), el("p", t("append_only"), cls="faint")]
        )


def _team(incident: Incident, seen: int) -> None:
    left, right = st.columns([1, 1], gap="medium")
    with left, st.container(border=True, key="card-incident-roles"):
        draw(
            "incident.roles.table",
            [el("div", el("h3", t("roles")), cls="block-head"), warroom.roles(incident)],
        )
    with right, st.container(border=True, key="card-incident-fill"):
        roles = {role.id: role.name.say(language()) for role in incident.plan.roles}
        with st.form("role.form", border=False):
            role = st.selectbox(t("role"), list(roles), format_func=lambda id: roles[id], key="role.role")
            person = st.text_input(t("person"), key="role.person", max_chars=desk.MAX_NAME)
            name = _name_field("role")
            sent = st.form_submit_button(t("fill_role"), type="primary", disabled=not incident.is_open)
        if sent and _complete(name, person, t("person_needed"), "role"):
            _send(
                incident,
                lambda store, by, at: desk.fill_role(
                    store, incident.id, role, person=person, by=by, at=at, seen=seen
                ),
                "role",
                t("saved"),
            )
