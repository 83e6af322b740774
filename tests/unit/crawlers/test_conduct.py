"""How a crawl behaves towards a host while it runs, and what it leaves in the store. The clock is a list of one."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.manners import hosts, ledger, switches
from crawlers.manners.budgets import Budget
from crawlers.manners.conduct import LOOK_EVERY, Conduct, Held
from crawlers.manners.ledger import Entry, Fate
from tingchao.errors import StoreUnavailable
from tingchao.store import open_store

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
HOST = "a.example"


class Books:
    """The store, awaited. `down` makes it answer nothing."""

    def __init__(self, store):
        self.store = store
        self.down = False
        self.reads = 0

    def _up(self):
        if self.down:
            raise StoreUnavailable("down")

    async def find(self, kind, id):
        self._up()
        return self.store.find(kind, id)

    async def keep(self, kind, id, body, expected_version=None):
        self._up()
        self.store.put(kind, id, body, expected_version)

    async def documents(self, kind):
        self._up()
        self.reads += kind == switches.KIND
        return self.store.documents(kind)

    async def remove(self, kind, id):
        self._up()
        return self.store.remove(kind, id)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def on(self, **length):
        self.now += timedelta(**length)


@pytest.fixture
def books(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        yield Books(store)


def conduct(books, clock, budget=Budget()):  # noqa: B008 (immutable)
    return Conduct({HOST: budget}, books, now=clock, chance=lambda: 0.0)


async def ask(crawl, clock, status=200, headers=None, *, page="/x", bytes=100, body=b""):
    """One request, as gate and door make it."""
    await crawl.permit(HOST, robots=page == "/robots.txt")
    delay = await crawl.leave(HOST, robots=page == "/robots.txt")
    fate = ledger.fate_of(status, status == 403) if status else Fate.NO_ANSWER
    crawl.came_back(
        Entry(
            at=clock(),
            host=HOST,
            source="a",
            pattern=page,
            fate=fate,
            status=status,
            bytes=bytes,
            delay=delay,
        ),
        headers or {},
        body,
    )


async def held(crawl, clock):
    with pytest.raises(Held) as found:
        await ask(crawl, clock)
    return found.value.fate, found.value.until


def test_a_refusal_stops_all_requests_to_the_host_also_after_a_restart(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await ask(crawl, clock, 403)
        first = await held(crawl, clock)
        await crawl.close()
        again = await held(conduct(books, clock), clock)
        clock.on(seconds=300)
        later = conduct(books, clock)
        await ask(later, clock, 403)
        return first, again, await held(later, clock), later.rest(HOST)

    first, again, doubled, rest = asyncio.run(run())

    assert first == again == (Fate.RESTING, NOW + timedelta(seconds=300))
    assert doubled == (Fate.RESTING, NOW + timedelta(seconds=900))
    assert rest == 600


def test_what_queued_behind_a_refusal_is_not_sent(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await crawl.permit(HOST)  # queued
        await ask(crawl, clock, 429, {"retry-after": "3600"})
        with pytest.raises(Held) as found:
            await crawl.leave(HOST)
        return found.value

    found = asyncio.run(run())

    assert (found.fate, found.until) == (Fate.RESTING, NOW + timedelta(hours=1))


def test_at_the_end_of_a_rest_one_probe_goes_and_its_answer_opens_the_way(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await ask(crawl, clock, 403)
        clock.on(seconds=301)
        await crawl.permit(HOST)
        other = await held(crawl, clock)
        await crawl.permit(HOST, robots=True)  # belongs to the probe
        await crawl.leave(HOST)
        crawl.came_back(
            Entry(at=clock(), host=HOST, source="a", pattern="/x", fate=Fate.ANSWERED, status=200), {}, b""
        )
        await ask(crawl, clock)
        return other

    fate, until = asyncio.run(run())

    assert fate is Fate.RESTING
    assert until is not None


def test_a_probe_that_robots_forbids_or_that_nobody_answers_makes_room_for_another(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await ask(crawl, clock, 403)
        clock.on(seconds=301)
        await crawl.permit(HOST)
        await crawl.withheld(
            Entry(at=clock(), host=HOST, source="a", pattern="/x", fate=Fate.FORBIDDEN, allowed=False)
        )
        await ask(crawl, clock, 0)
        await ask(crawl, clock, 200)

    asyncio.run(run())


def test_a_captcha_that_only_the_parser_sees_is_a_refusal_and_stands_in_the_ledger(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await ask(crawl, clock)
        rest = crawl.refused(HOST, "answered 200 to weibo.search", None)
        once_more = crawl.refused(HOST, "answered 200 to weibo.search", None)
        await crawl.close()
        return rest, once_more, ledger.summary(books.store.documents(ledger.kind(NOW)))

    rest, once_more, (summary,) = asyncio.run(run())

    assert rest == once_more
    assert rest.times == 1
    assert summary.fates == {"challenged": 1}


def test_the_days_budget_holds_over_a_restart_and_is_new_the_next_day(books):
    async def run():
        clock = Clock()
        budget = Budget(requests_per_day=3)
        for before in (3, 2, 1):
            crawl = conduct(books, clock, budget)
            await ask(crawl, clock)
            assert crawl.left(HOST) == before - 1
            await crawl.close()
        used = await held(conduct(books, clock, budget), clock)
        clock.on(hours=22)
        await ask(conduct(books, clock, budget), clock)
        return used

    assert asyncio.run(run()) == (Fate.OVER_BUDGET, datetime(2026, 11, 25, tzinfo=UTC))


def test_bytes_are_budgeted_too(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock, Budget(mebibytes_per_day=1))
        await ask(crawl, clock, bytes=2**20)
        return await held(crawl, clock)

    assert asyncio.run(run())[0] is Fate.OVER_BUDGET


def test_a_host_whose_own_rate_is_spent_is_not_asked_before_the_reset(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        reset = "2026-11-24T02:05:00Z"
        await ask(crawl, clock, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
        spent = await held(crawl, clock)
        await crawl.close()
        again = await held(conduct(books, clock), clock)
        clock.on(minutes=5)
        await ask(crawl, clock, 503, {"retry-after": "7200"})
        return spent, again, await held(crawl, clock)

    spent, again, busy = asyncio.run(run())

    assert spent == again == (Fate.PACED, NOW + timedelta(minutes=5))
    assert busy == (Fate.PACED, NOW + timedelta(minutes=125))


def test_the_kill_switch_is_looked_at_every_two_seconds_and_not_more(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        for _ in range(50):
            await ask(crawl, clock)
        reads = books.reads
        await crawl.permit(HOST)  # queued
        books.store.put(switches.KIND, "example", switches.switched_off("example", "", NOW))
        clock.on(seconds=LOOK_EVERY.total_seconds())
        with pytest.raises(Held) as queued:
            await crawl.leave(HOST)
        off = await held(crawl, clock)
        books.store.remove(switches.KIND, "example")
        clock.on(seconds=2)
        await ask(crawl, clock)
        return reads, queued.value.fate, off

    assert asyncio.run(run()) == (1, Fate.SWITCHED_OFF, (Fate.SWITCHED_OFF, None))


def test_a_switch_that_was_seen_holds_while_the_store_is_away(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        books.store.put(switches.KIND, HOST, {})
        await held(crawl, clock)
        books.down = True
        clock.on(seconds=10)
        return await held(crawl, clock)

    assert asyncio.run(run())[0] is Fate.SWITCHED_OFF


def test_a_thousand_requests_are_a_few_documents_and_none_is_lost_while_the_store_is_away(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        for number in range(1_000):
            books.down = number > 0 and number % 300 != 0
            await ask(crawl, clock, page=f"/p/{number % 3}")
            clock.on(seconds=2)
            if number % 100 == 0:
                await crawl.write()
        books.down = False
        await crawl.close()
        return clock.now

    ended = asyncio.run(run())

    found = books.store.documents(ledger.kind(NOW))
    (summary,) = ledger.summary(found)
    assert summary.sent == 1_000
    assert summary.least_delay == 2.0
    assert summary.last == ended - timedelta(seconds=2)
    assert len(found) == 1
    (host,) = books.store.documents(hosts.KIND)
    known = hosts.from_body(host.body, HOST)
    assert (known.spent.requests, known.spent.bytes, len(known.last)) == (1_000, 100_000, hosts.LAST)


def test_two_crawlers_that_write_of_one_host_add_up(books):
    async def run():
        clock = Clock()
        one, two = conduct(books, clock), conduct(books, clock)
        for crawl in (one, two, one):
            await ask(crawl, clock)
            await crawl.write()
        await asyncio.gather(one.close(), two.close())

    asyncio.run(run())

    (summary,) = ledger.summary(books.store.documents(ledger.kind(NOW)))
    assert summary.sent == 3
    assert hosts.from_body(books.store.find(hosts.KIND, HOST).body, HOST).spent.requests == 3


def test_days_that_the_ledger_outlived_are_removed(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await ask(crawl, clock)
        await crawl.write()
        clock.on(days=ledger.KEPT.days + 2)
        await ask(crawl, clock)
        await crawl.close()
        return clock.now

    ended = asyncio.run(run())

    assert not books.store.documents(ledger.kind(NOW))
    assert books.store.documents(ledger.kind(ended))


def test_a_robots_txt_that_is_hidden_is_no_refusal_of_the_host_but_one_that_slows_us_is(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock)
        await ask(crawl, clock, 403, page="/robots.txt")
        await ask(crawl, clock)
        await ask(crawl, clock, 429, page="/robots.txt")
        return await held(crawl, clock)

    assert asyncio.run(run())[0] is Fate.RESTING


def test_a_rate_is_kept_by_waiting_in_place_for_a_while_and_by_coming_back_for_longer(books):
    async def run():
        clock = Clock()
        crawl = conduct(books, clock, Budget(per_minute=0.5))
        await ask(crawl, clock)
        return await held(crawl, clock)

    assert asyncio.run(run()) == (Fate.PACED, NOW + timedelta(seconds=120))
