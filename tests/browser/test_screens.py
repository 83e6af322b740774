"""The screens in Chromium, as the people of a crisis team use them."""

import random
import re
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tests.unit.dashboard.scene import mention_of
from tingchao.alerts import desk as alerts
from tingchao.alerts.alert import Grade, State
from tingchao.mention import Label, mention_id
from tingchao.playbook import desk
from tingchao.playbook.incident import INCIDENTS
from tingchao.playbook.plan import load_plan

pytestmark = pytest.mark.browser


def incident_in(store, title="清泉水壶冒烟"):
    return desk.open_incident(
        store,
        load_plan(),
        title=title,
        topic="qingquan",
        topic_name="清泉家电",
        grade=Grade.ORANGE,
        by="王值班",
        at=datetime.now(UTC),
    )


def name_given(page, name="李四"):
    page.get_by_role("dialog").get_by_label("你的姓名").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="保存并继续").click()


def test_the_duty_page_answers_at_once_whether_anything_is_wrong(visit):
    page = visit("/live")

    page.locator(".alert-line", has_text="清泉家电").wait_for()
    for block in ("提及量", "负面占比", "独立来源数", "最快扩散", "新增投诉", "趋势", "最新提及", "来源健康"):
        page.locator(".paper", has_text=block).first.wait_for()
    page.locator("canvas, svg.marks").first.wait_for()
    assert page.seen["errors"] == []


def test_a_number_opens_the_mentions_behind_it_and_the_link_shows_the_same_to_somebody_else(visit, served):
    page = visit("/live?topic=qingquan&last=1h")
    shown = page.locator(".tile", has_text="提及量").locator(".value").inner_text()
    page.locator(".tile", has_text="提及量").click()
    page.wait_for_url("**/search?*topic=qingquan*last=1h*")
    page.locator(".total", has_text=re.compile(r"\d+ 条")).wait_for()
    total = page.locator(".total").inner_text()

    assert abs(int(total.removesuffix(" 条")) - int(shown)) <= 2  # a minute may have passed
    other = visit(page.url.removeprefix(served.address))
    other.locator(".total").wait_for()
    assert (
        abs(int(other.locator(".total").inner_text().removesuffix(" 条")) - int(total.removesuffix(" 条")))
        <= 2
    )


def test_search_marks_the_words_says_why_and_points_at_a_mistake(visit):
    page = visit("/search")
    box = page.get_by_placeholder(re.compile("冒烟"))
    box.fill("冒烟 OR 举证")
    box.press("Enter")
    page.wait_for_url("**/search?*q=*")
    page.locator(".hit mark", has_text="冒烟").first.wait_for()
    page.locator(".hit-why").first.wait_for()
    page.locator(".mention .text").first.click()
    page.wait_for_url("**mention=*")
    page.locator(".whole blockquote").wait_for()

    box.fill("冒烟 AND (")
    box.press("Enter")
    page.locator(".notice.bad", has_text="第").wait_for()
    page.locator(".wrong").wait_for()


def test_an_alert_is_acknowledged_an_incident_opened_and_a_task_finished(visit, served):
    page = visit("/alert?id=A-kettle-3")
    page.get_by_role("button", name="确认").first.click()
    name_given(page, "王值班")
    page.locator(".state-chip.acknowledged").wait_for()
    page.get_by_role("button", name="建立事件").click()
    page.wait_for_url("**/incident?id=CR-*")
    page.locator("time.clock", has_text="T+00:0").wait_for()
    page.locator("#task-verify button.tick").click()
    page.locator("#task-verify.done").wait_for()
    page.locator("#task-freeze button.tick").click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="完成", exact=True).click()
    form.get_by_text("此任务须附证据").last.wait_for()
    form.get_by_label("证据或说明").fill("截图与链接已存档 #12")
    form.get_by_role("button", name="完成", exact=True).click()
    page.locator("#task-freeze.done").wait_for()
    page.locator("#task-verify button.quiet").click()
    form.get_by_label("为什么撤销？").fill("首帖已改，需重核")
    form.get_by_role("button", name="撤销").click()
    page.locator("#task-verify.waiting").wait_for()

    alert = alerts.find(served.store, "A-kettle-3")
    incident = INCIDENTS.read(served.store, alert.incident)
    assert alert.state is State.ACKNOWLEDGED
    assert alert.acknowledged_by == "王值班"
    assert list(incident.ticked) == ["freeze"]
    page.reload()
    page.locator("#task-freeze.done").wait_for()
    page.get_by_text("王值班").first.wait_for()


