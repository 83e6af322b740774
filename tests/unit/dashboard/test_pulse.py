"""How a window compares with what is usual."""

from datetime import UTC, datetime, timedelta

from dashboard import pulse
from tingchao.store import Bucket

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def hours(*counts: tuple[int, int, int]) -> list[Bucket]:
    return [Bucket(NOON + timedelta(hours=index), *each) for index, each in enumerate(counts)]


def test_volume_is_compared_with_the_median_of_the_past_weeks():
    seen = pulse.summarise(hours((60, 30, 10)), [hours((2, 20, 8)), hours((4, 30, 16)), hours((3, 20, 17))])

    assert seen.mentions == pulse.Figure(100, 40.0, 100)
    assert seen.mentions.change == 1.5


def test_a_share_of_under_thirty_scored_mentions_is_not_told():
    seen = pulse.summarise(hours((7, 0, 0)), [])

    assert seen.negative == pulse.Figure(None, None, 7)


def test_nothing_is_usual_before_two_weeks_of_history():
    seen = pulse.summarise(hours((40, 0, 0)), [hours((40, 0, 0)), hours((0, 0, 0)), hours((0, 0, 0))])

    assert seen.mentions.usual is None
    assert seen.steps[0].usual is None


def test_a_silent_week_between_two_others_is_history():
    weeks = [hours((1, 0, 0)), hours((0, 0, 0)), hours((3, 0, 0)), hours((0, 0, 0))]

    assert len(pulse.listening(weeks)) == 3


def test_the_band_is_never_negative_and_holds_the_usual():
    step = pulse.summarise(hours((9, 0, 0)), [hours((1, 0, 0)), hours((9, 0, 0))]).steps[0]

    assert 0 == step.low <= step.usual <= step.high


def test_the_fastest_topic_needs_enough_mentions_and_a_start_from_nothing_stays_a_number():
    assert pulse.fastest([("tiny", 29)], []) == ("", pulse.Figure(None, None, 29))
    assert pulse.fastest([("slow", 60), ("quick", 45)], [("slow", 50)]) == (
        "quick",
        pulse.Figure(15.0, None, 45),
    )
