from tests.unit.alerts.telling import NOON, raised, resolved, updated
from tingchao.alerts.alert import Acknowledged, Dismissed, Grade
from tingchao.alerts.notice import Happened, alert_at, links_to, message_id, told


def test_raised_and_over_are_told() -> None:
    assert told([raised(), resolved()]) == {1: Happened.RAISED, 2: Happened.RESOLVED}


def test_a_false_alarm_is_over_too() -> None:
    events = [raised(), Dismissed(at=NOON, by="王", why="是活动")]

    assert told(events) == {1: Happened.RAISED, 2: Happened.RESOLVED}


def test_a_grade_that_rises_is_told_at_once() -> None:
    assert told([raised(), updated(1, Grade.RED)]) == {1: Happened.RAISED, 2: Happened.RISEN}


def test_other_updates_are_told_at_most_once_in_half_an_hour() -> None:
    events = [raised(), *(updated(minutes) for minutes in (5, 29, 30, 31, 59, 60))]

    assert told(events) == {1: Happened.RAISED, 4: Happened.UPDATED, 7: Happened.UPDATED}


def test_a_grade_that_fell_and_rises_to_where_it_was_is_no_news() -> None:
    events = [raised(), updated(1, Grade.RED), updated(2, Grade.YELLOW), updated(3, Grade.RED)]

    assert set(told(events)) == {1, 2}


def test_what_people_did_is_no_message() -> None:
    assert told([raised(), Acknowledged(at=NOON, by="王")]) == {1: Happened.RAISED}


def test_a_message_shows_the_alert_as_it_stood() -> None:
    events = [raised(), updated(1, Grade.RED, 500), resolved()]

    assert alert_at("a1", events, 1).negative == 72
    assert alert_at("a1", events, 2).negative == 500
    assert alert_at("a1", events, 2).is_open


def test_each_channel_and_event_has_an_id_of_its_own() -> None:
    ids = {
        message_id(alert, version, channel)
        for alert in "ab"
        for version in (1, 2)
        for channel in ("webhook", "wecom")
    }

    assert len(ids) == 8


def test_links_survive_any_id() -> None:
    assert links_to("https://x.example/", "a/b c&d").alert == "https://x.example/alert?id=a%2Fb%20c%26d"
