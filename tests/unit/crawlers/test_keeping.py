"""What the crawl writes down: a notice once for each way of not hearing, and health that tells it."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from crawlers.manners.rests import Rest, refused
from crawlers.parsers import Outcome
from crawlers.pipeline import Pipeline
from crawlers.visits.health import Health, State, failed, from_body, learnt, succeeded, to_body, was_refused
from crawlers.visits.keeping import Keeper
from crawlers.visits.reading import Tally
from crawlers.visits.usual import Usual
from tingchao.bus import open_bus
from tingchao.notices import notices
from tingchao.store import open_store

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        yield store


@pytest.fixture
def keeper(store, tmp_path):
    pipeline = Pipeline(partial(open_bus, f"sqlite:///{tmp_path}/bus.db"), store)
    yield Keeper(pipeline)
    pipeline.close()


def visit(health, usual, at, *, new=5, lacking=(), parsed=20):
    tally = Tally(fetched=1, parsed=parsed, new=new, outcome=Outcome.ITEMS, newest=at)
    tally.lacking.update(dict.fromkeys(lacking, parsed))
    usual = learnt(usual, health, tally, at)
    return succeeded(health, tally, at, usual), usual


def listened(days=4):
    health, usual, at = Health(name="x", interval=600), Usual(), NOW - timedelta(days=days)
    while at < NOW:
        health, usual = visit(health, usual, at)
        at += HOUR
    return health, usual


def test_a_source_that_loses_a_field_is_blind_and_one_notice_says_so_until_it_is_back(keeper, store):
    health, usual = listened()
    for number in range(5):
        at = NOW + number * timedelta(minutes=1)
        health, usual = visit(health, usual, at, lacking=["published_at"])
        asyncio.run(keeper.notices("x", health, usual, at))
    assert (health.state, health.blind) == (State.BLIND, ("published_at",))
    (notice,) = notices(store)
    assert "source x has lost: published_at" in notice.sentence
    assert notice.since < at

    for number in range(5, 10):
        health, usual = visit(health, usual, NOW + number * timedelta(minutes=1))
    asyncio.run(keeper.notices("x", health, usual, NOW))
    assert health.state is State.OK
    assert notices(store) == []


def test_a_source_that_answers_and_yields_nothing_is_silent_and_one_notice_says_so(keeper, store):
    health, usual = listened()
    for number in range(6):
        health, usual = visit(health, usual, NOW + number * HOUR, new=0, parsed=0)
        asyncio.run(keeper.notices("x", health, usual, NOW + number * HOUR))

    assert health.state is State.SILENT
    assert (health.lately, health.an_hour) == (0, 5)
    (notice,) = notices(store)
    assert "far less than usual" in notice.sentence
    assert notice.since < NOW + 5 * HOUR


def test_notices_of_one_source_leave_those_of_another_alone(keeper, store):
    health, usual = listened()
    for number in range(6):
        health, usual = visit(health, usual, NOW + number * HOUR, new=0, parsed=0)
    asyncio.run(keeper.notices("a", health, usual, NOW))

    asyncio.run(keeper.notices("b", Health(name="b"), Usual(), NOW))

    assert [notice.about for notice in notices(store)] == ["a"]


def test_a_page_that_used_to_be_read_and_has_another_shape_makes_a_source_blind(keeper, store):
    health, _ = listened()

    changed = failed(health, Tally(outcome=Outcome.CHANGED), NOW, "another shape")
    asyncio.run(keeper.notices("x", changed, Usual(), NOW))

    assert (changed.state, changed.blind) == (State.BLIND, ("page",))
    assert len(notices(store)) == 1
    assert failed(Health(name="x"), Tally(outcome=Outcome.CHANGED), NOW, "x").state is State.LOST


def test_the_share_of_refused_visits_is_told():
    health = Health(name="x", interval=60)
    for number in range(40):
        if number % 2:
            health = succeeded(health, Tally(), NOW)
        else:
            health = was_refused(
                health, Tally(), NOW, Outcome.BLOCKED, "403", refused(Rest(), NOW, None, 0.0)
            )

    assert health.refusing == pytest.approx(0.5, abs=0.05)


def test_health_tells_freshness_and_what_was_shown_of_what_is_counted():
    tally = Tally(newest=NOW - HOUR)
    tally.complete(57, 40)

    health = succeeded(Health(name="x"), tally, NOW, gaps=2)

    assert (health.newest, health.expected, health.got, health.gaps) == (NOW - HOUR, 57, 40, 2)
    assert from_body(to_body(health), "x", 0.0) == health
    assert succeeded(health, Tally(), NOW).expected == 57
