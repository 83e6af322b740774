from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.unit.alerts.telling import NOON, raised, resolved, updated
from tingchao.alerts import desk
from tingchao.alerts.alert import Delivery, Grade, State
from tingchao.ledger import NotThere, UnknownEvent
from tingchao.store import Store


def test_an_alert_lives_from_raised_to_resolved(store: Store) -> None:
    assert desk.raise_alert(store, "a1", raised()) == 1
    assert desk.update(store, "a1", updated(5, Grade.RED, 300)) == 2
    desk.acknowledge(store, "a1", "王值班", NOON)
    assert desk.update(store, "a1", resolved()) == 4

    found = desk.find(store, "a1")
    assert (found.grade, found.state, found.peak, found.acknowledged_by) == (
        Grade.RED,
        State.RESOLVED,
        300,
        "王值班",
    )
    assert desk.alerts(store) == [found]


def test_writing_the_same_again_changes_nothing(store: Store) -> None:
    for _ in range(3):
        assert desk.raise_alert(store, "a1", raised()) == 1
        assert desk.update(store, "a1", updated(5)) == 2
        assert desk.update(store, "a1", resolved()) == 3

    assert [record.version for record in store.read("alert:a1")] == [1, 2, 3]


def test_what_the_worker_sees_after_a_person_ended_it_is_not_written(store: Store) -> None:
    desk.raise_alert(store, "a1", raised())
    desk.dismiss(store, "a1", "王", NOON, "是活动")

    assert desk.update(store, "a1", updated(5)) is None
    assert desk.find(store, "a1").state is State.FALSE


def test_the_first_to_acknowledge_counts(store: Store) -> None:
    desk.raise_alert(store, "a1", raised())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: desk.acknowledge(store, "a1", name, NOON), "甲乙丙丁"))

    assert len(store.read("alert:a1")) == 2
    assert desk.find(store, "a1").acknowledged_by in "甲乙丙丁"


def test_a_fold_that_was_lost_with_the_process_is_made_again(store: Store) -> None:
    desk.raise_alert(store, "a1", raised())
    desk.update(store, "a1", updated(5))
    store.remove("alert", "a1")

    desk.raise_alert(store, "a1", raised())

    assert desk.alerts(store)[0].version == 2


def test_an_attempt_is_recorded_once(store: Store) -> None:
    desk.raise_alert(store, "a1", raised())
    attempt = Delivery(
        message_id="m", channel="webhook", attempt=1, at=NOON, outcome="failed", detail="HTTP 500"
    )

    desk.record_delivery(store, "a1", attempt)
    desk.record_delivery(store, "a1", attempt)
    desk.record_delivery(
        store, "a1", Delivery(message_id="m", channel="webhook", attempt=2, at=NOON, outcome="sent")
    )

    assert [each.outcome for each in desk.find(store, "a1").deliveries] == ["failed", "sent"]


@pytest.mark.parametrize("why", ["", "  ", "长" * 4001])
def test_an_end_needs_a_reason(store: Store, why: str) -> None:
    desk.raise_alert(store, "a1", raised())

    with pytest.raises(desk.NotPossible, match="reason"):
        desk.resolve(store, "a1", "王", NOON, why)


def test_what_is_over_stays_over(store: Store) -> None:
    desk.raise_alert(store, "a1", raised())
    desk.resolve(store, "a1", "王", NOON, "已处理")

    with pytest.raises(desk.NotPossible, match="over already"):
        desk.acknowledge(store, "a1", "李", NOON)


def test_alerts_come_newest_first(store: Store) -> None:
    for hours in (2, 0, 1):
        desk.raise_alert(store, f"a{hours}", raised(at=NOON + timedelta(hours=hours)))

    assert [each.id for each in desk.alerts(store, State.OPEN)] == ["a2", "a1", "a0"]


def test_an_event_of_a_newer_version_is_named_and_nothing_is_done(store: Store) -> None:
    desk.raise_alert(store, "a1", raised())
    store.append("alert:a1", 1, [{"event": "escalated", "at": NOON.isoformat()}])

    with pytest.raises(UnknownEvent, match="escalated"):
        desk.acknowledge(store, "a1", "王", NOON)


def test_an_alert_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(NotThere, match="a9"):
        desk.find(store, "a9")
