"""What every scorer promises, whichever network is behind it."""

import importlib.util
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Abstain, Reading, Scorer, open_scorer
from models.reading import EMOTIONS
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


@pytest.fixture(
    scope="module",
    params=["bundled", *(pytest.param(each, marks=pytest.mark.slow) for each in ("torch", "heads in torch"))],
)
def scorer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    """The bundle; a plain checkpoint in torch; and one with all heads, of which only sentiment has learnt anything."""
    if request.param == "bundled":
        return open_scorer("bundled")
    if importlib.util.find_spec("torch") is None:
        pytest.skip('torch is not installed: pip install "tingchao[torch]"')
    shared: Path = request.getfixturevalue("shared")
    teacher = shared / "models" / "sentiment-teacher"
    if request.param == "torch":
        return open_scorer(f"torch:{teacher}")
    from models.network import save_network, start_network

    folder = tmp_path_factory.mktemp("heads")
    save_network(start_network(teacher, seed=1), folder, teacher / "tokenizer.json")
    return open_scorer(f"torch:{folder}")


def p_of(found: Reading) -> tuple[float, float, float]:
    return found.sentiment.p_negative, found.sentiment.p_neutral, found.sentiment.p_positive


def numbers(found: Reading) -> list[float]:
    """Every number of a reading."""
    single = [each for each in (found.irony, found.offensive, found.complaint) if each is not None]
    return [*p_of(found), *found.emotion, *found.crisis, *single]


def far(scorer: Scorer, left: Sequence[str], right: Sequence[str]) -> float:
    """The largest difference of a number between the two calls, text by text."""
    one, two = (dict(zip(texts, scorer.score(texts), strict=True)) for texts in (left, right))
    assert all(one[text].sentiment.label is two[text].sentiment.label for text in one)
    assert all(one[text].abstain == two[text].abstain for text in one)
    return max(
        abs(a - b) for text in one for a, b in zip(numbers(one[text]), numbers(two[text]), strict=True)
    )


def test_it_has_a_name_that_mentions_can_carry(scorer: Scorer) -> None:
    assert 0 < len(scorer.name) <= 100


def test_plain_complaint_notice_and_praise_are_told_apart(scorer: Scorer) -> None:
    labels = [found.sentiment.label for found in scorer.score(POSTS[:3])]

    assert labels == [Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE]


def test_probabilities_sum_to_one_and_the_label_is_the_largest(scorer: Scorer) -> None:
    for found in scorer.score(POSTS):
        p = p_of(found)
        assert sum(p) == pytest.approx(1)
        assert min(p) >= 0
        if not found.unread:
            assert p[list(Label).index(found.sentiment.label)] == max(p) == found.confidence


def test_each_head_that_is_there_answers_and_no_other(scorer: Scorer) -> None:
    (found,) = scorer.score(POSTS[:1])

    assert len(found.emotion) == (len(EMOTIONS) if "emotion" in scorer.heads else 0)
    assert len(found.crisis) == len(scorer.heads.get("crisis", ()))
    for head in ("irony", "offensive", "complaint"):
        assert (getattr(found, head) is not None) == (head in scorer.heads)
    assert all(0 <= p <= 1 for p in (*found.emotion, *found.crisis, found.irony or 0, found.offensive or 0))
    assert not found.emotion or sum(found.emotion) == pytest.approx(1)


def test_no_texts_give_no_readings(scorer: Scorer) -> None:
    assert scorer.score([]) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Abstain.EMPTY),
        ("   ", Abstain.EMPTY),
        ("\u200b\ufeff\n\t", Abstain.EMPTY),
        ("\ud800", Abstain.EMPTY),
        ("\x00", Abstain.EMPTY),
        ("……。", Abstain.UNKNOWN),
        ("\U000e0041\U0001fae8", Abstain.UNKNOWN),
        ("http://t.cn/A6 @某人", Abstain.LINKS),
        ("转发微博", Abstain.FILLER),
        ("Repost", Abstain.FILLER),
        ("The battery is bad again", Abstain.LANGUAGE),
        ("배터리가 또 나갔어요", Abstain.LANGUAGE),
        ("батарея опять сдохла", Abstain.LANGUAGE),
    ],
)
def test_where_there_is_nothing_to_read_the_answer_is_neutral_with_the_reason(
    scorer: Scorer, text: str, why: Abstain
) -> None:
    found, praise = scorer.score([text, POSTS[2]])

    assert found.abstain is why
    assert found.sentiment.label is Label.NEUTRAL
    assert p_of(found) == (pytest.approx(1 / 3),) * 3
    assert (found.emotion, found.irony, found.complaint) == ((), None, None)
    assert praise.sentiment.label is Label.POSITIVE


