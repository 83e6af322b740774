"""Which label is shown, whose word it is, and how sure."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from dashboard.export import to_csv
from dashboard.rows import Names, details, row
from dashboard.verdict import badge, because, per_cent, verdict
from models.reading import EMOTIONS, Abstain
from tests.unit.dashboard.test_hostile import mention, strings
from tingchao.catalogue import catalogue
from tingchao.corrections import NOTHING, Correction, Corrections
from tingchao.mention import UNSURE, Label, Sentiment, Target

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
CALM = Sentiment(Label.NEUTRAL, 0.06, 0.92, 0.02)
SAID = replace(
    mention("清泉水壶冒烟了"),
    sentiment=CALM,
    targets=(Target("qingquan", Label.NEGATIVE, 0.81, 0.15, 0.04),),
    model="tingchao-zh/1",
)
NAMES = Names({"qingquan": "清泉家电"}, {})


def by_person(label: Label, topic: str = "") -> Corrections:
    word = Correction(
        at=NOON, by="李分析", mention=SAID.id, published_at=SAID.published_at, topic=topic, label=label
    )
    return Corrections(1, {(SAID.id, topic): word})


def shown(of, topic: str = "", corrections: Corrections = NOTHING) -> str:
    return " ".join(strings(each) for each in badge(verdict(of, topic, corrections), topic_name="清泉家电"))


@pytest.mark.parametrize(
    ("of", "topic", "corrections", "text"),
    [
        (SAID, "", NOTHING, "中性 92%"),
        (SAID, "qingquan", NOTHING, "负面 81% 对 清泉家电 全文 中性"),
        (SAID, "another", NOTHING, "中性 92%"),
        (
            replace(SAID, sentiment=Sentiment(Label.NEUTRAL, 0.1, 0.55, 0.35)),
            "",
            NOTHING,
            "中性 55% 置信度低",
        ),
        (
            replace(SAID, sentiment=Sentiment(Label.NEUTRAL, 0.3, 0.4, 0.3), abstain="unsure"),
            "",
            NOTHING,
            "中性 40% 需人工 模型拿不准",
        ),
        (replace(SAID, abstain="unsure"), "qingquan", NOTHING, "负面 81% 对 清泉家电 全文 中性"),
        (replace(SAID, abstain="filler"), "", NOTHING, "未判读 转发套话"),
        (replace(SAID, abstain="filler"), "qingquan", NOTHING, "未判读 转发套话 对 清泉家电"),
        (replace(SAID, abstain="of a newer model"), "", NOTHING, "未判读 of a newer model"),
        (replace(SAID, sentiment=None), "", NOTHING, "未评分"),
        (replace(SAID, sentiment=None, targets=(), abstain="filler"), "", NOTHING, "未判读 转发套话"),
        (replace(SAID, sentiment=None, targets=(), abstain="filler"), "qingquan", NOTHING, "未判读 转发套话"),
        (
            replace(SAID, sentiment=None, targets=(), abstain="language"),
            "qingquan",
            by_person(Label.NEGATIVE, "qingquan"),
            "负面 人工 对 清泉家电",
        ),
        (SAID, "", by_person(Label.POSITIVE), "正面 人工"),
        (SAID, "qingquan", by_person(Label.POSITIVE), "负面 81% 对 清泉家电 全文 正面"),
        (SAID, "qingquan", by_person(Label.NEUTRAL, "qingquan"), "中性 人工 对 清泉家电"),
        (replace(SAID, abstain="language"), "", by_person(Label.NEGATIVE), "负面 人工"),
        (
            replace(SAID, targets=()),
            "qingquan",
            by_person(Label.NEGATIVE, "qingquan"),
            "负面 人工 对 清泉家电 全文 中性",
        ),
    ],
)
def test_the_label_says_how_sure_it_is_or_who_says_so(of, topic, corrections, text):
    assert shown(of, topic, corrections) == text


def test_what_the_model_is_not_sure_of_is_drawn_pale():
    for unsure in (Sentiment(Label.NEUTRAL, 0.3, 0.59, 0.11), Sentiment(Label.NEUTRAL, 0.2, 0.6, 0.2)):
        classes = badge(verdict(replace(SAID, sentiment=unsure)))[0][1]["class"].split()
        assert ("pale" in classes) == (unsure.confidence < 0.6)


def test_no_model_is_certain():
    assert [per_cent(p) for p in (0.0, 0.994, 0.995, 1.0)] == ["0%", "99%", ">99%", ">99%"]


def test_the_details_keep_the_models_word_beside_the_persons():
    said = by_person(Label.POSITIVE)
    every = [verdict(SAID, topic, said) for topic in ("", "qingquan")]

    told = strings(details(SAID, NOON, names=NAMES, every=every))

    assert "人工：正面（李分析 12:00）；模型：负面 6% · 中性 92% · 正面 2%" in told
    assert "对 清泉家电负面 81% · 中性 15% · 正面 4%" in told
    assert "tingchao-zh/1" in told
    assert because(every[0], NOON) == "李分析 12:00 改判为正面；模型判为：中性 92%"


def test_what_else_the_model_tells_is_in_the_details_only_if_it_does():
    plain, full = (
        strings(details(each, NOON, names=NAMES, every=[verdict(each)]))
        for each in (SAID, replace(SAID, emotion="angry", complaint=0.61, irony=0.07))
    )

    assert not any(word in plain for word in ("情绪", "投诉强度", "反讽"))
    assert all(word in full for word in ("情绪愤怒", "投诉强度+0.61", "反讽的可能7%"))


def test_a_row_takes_its_colour_from_what_is_shown():
    drawn = row(SAID, NOON, names=NAMES, shown=verdict(SAID, "", by_person(Label.NEGATIVE)))

    assert "is-negative" in drawn[1]["class"]


def test_a_file_keeps_both_words_apart():
    said = Corrections(2, {**by_person(Label.POSITIVE).words, **by_person(Label.NEGATIVE, "qingquan").words})

    header, line, *_ = to_csv([SAID], said).decode("utf-8-sig").splitlines()

    kept = dict(zip(header.split(","), line.split(","), strict=True))
    assert kept['"sentiment"'] == '"neutral"'
    assert (kept['"corrected"'], kept['"corrected_towards"']) == ('"positive"', '"qingquan:negative"')


def test_a_text_that_was_not_read_has_its_reason_in_the_details_and_in_a_file_and_no_figures():
    unread = replace(SAID, sentiment=None, targets=(), abstain="links")

    told = strings(details(unread, NOON, names=NAMES, every=[verdict(unread)]))
    header, line, *_ = to_csv([unread], NOTHING).decode("utf-8-sig").splitlines()

    kept = dict(zip(header.split(","), line.split(","), strict=True))
    assert "未判读 · " in told
    assert "33%" not in told
    assert (kept['"sentiment"'], kept['"p_negative"'], kept['"abstain"']) == ('""', '""', '"links"')


def test_every_reason_and_emotion_of_the_model_has_words():
    wanted = {f"dashboard.abstain_{why}" for why in Abstain} | {
        f"dashboard.emotion_{each}" for each in EMOTIONS
    }

    assert wanted <= set(catalogue())
    assert Abstain.UNSURE == UNSURE
