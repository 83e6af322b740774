"""The time window in the address."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.asked import Asked
from dashboard.window import Window, window_of, written
from tingchao.query import parse

NOW = datetime(2026, 11, 24, 4, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "name", "span"),
    [
        ({}, "24h", timedelta(hours=24)),
        ({"last": "1h"}, "1h", timedelta(hours=1)),
        ({"last": "always"}, "24h", timedelta(hours=24)),
        ({"from": "2026-11-20T08:00", "to": "2026-11-20T09:30"}, "custom", timedelta(minutes=90)),
        ({"from": "2026-11-20T09:30", "to": "2026-11-20T08:00"}, "24h", timedelta(hours=24)),
        ({"from": "0001-01-01T00:00"}, "24h", timedelta(hours=24)),
        ({"from": "2026-02-30T00:00", "last": "7d"}, "7d", timedelta(days=7)),
    ],
)
def test_an_address_gives_a_window_and_nonsense_the_usual_one(address, name, span):
    window = window_of(address, NOW)

    assert (window.name, window.span) == (name, span)


@given(st.dictionaries(st.sampled_from(["last", "from", "to"]), st.text(max_size=20)))
def test_no_address_breaks_the_window(address):
    window = window_of(address, NOW)

    assert window.since < window.until
    assert window.span / window.step <= 62


def test_a_custom_window_survives_its_address():
    window = Window("custom", NOW.replace(second=0) - timedelta(hours=5), NOW.replace(second=0))
    address = {name.rstrip("_"): value for name, value in window.parameters().items()}

    assert window_of(address, NOW) == window
    assert written(window.until) == "2026-11-24T12:30"


def test_a_question_becomes_a_scope_with_every_filter():
    window = window_of({}, NOW)
    scope = Asked(window, "冒烟", s=("negative",), src=("weishuo", "luntan")).scope(NOW)

    assert scope.query.root == parse("冒烟 sentiment:negative (source:weishuo OR source:luntan)").root
    assert (scope.since, scope.until) == (window.since, window.until)


def test_a_question_opens_by_its_address():
    asked = Asked(window_of({"last": "7d"}, NOW), '"a&b" OR 冒烟', topic=("qingquan",))

    assert asked.address() == "/search?q=%22a%26b%22+OR+%E5%86%92%E7%83%9F&topic=qingquan&last=7d"