def test_two_people_at_once_the_second_is_told_who_was_faster_and_keeps_what_was_typed(visit, served):
    incident = incident_in(served.store)
    page = visit(f"/incident?id={incident.id}")
    page.locator("#task-freeze button.tick").click()
    form = page.get_by_role("dialog")
    form.get_by_label("证据或说明").fill("我的证据")
    form.get_by_label("你的姓名").fill("王值班")
    desk.fill_role(served.store, incident.id, "legal", person="赵法务", by="李四", at=datetime.now(UTC))
    form.get_by_role("button", name="完成", exact=True).click()

    form.get_by_text(re.compile("李四 .*已更新，刷新后再提交")).wait_for()
    assert form.get_by_label("证据或说明").input_value() == "我的证据"
    assert INCIDENTS.read(served.store, incident.id).ticked == {}


def test_somebody_elses_change_waits_behind_a_notice(visit, served):
    incident = incident_in(served.store, "清泉客服推诿")
    page = visit(f"/incident?id={incident.id}")
    page.locator("#task-gather").wait_for()
    desk.tick(served.store, incident.id, "gather", by="李四", at=datetime.now(UTC))

    page.get_by_text("李四 刚刚更新了本事件").wait_for()
    assert page.locator("#task-gather.done").count() == 0
    page.get_by_role("button", name="显示").click()
    page.locator("#task-gather.done").wait_for()


def test_new_mentions_wait_and_the_list_does_not_jump(visit, served):
    page = visit("/live?last=1h")
    first = page.locator(".mention .text").first.inner_text()
    served.store.upsert(
        [mention_of(random.Random(5), datetime.now(UTC), ("清泉水壶新的一条提及来了", Label.NEGATIVE))]
    )
    served.store.refresh()

    more = page.get_by_role("button", name=re.compile("条新提及 · 显示"))
    more.wait_for()
    assert page.locator(".mention .text").first.inner_text() == first
    more.click()
    page.locator(".mention .text", has_text="新的一条提及来了").first.wait_for()


def test_a_false_alarm_needs_a_reason(visit, served):
    page = visit("/alert?id=A-qingquan-2")
    page.get_by_role("button", name="误报").click()
    form = page.get_by_role("dialog")
    form.get_by_label("你的姓名").fill("王值班")
    form.get_by_role("button", name="误报").click()
    form.get_by_text("请填写理由").wait_for()

    assert alerts.find(served.store, "A-qingquan-2").state is State.OPEN


@pytest.mark.parametrize(
    "path",
    ["/live", "/alerts", "/alert?id=A-qingquan-2", "/incidents", "/search?q=清泉", "/sources", "/system"],
)
def test_a_phone_shows_every_page_without_sideways_scrolling(visit, path):
    page = visit(path, width=390, height=844)
    page.locator(".paper").nth(1).wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_task_is_ticked_on_a_phone(visit, served):
    incident = incident_in(served.store, "手机上处理")
    page = visit(f"/incident?id={incident.id}", width=390, height=844)
    page.locator("#task-verify button.tick").click()
    page.get_by_role("dialog").get_by_label("你的姓名").fill("王值班")
    page.get_by_role("dialog").get_by_role("button", name="完成", exact=True).click()

    page.locator("#task-verify.done").wait_for()
    assert INCIDENTS.read(served.store, incident.id).ticked["verify"].by == "王值班"


