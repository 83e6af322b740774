"""What the model reads: the preparation of texts, passages about a target, batches, and what stays remembered."""

import io
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.batches import (
    TOKENS_A_BATCH,
    UNREAD,
    buckets,
    score_each,
    score_passages,
    sentiments,
)
from models.cache import CachedScorer
from models.commands import score_lines
from models.normalise import normalise
from models.passage import LONGEST_PASSAGE, passage
from tingchao.errors import BadRecord
from tingchao.mention import Label, Sentiment

GOOD = Sentiment(Label.POSITIVE, 0.1, 0.2, 0.7)


class Counting:
    """A scorer that notes what it is asked and cannot score texts with `NaN` in them."""

    name = "counting/0"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Sentiment]:
        self.asked.extend(texts)
        if any("NaN" in text for text in texts):
            raise BadRecord("the model gave no number")
        return [GOOD] * len(texts)


@pytest.mark.parametrize(
    ("text", "read", "why"),
    [
        ("ＡＢＣ１２３", "ABC123", "widths are one"),
        ("新\u200b星\ufeff奶茶", "新星奶茶", "invisible characters hide nothing"),
        ("看http://t.cn/a1和www.x.com/y", "看链接和链接", "a link is a link"),
        (
            "@甲 @乙 @丙 你好",
            "@用户 @用户 @用户 你好",
            "names are one word; blanks between them keep them apart",
        ),
        ("@甲:@乙:@丙:你好", "@用户 你好", "a run of names is one"),
        ("[怒][怒][怒][怒]", "[怒][怒]", "emoticons repeat to two"),
        ("啊啊啊啊啊啊", "啊啊啊", "a character to three"),
        ("垃圾垃圾垃圾垃圾垃圾", "垃圾垃圾", "a piece to two"),
        ("  a \n\t b  ", "a b", "blanks collapse"),
        ("#话题# //转发 😡", "#话题# //转发 😡", "tags, repost signs and emoji stay"),
    ],
)
def test_texts_are_prepared_as_the_model_learnt_them(text: str, read: str, why: str) -> None:
    assert normalise(text) == read, why


@given(st.text())
def test_a_passage_is_bounded_and_can_be_encoded(text: str) -> None:
    read = passage(text, text[:3])

    read.encode("utf-8")
    assert len(read) <= LONGEST_PASSAGE
    assert read == read.strip()


@pytest.mark.parametrize(
    ("target", "read", "why"),
    [
        ("新星", "新星很好喝!", "the sentence that names it"),
        ("ＢＬＵＥ", "blue送得慢。", "letter case and width are folded"),
        ("月亮", "新星很好喝!blue送得慢。天气不错", "named nowhere: the whole text"),
        ("", "新星很好喝!blue送得慢。天气不错", "no name: the whole text"),
        (None, "新星很好喝!blue送得慢。天气不错", "no target: the whole text"),
    ],
)
def test_a_target_picks_the_sentences_that_name_it(target: str | None, read: str, why: str) -> None:
    assert passage("新星很好喝！blue送得慢。天气不错", target) == read, why


@given(st.lists(st.integers(1, 128), max_size=400))
def test_batches_hold_every_text_once_within_their_limits(lengths: list[int]) -> None:
    batches = list(buckets(lengths))

    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) * max(lengths[position] for position in batch) <= TOKENS_A_BATCH


def test_equal_passages_are_inferred_once_and_empty_ones_never() -> None:
    seen: list[str] = []

    def infer(passages: Sequence[str]) -> NDArray[np.float32]:
        seen.extend(passages)
        return np.array([[0.0, 0.0, 5.0]] * len(passages), np.float32)

    found = score_passages(["好", "", "好", "差"], infer)

    assert seen == ["好", "差"]
    assert found[0] == found[2]
    assert found[1] == UNREAD


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_an_error_and_never_neutral(broken: float) -> None:
    with pytest.raises(BadRecord, match="no number for 1 of 2 texts"):
        sentiments(np.array([[1.0, 2.0, 3.0], [1.0, broken, 3.0]], np.float32))


