"""The war room as trees for `paper`: head with clocks, stage rail, task board, log, roles. Pure."""

from collections.abc import Sequence
from datetime import datetime

from dashboard.boards import badge
from dashboard.paper import Node, el
from dashboard.places import link
from dashboard.words import clock, grade_word, language, t
from tingchao.playbook import incident as events
from tingchao.playbook.clock import StageView, Standing, TaskView, next_due, since_t0, stages
from tingchao.playbook.incident import Event, Incident
from tingchao.playbook.plan import Plan


def card(incident: Incident, now: datetime) -> Node:
    """An incident in the list: number, grade, stage with clock, what is due next, tasks done, late ones."""
    views = stages(incident, now)
    tasks = [task for view in views for task in view.tasks]
    late = sum(task.standing is Standing.LATE for task in tasks) if incident.is_open else 0
    current = next((view for view in views if view.standing is not Standing.DONE), views[-1])
    due = next_due(incident, now)
    return el(
        "a",
        badge(incident.grade),
        el("span", el("b", incident.title), el("span", incident.id, cls="faint mono"), cls="main"),
        el(
            "span",
            el("span", _stage_name(current) if incident.is_open else t("closed")),
            _t_clock(incident),
            cls="two",
        ),
        el("span", el("span", due.task.title.say(language())), _left(due.due_at), cls="two next")
        if due and incident.is_open
        else el("span", "—", cls="two"),
        el(
            "span",
            incident.roles.get("commander") or t("nobody_commander"),
            cls="owner" if incident.roles.get("commander") else "owner nobody",
        ),
        el(
            "span",
            t("tasks_done", done=sum(task.ticked is not None for task in tasks), all=len(tasks)),
            el("b", t("late_n", n=late), cls="bad") if late else None,
            cls="two",
        ),
        cls="incident-row" + ("" if incident.is_open else " over"),
        href=link("incident", id=incident.id),
    )


def head(incident: Incident, now: datetime) -> Node:
    """Number, title, grade, commander, T+ since T0, the rail of stages with their deadlines."""
    views = stages(incident, now)
    commander = incident.roles.get("commander")
    return el(
        "div",
        el(
            "div",
            badge(incident.grade),
            el("span", el("h2", incident.title), el("span", incident.id, cls="mono faint"), cls="titles"),
            el(
                "span",
                el("span", t("commander"), cls="key"),
                commander or t("nobody_commander"),
                cls="owner" if commander else "owner nobody",
            ),
            el(
                "span",
                el("span", t("t0_at", at=clock(incident.t0, now)), cls="key"),
                _t_clock(incident),
                cls="big-clock",
            ),
            cls="line",
        ),
        rail(views),
        cls=f"card war-head {incident.grade.name.lower()}",
    )


def rail(views: Sequence[StageView]) -> Node:
    """S0 ▸ … ▸ S5: done, now, late or waiting, each with its deadline."""
    return el(
        "ol",
        *(
            el(
                "li",
                el("b", view.stage.id),
                el("span", view.stage.name.say(language()), cls="stage-name"),
                el("span", _marks(view), cls="stage-mark"),
                el("span", f"T+{_hours(view.stage.deadline)}", cls="faint")
                if view.standing in (Standing.DONE, Standing.WAITING)
                else _left(view.due_at),
                cls=f"stage {view.standing.value}",
                title=f"{view.done}/{len(view.tasks)}",
            )
            for view in views
        ),
        cls="rail",
    )


def board(views: Sequence[StageView], plan: Plan, *, mine: str = "", closed: bool = False) -> list[Node]:
    """The task board: a column per stage, late tasks first. Presses report `done:ID`, `undo:ID`, `more:ID`."""
    return [el("div", *(_column(view, plan, mine, closed) for view in views), cls="board")]


def _column(view: StageView, plan: Plan, mine: str, closed: bool) -> Node:
    shown = [task for task in view.tasks if not mine or task.owner == mine]
    order = sorted(shown, key=lambda task: (task.ticked is not None, task.due_at))
    open_ = [task for task in view.tasks if task.ticked is None]
    exits = [exit_.say(language()) for exit_ in view.stage.exits]
    return el(
        "div",
        el(
            "div",
            el("b", f"{view.stage.id} {view.stage.name.say(language())}"),
            el("span", f"{view.done}/{len(view.tasks)}", cls="faint"),
            el("span", t("late_n", n=view.late), cls="bad") if view.late else None,
            cls="column-head",
        ),
        *(_task(task, plan, closed) for task in order),
        el("p", t("stage_empty"), cls="faint") if not open_ and view.tasks else None,
        el(
            "div",
            el("span", t("exits"), cls="key"),
            *(el("span", each, cls="exit") for each in exits),
            cls="exits",
        )
        if exits
        else None,
        cls=f"column {view.standing.value}",
    )


