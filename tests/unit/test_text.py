"""Folding, tokens and keys, as rules."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import any_texts, texts
from tingchao.text import (
    FILLER,
    LIMIT,
    LONGEST_WORD,
    distance,
    fold,
    index_form,
    is_word_character,
    simhash,
    text_key,
    tokens,
)

EVERY = (
    *range(0x1_8000),
    *range(0x1_B000, 0x1_B200),
    *range(0x1_D000, 0x2_FFFF, 7),
    *range(0xE_0000, 0xE_0200),
    0xF_0000,
    0x10_FFFF,
)
"""Code points of all sorts; the middles of the large planes are alike."""

ARTICLE = (
    "某品牌空气炸锅今天在家里突然冒烟起火，客服说是我操作不当，要求自己联系厂家检测，已经投诉到黑猫平台。"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＳＵ７", "su7"),
        ("發財頭髮", "发财头发"),
        ("冒\u200b烟", "冒烟"),
        ("冒\u202e烟\u2066", "冒烟"),
        ("冒\u0336\u0336\u0336烟", "冒烟"),
        ("Lancôme", "lancome"),
        ("Lanco\u0302me", "Lancôme"),
        ("Straße", "STRASSE"),
        ("か\u3099", "が"),
        ("한", "\u1112\u1161\u11ab"),
        ("小米\u3000\n\t汽车", "小米 汽车"),
        ("  小米 ", "小米"),
        ("Ⅷ", "viii"),
        ("看著", "看着"),
        ("卫生衞生衛生", "卫生卫生卫生"),
        ("1\ufe0f\u20e3", "1"),
        ("☹️", "☹"),
    ],
)
def test_what_a_reader_takes_for_the_same_folds_to_the_same(one: str, other: str):
    assert fold(one).text == fold(other).text


@pytest.mark.parametrize(
    ("one", "other"), [("小米", "小 米"), ("3.5", "35"), ("c++", "c"), ("小米™", "小米tm")]
)
def test_what_differs_to_a_reader_stays_different(one: str, other: str):
    assert fold(one).text != fold(other).text


def test_a_lone_surrogate_and_what_is_no_character_become_the_replacement_character():
    assert fold("坏\ud83d的\U0010ffff\U000f1234").text == "坏\ufffd的\ufffd\ufffd"


def test_a_ligature_that_would_grow_eighteenfold_stays_one_character():
    assert fold("\ufdfa" * 1_000).text == "\ufdfa" * 1_000


def test_only_the_first_twenty_thousand_characters_are_found():
    assert len(fold("字" * 100_000).text) == LIMIT
    assert index_form("字" * (LIMIT + 5)).count(" ") == LIMIT - 1


@given(any_texts)
def test_folding_twice_changes_nothing(text: str):
    folded = fold(text).text

    assert fold(folded).text == folded


def test_every_character_alone_folds_to_a_fixed_point_of_bounded_length():
    for code in EVERY:
        folded = fold(f"a{chr(code)}b").text
        assert fold(folded).text == folded
        assert len(folded) <= 6
        folded.encode()


@given(any_texts)
def test_each_folded_character_knows_where_it_came_from(text: str):
    folded = fold(text)

    spans = [folded.span(index, index + 1) for index in range(len(folded.text))]

    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    for index, (start, end) in enumerate(spans):
        assert folded.text[index] in (fold(text[start:end]).text or " ")


def test_a_span_covers_hidden_characters_inside_and_accents_at_its_end():
    text = "说冒\u200b煙\u0301了"

    start, end = fold(text).span(1, 3)

    assert text[start:end] == "冒\u200b煙\u0301"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("小米SU7", ["小", "米", "su7", FILLER, FILLER]),
        ("C++", ["c", "\U000f002b", "\U000f002b"]),
        ("3.5", ["3", "\U000f002e", "5"]),
        ("a b", ["a", "\U000f0020", "b"]),
        ("😡", [chr(0x100000 + 0xF621)]),
        ("𠮷", ["𠮷"]),
        ("a_b", ["a", "\U000f005f", "b"]),
    ],
)
def test_tokens(text: str, expected: list[str]):
    assert tokens(fold(text).text) == expected


def test_a_word_too_long_for_elasticsearch_is_one_short_token_with_all_its_places():
    one, other = tokens("a" * 5_000), tokens("a" * 4_999 + "b")

    assert len(one) == 5_000
    assert len(one[0]) <= LONGEST_WORD
    assert one[0] != other[0]


@given(any_texts)
def test_there_is_one_token_for_each_folded_character(text: str):
    folded = fold(text).text

    assert len(tokens(folded)) == len(folded)


@given(any_texts)
def test_the_index_form_is_the_tokens_with_spaces_between(text: str):
    assert index_form(text) == " ".join(tokens(fold(text).text))


JAVA_BLANKS = {"\t", "\n", "\x0b", "\x0c", "\r", "\x1c", "\x1d", "\x1e", "\x1f"}


def test_both_stores_split_the_index_form_at_our_spaces_only():
    """FTS5 `ascii` breaks at ASCII that is no letter or digit, Lucene where Java's isWhitespace is true."""
    for code in EVERY:
        for token in tokens(fold(chr(code)).text):
            assert not any(one.isascii() and not one.isalnum() for one in token)
            assert not any(
                one in JAVA_BLANKS or unicodedata.category(one) in ("Zs", "Zl", "Zp") for one in token
            )
            assert len(token.encode("utf-16-le")) <= 2 * 255
            token.encode()


def test_word_characters_are_letters_and_digits_of_spaced_scripts():
    assert all(map(is_word_character, "a7éяα"))
    assert not any(map(is_word_character, "小か가ไ_+ 😡"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("空气炸锅冒烟了！", "空氣炸鍋 冒煙了"),
        ("空气炸锅冒烟了 http://t.cn/A6xyz", "空气炸锅冒烟了"),
        ("//@某人: 空气炸锅冒烟了", "空气炸锅冒烟了"),
        ("ABC", "ａｂｃ。"),
    ],
)
def test_texts_that_say_exactly_the_same_have_one_key(one: str, other: str):
    assert text_key(one) == text_key(other)


def test_texts_without_letters_have_keys_of_their_own():
    assert text_key("😡😡") != text_key("👍")
    assert text_key("@某人") != text_key("@别人")
    assert len(text_key("")) == 16


@given(any_texts)
def test_keys_are_sixteen_hex_digits(text: str):
    assert {len(text_key(text)), len(simhash(text))} == {16}
    assert int(text_key(text), 16) >= 0
    assert int(simhash(text), 16) >= 0


def test_simhash_is_near_for_a_small_change_and_far_for_another_text():
    changed = ARTICLE.replace("今天", "昨天")
    other = "今天的天气真好，我们一起去公园里野餐放风筝，晚上再去看一场期待了很久的电影，然后早点回家休息吧。"

    assert distance(simhash(ARTICLE), simhash(changed)) <= 12
    assert distance(simhash(ARTICLE), simhash(other)) >= 20


def test_simhash_never_changes_for_it_is_stored():
    assert simhash(ARTICLE) == "8ae519f679a7319d"


@given(st.lists(texts, min_size=2, max_size=2))
def test_a_key_does_not_depend_on_blanks_and_punctuation_between(parts: list[str]):
    assert text_key("。".join(["甲", *parts])) == text_key(" ".join(["甲", *parts]))
