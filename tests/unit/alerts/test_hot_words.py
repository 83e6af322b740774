import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingchao.alerts.hot_words import Cutter, hot_words, keyness


def test_names_what_is_new_and_not_what_is_always_said() -> None:
    before = ["新星空气炸锅很好用"] * 50
    now = ["新星空气炸锅很好用"] * 10 + ["新星空气炸锅冒烟了", "我的也冒烟，客服不管", "冒烟！退货"]

    found = hot_words(now, before, cutter=Cutter(["新星"]), without=["新星"])

    assert found[0].word == "冒烟"
    assert (found[0].count, found[0].usual, found[0].is_new) == (3, 0.0, True)


def test_a_text_counts_a_word_once() -> None:
    assert hot_words(["冒烟" * 50], ["很好"], cutter=Cutter()) == []


def test_links_names_emoticons_and_single_characters_say_nothing() -> None:
    words = Cutter().words("//@某人: 看 http://x.cn/abc [doge] @客服 冒烟")

    assert words == {"冒烟"}


def test_watched_names_stay_whole() -> None:
    assert "新星小炸" in Cutter(["新星小炸"]).words("买了新星小炸")


@given(st.integers(0, 50), st.integers(50, 99), st.integers(0, 50), st.integers(50, 99))
def test_keyness_is_never_negative_and_zero_for_equal_shares(
    count: int, texts: int, before: int, size: int
) -> None:
    assert keyness(count, texts, before, size) >= 0
    assert keyness(count, texts, count, texts) == pytest.approx(0, abs=1e-9)


@pytest.mark.replay
def test_the_first_hours_of_a_real_event_are_named(shared: Path) -> None:
    path = shared / "data" / "replay" / "weibo_2022_09_events.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    first = [row["text"] for row in rows if "李易峰" in row["text"] and row["time"] < "2022-09-12T04:00"]
    before = [row["text"] for row in rows if row["time"] < "2022-09-11T23:50"]

    found = [
        hot.word for hot in hot_words(first, before, cutter=Cutter(["李易峰"]), without=["李易峰"], most=8)
    ]

    assert {"嫖娼", "通报", "行政拘留"} <= set(found)
