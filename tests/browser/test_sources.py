"""The page 来源 in Chromium: a host is stopped and allowed again."""

from datetime import UTC, datetime

import pytest

from tests.unit.dashboard import sources_scene

pytestmark = pytest.mark.browser


def test_a_host_is_stopped_with_a_reason_and_allowed_again(visit, served):
    sources_scene.troubled(served.store, datetime.now(UTC))
    page = visit("/sources")
    page.locator(".heard", has_text="听得到").wait_for()
    page.locator(".hosts tr", has_text="bbs.example").get_by_text("停止访问").click()
    form = page.get_by_role("dialog")
    form.get_by_text("百味论坛").wait_for()
    form.get_by_label("你的姓名").fill("王值班")
    form.get_by_role("button", name="停止访问").click()
    form.get_by_text("请填写理由").wait_for()
    assert served.store.find("switch", "bbs.example") is None

    form.get_by_label("为什么停用？").fill("站方来函")
    form.get_by_role("button", name="停止访问").click()
    page.locator(".hosts tr", has_text="王值班停用：站方来函").wait_for()
    assert served.store.find("switch", "bbs.example").body["by"] == "王值班"
    page.locator(".troubles li", has_text="百味论坛").get_by_text("已停用").wait_for()

    page.locator(".hosts tr", has_text="bbs.example").get_by_text("恢复访问").click()
    form.get_by_label("为什么恢复？").fill("已书面许可")
    form.get_by_role("button", name="恢复访问").click()
    page.locator(".hosts tr", has_text="bbs.example").get_by_text("停止访问").wait_for()
    assert served.store.find("switch", "bbs.example") is None
    assert page.seen["errors"] == []
