"""Texts in which there is nothing to read: each kind has its reason, and what only looks like one is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Abstain
from models.language import language
from models.passage import passage
from models.unread import why_unread


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Abstain.EMPTY),
        ("\u3000\u200b\n", Abstain.EMPTY),
        ("\x00\x07", Abstain.EMPTY),
        ("\ud83d", Abstain.EMPTY),
        ("。。。", Abstain.UNKNOWN),
        ("# - —", Abstain.UNKNOWN),
        ("\ufffd", Abstain.UNKNOWN),
        ("@甲 @乙", Abstain.LINKS),
        ("https://weibo.com/1/abc", Abstain.LINKS),
        ("//@甲:", Abstain.LINKS),
        ("回复@甲: http://t.cn/x", Abstain.LINKS),
        ("转发微博", Abstain.FILLER),
        ("轉發微博", Abstain.FILLER),
        ("转发微博。", Abstain.FILLER),
        ("转发", Abstain.FILLER),
        ("快转微博", Abstain.FILLER),
        ("Repost", Abstain.FILLER),
        ("repost //@甲:", Abstain.FILLER),
        ("分享图片", Abstain.FILLER),
        ("转发微博 O网页链接", Abstain.FILLER),
        ("The screen broke after two days", Abstain.LANGUAGE),
        ("ｔｈｅ ｓｃｒｅｅｎ ｂｒｏｋｅ", Abstain.LANGUAGE),
        ("画面がすぐに壊れました", Abstain.LANGUAGE),
        ("화면이 깨졌어요", Abstain.LANGUAGE),
        ("экран сломался", Abstain.LANGUAGE),
        ("الشاشة مكسورة", Abstain.LANGUAGE),
        ("หน้าจอแตก", Abstain.LANGUAGE),
        ("see https://example.com/a for the news", Abstain.LANGUAGE),
    ],
)
def test_each_kind_has_its_reason(text: str, why: Abstain) -> None:
    assert why_unread(passage(text), ["zh"]) is why


@pytest.mark.parametrize(
    "text",
    [
        "好", "滚", "a", "6", "666", "yyds", "OK", "good job",
        "😡", "[怒]", "？？？", "!!!", ":)", "^_^", "(´・ω・`)", "(つД`)",
        "转发抽奖", "转发微博[怒]", "转发微博😡", "转发微博，太过分了", "链接发我", "@客服 退钱",
        "比 Economic Origins of Dictatorship and Democracy 好", "Lama chenno again [悲伤]", "[doge][doge][doge]",
        "iPhone 15 Pro Max Ultra 太香了", "優質の服務", "這個手機好用", "嘅服务真系差", "ㅋㅋㅋ笑死",
    ],
)  # fmt: skip
def test_what_says_something_is_read(text: str) -> None:
    assert why_unread(passage(text), ["zh"]) is None


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("", "zh"),
        ("今天天气不错", "zh"),
        ("我用 iPhone", "zh"),
        ("今日はいい天気ですね", "ja"),
        ("東京都知事選挙の結果が発表された", "ja"),
        ("今天看了ちいかわ，很可爱啊", "zh"),
        ("오늘 날씨가 좋네요", "ko"),
        ("what a nice day", "und-Latn"),
        ("quelle belle journée", "und-Latn"),
        ("сегодня хорошо", "und-Cyrl"),
        ("καλημέρα", "und-Grek"),
        ("नमस्ते", "und-Deva"),
        ("שלום", "und-Hebr"),
    ],
)
def test_a_script_tells_the_language(text: str, tag: str) -> None:
    assert language(text) == tag


@given(
    st.text(st.characters(codec=None), max_size=80),
    st.none() | st.text(st.characters(codec=None), max_size=10),
)
def test_no_text_breaks_the_reasons(text: str, target: str | None) -> None:
    assert why_unread(passage(text, target), ["zh"]) in (None, *Abstain)


@given(st.text("好差贵快", min_size=1, max_size=20), st.text("abc ", max_size=4))
def test_chinese_with_a_foreign_word_is_chinese(chinese: str, word: str) -> None:
    assert language(chinese + word) == language(word + chinese) == "zh"
