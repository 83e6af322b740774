"""What the model reads: the preparation of texts, passages about a target, batches, and what stays remembered."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import Abstain, Reading
from models.batches import TOKENS_A_BATCH, buckets, padded, passages_of, score_each, score_passages
from models.cache import CachedScorer
from models.heads import LABELS, Heads
from models.normalise import normalise
from models.passage import LONGEST_PASSAGE, LONGEST_TARGET, LONGEST_TEXT, Passage, passage
from models.reading import EMOTIONS
from tingchao.errors import BadRecord
from tingchao.mention import Label, Sentiment

GOOD = Reading(sentiment=Sentiment(Label.POSITIVE, 0.1, 0.2, 0.7))
EVERY_HEAD = Heads(
    {
        "sentiment": LABELS,
        "target": LABELS,
        "emotion": EMOTIONS,
        "irony": ("normal", "ironic"),
        "offensive": ("normal", "offensive"),
        "complaint": ("intensity",),
        "crisis": ("fraud", "legal"),
    }
)


class Counting:
    """A scorer that notes what it is asked and cannot score texts with `NaN` in them."""

    name = "counting/0"
    heads: ClassVar = {"sentiment": LABELS}
    unsure_below = 0.5

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
    ) -> list[Reading]:
        self.asked.extend(texts)
        if any("NaN" in text for text in texts):
            raise BadRecord("the model gave no number")
        return [GOOD] * len(texts)


class Letters:
    """A runtime whose tokens are letters, of which it does not know 🦖; notes what it is given. Always positive."""

    pad = 0
    mute = frozenset([0, 1, ord("🦖")])

    def __init__(self, heads: Heads | None = None) -> None:
        self.heads = heads or Heads()
        self.seen: list[Passage] = []

    def encode(self, passages: Sequence[Passage]) -> list[list[int]]:
        self.seen += passages
        return [[1, *map(ord, "".join(each))] for each in passages]

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        assert ((ids == self.pad) == (mask == 0)).all()
        logits = np.zeros((len(ids), self.heads.width), np.float32)
        logits[:, 2] = 5
        return logits


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


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_a_passage_is_bounded_and_can_be_encoded(text: str, context: str) -> None:
    read = passage(text, text[:3], context)

    assert all(part.encode("utf-8") == part.strip().encode("utf-8") for part in (read.text, read.target))
    assert len(read.text) <= LONGEST_PASSAGE
    assert len(read.target) <= LONGEST_TARGET
    assert len(read.context) <= 2 * LONGEST_TARGET


POST = "新星很好喝！blue送得慢。天气不错"


@pytest.mark.parametrize(
    ("target", "read", "why"),
    [
        ("新星", "〖新星〗很好喝!blue送得慢。天气不错", "the name is marked"),
        ("ＢＬＵＥ", "新星很好喝!〖blue〗送得慢。天气不错", "letter case and width are folded"),
        ("lu", "新星很好喝!blue送得慢。天气不错", "Latin letters are a name only as a whole word"),
        ("好喝", "新星很〖好喝〗!blue送得慢。天气不错", "Chinese characters are one anywhere"),
        ("月亮", "新星很好喝!blue送得慢。天气不错", "named nowhere: the whole text"),
        ("", "新星很好喝!blue送得慢。天气不错", "no name: the whole text"),
        (None, "新星很好喝!blue送得慢。天气不错", "no target: the whole text"),
    ],
)
def test_a_target_is_marked_where_the_text_names_it(target: str | None, read: str, why: str) -> None:
    assert passage(POST, target).text == read, why


@pytest.mark.parametrize(
    ("text", "target", "read"),
    [
        ("oppo opportunity 的OPPO手机", "OPPO", "〖oppo〗 opportunity 的〖OPPO〗手机"),
        ("family用mi手机，mi2不是", "MI", "family用〖mi〗手机,mi2不是"),
        ("xa-a-a好", "a-a", "xa-〖a-a〗好"),
        ("哈哈哈", "哈哈", "〖哈哈〗哈"),
    ],
)
def test_a_name_is_marked_where_the_matcher_finds_it(text: str, target: str, read: str) -> None:
    assert passage(text, target).text == read


def test_of_a_long_text_the_sentences_are_read_that_name_the_target_and_none_that_has_its_letters() -> None:
    others = [f"第{number}天还行。" for number in range(60)]
    text = "".join([*others[:30], "family很大。", *others[30:], "头一句。小mi不行！末一句。", *others])

    assert passage(text, "MI").text == "头一句。小〖mi〗不行!末一句。"


def test_each_text_is_prepared_once_whatever_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[str] = []
    monkeypatch.setattr("models.passage.normalise", lambda text: prepared.append(text) or text)
    texts, targets = ["每篇只备一次"] * 3, ["一次甲", "一次乙", None]

    passages_of(texts, targets)
    passages_of(texts, targets)

    assert sorted(prepared) == ["一次乙", "一次甲", "每篇只备一次"]


def test_what_grows_by_its_preparation_is_cut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr("models.passage.normalise", lambda text: lengths.append(len(text)) or text)

    passage("\ufdfa" * 19_000)

    assert lengths == [LONGEST_TEXT]


@pytest.mark.parametrize(
    ("target", "shown", "why"),
    [
        ("新星", "新星很好喝!", "the sentence that names it"),
        ("ＢＬＵＥ", "blue送得慢。", "letter case and width are folded"),
        ("月亮", "新星很好喝!blue送得慢。天气不错", "named nowhere: the whole text"),
        (None, "新星很好喝!blue送得慢。天气不错", "no target: the whole text"),
    ],
)
def test_a_network_without_a_head_for_targets_is_shown_the_sentences_that_name_it(
    target: str | None, shown: str, why: str
) -> None:
    runtime = Letters()

    score_passages([passage(POST, target, "上文")], runtime)

    assert runtime.seen == [Passage(shown)], why


def test_a_network_with_that_head_is_shown_all_of_it_with_the_name_and_the_text_above() -> None:
    runtime = Letters(EVERY_HEAD)

    score_passages([passage(POST, "新星", "上文")], runtime)

    assert runtime.seen == [Passage("〖新星〗很好喝!blue送得慢。天气不错", "新星", "上文")]


@given(st.lists(st.integers(1, 128), max_size=400))
def test_batches_hold_every_text_once_within_their_limits(lengths: list[int]) -> None:
    batches = list(buckets(lengths))

    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) * max(lengths[position] for position in batch) <= TOKENS_A_BATCH


def test_equal_passages_are_inferred_once_and_those_with_nothing_to_read_never() -> None:
    runtime = Letters()

    found = score_passages(passages_of(["好", "", "好", "转发微博", "差"]), runtime)

    assert runtime.seen == [Passage("好"), Passage("差")]
    assert found[0] == found[2]
    assert [each.abstain for each in found] == ["", Abstain.EMPTY, "", Abstain.FILLER, ""]


def test_a_text_of_which_the_vocabulary_has_nothing_is_not_read_and_spoils_no_other() -> None:
    unknown, known = score_passages(passages_of(["🦖🦖", "🦖好"]), Letters())

    assert (unknown.abstain, unknown.sentiment.label) == (Abstain.UNKNOWN, Label.NEUTRAL)
    assert known.sentiment.label is Label.POSITIVE


def test_a_language_that_the_model_was_measured_in_is_read() -> None:
    (found,) = score_passages(passages_of(["배터리가 또 나갔어요"]), Letters(), ["zh", "ko"])

    assert found.unread == ""


def test_rows_are_padded_to_the_longest() -> None:
    ids, mask = padded([[7], [8, 9]], pad=1)

    assert ids.tolist() == [[7, 1], [8, 9]]
    assert mask.tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_an_error_and_never_neutral(broken: float) -> None:
    with pytest.raises(BadRecord, match="no number for 1 of 2 texts"):
        Heads().readings(np.array([[1.0, 2.0, 3.0], [1.0, broken, 3.0]], np.float32), [False, False])


def test_a_tie_goes_to_the_graver_label() -> None:
    tie, pair = Heads().readings(np.array([[1.0, 1.0, 1.0], [-9.0, 2.0, 2.0]], np.float32), [False, False])

    assert tie.sentiment.label is Label.NEGATIVE
    assert pair.sentiment.label is Label.NEUTRAL


@given(st.lists(st.tuples(*[st.floats(-50, 50, width=32)] * 19), min_size=1, max_size=20), st.booleans())
def test_probabilities_are_distributions_for_any_logits(rows: list[tuple[float, ...]], aimed: bool) -> None:
    assert EVERY_HEAD.width == 19
    for found in EVERY_HEAD.readings(np.array(rows, np.float32), [aimed] * len(rows)):
        p = (found.sentiment.p_negative, found.sentiment.p_neutral, found.sentiment.p_positive)
        assert sum(p) == pytest.approx(1, abs=1e-4)
        assert p[list(Label).index(found.sentiment.label)] == max(p) == found.confidence
        assert sum(found.emotion) == (0 if aimed else pytest.approx(1, abs=1e-4))
        assert all(0 <= each <= 1 for each in (*found.crisis, found.irony or 0, found.offensive or 0))


def test_each_head_reads_its_own_columns() -> None:
    whole, towards = EVERY_HEAD.readings(
        np.array([[9, 0, 0, 0, 0, 9, 0, 0, 9, 0, 0, 0, 0, 9, 9, 0, -0.5, 9, -9]] * 2, np.float32),
        [False, True],
    )

    assert (whole.sentiment.label, towards.sentiment.label) == (Label.NEGATIVE, Label.POSITIVE)
    assert whole.feeling == "fear"
    assert (whole.irony, whole.offensive) == (pytest.approx(1, abs=1e-3), pytest.approx(0, abs=1e-3))
    assert whole.complaint == -0.5
    assert whole.crisis == (pytest.approx(1, abs=1e-3), pytest.approx(0, abs=1e-3))


def test_a_temperature_makes_the_model_more_modest_and_changes_no_label() -> None:
    logits = np.array([[0.0, 1.0, 3.0]], np.float32)

    (bold,), (modest,) = (
        Heads(temperature={"sentiment": degree}).readings(logits, [False]) for degree in (1.0, 2.0)
    )

    assert bold.sentiment.label is modest.sentiment.label is Label.POSITIVE
    assert modest.confidence == pytest.approx(1 / (1 + np.exp(-1) + np.exp(-1.5)))
    assert modest.confidence < bold.confidence


@pytest.mark.parametrize(("limit", "why"), [(0.5, ""), (0.9, Abstain.UNSURE)])
def test_below_its_limit_the_model_is_unsure_and_keeps_its_label(limit: float, why: str) -> None:
    (found,) = Heads(unsure_below=limit).readings(np.array([[2.0, 0.0, 0.0]], np.float32), [False])

    assert (found.abstain, found.unread) == (why, "")
    assert found.sentiment.label is Label.NEGATIVE


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


def test_a_target_or_a_text_above_that_changes_what_is_read_is_scored_apart() -> None:
    scorer = Counting()

    CachedScorer(scorer).score(
        ["甲好。乙差。"] * 6, ["甲", "乙", "甲", None, "甲", None], [None, None, None, None, "丙", "甲"]
    )

    assert len(scorer.asked) == 5


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
