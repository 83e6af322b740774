"""The commands of the war room: the only writers of incidents.

Each looks at the incident as it stands, checks that the act makes sense, and appends events. What a person
types is bounded here. With `seen` (the version on the person's screen) a change in between raises
`StaleVersion`, and nothing is written.
"""

from collections.abc import Callable
from datetime import datetime

from tingchao.alerts.alert import Alert, Grade, IncidentJoined
from tingchao.alerts.desk import ALERTS
from tingchao.errors import BadInput, StaleVersion
from tingchao.playbook.incident import (
    INCIDENTS,
    AlertJoined,
    Closed,
    Event,
    GradeConfirmed,
    Incident,
    Noted,
    Opened,
    Reopened,
    RoleFilled,
    TaskAssigned,
    TaskDone,
    TaskSkipped,
    TaskUndone,
)
from tingchao.playbook.plan import Plan, Task
from tingchao.store import Store
from tingchao.times import SHANGHAI

MAX_NAME = 40
MAX_TITLE = 120
MAX_NOTE = 4_000
MAX_PER_DAY = 999


class NotPossible(BadInput):
    """The act does not fit the incident as it stands: a task that is not there, or is already done, or a closed incident."""


def open_incident(
    store: Store,
    plan: Plan,
    *,
    title: str,
    topic: str,
    topic_name: str,
    grade: Grade,
    by: str,
    at: datetime,
    alert: Alert | None = None,
) -> Incident:
    """Open an incident at T0 = `at` and give it the next free number of the day, such as CR-2026-1124-01.

    From an `alert` one incident is opened, however many people press at once: the others get the first.
    """
    if alert and (earlier := ALERTS.read(store, alert.id).incident):
        return INCIDENTS.read(store, earlier)
    event = Opened(
        at=at,
        by=_line("name", by, MAX_NAME),
        title=_line("title", title, MAX_TITLE),
        topic=topic,
        topic_name=topic_name,
        grade=grade,
        plan=plan,
        alert=alert.id if alert else "",
        posted_at=alert.first_published_at if alert else None,
        detected_at=alert.raised_at if alert else None,
    )
    prefix = f"CR-{at.astimezone(SHANGHAI):%Y-%m%d}-"
    taken = [document.id for document in store.documents("incident") if document.id.startswith(prefix)]
    first = max((int(id.removeprefix(prefix)) for id in taken), default=0) + 1
    for number in range(first, MAX_PER_DAY + 1):
        try:
            incident = INCIDENTS.begin(store, f"{prefix}{number:02}", event)
        except StaleVersion:
            continue
        return _joined(store, incident, alert.id, by, at) if alert else incident
    raise NotPossible(f"{MAX_PER_DAY} incidents were opened today; close or reopen one of them instead")


def _joined(store: Store, incident: Incident, alert: str, by: str, at: datetime) -> Incident:
    """Tie the alert to the incident; if somebody tied it to another meanwhile, close this one and return that."""
    tied = ALERTS.act(
        store,
        alert,
        lambda seen: [] if seen.incident else [IncidentJoined(at=at, by=by, incident=incident.id)],
    ).incident
    if tied == incident.id:
        return incident
    close(store, incident.id, by=by, at=at, why=f"opened at the same moment as {tied}, which goes on")
    return INCIDENTS.read(store, tied)


def tick(
    store: Store, id: str, task: str, *, by: str, at: datetime, note: str = "", seen: int | None = None
) -> Incident:
    """Finish a task; one that asks for evidence takes a note or a link with it."""

    def decide(incident: Incident) -> list[Event]:
        planned = _open_task(incident, task)
        if planned.evidence and not note.strip():
            raise NotPossible(f"task {task} asks for evidence: give a link or a note that proves it")
        return [TaskDone(at=at, by=_line("name", by, MAX_NAME), task=task, note=_text("note", note))]

    return _act(store, id, decide, seen)


def untick(
    store: Store, id: str, task: str, *, by: str, at: datetime, why: str, seen: int | None = None
) -> Incident:
    """Open a finished or skipped task again, with a reason."""

    def decide(incident: Incident) -> list[Event]:
        _task(incident, task)
        if task not in incident.ticked:
            raise NotPossible(f"task {task} of incident {incident.id} is not done; there is nothing to undo")
        return [TaskUndone(at=at, by=_line("name", by, MAX_NAME), task=task, why=_reason(why))]

    return _act(store, id, decide, seen)


def skip(
    store: Store, id: str, task: str, *, by: str, at: datetime, why: str, seen: int | None = None
) -> Incident:
    """Leave a task undone for good, with a reason."""

    def decide(incident: Incident) -> list[Event]:
        _open_task(incident, task)
        return [TaskSkipped(at=at, by=_line("name", by, MAX_NAME), task=task, why=_reason(why))]

    return _act(store, id, decide, seen)