def test_a_block_that_fails_says_so_with_an_id_that_is_in_the_log_and_the_rest_works(visit, served):
    served.store.put("alert", "A-broken", {"version": 1, "id": "A-broken"})
    try:
        page = visit("/live")
        page.locator(".failed").first.wait_for()
        said = page.locator(".failed").first.inner_text()
        page.locator(".mention").first.wait_for()
    finally:
        served.store.remove("alert", "A-broken")

    id = re.search(r"编号 (\w+)", said)[1]
    assert "Traceback" not in page.locator("body").inner_text()
    assert id in (served.home / "logs" / "dashboard.log").read_text("utf-8")


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=http://evil.example/p.png onerror=alert(2)>",
    "<svg onload=alert(3)><circle r=9></svg>",
    "<iframe src=http://evil.example></iframe>",
    "<style>body{display:none}</style>",
    "<a href='javascript:alert(4)'>点我</a>",
    "![](http://evil.example/beacon.png)",
    "[点我](http://evil.example)",
    "[点我](javascript:alert(5))",
    "<http://evil.example>",
    "http://evil.example/auto 自动链接",
    "www.evil.example",
    "# 大标题",
    "| a | b |\n|---|---|\n| c | d |",
    "$\\href{javascript:alert(6)}{x}$ $$\\frac{1}{0}$$",
    ":red[红字] :red-background[底色] :material/home: :smile:",
    "**粗** _斜_ ~~删~~ `码`",
    "```html\n<b>x</b>\n```",
    "- [ ] 任务\n1. 列表\n> 引用",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "\u202eevil\u202c \u2066x\u2069 \u200b零宽",
    "javascript:alert(7)//",
    '"><script>alert(8)</script>',
    "'-alert(9)-'",
    "<math><mi//xlink:href='data:x,<script>alert(10)</script>'>",
)


def test_twenty_and_more_hostile_texts_stay_text_on_every_page(visit, served):
    dice = random.Random(3)
    hostile = []
    for index, payload in enumerate(PAYLOADS):
        made = mention_of(dice, datetime.now(UTC), (f"清泉 毒{index:02} {payload}", Label.NEGATIVE))
        hostile.append(
            replace(
                made,
                id=mention_id("x", str(index)),
                title=payload,
                region=payload.replace("\n", " ")[:60],
                url="javascript:alert(11)",
                author=replace(made.author, name_masked=payload[:30]),
            )
        )
    assert served.store.upsert(hostile).created == len(PAYLOADS)
    served.store.put(
        "source",
        PAYLOADS[1],
        {"name": PAYLOADS[0], "state": "ok", "error": PAYLOADS[6], "outcome": PAYLOADS[7]},
    )
    served.store.put(
        "worker",
        PAYLOADS[2],
        {"state": PAYLOADS[0], "last_error": PAYLOADS[1], "at": datetime.now(UTC).isoformat()},
    )
    incident = incident_in(served.store, PAYLOADS[0])
    for payload in PAYLOADS[:8]:
        desk.note(served.store, incident.id, text=payload, by=payload[:40], at=datetime.now(UTC))
    served.store.refresh()

    texts = ""
    search = "/search?q=清泉 毒&last=1h"
    pages = {
        "/live?last=1h": ".mention",
        search: ".hit",
        f"{search}&page=2": ".hit",
        f"/search?mention={hostile[1].id}": ".whole",
        "/search?q=<script>alert(12)</script>&src=<img src=x onerror=alert(13)>": ".empty",
        "/search?region=![](http://evil.example/q.png)": ".empty",
        "/search?q=(![](http://evil.example/q.png)": ".notice.bad",
        "/alert?id=![](http://evil.example/a.png)": ".failed",
        "/alert?id=A-qingquan-2": ".mention",
        f"/incident?id={incident.id}&tab=timeline": ".event",
        "/incidents": ".incident-row",
        "/sources": ".sources",
        "/system": ".grid",
    }
    for path, drawn in pages.items():
        page = visit(path)
        page.locator(drawn).first.wait_for()
        page.wait_for_load_state("networkidle")
        texts += "\n".join(page.locator(".paper").all_inner_texts())
        assert page.seen["dialogs"] == [], path
        foreign = [
            url for url in page.seen["requests"] if not url.startswith((served.address, "data:", "blob:"))
        ]
        assert foreign == [], path
        assert page.locator("a[href^='javascript']").count() == 0, path
        assert (
            page.locator(".paper script, .paper img, .paper svg, .paper iframe, .paper style").count() == 0
        ), path

    for index, payload in enumerate(PAYLOADS):
        visible = payload.translate(dict.fromkeys([0x202E, 0x202C, 0x2066, 0x2069])).split("\n")[0]
        assert f"毒{index:02} {visible}" in texts, payload
