"""Which rows are measured, what is said of them, and that a text the training has read proves nothing."""

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Reading
from models.evaluate import dev, invariance, mistakes, own, robustness, slices, sureness
from models.evaluate.against import against
from models.evaluate.judge import Judge
from models.evaluate.sets import FOLDERS, MENGNIU, Row, Sets, bare, read_rows, sampled
from models.heads import LABELS
from models.passage import passage
from tingchao.errors import BadInput
from tingchao.mention import Sentiment

ROOT = Path(__file__).parents[2]


class Echo:
    """A scorer that knows one word of each feeling; towards a target it is blind to all but what follows the name."""

    name = "echo/1"
    unsure_below = 0.5

    def __init__(self) -> None:
        self.heads = {"sentiment": LABELS, "target": LABELS}
        self.asked: list[str] = []

    def score(self, texts, targets=None, contexts=None):
        self.asked += texts
        return [
            self._reading(text, target)
            for text, target in zip(texts, targets or [None] * len(texts), strict=True)
        ]

    def _reading(self, text: str, target: str | None) -> Reading:
        read = text.partition(target)[2][:2] if target else text
        place = 0 if "差" in read else 2 if "好" in read else 1
        p = [0.1, 0.1, 0.1]
        p[place] = 0.8
        return Reading(sentiment=Sentiment(LABELS[place], *p))


class Deaf(Echo):
    """Says the same of everything."""

    name = "deaf/1"

    def _reading(self, text: str, target: str | None) -> Reading:
        return super()._reading("", None)


SENTIMENT = [
    {"text": "很好", "label": "positive", "source": "smp2020_usual", "domain": "weibo"},
    {"text": "很差", "label": "negative", "source": "smp2020_usual", "domain": "weibo"},
    {"text": "今天开会", "label": "neutral", "source": "thucnews_headline", "domain": "news"},
    {"text": "漏水了", "label": "negative", "source": "auto_complaints", "domain": "complaint_site"},
    {"text": "牛奶好喝", "label": "positive", "source": "online_shopping_10_cats", "cat": "蒙牛"},
]
TARGET = [
    {"text": "甲差，乙好", "target": "甲", "label": "negative", "source": "product_parts", "binary": True},
    {"text": "甲差，乙好", "target": "乙", "label": "positive", "source": "product_parts", "binary": True},
    {"text": "丙一般", "target": "丙", "label": "neutral", "source": "ccf2019_fin_entity"},
    {"text": "丁差得很", "target": "丁", "label": "negative", "source": "ccf2019_fin_entity"},
]


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        write(tmp_path / folder / "train.jsonl.gz", [])
        write(tmp_path / folder / "dev.jsonl.gz", [])
    write(tmp_path / "sentiment" / "dev.jsonl.gz", SENTIMENT)
    write(tmp_path / "target" / "dev.jsonl.gz", TARGET)
    return tmp_path


@pytest.fixture
def judge() -> Judge:
    return Judge(Echo(), quiet=True)


def test_a_dev_row_that_lies_in_another_sets_training_is_left_out(data):
    write(
        data / "emotion" / "train.jsonl.gz",
        [{"text": "很 好！", "label": "happy", "source": "smp2020_usual"}],
    )
    sets = Sets(data)

    rows = sets.dev("sentiment")

    assert "很好" not in [row.text for row in rows]
    assert sets.left_out == {"sentiment": 1}
    assert len(Sets(data, clean=True).dev("sentiment")) == len(SENTIMENT)


def test_the_posts_on_a_milk_brand_are_no_shop_reviews(data):
    assert MENGNIU in {row.source for row in Sets(data).dev("sentiment")}


def test_a_sample_is_the_same_each_time_and_keeps_the_order():
    rows = [Row(f"文{number}", source="ab"[number % 2]) for number in range(40)]

    chosen = sampled(rows, 3)

    assert chosen == sampled(rows, 3)
    assert [row.source for row in chosen].count("a") == 3
    assert chosen == [row for row in rows if row in chosen]
    assert sampled(rows, 0) == rows


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=30))
def test_bare_texts_differ_in_letters_only(text):
    assert bare(text) == bare(f" {text}！ ")
    assert bare(bare(text)) == bare(text)


@pytest.mark.parametrize("line", ["not json", '{"text": 3}', '{"label": "positive"}'])
def test_a_bad_row_is_named_by_file_and_line(tmp_path, line):
    (tmp_path / "rows.jsonl").write_text(f'{{"text": "好", "label": "positive"}}\n{line}\n')

    with pytest.raises(BadInput, match=r"rows\.jsonl, line 2"):
        list(read_rows(tmp_path / "rows.jsonl"))


def test_a_folder_that_is_not_there_says_what_data_must_hold(tmp_path):
    with pytest.raises(BadInput, match="--data must hold the research texts"):
        Sets(tmp_path)


def test_sentiment_is_told_by_source_in_means_and_at_the_same_threshold(data, judge):
    found = dev.sentiment(Sets(data), judge)

    assert found["by source"]["smp2020_usual"]["macro-F1"] == 1.0
    assert found["complaints and calm headlines"]["auto_complaints"]["recall"] == 0.0
    assert found["complaints and calm headlines"]["thucnews_headline"]["recall"] == 1.0
    assert found["means"]["social posts"]["sources"] == 2
    assert found["means"]["real neutral posts"]["macro-F1"] is None


