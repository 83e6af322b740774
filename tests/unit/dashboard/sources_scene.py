"""Made-up sources in a real store, written by the crawler's own code: healthy ones, or one of each trouble."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from crawlers.imports import standings
from crawlers.manners import budgets, hosts, ledger, switches
from crawlers.manners.hosts import Host
from crawlers.manners.ledger import Entry, Fate
from crawlers.rights import permission
from crawlers.rights.permission import Permission, PermissionKind
from crawlers.visits import gaps, health
from crawlers.visits.gaps import Gap
from crawlers.visits.health import Health, State
from crawlers.visits.usual import Lack, Usual
from tingchao.store import Store
from tingchao.times import iso

HOUR = timedelta(hours=1)
CONTRACT = Permission(
    kind=PermissionKind.CONTRACT,
    holder="清泉家电公关部",
    reference="合同 2026-118",
    until=date(2030, 6, 30),
    note="法务存档",
)


def put(store: Store, id: str, name: str, now: datetime, **more: Any) -> Health:
    """One source, healthy unless `more` says otherwise."""
    told: dict[str, Any] = {
        "name": name,
        "interval": 300.0,
        "last_success": now - timedelta(minutes=3),
        "last_try": now - timedelta(minutes=3),
        "fetched": 412,
        "parsed": 3_120,
        "published": 3_050,
        "outcome": "items",
        "newest": now - timedelta(minutes=7),
        "lately": 31,
        "an_hour": 19.5,
    }
    found = Health(**{**told, **more})
    store.put(health.KIND, id, health.to_body(found))
    return found


def healthy(store: Store, now: datetime) -> None:
    for id, name in (("xinwen", "都市新闻网"), ("luntan", "百味论坛"), ("changmao", "长毛象")):
        put(store, id, name, now)
    ask(store, now, "luntan", "bbs.example", 120)
    ask(store, now, "xinwen", "news.example", 48)


def troubled(store: Store, now: datetime) -> None:
    """One source of each kind of trouble, beside healthy ones; 11 that are crawled, of which 4 are heard."""
    healthy(store, now)
    put(store, "tousu", "投诉直通车", now, state=State.REFUSED, last_success=now - 3 * HOUR, refused=12,
        refusing=0.61, outcome="blocked", error="HTTP 403 (captcha)", retry_at=now + HOUR)  # fmt: skip
    put(store, "anjing", "安静社区", now, state=State.SILENT, lately=1)
    put(store, "pingjia", "应用评价", now, state=State.BLIND, blind=("published_at", "likes"))
    put(store, "shuma", "数码频道", now, state=State.LATE, last_success=now - timedelta(minutes=21),
        error="TimeoutError: no answer", outcome="error")  # fmt: skip
    put(store, "tingzhi", "停摆博客", now, last_success=now - 9 * HOUR, last_try=now - 9 * HOUR)
    put(store, "yusuan", "省钱频道", now, last_success=now - HOUR,
        error="the day's budget of 2,000 requests is used", retry_at=now + 5 * HOUR)  # fmt: skip
    put(store, "tingyong", "停用论坛", now)
    put(store, "weishuo", "微说", now, permission=permission.record(CONTRACT, ""), gaps=1)
    store.put(
        health.USUAL,
        "anjing",
        health.usual_body(Usual(silent=now - 5 * HOUR)),
    )
    store.put(
        health.USUAL,
        "pingjia",
        health.usual_body(Usual(lacks={"published_at": Lack(0.0, 1.0, now - 2 * HOUR)})),
    )
    gap(
        store,
        "weishuo",
        now,
        since=now - 6 * HOUR,
        until=now - 5 * HOUR,
        why="cap",
        expected=1_400,
        got=1_000,
    )
    gap(store, "weishuo", now, name="filled", standing=gaps.Standing.FILLED, over=now - HOUR)
    ask(store, now, "tousu", "tousu.example", 40)
    ask(store, now, "tousu", "tousu.example", 9, fate=Fate.REFUSED, status=403)
    ask(store, now, "tousu", "tousu.example", 4, pattern="/search", fate=Fate.FORBIDDEN, allowed=False,
        rule="Disallow: /search", status=0)  # fmt: skip
    ask(store, now, "tingyong", "stopped.example:8443", 5)
    ask(store, now, "weishuo", "m.weishuo.example", 300)
    host(store, "tousu.example", refusals=2, reason="HTTP 403", rests_until=now + HOUR)
    host(
        store,
        "m.weishuo.example",
        spent=budgets.Spent(now.astimezone(UTC).date().isoformat(), 300, 9_000_000),
    )
    store.put(
        switches.KIND,
        "stopped.example",
        switches.switched_off("stopped.example", "站方来函", now - HOUR),
    )
    imported_file(store, "search_contents_2026-11-24.csv", now, published=412, refused=3)
    imported_file(store, "坏掉的表.xlsx", now, state="bad", problem="sheet 1 has no column for the text")
    store.put("receipt", "r1", {"receipt": "r1", "at": iso(now - HOUR), "accepted": 80, "refused": []})


def gap(store: Store, source: str, now: datetime, name: str = "open", **more: Any) -> None:
    told: dict[str, Any] = {
        "source": source,
        "query": "清泉",
        "since": now - 9 * HOUR,
        "until": now - 8 * HOUR,
        "why": "pages",
        "opened": now - 5 * HOUR,
    }
    store.put(gaps.KIND, f"{source}.{name}", gaps.to_body(Gap(**{**told, **more})))


def ask(store: Store, now: datetime, source: str, host: str, times: int, **more: Any) -> None:
    """So many requests in the ledger's hour of `now`, two seconds apart."""
    told: dict[str, Any] = {
        "at": now,
        "host": host,
        "source": source,
        "pattern": "/t/{}",
        "fate": Fate.ANSWERED,
        "status": 200,
        "rule": "no rule",
        "bytes": 20_000,
        "delay": 2.0,
    }
    kind, id = ledger.kind(now), ledger.document_id(now, host)
    there = store.find(kind, id)
    rows = ledger.from_body(there.body) if there else {}
    for _ in range(times):
        rows = ledger.counted(rows, Entry(**{**told, **more}))
    store.put(kind, id, ledger.to_body(host, rows))


def host(store: Store, name: str, **more: Any) -> None:
    known = Host(host=name, budget=budgets.USUAL, **more)
    store.put(hosts.KIND, hosts.document_id(name), hosts.to_body(known))


def imported_file(store: Store, name: str, now: datetime, state: str = "reading", **more: Any) -> None:
    body = {
        "name": name,
        "inode": 1,
        "size": 9,
        "modified": int(now.timestamp() * 1e9),
        "state": state,
        **more,
    }
    assert standings.from_body(body)
    store.put(standings.KIND, name, body)