@pytest.mark.parametrize(
    "text", ["好", "滚", "😡😡😡", "[怒]", "？？？", ":)", "yyds", "666", "退款" * 500_000]
)
def test_what_is_short_or_long_but_says_something_is_read(scorer: Scorer, text: str) -> None:
    (found,) = scorer.score([text])

    assert found.unread == ""


def test_targets_of_another_length_are_refused(scorer: Scorer) -> None:
    with pytest.raises(BadInput, match="3 texts came with 1 targets"):
        scorer.score(POSTS[:3], ["新星奶茶"])
    with pytest.raises(BadInput, match="3 texts came with 1 contexts"):
        scorer.score(POSTS[:3], None, ["新星奶茶"])


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


def test_a_target_that_is_no_string_is_refused(scorer: Scorer) -> None:
    with pytest.raises(BadInput, match="text 1 has a target or context that is no string"):
        scorer.score(POSTS[:2], [None, 7])  # type: ignore[list-item]


def test_a_text_scores_alone_as_it_does_in_company(scorer: Scorer) -> None:
    together = dict(zip(POSTS, scorer.score(POSTS), strict=True))

    for post in POSTS:
        (alone,) = scorer.score([post])
        assert alone.sentiment.label is together[post].sentiment.label
        assert alone.abstain == together[post].abstain
        assert numbers(alone) == pytest.approx(numbers(together[post]), abs=CLOSE)


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


def test_a_target_is_judged_by_what_is_said_of_it(scorer: Scorer) -> None:
    if scorer.heads.get("target") and scorer.name.startswith("torch:"):
        pytest.skip("this network's head for targets has learnt nothing")
    post = "新星奶茶真的很好喝，店员热情，强烈推荐！蓝鲸快递太差了，东西全碎了，还态度恶劣，气死我了。"

    star, whale = scorer.score([post] * 2, ["新星奶茶", "蓝鲸快递"])

    assert (star.sentiment.label, whale.sentiment.label) == (Label.POSITIVE, Label.NEGATIVE)


def test_a_model_without_a_head_for_targets_reads_the_whole_text_where_none_is_named(scorer: Scorer) -> None:
    if "target" in scorer.heads:
        pytest.skip("this model has a head for targets")

    absent, whole = scorer.score([POSTS[0]] * 2, ["不在场", None])

    assert absent == whole


def test_towards_a_target_only_sentiment_is_told(scorer: Scorer) -> None:
    if "target" not in scorer.heads:
        pytest.skip("this model has no head for targets")

    (found,) = scorer.score(POSTS[:1], ["新星奶茶"])

    assert (found.emotion, found.crisis, found.irony, found.offensive, found.complaint) == (
        (),
        (),
        None,
        None,
        None,
    )


def test_what_is_below_the_models_limit_keeps_its_label_and_says_unsure(scorer: Scorer) -> None:
    for found in scorer.score(POSTS):
        if not found.unread:
            assert (found.abstain == Abstain.UNSURE) == (found.confidence < scorer.unsure_below)
            assert found.sentiment.confidence > 1 / 3


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec=None), max_size=60),
    target=st.none() | st.text(st.characters(codec=None), max_size=8),
    context=st.none() | st.text(st.characters(codec=None), max_size=20),
)
def test_any_text_target_and_context_get_an_answer(
    scorer: Scorer, text: str, target: str | None, context: str | None
) -> None:
    found, praise = scorer.score([text, POSTS[2]], [target, None], [context, None])

    assert sum(p_of(found)) == pytest.approx(1)
    assert praise.sentiment.label is Label.POSITIVE


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
        "〖〗" * 500,
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
        "marks of a target",
        "marks",
    ],
)
def test_hostile_texts_get_an_answer(scorer: Scorer, hostile: str) -> None:
    plain, aimed = scorer.score([hostile] * 2, [None, hostile])

    assert [sum(p_of(plain)), sum(p_of(aimed))] == pytest.approx([1, 1])