def test_telling_the_target_must_gain_over_the_same_model_that_is_blind(data, judge):
    table = dev.target(Sets(data), judge)["by source"]

    assert table["product_parts"]["macro-F1"] == 1.0
    assert table["product_parts"]["gain"] == pytest.approx(1.0 - table["product_parts"]["blind"])
    assert table["product_parts"]["blind"] < 1.0


def test_of_a_set_whose_neutral_means_not_negative_praise_is_not_wrong(data, judge):
    write(data / "target" / "dev.jsonl.gz", [TARGET[3], TARGET[2] | {"text": "丙好"}])

    assert dev.target(Sets(data), judge)["by source"]["ccf2019_fin_entity"]["accuracy"] == 1.0


def test_heads_that_a_model_lacks_have_no_figures(data, judge):
    assert set(dev.others(Sets(data), judge)) == {"left out"}


def test_no_passage_is_scored_twice():
    scorer = Echo()
    judge = Judge(scorer, quiet=True)

    judge([Row("好"), Row("好"), Row("差")])
    judge([Row("差")])

    assert sorted(scorer.asked) == sorted(["好", "差"])


def test_what_is_lost_to_another_model_is_told_for_each_main_figure(data):
    tables = against(Sets(data), Deaf(), [Echo()], sample=1)

    assert tables["agreement"]["echo/1"]["same label"] < 1
    assert tables["main figures"]["complaints, negative recall"]["lost to the best"] == 0
    assert tables["main figures"]["social posts, mean macro-F1"]["lost to the best"] > 0


def test_our_own_sentences_are_of_the_half_that_is_never_trained_on(judge):
    asked = {sentence.text for sentence in own.held_out()}

    assert len(asked) > 1_000
    assert all(not sentence.for_training for sentence in own.held_out(2))
    assert own.own(judge, sample=2)["towards a brand"]["all kinds"]["n"] > 20


def test_swapping_names_leaves_a_model_alone_that_does_not_read_them():
    table = invariance.invariance(Judge(Deaf(), quiet=True), sample=2)["labels that change"]

    assert table["names of brands swapped, whole text"]["labels changed"] == 0.0
    assert table["region"]["labels changed"] == 0.0
    assert table["sex"]["swaps"] == 150


def test_every_template_has_one_place_for_the_person():
    people = invariance.read_people()

    for template in (*people.region_templates, *people.surname_templates, *people.sex_templates):
        assert template.count("{}") == 1
    assert all(len(pair.split("/")) == 2 for pair in people.sexes.split())


@pytest.mark.parametrize(
    ("change", "text", "wanted"),
    [
        (robustness.without_emoji, "好吃[赞]👍", "好吃"),
        (robustness.traditional, "发热", "發熱"),
        (robustness.simplified, "發熱", "发热"),
        (robustness.full_width, "iPhone15!", "ｉＰｈｏｎｅ１５！"),
    ],
)
def test_a_change_leaves_the_meaning_alone(change, text, wanted):
    assert change(text, random.Random(1)) == wanted


def test_full_width_is_read_like_half_width():
    text = "iPhone15 very good!"

    assert passage(robustness.full_width(text, random.Random(1))) == passage(text)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=60), st.integers(0, 9))
def test_a_typo_never_takes_the_whole_text_nor_adds_to_it(text, seed):
    for change in (robustness.dropped, robustness.misheard, robustness.transposed):
        changed = change(text, random.Random(seed))

        assert len(changed) <= len(text)
        assert bool(changed) is bool(text)
    assert sorted(robustness.transposed(text, random.Random(seed))) == sorted(text)


@pytest.mark.parametrize(
    ("slice_", "inside", "outside"),
    [
        ("negation", "根本没有用", "错过了就可惜"),
        ("irony marker", "真会啊[微笑]", "早上好"),
        ("emoji only", "[怒][怒]", "好[怒]"),
        ("question", "几点开门？", "九点开门。"),
        ("announcement", "关于停水的公告", "水真好喝"),
        ("mixed", "好吃，但是太贵", "好吃又便宜"),
        ("dialect words", "俺也觉得", "我也觉得"),
        ("Traditional characters", "這個牌子很難喝", "这个牌子很难喝"),
        ("pinyin and homophone slang", "yyds绝绝子", "yydsx"),
    ],
)
def test_a_slice_takes_what_shows_it_and_leaves_the_rest(slice_, inside, outside):
    assert slices.RULES[slice_](inside)
    assert not slices.RULES[slice_](outside)


def test_sureness_says_what_abstaining_brings(data, judge):
    found = sureness.sureness(Sets(data), judge)

    assert found["abstaining"]["0.50 (this model)"]["kept"] == 1.0
    assert found["abstaining"]["0.90"]["kept"] == 0.0
    assert found["calibration"]["smp2020_usual"]["right"] == 1.0


def test_wrong_negatives_are_spread_over_their_sources_and_texts_stay_in_the_working_folder(
    data, judge, tmp_path
):
    rows = [Row(f"漏了{number}", "negative", "ab"[number > 8]) for number in range(12)]
    wrong = mistakes.wrong_negatives(rows, judge(rows))

    assert {each.source for each in mistakes.spread_out(wrong, "missed", 4)} == {"a", "b"}
    assert mistakes.spread_out(wrong, "false alarm") == []
    mistakes.mistakes(Sets(data), judge, tmp_path / "list.jsonl")
    assert (tmp_path / "list.jsonl").exists()


def test_the_causes_that_ship_can_be_read():
    assert len(mistakes.read_causes().causes) >= 5
