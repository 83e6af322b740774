"""An incident as the fold of its events. Events are facts in the past tense and are never edited.

T-post is when the public first spoke, T-detect when the alert was raised, T0 when a person confirmed it;
deadlines count from T0.
"""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from tingchao.alerts.alert import Grade
from tingchao.ledger import Ledger, UnknownEvent
from tingchao.playbook.plan import Plan


class IncidentEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Something that happened at `at` (UTC), by `by`."""

    at: datetime
    by: str


class Opened(IncidentEvent, frozen=True, kw_only=True, tag="opened"):
    """`at` is T0."""

    title: str
    topic: str
    topic_name: str
    grade: Grade
    plan: Plan
    alert: str = ""
    posted_at: datetime | None = None
    detected_at: datetime | None = None


class GradeConfirmed(IncidentEvent, frozen=True, kw_only=True, tag="grade_confirmed"):
    grade: Grade
    why: str


class RoleFilled(IncidentEvent, frozen=True, kw_only=True, tag="role_filled"):
    role: str
    person: str


class TaskAssigned(IncidentEvent, frozen=True, kw_only=True, tag="task_assigned"):
    task: str
    to: str


class TaskDone(IncidentEvent, frozen=True, kw_only=True, tag="task_done"):
    task: str
    note: str = ""


class TaskUndone(IncidentEvent, frozen=True, kw_only=True, tag="task_undone"):
    task: str
    why: str


class TaskSkipped(IncidentEvent, frozen=True, kw_only=True, tag="task_skipped"):
    task: str
    why: str


class Noted(IncidentEvent, frozen=True, kw_only=True, tag="noted"):
    """A decision or an observation; `corrects` is the version of an earlier note that it puts right."""

    text: str
    corrects: int = 0


class AlertJoined(IncidentEvent, frozen=True, kw_only=True, tag="alert_joined"):
    alert: str


class Closed(IncidentEvent, frozen=True, kw_only=True, tag="closed"):
    why: str


class Reopened(IncidentEvent, frozen=True, kw_only=True, tag="reopened"):
    why: str


Event = (
    Opened
    | GradeConfirmed
    | RoleFilled
    | TaskAssigned
    | TaskDone
    | TaskUndone
    | TaskSkipped
    | Noted
    | AlertJoined
    | Closed
    | Reopened
)


class Ticked(msgspec.Struct, frozen=True):
    """That a task was finished (or skipped): when, by whom, and what proves or excuses it."""

    at: datetime
    by: str
    note: str = ""
    skipped: bool = False


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stands; `id` is its number, such as CR-2026-1124-01."""

    id: str
    version: int
    title: str
    topic: str
    topic_name: str
    grade: Grade
    plan: Plan
    t0: datetime
    opened_by: str
    posted_at: datetime | None = None
    detected_at: datetime | None = None
    alerts: tuple[str, ...] = ()
    roles: dict[str, str] = {}
    owners: dict[str, str] = {}
    ticked: dict[str, Ticked] = {}
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_why: str = ""
    last_at: datetime
    last_by: str

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def owner(self, task: str) -> str:
        """Who is to do a task: the person it was given to, else whoever fills its role, else nobody."""
        planned = self.plan.task(task)
        return self.owners.get(task) or (self.roles.get(planned.role, "") if planned else "")


def apply(incident: Incident | None, incident_id: str, event: Event) -> Incident:
    """The incident after `event`; None before the first. Raises `UnknownEvent` for what cannot follow."""
    if isinstance(event, Opened) == (incident is not None):
        raise UnknownEvent(
            f"incident {incident_id}: {type(event).__name__} cannot come {'again' if incident else 'first'}"
        )
    if incident is None:
        assert isinstance(event, Opened)
        return Incident(
            id=incident_id,
            version=1,
            title=event.title,
            topic=event.topic,
            topic_name=event.topic_name,
            grade=event.grade,
            plan=event.plan,
            t0=event.at,
            opened_by=event.by,
            posted_at=event.posted_at,
            detected_at=event.detected_at,
            alerts=(event.alert,) if event.alert else (),
            last_at=event.at,
            last_by=event.by,
        )
    return _changed(
        replace(incident, version=incident.version + 1, last_at=event.at, last_by=event.by), event
    )


def _changed(incident: Incident, event: Event) -> Incident:
    match event:
        case GradeConfirmed(grade=grade):
            return replace(incident, grade=grade)
        case RoleFilled(role=role, person=person):
            return replace(incident, roles={**incident.roles, role: person})
        case TaskAssigned(task=task, to=to):
            return replace(incident, owners={**incident.owners, task: to})
        case TaskDone(task=task, at=at, by=by, note=note):
            return replace(incident, ticked={**incident.ticked, task: Ticked(at, by, note)})
        case TaskSkipped(task=task, at=at, by=by, why=why):
            return replace(incident, ticked={**incident.ticked, task: Ticked(at, by, why, skipped=True)})
        case TaskUndone(task=task):
            return replace(
                incident, ticked={id: ticked for id, ticked in incident.ticked.items() if id != task}
            )
        case Noted():
            return incident
        case AlertJoined(alert=alert):
            return replace(incident, alerts=tuple(dict.fromkeys((*incident.alerts, alert))))
        case Closed(at=at, by=by, why=why):
            return replace(incident, closed_at=at, closed_by=by, closed_why=why)
        case Reopened():
            return replace(incident, closed_at=None, closed_by="", closed_why="")
        case _:
            raise UnknownEvent(f"incident {incident.id}: the fold has no case for {type(event).__name__}")


INCIDENTS: Ledger[Incident, Event] = Ledger("incident", Incident, Event, apply)