def test_a_tie_goes_to_the_graver_label() -> None:
    (tie,) = sentiments(np.array([[1.0, 1.0, 1.0]], np.float32))
    (pair,) = sentiments(np.array([[-9.0, 2.0, 2.0]], np.float32))

    assert tie.label is Label.NEGATIVE
    assert pair.label is Label.NEUTRAL


@given(st.lists(st.tuples(*[st.floats(-50, 50, width=32)] * 3), min_size=1, max_size=20))
def test_probabilities_are_a_distribution_for_any_logits(rows: list[tuple[float, float, float]]) -> None:
    for found in sentiments(np.array(rows, np.float32)):
        p = (found.p_negative, found.p_neutral, found.p_positive)
        assert sum(p) == pytest.approx(1, abs=1e-4)
        assert p[list(Label).index(found.label)] == max(p)


def test_one_bad_text_costs_only_itself() -> None:
    texts = [f"text {number}" for number in range(32)]
    texts[13] = "NaN"

    found = score_each(Counting(), texts, [None] * 32)

    assert [position for position, each in enumerate(found) if isinstance(each, BadRecord)] == [13]


def test_a_text_seen_before_is_not_scored_again() -> None:
    scorer = Counting()
    cached = CachedScorer(scorer)

    first = cached.score(["好喝", "好喝", "差评"])
    again = cached.score(["差评", "好喝"])

    assert scorer.asked == ["好喝", "差评"]
    assert [first[2], first[0]] == again
    assert (cached.hits, cached.misses) == (3, 2)


def test_texts_that_differ_after_preparation_are_scored_apart() -> None:
    scorer = Counting()

    CachedScorer(scorer).score(["好喝", "好喝!", "好 喝"])

    assert len(scorer.asked) == 3


def test_a_target_that_changes_what_is_read_is_scored_apart() -> None:
    scorer = Counting()

    CachedScorer(scorer).score(["甲好。乙差。"] * 4, ["甲", "乙", "甲", None])

    assert len(scorer.asked) == 3


def test_what_is_remembered_is_bounded_and_the_oldest_goes() -> None:
    scorer = Counting()
    cached = CachedScorer(scorer, entries=2)

    cached.score(["a", "b", "c"])
    cached.score(["c", "b", "a"])

    assert scorer.asked == ["a", "b", "c", "a"]


def test_a_failed_call_is_not_remembered() -> None:
    scorer = Counting()
    cached = CachedScorer(scorer)

    with pytest.raises(BadRecord):
        cached.score(["好喝", "NaN"])
    found = score_each(cached, ["好喝", "NaN"])

    assert found[0] == GOOD
    assert isinstance(found[1], BadRecord)


def test_lines_are_answered_in_order_and_a_bad_one_at_its_place() -> None:
    lines = [
        '{"text": "好喝"}\n',
        "not json\n",
        "\n",
        '{"target": "x"}\n',
        '{"text": "NaN"}',
        '{"text":"a","b":1}',
    ]
    out = io.StringIO()

    bad = score_lines(lines, out, Counting(), batch=2)

    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert bad == 3
    assert answers[0] == {"label": "positive", "p": {"negative": 0.1, "neutral": 0.2, "positive": 0.7}}
    assert [answer.get("line") for answer in answers] == [None, 2, 4, 5, None]


def test_answers_come_before_all_lines_are_read() -> None:
    out = io.StringIO()
    written: list[int] = []

    def lines() -> Iterator[str]:
        for _ in range(4):
            written.append(out.getvalue().count("\n"))
            yield '{"text": "好"}'

    score_lines(lines(), out, Counting(), batch=2)

    assert written == [0, 0, 2, 2]


@given(st.binary(max_size=60))
def test_any_line_gets_exactly_one_answer(line: bytes) -> None:
    text = line.decode("latin-1").replace("\n", " ").replace("\r", " ")
    out = io.StringIO()

    score_lines([text, '{"text": "好"}'], out, Counting())

    assert out.getvalue().count("\n") == 1 + bool(text.strip())
