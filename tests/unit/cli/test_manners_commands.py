"""`tingchao requests` and `tingchao hosts`."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.manners import hosts, ledger
from crawlers.manners.budgets import Budget, Spent
from crawlers.manners.ledger import Entry, Fate, counted
from tingchao.settings import Settings
from tingchao.store import open_store


@pytest.fixture
def recorded(home):
    now = datetime.now(UTC)
    rows = counted(
        {}, Entry(at=now, host="a.example", source="a", pattern="/x", fate=Fate.ANSWERED, bytes=2**20)
    )
    with open_store(Settings(home=home).store_address) as store:
        store.put(ledger.kind(now), ledger.document_id(now, "a.example"), ledger.to_body("a.example", rows))
        known = hosts.Host(
            host="a.example",
            refusals=2,
            reason="answered 403",
            rests_until=now + timedelta(hours=1),
            spent=Spent(now.date().isoformat(), 7, 2**20),
            budget=Budget(requests_per_day=100),
        )
        store.put(hosts.KIND, "a.example", hosts.to_body(known))


def test_requests_are_told_by_line_and_by_host(tingchao, recorded):
    shown = tingchao("requests", "--host", "https://a.example/x", "--outcome", "answered").out
    found = json.loads(tingchao("requests", "--json").out)

    assert "a.example/x" in shown
    assert found["lines"][0]["row"]["requests"] == 1
    assert found["hosts"][0]["sent"] == 1
    assert "no request fits" in tingchao("requests", "--source", "b").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["requests", "--outcome", "lost"], "Outcomes are answered, unchanged"),
        (["requests", "--since", "yesterday"], "--since 'yesterday'"),
        (["requests", "--host", "a b"], "no host. Give such as www.example.com"),
        (["hosts", "stop", "http://"], "no host"),
        (["hosts", "allow", "b.example"], "b.example is not switched off. No host is"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tingchao, recorded, arguments, said):
    ran = tingchao(*arguments)

    assert ran.code == 2
    assert said in ran.err


def test_a_host_is_stopped_and_allowed_again(tingchao, recorded):
    assert "refused, open until" in tingchao("hosts", "list").out
    assert "7 of 100 requests, 1.0 MiB today" in tingchao("hosts", "list").out

    stopped = tingchao("hosts", "stop", "https://Example/page", "--why", "they wrote")
    assert "example is asked no more" in stopped.out
    told = {host["host"]: host["state"] for host in json.loads(tingchao("hosts", "list", "--json").out)}
    assert told == {"a.example": "switched off", "example": "switched off"}

    assert tingchao("hosts", "allow", "example").out == "example may be asked again\n"
    assert "switched off" not in tingchao("hosts", "list").out
