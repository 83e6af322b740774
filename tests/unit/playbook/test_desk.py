"""The war room's commands on a real store: what they write, refuse, and do when two people act at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tingchao.alerts import desk as alerts
from tingchao.alerts.alert import Alert, Grade, Raised
from tingchao.errors import StaleVersion
from tingchao.ledger import NotThere, UnknownEvent
from tingchao.mention import Role
from tingchao.playbook import desk
from tingchao.playbook.incident import INCIDENTS, Incident
from tingchao.playbook.plan import load_plan

T0 = datetime(2026, 11, 24, 1, tzinfo=UTC)
PLAN = load_plan()
TASKS = [task.id for stage in PLAN.stages for task in stage.tasks]


def opened(store, title="空气炸锅冒烟") -> Incident:
    return desk.open_incident(
        store, PLAN, title=title, topic="brand", topic_name="云雀电器", grade=Grade.ORANGE, by="李四", at=T0
    )


def alert_in(store) -> Alert:
    raised = Raised(
        at=T0, topic="brand", topic_name="云雀", role=Role.BRAND, grade=Grade.RED, since=T0, until=T0, mentions=9,
        negative=9, reasons=(),
    )  # fmt: skip
    alerts.raise_alert(store, "a" * 16, raised)
    return alerts.find(store, "a" * 16)


def test_incidents_of_a_day_are_numbered_in_shanghai_time(store):
    late = datetime(2026, 11, 24, 17, tzinfo=UTC)

    first, second = opened(store), opened(store)
    next_day = desk.open_incident(
        store, PLAN, title="夜里", topic="brand", topic_name="云雀", grade=Grade.BLUE, by="李四", at=late
    )

    assert [first.id, second.id, next_day.id] == ["CR-2026-1124-01", "CR-2026-1124-02", "CR-2026-1125-01"]


def test_from_one_alert_one_incident_is_opened_however_many_press_at_once(store):
    alert = alert_in(store)
    start = threading.Barrier(6)
    found: list[str] = []

    def press(name: str) -> None:
        start.wait()
        found.append(
            desk.open_incident(
                store,
                PLAN,
                title="冒烟",
                topic="brand",
                topic_name="云雀",
                grade=Grade.RED,
                by=name,
                at=T0,
                alert=alert,
            ).id
        )

    threads = [threading.Thread(target=press, args=(f"人{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(found) == 6
    assert set(found) == {alerts.find(store, alert.id).incident}
    assert [incident.id for incident in INCIDENTS.all(store) if incident.is_open] == found[:1]


def test_a_finished_task_keeps_who_and_when(store):
    incident = desk.tick(store, opened(store).id, "verify", by="小王", at=T0, note="属实")

    assert incident.ticked["verify"].by == "小王"
    assert incident.ticked["verify"].at == T0
    assert INCIDENTS.all(store) == [incident]


def test_a_task_that_asks_for_evidence_is_not_finished_without(store):
    with pytest.raises(desk.NotPossible, match="asks for evidence"):
        desk.tick(store, opened(store).id, "freeze", by="小王", at=T0)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda s, i: desk.tick(s, i, "nothing", by="小王", at=T0), "not in the playbook"),
        (lambda s, i: desk.tick(s, i, "verify", by=" ", at=T0), "name is empty"),
        (lambda s, i: desk.tick(s, i, "verify", by="王" * 41, at=T0), "41 characters"),
        (lambda s, i: desk.untick(s, i, "verify", by="小王", at=T0, why="x"), "nothing to undo"),
        (lambda s, i: desk.skip(s, i, "verify", by="小王", at=T0, why="\n"), "reason is needed"),
        (lambda s, i: desk.fill_role(s, i, "chef", person="张三", by="李四", at=T0), "role 'chef'"),
        (lambda s, i: desk.note(s, i, text="\x00", by="李四", at=T0), "note is empty"),
        (lambda s, i: desk.note(s, i, text="字" * 4_001, by="李四", at=T0), "4,001 characters"),
        (
            lambda s, i: desk.note(s, i, text="更正", by="李四", at=T0, corrects=9),
            "entry 9 is not in the log",
        ),
        (lambda s, i: desk.reopen(s, i, by="李四", at=T0, why="x"), "is open already"),
    ],
)
def test_an_act_that_makes_no_sense_is_refused_and_writes_nothing(store, act, sentence):
    incident = opened(store)

    with pytest.raises(desk.NotPossible, match=sentence):
        act(store, incident.id)

    assert INCIDENTS.read(store, incident.id).version == 1


def test_a_closed_incident_takes_notes_only_until_it_is_reopened(store):
    incident = opened(store)
    desk.close(store, incident.id, by="总指挥", at=T0, why="已平息")

    with pytest.raises(desk.NotPossible, match="is closed"):
        desk.tick(store, incident.id, "verify", by="小王", at=T0)
    desk.note(store, incident.id, text="补记", by="小王", at=T0)
    desk.reopen(store, incident.id, by="总指挥", at=T0, why="二次发酵")

    assert desk.tick(store, incident.id, "verify", by="小王", at=T0).is_open


def test_of_two_people_with_the_same_screen_one_is_told_that_the_other_was_faster(store):
    incident = opened(store)
    desk.tick(store, incident.id, "verify", by="小王", at=T0, seen=incident.version)

    with pytest.raises(StaleVersion) as told:
        desk.tick(store, incident.id, "gather", by="小陈", at=T0, seen=incident.version)

    assert (told.value.expected, told.value.found) == (1, 2)
    assert "gather" not in INCIDENTS.read(store, incident.id).ticked


def test_many_people_at_once_lose_nothing(store):
    incident = opened(store)
    start = threading.Barrier(8)

    def write(name: str) -> None:
        start.wait()
        for n in range(3):
            desk.note(store, incident.id, text=f"{name} {n}", by=name, at=T0)

    threads = [threading.Thread(target=write, args=(f"人{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    notes = [event.text for event in INCIDENTS.events(store, incident.id)[1:]]
    assert sorted(notes) == sorted(f"人{who} {n}" for who in range(8) for n in range(3))
    assert INCIDENTS.read(store, incident.id).version == 25
    assert [kept.version for kept in INCIDENTS.all(store)] == [25]


def test_an_unknown_incident_is_named(store):
    with pytest.raises(NotThere, match="no incident 'CR-0'"):
        INCIDENTS.read(store, "CR-0")


def test_an_event_of_a_newer_version_is_named_and_not_skipped(store):
    incident = opened(store)
    store.append(
        f"incident:{incident.id}", 1, [{"event": "teleported", "at": "2026-11-24T01:00:00Z", "by": "x"}]
    )

    with pytest.raises(UnknownEvent, match=r"event 2 \(teleported\)"):
        INCIDENTS.read(store, incident.id)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["tick", "untick", "skip", "note", "close", "reopen"]), st.sampled_from(TASKS)
        )
    )
)
def test_whatever_people_do_the_kept_incident_is_the_fold_of_its_log(store, acts):
    id = opened(store).id
    at = T0
    for act, task in acts:
        at += timedelta(minutes=1)
        try:
            match act:
                case "tick":
                    desk.tick(store, id, task, by="甲", at=at, note="证据")
                case "untick":
                    desk.untick(store, id, task, by="乙", at=at, why="改")
                case "skip":
                    desk.skip(store, id, task, by="丙", at=at, why="不适用")
                case "note":
                    desk.note(store, id, text=task, by="丁", at=at)
                case "close":
                    desk.close(store, id, by="戊", at=at, why="完")
                case "reopen":
                    desk.reopen(store, id, by="戊", at=at, why="再起")
        except desk.NotPossible:
            continue

    folded = INCIDENTS.read(store, id)
    assert next(kept for kept in INCIDENTS.all(store) if kept.id == id) == folded
    assert folded.version == len(INCIDENTS.events(store, id))
