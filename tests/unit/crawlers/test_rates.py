"""Hosts that say how much they still take are heeded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.manners.rates import LONGEST, UNSAID, spent_until

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
UNIX = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-24T02:05:00.123456Z"}, 300),  # Mastodon
        (
            {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "431", "x-ratelimit-used": "100"},
            431,
        ),  # Reddit
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": f"{UNIX + 900}"}, 900),  # V2EX
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{(UNIX + 7) * 1_000}"}, 7),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "Tue, 24 Nov 2026 02:01:00 GMT"}, 60),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "9"}, 9),
        ({"ratelimit": '"default";r=0;t=30'}, 30),
        ({"ratelimit": "limit=100, remaining=0, reset=5"}, 5),
        ({"x-ratelimit-remaining": "3, 0", "x-ratelimit-reset": "10, 20"}, 20),
        ({"x-ratelimit-remaining": "0"}, UNSAID.total_seconds()),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, UNSAID.total_seconds()),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999"}, LONGEST.total_seconds()),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "431"}, None),
        ({"x-ratelimit-remaining": "97.0", "x-ratelimit-reset": "431"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2020-01-01T00:00:00Z"}, None),
        ({"x-ratelimit-remaining": "none"}, None),
        ({"ratelimit": '"default";r=5;t=30'}, None),
        ({}, None),
    ],
)
def test_nothing_is_asked_before_the_reset_once_nothing_remains(headers, seconds):
    until = spent_until(headers, NOW)

    assert until == (None if seconds is None else NOW + timedelta(seconds=seconds)) or (
        until is not None and abs((until - NOW).total_seconds() - seconds) < 1
    )


NAMES = st.sampled_from(
    ["x-ratelimit-remaining", "x-ratelimit-reset", "x-rate-limit-remaining", "ratelimit", "ratelimit-reset"]
)


@given(st.dictionaries(NAMES, st.text(max_size=40) | st.sampled_from(["0", "nan", "inf", "1e309", "-1e300"])))
def test_no_header_makes_it_raise_or_wait_for_more_than_a_day(headers):
    until = spent_until(headers, NOW)

    assert until is None or NOW < until <= NOW + LONGEST
