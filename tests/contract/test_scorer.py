"""What every scorer promises, whichever network is behind it."""

import importlib.util
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Scorer, open_scorer
from tingchao.errors import BadInput
from tingchao.mention import Label

POSTS = (
    "新星奶茶里喝出塑料片，客服还不承认，再也不买了",
    "今天上午十点，新星奶茶将在上海召开新品发布会",
    "新星奶茶的新品太好喝啦[爱你][爱你]，强烈推荐！",
    "蓝鲸的快递三天没动静，打电话永远占线",
    "转发微博",
    "哈哈哈哈哈哈哈哈",
    "😡😡😡",
    "回复@某人:你说得对",
    "物流快。" * 60,
    "GPU price drops again, nice",
    "退款！退款！退款！",
    "…",
)
CLOSE = 0.01


@pytest.fixture(scope="module", params=["bundled", "torch"])
def scorer(request: pytest.FixtureRequest) -> Scorer:
    if request.param == "bundled":
        return open_scorer("bundled")
    if importlib.util.find_spec("torch") is None:
        pytest.skip('torch is not installed: pip install "tingchao[torch]"')
    shared: Path = request.getfixturevalue("shared")
    return open_scorer(f"torch:{shared / 'models' / 'sentiment-teacher'}")


def far(scorer: Scorer, left: Sequence[str], right: Sequence[str]) -> float:
    """The largest difference of a probability between the two calls, text by text."""
    one, two = (dict(zip(texts, scorer.score(texts), strict=True)) for texts in (left, right))
    assert all(one[text].label is two[text].label for text in one)
    return max(
        abs(a - b)
        for text in one
        for a, b in zip(
            (one[text].p_negative, one[text].p_neutral, one[text].p_positive),
            (two[text].p_negative, two[text].p_neutral, two[text].p_positive),
            strict=True,
        )
    )


def test_it_has_a_name_that_mentions_can_carry(scorer: Scorer) -> None:
    assert 0 < len(scorer.name) <= 100


def test_plain_complaint_notice_and_praise_are_told_apart(scorer: Scorer) -> None:
    labels = [found.label for found in scorer.score(POSTS[:3])]

    assert labels == [Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE]


def test_probabilities_sum_to_one_and_the_label_is_the_largest(scorer: Scorer) -> None:
    for found in scorer.score(POSTS):
        p = (found.p_negative, found.p_neutral, found.p_positive)
        assert sum(p) == pytest.approx(1)
        assert min(p) >= 0
        assert p[list(Label).index(found.label)] == max(p)


def test_no_texts_give_no_sentiments(scorer: Scorer) -> None:
    assert scorer.score([]) == []


@pytest.mark.parametrize("empty", ["", "   ", "\u200b\ufeff\n\t", "\ud800"])
def test_a_text_without_a_word_is_neutral_without_an_opinion(scorer: Scorer, empty: str) -> None:
    found, praise = scorer.score([empty, POSTS[2]])

    assert found.label is Label.NEUTRAL
    assert found.p_negative == found.p_neutral == found.p_positive == pytest.approx(1 / 3)
    assert praise.label is Label.POSITIVE


def test_targets_of_another_length_are_refused(scorer: Scorer) -> None:
    with pytest.raises(BadInput, match="3 texts came with 1 targets"):
        scorer.score(POSTS[:3], ["新星奶茶"])


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ("one text", "Put it into a list"),
        (["fine", None], "text 1 is NoneType"),
        ([b"bytes"], "text 0 is bytes"),
    ],
)
def test_what_is_no_list_of_strings_is_refused(scorer: Scorer, texts: Sequence[str], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        scorer.score(texts)


def test_a_text_scores_alone_as_it_does_in_company(scorer: Scorer) -> None:
    together = dict(zip(POSTS, scorer.score(POSTS), strict=True))

    for post in POSTS:
        (alone,) = scorer.score([post])
        assert alone.label is together[post].label
        assert alone.p_negative == pytest.approx(together[post].p_negative, abs=CLOSE)
        assert alone.p_positive == pytest.approx(together[post].p_positive, abs=CLOSE)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(alphabet="好差贵慢快人客服退款不很了,。!? \u200b😡abc[]@", max_size=40),
        unique=True,
        min_size=1,
    ),
    seed=st.integers(),
)
def test_neither_order_nor_neighbours_change_a_text(scorer: Scorer, texts: list[str], seed: int) -> None:
    mixed = [*texts, *POSTS[:5], *texts]
    random.Random(seed).shuffle(mixed)

    assert far(scorer, texts, mixed) <= CLOSE


def test_a_target_is_judged_by_the_sentences_that_name_it(scorer: Scorer) -> None:
    post = "新星奶茶真的很好喝，店员热情，强烈推荐！蓝鲸快递太差了，东西全碎了，还态度恶劣，气死我了。"

    star, whale, absent, whole = scorer.score([post] * 4, ["新星奶茶", "蓝鲸快递", "不在场", None])

    assert (star.label, whale.label) == (Label.POSITIVE, Label.NEGATIVE)
    assert absent == whole


@pytest.mark.parametrize(
    "hostile",
    [
        "气" * 100_000,
        "[" * 20_000,
        "@" * 5_000 + "回复" * 5_000,
        "https://" + "a" * 50_000,
        "\x00\x01\x02\x7f\u202e",
        "\U0001f600" * 3_000,
        "龘靐齉" * 2_000,
        "<s></s><pad><unk><mask>",
        "e\u0301" * 9_000,
    ],
    ids=[
        "one character",
        "brackets",
        "names",
        "link",
        "control",
        "emoji",
        "rare characters",
        "specials",
        "marks",
    ],
)
def test_hostile_texts_get_an_answer(scorer: Scorer, hostile: str) -> None:
    (found,) = scorer.score([hostile])

    assert found.p_negative + found.p_neutral + found.p_positive == pytest.approx(1)
