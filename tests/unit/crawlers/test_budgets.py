"""How much of a host may be used: by the minute and by the day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.manners.budgets import (
    BURST,
    MEBIBYTE,
    UNBOUND,
    USUAL,
    Budget,
    Spent,
    bucket,
    next_day,
    on,
    problem,
    shared,
    spend,
    take,
    used_up,
    wait,
)
from crawlers.manners.conduct import budgets_of
from crawlers.sources import from_yaml
from tingchao.errors import BadInput

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_the_smallest_budget_of_a_hosts_sources_holds():
    asked = [Budget(requests_per_day=50), Budget(requests_per_day=20, per_minute=9)]

    assert shared(asked, USUAL) == Budget(
        per_minute=9, requests_per_day=20, mebibytes_per_day=USUAL.mebibytes_per_day
    )


def test_a_host_of_ones_own_has_only_what_is_set_and_a_patient_delay_gives_a_rate():
    sources = from_yaml(
        """sources:
  - {id: a, spider: rss, url: "http://127.0.0.1:8000/feed"}
  - {id: b, spider: rss, url: "https://b.example/feed"}
  - {id: c, spider: rss, url: "https://b.example/other", delay: 6}
  - {id: d, spider: rss, url: "https://d.example/feed", budget: {per_minute: 2, requests_per_day: 100}}
"""
    )

    found = budgets_of(sources, 2.0)

    assert found["127.0.0.1:8000"] == UNBOUND
    assert found["b.example"].per_minute == pytest.approx(40 / 3)
    assert found["d.example"] == Budget(per_minute=2, requests_per_day=100, mebibytes_per_day=1_024)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("{per_minute: 0}", "per_minute 0 is not above 0 and at most 600"),
        ("{requests_per_day: -1}", "requests_per_day -1 is not above 0"),
        ("{requests_per_hour: 3}", "Fields are per_minute, requests_per_day, mebibytes_per_day"),
    ],
)
def test_a_wrong_budget_stops_the_start_with_its_line(budget, said):
    text = f"sources:\n  - {{id: a, spider: rss, url: 'https://a.example/x', budget: {budget}}}\n"

    with pytest.raises(BadInput, match=f"sources.yaml line 2.*{said}"):
        from_yaml(text)


def test_a_day_is_used_up_by_requests_or_by_bytes_and_the_next_begins_anew():
    budget = Budget(requests_per_day=2, mebibytes_per_day=1)

    assert not problem(budget)
    assert not used_up(budget, Spent(), NOW)
    assert "2 requests" in used_up(budget, spend(Spent(), NOW, requests=2), NOW)
    assert "1 MiB" in used_up(budget, spend(Spent(), NOW, bytes=MEBIBYTE), NOW)
    tomorrow = next_day(NOW)
    assert tomorrow == datetime(2026, 11, 25, tzinfo=UTC)
    assert not used_up(budget, spend(Spent(), NOW, requests=2), tomorrow)
    assert on(spend(Spent(), NOW, requests=2), tomorrow) == Spent("2026-11-25")


@given(
    st.floats(0.1, 600),
    st.lists(st.floats(0, 100), min_size=1, max_size=200),
)
def test_no_more_than_the_burst_and_the_rate_ever_goes(per_minute, pauses):
    held = bucket(Budget(per_minute=per_minute), NOW)
    now = NOW
    for pause in pauses:
        now += timedelta(seconds=pause)
        now += timedelta(seconds=wait(held, now) + 0.001)
        held = take(held, now)
        assert held.tokens >= -0.001

    minutes = (now - NOW).total_seconds() / 60
    assert len(pauses) <= max(1.0, min(BURST, per_minute)) + minutes * per_minute + 0.01


def test_a_clock_that_is_put_back_gives_no_token():
    held = take(bucket(Budget(per_minute=1), NOW), NOW)

    assert wait(held, NOW - timedelta(hours=1)) == pytest.approx(60)
    assert bucket(UNBOUND, NOW) is None
