"""A host that refuses is left alone, asked once, and only then as before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.manners.breakers import (
    FORGIVEN,
    PROBE_FOR,
    REFUSING,
    Breaker,
    Circuit,
    answered,
    asked,
    circuit,
    opened,
    refusing,
    unsent,
    waits,
)
from crawlers.manners.rests import LONGEST_REST

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def test_a_refusal_opens_it_until_the_rest_is_over():
    breaker = opened(Breaker(), NOW, "answered 403", None, 0.0)

    assert circuit(breaker, NOW) is Circuit.OPEN
    assert waits(breaker, NOW) == later(300)
    assert circuit(breaker, later(300)) is Circuit.HALF_OPEN
    assert waits(breaker, later(300)) is None


def test_while_half_open_one_request_is_the_probe_and_no_other_goes():
    breaker = asked(opened(Breaker(), NOW, "answered 403", None, 0.0), later(300))

    assert waits(breaker, later(301)) is not None
    assert waits(unsent(breaker), later(301)) is None
    assert waits(breaker, later(300) + PROBE_FOR) is None


def test_an_answer_to_the_probe_closes_it_and_a_refusal_doubles_the_rest():
    probed = asked(opened(Breaker(), NOW, "answered 403", None, 0.0), later(300))

    assert circuit(answered(probed, later(301)), later(301)) is Circuit.CLOSED
    again = opened(probed, later(301), "answered 403", None, 0.0)
    assert waits(again, later(301)) == later(301 + 600)


def test_a_host_that_answers_one_page_and_refuses_the_next_is_asked_less_and_less():
    breaker, now, rests = Breaker(), NOW, []
    for _ in range(10):
        breaker = opened(breaker, now, "captcha", None, 0.0)
        rests.append(breaker.rest.seconds(now))
        now = now + timedelta(seconds=rests[-1])
        breaker = answered(asked(breaker, now), now)

    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST


def test_refusals_are_forgiven_once_the_host_answered_for_hours():
    well = answered(asked(opened(Breaker(), NOW, "x", None, 0.0), later(300)), later(300))

    assert opened(well, later(400), "x", None, 0.0).rest.times == 2
    assert opened(well, later(300) + FORGIVEN, "x", None, 0.0).rest.times == 1


def test_what_was_under_way_when_it_opened_neither_closes_it_nor_counts_again():
    breaker = opened(Breaker(), NOW, "answered 429", 60, 0.0)

    assert answered(breaker, later(1)) == breaker
    assert opened(breaker, later(1), "answered 429", None, 0.0) == breaker
    assert waits(opened(breaker, later(1), "answered 429", 7_200, 0.0), later(1)) == later(7_201)


@pytest.mark.parametrize("status", sorted(REFUSING))
def test_these_statuses_refuse(status):
    assert refusing(status, b"")


@pytest.mark.parametrize("status", [200, 304, 302, 404, 410, 500, 503])
def test_these_do_not(status):
    assert not refusing(status, b"")


def test_a_403_about_one_video_is_not_about_us():
    assert not refusing(403, b'{"error": {"errors": [{"reason": "commentsDisabled"}]}}')
    assert refusing(403, b'{"error": {"errors": [{"reason": "quotaExceeded"}]}}')
    assert refusing(429, b'{"reason": "commentsDisabled"}')


@given(st.lists(st.tuples(st.sampled_from(["refuse", "answer", "ask", "unsent"]), st.integers(0, 10_000))))
def test_it_never_lets_two_requests_through_at_the_end_of_a_rest(steps):
    breaker, now = Breaker(), NOW
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        if step == "refuse":
            breaker = opened(breaker, now, "x", None, 0.5)
            assert waits(breaker, now) is not None
        elif step == "answer":
            breaker = answered(breaker, now)
        elif step == "unsent":
            breaker = unsent(breaker)
        elif waits(breaker, now) is None:
            half = circuit(breaker, now) is Circuit.HALF_OPEN
            breaker = asked(breaker, now)
            assert (waits(breaker, now) is not None) is half