def _task(view: TaskView, plan: Plan, closed: bool) -> Node:
    task, ticked = view.task, view.ticked
    role = plan.role_name(task.role, language())
    acts: list[Node | None] = []
    if not closed:
        acts = (
            [el("button", t("undo"), press=f"undo:{task.id}", cls="quiet")]
            if ticked
            else [
                el(
                    "button",
                    t("tick_evidence") if task.evidence else t("tick"),
                    press=f"done:{task.id}",
                    cls="tick",
                ),
                el(
                    "button",
                    "⋯",
                    press=f"more:{task.id}",
                    cls="quiet",
                    title=t("assign_or_skip"),
                    aria_label=t("assign_or_skip"),
                ),
            ]
        )
    return el(
        "div",
        el("div", _tick_mark(view), el("span", task.title.say(language())), cls="task-title"),
        el(
            "div",
            el("span", view.owner, cls="owner")
            if view.owner
            else el("span", role, cls="owner nobody", title=t("nobody")),
            el(
                "span",
                f"{t('skipped') if ticked.skipped else t('done')} {clock(ticked.at, ticked.at)} {ticked.by}",
            )
            if ticked
            else _left(view.due_at),
            cls="told",
        ),
        el("div", ticked.note, cls="proof") if ticked and ticked.note else None,
        el("div", *acts, cls="acts") if acts else None,
        cls=f"task {view.standing.value}",
        id=f"task-{task.id}",
    )


def _tick_mark(view: TaskView) -> Node:
    sign = {Standing.DONE: "✓", Standing.SKIPPED: "–", Standing.LATE: "!"}.get(view.standing, "")
    return el(
        "span", sign, cls=f"tickmark {view.standing.value}", aria_label=t(f"standing_{view.standing.value}")
    )


def log(listed: Sequence[Event], incident: Incident, now: datetime) -> Node:
    """One axis of events, the newest first; entries are never edited, only followed by a correction."""
    return el(
        "ol",
        *(
            el(
                "li",
                el("span", f"#{version}", cls="mono faint"),
                el("span", clock(event.at, now), cls="mono"),
                el("span", t(f"event_{_name(event)}"), cls="chip"),
                el("span", *_said(event, incident), cls="said"),
                el("span", event.by, cls="owner"),
                cls=f"event {_name(event)}",
            )
            for version, event in reversed(list(enumerate(listed, start=1)))
        ),
        cls="log",
    )


def _name(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _said(event: Event, incident: Incident) -> list[Node]:
    match event:
        case events.Opened(title=title):
            return [title]
        case events.GradeConfirmed(grade=grade, why=why):
            return [grade_word(grade), ": ", why]
        case events.RoleFilled(role=role, person=person):
            return [incident.plan.role_name(role, language()), " → ", el("b", person)]
        case events.TaskAssigned(task=task, to=to):
            return [_title(incident, task), " → ", el("b", to)]
        case events.TaskDone(task=task, note=note):
            return [_title(incident, task), *([el("span", note, cls="proof")] if note else [])]
        case events.TaskUndone(task=task, why=why) | events.TaskSkipped(task=task, why=why):
            return [_title(incident, task), el("span", why, cls="proof")]
        case events.Noted(text=text, corrects=corrects):
            return [*([el("b", t("corrects", n=corrects)), " "] if corrects else []), text]
        case events.AlertJoined(alert=alert):
            return [el("a", alert, href=link("alert", id=alert))]
        case events.Closed(why=why) | events.Reopened(why=why):
            return [why]
    return []


def _title(incident: Incident, task: str) -> str:
    planned = incident.plan.task(task)
    return planned.title.say(language()) if planned else task


def roles(incident: Incident) -> Node:
    """Who plays which part; an empty part in red."""
    return el(
        "table",
        el(
            "tbody",
            *(
                el(
                    "tr",
                    el("td", role.name.say(language())),
                    el(
                        "td",
                        person if (person := incident.roles.get(role.id)) else t("role_empty"),
                        cls="" if incident.roles.get(role.id) else "bad",
                    ),
                )
                for role in incident.plan.roles
            ),
        ),
        cls="grid narrow",
    )


def _t_clock(incident: Incident) -> Node:
    if incident.closed_at:
        return el("span", since_t0(incident, incident.closed_at), cls="clock")
    return el("time", clock="since", at=incident.t0.timestamp(), cls="clock")


def _left(due_at: datetime) -> Node:
    return el("time", clock="left", at=due_at.timestamp(), words=f"{t('left')}|{t('late')}", cls="clock")


def _marks(view: StageView) -> str:
    return {Standing.DONE: "✓", Standing.LATE: t("late"), Standing.NOW: t("stage_now")}.get(view.standing, "")


def _stage_name(view: StageView) -> str:
    return f"{view.stage.id} {view.stage.name.say(language())}"


def _hours(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
