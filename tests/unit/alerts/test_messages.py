import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.alerts.telling import alert, notice, raised, resolved, updated
from tingchao.alerts import messages
from tingchao.alerts.alert import Grade
from tingchao.alerts.channels.wecom import MOST_BYTES, markdown
from tingchao.alerts.messages import cut_bytes, payload, plain, tame, title
from tingchao.alerts.notice import Happened
from tingchao.catalogue import catalogue


def test_the_title_says_grade_topic_and_what_in_26_characters() -> None:
    assert title(notice()) == "【橙】新星空气炸锅：负面 18 倍"


@pytest.mark.parametrize("drill", [False, True])
def test_a_long_name_is_cut_and_nothing_else(drill: bool) -> None:
    long = title(notice(raised("某某国际控股集团有限公司旗下新星空气炸锅"), drill=drill))

    assert len(long) == 26
    assert "【橙】" in long
    assert long.endswith("…：负面 18 倍")
    assert long.startswith("【演练】") is drill


def test_the_numbers_stand_beside_what_is_usual() -> None:
    assert (
        messages.numbers(notice())
        == "近 15 分钟 提及 101（常态 30±6） 负面 72（常态 4±2） 负面占比 71%（常态 12%）"
    )


def test_the_reason_is_one_line() -> None:
    assert messages.why(notice()) == (
        "原因：负面声量 z=34.0，负面占比 z=19.7，总声量 z=11.8，最近 5 分钟负面 z=6.0，4 个平台，命中风险“人身伤害”"
    )


def test_the_closing_message_tells_duration_and_peak() -> None:
    over = notice(raised(), updated(10, negative=300), resolved(185), happened=Happened.RESOLVED)

    assert messages.numbers(over) == "历时 3 小时 5 分，15 分钟负面峰值约 300 条"
    assert messages.ask(over) == ""
    assert "已平息" in title(over)


def test_there_is_an_english_one() -> None:
    assert title(notice(raised("Nova")), "en") == "[orange] Nova: neg. ×18"
    assert "usual 30±6" in messages.numbers(notice(), "en")


HOSTILE = (
    "<@all> <@u1> [点我](http://evil.cn) **粗** `码` # 标题\n> 引 javascript:alert(1) @所有人\u202e\u200b"
)


def test_public_text_cannot_call_anybody_nor_be_a_link() -> None:
    text = markdown(notice(raised("新星<@all>"), quote=HOSTILE))

    assert "<@" not in text
    assert "@" not in text
    assert "[点我]" not in text
    assert "evil.cn)" not in text
    assert "http://evil" not in text
    assert "javascript:" not in text
    assert "\u202e" not in text
    assert text.count("](") == 3


@given(st.text(max_size=3000), st.text(min_size=1, max_size=300))
def test_whatever_is_quoted_the_message_fits_and_keeps_grade_and_links(quote: str, name: str) -> None:
    text = markdown(notice(raised(name), quote=quote))

    assert len(text.encode()) <= MOST_BYTES
    assert "【橙 Ⅱ】" in text
    assert "[打开预警](https://tingchao.example/alert?id=a1b2)" in text
    assert text.count("](") == 3


@given(st.text(), st.integers(0, 60))
def test_cutting_by_bytes_never_splits_a_character(text: str, most: int) -> None:
    cut = cut_bytes(text, most + 3, "…")

    assert len(cut.encode()) <= most + 3
    assert text.startswith(cut.removesuffix("…")) or cut == text


@given(st.text())
def test_taming_is_one_visible_line_and_final(text: str) -> None:
    assert tame(tame(text)) == tame(text)
    assert plain(text) == " ".join(plain(text).split())
    assert all(sign.isprintable() for sign in plain(text))


def test_the_payload_is_the_documented_schema() -> None:
    body = msgspec.json.decode(payload(notice()))

    assert body["schema"] == "tingchao.alert/1"
    assert (body["id"], body["event"], body["drill"]) == ("msg_1", "raised", False)
    assert (body["alert"]["grade"], body["alert"]["level"], body["alert"]["topic"]) == ("orange", 3, "nova")
    assert body["reasons"][0] == {"signal": "negative", "now": 72, "usual": 4, "spread": 2, "z": 34.0}
    assert body["links"]["alert"] == "https://tingchao.example/alert?id=a1b2"
    assert body["acknowledge_within_minutes"] == 10


@given(st.text(max_size=5000))
def test_the_payload_stays_small(quote: str) -> None:
    body = payload(notice(quote=quote))

    assert len(body) <= 20_000


def test_the_payload_stays_small_whatever_is_in_it() -> None:
    hostile = notice(quote="\x00\u202e" * 9_000)
    alert = msgspec.structs.replace(hostile.alert, topic_name="名" * 9_000, first_mention="f" * 512)

    body = payload(
        msgspec.structs.replace(hostile, alert=alert, quote="字" * 9_000, quote_source="源" * 9_000)
    )

    assert len(body) <= 20_000
    assert len((msgspec.json.decode(body)["quote"] or {"text": ""})["text"]) <= 60


def test_every_signal_risk_and_grade_has_its_words() -> None:
    known = catalogue()
    signals = [reason.signal for reason in alert().reasons if not reason.signal.startswith("risk_")]

    assert all(f"alerts.signal_{signal}" in known for signal in signals)
    assert all(f"alerts.level_{grade.name.lower()}" in known for grade in Grade)
    assert all(f"alerts.happened_{happened.value}" in known for happened in Happened)
