"""Each page, run without a browser against a real store."""

from datetime import UTC, datetime

import pytest
import streamlit as st

from dashboard import read
from tests.unit.dashboard.conftest import drawn, opener
from tests.unit.dashboard.scene import WATCHLIST, fill
from tingchao.alerts.alert import Grade
from tingchao.corrections import correct
from tingchao.mention import Label
from tingchao.playbook.desk import open_incident
from tingchao.playbook.plan import load_plan
from tingchao.query import parse
from tingchao.store import Scope, open_store
from tingchao.watchlist import save


@pytest.mark.parametrize(
    ("name", "address", "shows"),
    [
        ("live", {}, ["橙 Ⅱ", "清泉家电", "较常态", "来源健康"]),
        ("live", {"topic": "rival", "last": "7d"}, ["当前无未处理预警"]),
        ("search", {"q": "冒烟 OR 举证"}, ["为何命中", "冒烟"]),
        ("search", {"q": "冒烟 AND (", "last": "24h"}, ["列"]),
        ("search", {"q": "没有这样的词"}, ["没有结果", "放宽到"]),
        ("search", {"mention": "none"}, ["不在库中"]),
        ("search", {"has": "unsure", "last": "7d"}, ["需人工", "模型拿不准", "判为"]),
        ("search", {"has": "unread"}, ["未判读", "转发套话", "只有链接"]),
        ("search", {"has": "nonsense"}, ["没有结果", "需人工"]),
        ("search", {"q": "同样的价钱", "topic": "rival"}, ["83%", "对 蓝鲸电器", "全文 负面"]),
        ("search", {"from_": "2026-11-24T30:00", "to": "x", "page": "-3"}, ["条"]),
        ("alerts", {}, ["清泉家电", "无人认领"]),
        ("alerts", {"tab": "false"}, ["蓝鲸电器"]),
        ("alert", {"id": "A-qingquan-2"}, ["为什么报警", "首帖", "已送达"]),
        ("alert", {"id": "no-such"}, ["没有这一条"]),
        ("incidents", {}, ["还没有事件"]),
        ("incident", {"id": "CR-2020-0101-01"}, ["没有这一条"]),
        ("system", {}, ["匹配打分", "投诉直通车", "SQLite"]),
        ("sources", {}, ["听得到", "投诉直通车", "被拒绝", "还没有访问过任何主机"]),
    ],
)
def test_a_page_shows_what_its_address_asks_for(page, name, address, shows):
    test = page(name, **address)

    assert not test.exception
    text = drawn(test)
    assert "编号" not in text
    assert [word for word in shows if word not in text] == []


def test_an_empty_store_says_what_to_do_and_never_fails(tmp_path, monkeypatch):
    run = opener(tmp_path, monkeypatch)

    for name, shows in (
        ("live", "还没有监测方案"),
        ("search", "没有结果"),
        ("alerts", "没有待确认"),
        ("system", "还没有环节上报"),
        ("sources", "还没有接入来源"),
    ):
        text = drawn(run(name))
        assert shows in text


def test_a_watchlist_without_mentions_is_another_sentence(tmp_path, monkeypatch):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        save(store, WATCHLIST, 0)

    assert "还没有任何提及入库" in drawn(opener(tmp_path, monkeypatch)("live"))


def test_a_store_that_is_down_is_a_sentence_with_an_id_and_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGCHAO_STORE", f"sqlite:///{tmp_path}")
    test = opener(tmp_path, monkeypatch)("alerts")

    assert not test.exception
    text = drawn(test)
    assert "编号" in text
    assert "Traceback" not in text
    assert "apsw" not in text


def test_the_war_room_shows_stages_tasks_and_log(tmp_path, monkeypatch):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        incident = open_incident(
            store,
            load_plan(),
            title="清泉水壶冒烟",
            topic="qingquan",
            topic_name="清泉家电",
            grade=Grade.ORANGE,
            by="王值班",
            at=datetime.now(UTC),
        )
    run = opener(tmp_path, monkeypatch)

    assert "核实首帖" in drawn(run("incident", id=incident.id))
    assert "建立事件" in drawn(run("incident", id=incident.id, tab="timeline"))
    assert "空缺" in drawn(run("incident", id=incident.id, tab="team"))
    assert "清泉水壶冒烟" in drawn(run("incidents"))


def test_the_queue_has_negatives_first_and_leaves_out_what_a_person_has_decided(tmp_path, monkeypatch):
    now = datetime.now(UTC)
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        fill(store, now, days=3, an_hour=3, crisis=20)
        unsure = store.search(Scope(parse("has:unsure")), limit=200).hits
        run = opener(tmp_path, monkeypatch)
        before = drawn(run("search", has="unsure", last="30d"))
        newest = next(each for each in unsure if each.sentiment.label is not Label.NEGATIVE)
        correct(store, newest.id, Label.POSITIVE, by="王值班", at=now)
        correct(store, unsure[-1].id, Label.POSITIVE, by="王值班", at=now, topic=unsure[-1].matches[0].topic)
    read.forget()
    st.cache_data.clear()
    after = drawn(run("search", has="unsure", last="30d"))

    waiting = len(unsure)
    assert f"{waiting} 条" in before
    assert f"{waiting - 1} 条" in after
    assert f"mention={newest.id}" not in after
    negatives = [each for each in unsure if each.sentiment.label is Label.NEGATIVE]
    places = [before.index(f"mention={each.id}") for each in (*negatives, newest)]
    assert places == sorted(places)
    assert f"{waiting} 条" in drawn(run("search", q="has:unsure", last="30d"))
