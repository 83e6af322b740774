"""What the model is not sure of, as people see it, decide it and correct it."""

import re

import pytest

from tests.browser.test_screens import name_given
from tests.unit.dashboard.scene import COMPARED
from tingchao.corrections import STREAM, read_on
from tingchao.mention import Label
from tingchao.query import parse
from tingchao.store import Scope

pytestmark = pytest.mark.browser


def waiting(page) -> int:
    return int(page.locator(".tab", has_text=re.compile("需人工|Needs review")).locator("b").inner_text())


def test_a_person_works_through_the_queue_and_corrects_the_model_towards_a_brand(visit, served):
    page = visit("/search?last=7d")
    page.locator(".label .sure").first.wait_for()
    page.locator(".tab b").first.wait_for()
    before = waiting(page)
    page.locator(".tab", has_text="需人工").click()
    page.wait_for_url("**has=unsure*")
    page.locator(".hit .label.pale.negative").first.wait_for()
    page.locator(".hit .who.wanted", has_text="需人工").first.wait_for()
    page.locator(".hit .unsure", has_text="模型拿不准").first.wait_for()

    page.locator(".decide").first.get_by_role("button", name="中性").click()
    name_given(page, "李分析")
    page.locator(".tab.now b", has_text=re.compile(rf"^{before - 1}$")).wait_for()
    page.locator(".decide").first.get_by_role("button", name="负面").click()
    page.locator(".tab.now b", has_text=re.compile(rf"^{before - 2}$")).wait_for()

    said = [(each.event["by"], each.event["label"]) for each in served.store.read(STREAM)]
    assert said == [("李分析", "neutral"), ("李分析", "negative")]

    [both] = served.store.search(Scope(parse(f'"{COMPARED}"'))).hits
    page = visit(f"/search?last=24h&topic=rival&mention={both.id}")
    whole = page.locator(".whole")
    whole.locator(".label.positive", has_text="83%").wait_for()
    whole.locator(".aim", has_text="对 蓝鲸电器").wait_for()
    whole.locator(".aim", has_text="全文 负面").wait_for()
    card = page.locator(".st-key-correct")
    card.get_by_role("button", name="中性").click()
    name_given(page, "李分析")
    whole.locator(".who.person", has_text="人工").wait_for()
    whole.get_by_text(re.compile("李分析 .*改判为中性；模型判为：正面 83%")).wait_for()
    page.locator(".hit .who.person").first.wait_for()
    assert read_on(served.store).on(both.id, "rival").label is Label.NEUTRAL
    assert read_on(served.store).on(both.id) is None

    page.get_by_role("button", name="李分析").click()
    page.get_by_role("button", name="English").click()
    whole.locator(".who.person", has_text="by a person").wait_for()
    page.locator(".tab", has_text="Needs review").wait_for()
    assert page.seen["errors"] == []


def test_what_was_not_read_says_why_and_the_queue_fits_a_phone(visit):
    page = visit("/search?has=unread&last=24h")
    page.locator(".hit .label.none", has_text="未判读").first.wait_for()
    page.locator(".hit .unsure", has_text="转发套话").wait_for()

    phone = visit("/search?has=unsure&last=7d", width=390, height=844)
    phone.locator(".decide button").first.wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
