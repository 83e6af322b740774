"""The page 来源: what is heard, what is not, since when and why."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from dashboard.export import to_csv
from dashboard.rows import Names, row
from dashboard.source_boards import reason
from tests.unit.dashboard import sources_scene
from tests.unit.dashboard.conftest import drawn, opener
from tests.unit.dashboard.scene import mention_of
from tests.unit.dashboard.test_hostile import mention, strings
from tingchao.mention import Label
from tingchao.store import open_store


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A page over one of each trouble, and Weibo that only imports feed."""
    now, dice = datetime.now(UTC), random.Random(3)
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        sources_scene.troubled(store, now)
        said = [
            mention_of(dice, now - timedelta(hours=8, minutes=each), ("清泉水壶", Label.NEUTRAL))
            for each in range(300)
        ]
        store.upsert([replace(each, source="weibo") for each in said])
        store.refresh()
    return opener(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("address", "shows"),
    [
        ({}, ["听得到 4 / 12 个来源", "听不到 3", "存疑 5", "8 小时没有新内容", "合同 2026-118", "站方来函"]),
        ({}, ["今日请求预算 2,000 次已用完", "published_at", "缺口 1 处", "停止访问", "恢复访问"]),
        ({"source": "weishuo"}, ["清泉家电公关部", "法务存档", "抓取 412 页", "m.weishuo.example"]),
        ({"show": "gaps"}, ["未补 1", "已补 1", "来源的结果数上限"]),
        ({"show": "ledger"}, ["Disallow: /search", "robots 禁止", "2.0 秒"]),
        ({"show": "ledger", "fate": "refused"}, ["403"]),
        ({"show": "ledger", "host": "nobody.example"}, ["没有这样的请求"]),
        ({"show": "imports"}, ["search_contents_2026-11-24.csv", "读不了", "接收 80 条"]),
        ({"show": "<b>", "source": "none", "last": "9y", "fate": "x"}, ["听得到"]),
    ],
)
def test_the_page_answers_at_a_glance(run, address, shows):
    test = run("sources", **address)

    assert not test.exception
    text = drawn(test)
    assert "编号" not in text
    assert [word for word in shows if word not in text] == []


def test_live_and_system_tell_the_same(run):
    assert "未再访问" in drawn(run("live"))
    assert "听得到 4 / 12 个来源" in drawn(run("system"))


def test_a_crawler_that_stands_still_is_never_called_well(tmp_path, monkeypatch):
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        sources_scene.put(store, "xinwen", "都市新闻网", long_ago, last_try=long_ago, last_success=long_ago)

    text = drawn(opener(tmp_path, monkeypatch)("sources"))

    assert "采集停止" in text
    assert "全部正常" not in text


def test_a_known_reason_is_told_in_the_readers_language_and_another_as_it_is():
    assert reason("weibo.com is switched off by hand") == "已手动停用 weibo.com；等待下一次访问"
    assert reason("the host refused (HTTP 403) and is left alone") == "站点拒绝（HTTP 403），暂不打扰"
    assert reason("HTTP 500 {x}") == "HTTP 500 {x}"


def test_a_post_that_is_gone_is_marked_in_rows_and_in_the_file():
    now = datetime(2026, 11, 24, 4, tzinfo=UTC)
    gone = replace(mention("清泉水壶"), gone_at=now)

    assert "已删除" in strings(row(gone, now, names=Names({}, {})))
    assert "已删除" not in strings(row(mention("清泉水壶"), now, names=Names({}, {})))
    assert to_csv([gone]).decode("utf-8-sig").splitlines()[1].endswith('"2026-11-24 12:00:00"')
