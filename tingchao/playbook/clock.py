"""What is due, late and next in an incident at a given moment. Nothing here reads a clock or a store."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tingchao.playbook.incident import Incident, Ticked
from tingchao.playbook.plan import Stage, Task


class Standing(StrEnum):
    """Where a task or a stage stands."""

    WAITING = "waiting"
    NOW = "now"
    LATE = "late"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with everything a person must see of it. `left` is negative once it is late."""

    task: Task
    stage: Stage
    standing: Standing
    due_at: datetime
    left: timedelta
    owner: str
    ticked: Ticked | None


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage with its tasks; `late` counts tasks that are open after their time."""

    stage: Stage
    standing: Standing
    due_at: datetime
    left: timedelta
    tasks: tuple[TaskView, ...]

    @property
    def done(self) -> int:
        return sum(view.ticked is not None for view in self.tasks)

    @property
    def late(self) -> int:
        return sum(view.standing is Standing.LATE for view in self.tasks)


def stages(incident: Incident, now: datetime) -> tuple[StageView, ...]:
    """Every stage at `now`: the first with an open task is NOW (or LATE past its deadline), later ones wait."""
    views = []
    reached = False
    for stage in incident.plan.stages:
        tasks = tuple(_task(incident, stage, task, now) for task in stage.tasks)
        due_at = incident.t0 + timedelta(minutes=stage.deadline)
        if all(view.ticked for view in tasks):
            standing = Standing.DONE
        elif now > due_at:
            standing = Standing.LATE
        else:
            standing = Standing.WAITING if reached else Standing.NOW
        reached = reached or standing is not Standing.DONE
        views.append(StageView(stage, standing, due_at, due_at - now, tasks))
    return tuple(views)


def next_due(incident: Incident, now: datetime) -> TaskView | None:
    """The open task whose time comes (or came) first; None when everything is done."""
    open_tasks = [view for stage in stages(incident, now) for view in stage.tasks if view.ticked is None]
    return min(open_tasks, key=lambda view: view.due_at, default=None)


def since_t0(incident: Incident, now: datetime) -> str:
    """`T+03:12:44`, and `T+27:00:00` after a day.

    >>> from datetime import timedelta
    >>> clock_text(timedelta(hours=27))
    'T+27:00:00'
    """
    return clock_text(max(now - incident.t0, timedelta()))


def clock_text(passed: timedelta) -> str:
    seconds = int(passed.total_seconds())
    return f"T+{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _task(incident: Incident, stage: Stage, task: Task, now: datetime) -> TaskView:
    due_at = incident.t0 + timedelta(minutes=incident.plan.due(task))
    ticked = incident.ticked.get(task.id)
    if ticked:
        standing = Standing.SKIPPED if ticked.skipped else Standing.DONE
    else:
        standing = Standing.LATE if now > due_at else Standing.WAITING
    return TaskView(task, stage, standing, due_at, due_at - now, incident.owner(task.id), ticked)