def assign(
    store: Store, id: str, task: str, *, to: str, by: str, at: datetime, seen: int | None = None
) -> Incident:
    """Give a task to a person."""

    def decide(incident: Incident) -> list[Event]:
        _open_task(incident, task)
        return [
            TaskAssigned(at=at, by=_line("name", by, MAX_NAME), task=task, to=_line("person", to, MAX_NAME))
        ]

    return _act(store, id, decide, seen)


def fill_role(
    store: Store, id: str, role: str, *, person: str, by: str, at: datetime, seen: int | None = None
) -> Incident:
    """Say who plays a role of the plan."""

    def decide(incident: Incident) -> list[Event]:
        known = [each.id for each in incident.plan.roles]
        if role not in known:
            raise NotPossible(f"role {role!r} is not in this playbook; it has {', '.join(known)}")
        return [
            RoleFilled(
                at=at, by=_line("name", by, MAX_NAME), role=role, person=_line("person", person, MAX_NAME)
            )
        ]

    return _act(store, id, decide, seen)


def confirm_grade(
    store: Store, id: str, grade: Grade, *, by: str, at: datetime, why: str, seen: int | None = None
) -> Incident:
    """Set the grade, up or down, with a reason."""
    return _act(
        store,
        id,
        lambda _: [GradeConfirmed(at=at, by=_line("name", by, MAX_NAME), grade=grade, why=_reason(why))],
        seen,
    )


def note(store: Store, id: str, *, text: str, by: str, at: datetime, corrects: int = 0) -> Incident:
    """Write into the log; entries are never changed, only followed by one that corrects them."""

    def decide(incident: Incident) -> list[Event]:
        if not 0 <= corrects <= incident.version:
            raise NotPossible(f"entry {corrects} is not in the log; it has 1 to {incident.version}")
        written = _text("note", text)
        if not written:
            raise NotPossible("the note is empty: write what was decided or seen")
        return [Noted(at=at, by=_line("name", by, MAX_NAME), text=written, corrects=corrects)]

    return _act(store, id, decide, None, closed_too=True)


def join_alert(store: Store, id: str, alert: str, *, by: str, at: datetime) -> Incident:
    """Count another alert to the incident; a second time changes nothing."""
    return _act(
        store,
        id,
        lambda incident: (
            []
            if alert in incident.alerts
            else [AlertJoined(at=at, by=_line("name", by, MAX_NAME), alert=alert)]
        ),
        None,
    )


def close(store: Store, id: str, *, by: str, at: datetime, why: str, seen: int | None = None) -> Incident:
    """End the incident, with a reason."""
    return _act(store, id, lambda _: [Closed(at=at, by=_line("name", by, MAX_NAME), why=_reason(why))], seen)


def reopen(store: Store, id: str, *, by: str, at: datetime, why: str, seen: int | None = None) -> Incident:
    """Take a closed incident up again, with a reason."""

    def decide(incident: Incident) -> list[Event]:
        if incident.is_open:
            raise NotPossible(f"incident {incident.id} is open already")
        return [Reopened(at=at, by=_line("name", by, MAX_NAME), why=_reason(why))]

    return _act(store, id, decide, seen, closed_too=True)


def _act(
    store: Store,
    id: str,
    decide: Callable[[Incident], list[Event]],
    seen: int | None,
    *,
    closed_too: bool = False,
) -> Incident:
    def decided(incident: Incident) -> list[Event]:
        if not closed_too and not incident.is_open:
            raise NotPossible(f"incident {incident.id} is closed; reopen it first")
        return decide(incident)

    return INCIDENTS.act(store, id, decided, seen)


def _task(incident: Incident, task: str) -> Task:
    planned = incident.plan.task(task)
    if planned is None:
        raise NotPossible(f"task {task!r} is not in the playbook of incident {incident.id}")
    return planned


def _open_task(incident: Incident, task: str) -> Task:
    planned = _task(incident, task)
    if ticked := incident.ticked.get(task):
        raise NotPossible(f"task {task} was finished by {ticked.by} already; undo it first")
    return planned


def _line(what: str, text: str, limit: int) -> str:
    """One line of visible text; control characters and line breaks become blanks."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if not line:
        raise NotPossible(f"{what} is empty: it takes 1 to {limit} characters")
    if len(line) > limit:
        raise NotPossible(f"{what} has {len(line)} characters; it takes 1 to {limit}")
    return line


def _text(what: str, text: str) -> str:
    kept = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text).strip()
    if len(kept) > MAX_NOTE:
        raise NotPossible(f"{what} has {len(kept):,} characters; it takes at most {MAX_NOTE:,}")
    return kept


def _reason(text: str) -> str:
    reason = _text("reason", text)
    if not reason:
        raise NotPossible("a reason is needed: say why in a few words")
    return reason
