"""What is due, late and next: a function of the incident and a moment."""

from datetime import UTC, datetime, timedelta

from tingchao.alerts.alert import Grade
from tingchao.playbook.clock import Standing, clock_text, next_due, stages
from tingchao.playbook.incident import Incident, Opened, RoleFilled, TaskAssigned, TaskDone, TaskUndone, apply
from tingchao.playbook.plan import load_plan

T0 = datetime(2026, 11, 24, 1, tzinfo=UTC)


def opened() -> Incident:
    event = Opened(
        at=T0, by="李四", title="冒烟", topic="brand", topic_name="云雀", grade=Grade.ORANGE, plan=load_plan()
    )
    return apply(None, "CR-2026-1124-01", event)


def after(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def with_stage_done(incident: Incident, stage: int, at: datetime) -> Incident:
    for task in incident.plan.stages[stage].tasks:
        incident = apply(incident, incident.id, TaskDone(at=at, by="李四", task=task.id))
    return incident


def test_the_first_stage_is_now_and_the_others_wait():
    assert [view.standing for view in stages(opened(), after(1))][:3] == [
        Standing.NOW,
        Standing.WAITING,
        Standing.WAITING,
    ]


def test_a_stage_with_open_tasks_is_late_after_its_deadline():
    first = stages(opened(), after(16))[0]

    assert first.standing is Standing.LATE
    assert first.late == 4
    assert first.left == timedelta(minutes=-1)


def test_finishing_its_tasks_ends_a_stage_and_starts_the_next():
    views = stages(with_stage_done(opened(), 0, after(5)), after(6))

    assert [view.standing for view in views][:2] == [Standing.DONE, Standing.NOW]


def test_a_task_is_late_by_its_own_time_within_the_stage():
    verify = stages(opened(), after(6))[0].tasks[0]

    assert verify.task.due == 5
    assert verify.standing is Standing.LATE


def test_next_is_the_open_task_whose_time_comes_first():
    incident = apply(opened(), "x", TaskDone(at=after(1), by="李四", task="verify"))

    nearest = next_due(incident, after(2))

    assert nearest is not None
    assert nearest.task.id == "freeze"


def test_undoing_a_task_opens_it_again():
    incident = apply(opened(), "x", TaskDone(at=after(1), by="李四", task="verify"))
    incident = apply(incident, "x", TaskUndone(at=after(2), by="王五", task="verify", why="看错了"))

    assert stages(incident, after(3))[0].tasks[0].ticked is None


def test_a_task_belongs_to_whoever_fills_its_role_unless_it_was_given_to_somebody():
    incident = apply(opened(), "x", RoleFilled(at=after(1), by="李四", role="monitor", person="小王"))
    assert incident.owner("verify") == "小王"

    incident = apply(incident, "x", TaskAssigned(at=after(1), by="李四", task="verify", to="小陈"))
    assert incident.owner("verify") == "小陈"


def test_the_clock_counts_hours_past_a_day():
    assert clock_text(timedelta(hours=27, seconds=5)) == "T+27:00:05"
