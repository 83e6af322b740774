"""Text to tree and back, and what is said of a mistake."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import NASTY, PIECES, any_texts, trees
from tingchao.errors import BadQuery
from tingchao.query import (
    EVERYTHING,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    FieldName,
    InTitle,
    InUrl,
    Is,
    MisreadQuery,
    Node,
    Not,
    Or,
    Published,
    hints,
    near,
    parse,
    terms,
    to_text,
    word,
)

NOW = datetime(2026, 11, 24, 2, 30, 15, 999, tzinfo=UTC)
A, B, C = word("a"), word("b"), word("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b c", Or((A, And((B, C))))),
        ("a|b | c", Or((A, B, C))),
        ("a NOT b", And((A, Not(B)))),
        ("a -b", And((A, Not(B)))),
        ("NOT NOT a", A),
        ("--a", A),
        ("-(a b)", Not(And((A, B)))),
        ("NOT a OR b", Or((Not(A), B))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("a AND-b", And((A, Not(B)))),
        ('"a b"c', And((word("a b"), C))),
        ('"he said \\"a\\" \\\\ b"', word('he said "a" \\ b')),
        ('“说"好"”', word('说"好"')),
        ("＂a b＂", word("a b")),
        ("wi-fi", word("wi-fi")),
        ("C++ 3.5 3:0", And((word("C++"), word("3.5"), word("3:0")))),
        ("😡 !!!", And((word("😡"), word("!!!")))),
        ("小米：发布", word("小米：发布")),
        ("https://t.cn/a?b=1", word("https://t.cn/a?b=1")),
        ('"re:invent"', word("re:invent")),
        ("and or", And((word("and"), word("or")))),
        ("ANDROID ORACLE NOTE NEARBY", And(tuple(map(word, ["ANDROID", "ORACLE", "NOTE", "NEARBY"])))),
        ("a NEAR/5 b", near("a", "b", 5)),
        ("a NEAR/0 b NEAR/100 c", And((near("a", "b", 0), near("b", "c", 100)))),
        ("(a|b) NEAR/3 c", Or((near("a", "c", 3), near("b", "c", 3)))),
        ("-a NEAR/5 b", Not(near("a", "b", 5))),
        ("source:weibo", Is(FieldName.SOURCE, "weibo")),
        ("Source: weibo", Is(FieldName.SOURCE, "weibo")),
        ("source:(weibo OR rss)", Or((Is(FieldName.SOURCE, "weibo"), Is(FieldName.SOURCE, "rss")))),
        ("kind:Post", Is(FieldName.KIND, "post")),
        ("sentiment:负面", Is(FieldName.SENTIMENT, "negative")),
        ("has:url", Is(FieldName.HAS, "url")),
        ("has:Unsure", Is(FieldName.HAS, "unsure")),
        ('region:"广东 深圳"', Is(FieldName.REGION, "广东 深圳")),
        ('title:"小米 SU7"', InTitle(word("小米 SU7"))),
        ("url:T.cn/AB", InUrl("t.cn/ab")),
        ("since:2026-11-24", Published(since=datetime(2026, 11, 23, 16, tzinfo=UTC))),
        ('until:"2026-11-24 08:00"', Published(until=datetime(2026, 11, 24, tzinfo=UTC))),
        ("until:2026-11-24T08:00+00:00", Published(until=datetime(2026, 11, 24, 8, tzinfo=UTC))),
        ("since:24h", Published(since=NOW.replace(microsecond=0) - timedelta(days=1))),
        ("since:7D", Published(since=NOW.replace(microsecond=0) - timedelta(days=7))),
        ("", EVERYTHING.root),
        (" \t　\n", EVERYTHING.root),
    ],
)
def test_what_is_written_is_what_is_meant(text: str, tree: Node):
    assert parse(text, now=NOW).root == tree


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("（小米　ＯＲ　xiaomi）　－小米粥", "(小米 OR xiaomi) -小米粥"),
        ("“小米 SU7”｜奶茶", '"小米 SU7"|奶茶'),
        ("小米　ＮＥＡＲ／５　召回", "小米 NEAR/5 召回"),
        ("ｓｏｕｒｃｅ：ｗｅｉｂｏ", "source:weibo"),
        ("ｓｉｎｃｅ：２０２６－１１－２４", "since:2026-11-24"),
    ],
)
def test_every_sign_may_be_full_width(wide: str, narrow: str):
    assert parse(wide).root == parse(narrow).root


def test_a_word_keeps_its_characters_as_written():
    assert terms(parse("ＳＵ７ -b c NEAR/1 d title:e OR ＳＵ７")) == ("ＳＵ７", "c", "d", "e")


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("新星 AND (奶茶", 8, "'(' is never closed"),
        ("source:(a", 8, "'(' is never closed"),
        ("a)", 2, "')' was never opened"),
        ("()", 2, "is expected before ')'"),
        ("AND a", 1, "is expected before 'AND'"),
        ("a AND OR b", 7, "is expected before 'OR'"),
        ("a||b", 3, "is expected before '|'"),
        ("NEAR/5 b", 1, "is expected before 'NEAR/5'"),
        ("a OR", 5, "the query ends too early"),
        ("a NOT", 6, "the query ends too early"),
        ("a - b", 3, "'-' must touch the word"),
        ("a -", 3, "'-' must touch the word"),
        (": b", 1, "a field name is expected"),
        ('a "b', 3, "this quote is never closed"),
        ("小米 “汽车", 4, "this quote is never closed"),
        ('""', 1, "nothing in these quotes"),
        ('title:"\u200b"', 7, "nothing in these quotes"),
        ("a re:invent", 3, "there is no field re:; known are source: kind:"),
        ("source:", 8, "a value is expected after source:"),
        ("source:(", 9, "a value is expected after source:"),
        ('kind:"a\u2028\nb"', 6, '"a  b" is no value of kind'),
        ("source:(a b)", 11, "joined by OR only"),
        ("source:(a AND b)", 11, "joined by OR only"),
        ("kind:tweet", 6, "tweet is no value of kind; known are post comment"),
        ("since:明天", 7, "明天 is no time"),
        ("since:0001-01-01", 7, "is no time"),
        ("a NEAR b", 3, "a whole number from 0 to 100"),
        ("a NEAR/101 b", 3, "a whole number from 0 to 100"),
        ("a NEAR/x b", 3, "a whole number from 0 to 100"),
        ("a NEAR/5", 9, "on both sides of NEAR"),
        ("a NEAR/5 -b", 10, "on both sides of NEAR"),
        ("a NEAR/5 source:b", 10, "on both sides of NEAR"),
        ("(a -b) NEAR/5 c", 1, "on both sides of NEAR"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, column: int, reason: str):
    with pytest.raises(MisreadQuery) as caught:
        parse(text, language="en")

    assert caught.value.column == column
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason


def test_the_caret_stands_under_the_place_where_wide_characters_take_two_columns():
    with pytest.raises(BadQuery) as caught:
        parse("新星 AND (奶茶")

    assert str(caught.value) == "第 8 个字符：“(” 没有闭合；应有 “)”\n  新星 AND (奶茶\n           ^"


def test_only_the_neighbourhood_of_a_mistake_is_shown_of_a_long_query():
    with pytest.raises(BadQuery) as caught:
        parse("小米 " * 300 + "(")

    assert max(map(len, str(caught.value).splitlines())) < 140


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("小" * 3_000, MAX_LENGTH + 1, "3,000 characters; at most 2,000"),
        ("a " * 1_000, 2 * MAX_TERMS + 1, "more than 200 words"),
        ("(" * 1_000 + ")" * 1_000, 1_001, "is expected before"),
        ("(" * 60 + "a" + ")" * 60, MAX_DEPTH + 1, "nested deeper than 50"),
        ("-" * 1_999 + "a", MAX_DEPTH + 1, "nested deeper than 50"),
        ("(" * 900 + "a" + ")" * 900, MAX_DEPTH + 1, "nested deeper than 50"),
        ("NEAR(" * 400, 1, "is expected before 'NEAR'"),
        ("source:(a" + " OR a" * 380 + ")", 1_009, "more than 200 words"),
        (f"({' OR '.join('a' * 90)}) NEAR/5 ({' OR '.join('b' * 90)})", 450, "more than 200 words"),
    ],
)
def test_query_bombs_are_refused_with_the_place(text: str, column: int, reason: str):
    with pytest.raises(MisreadQuery, match=reason) as caught:
        parse(text, language="en")

    assert caught.value.column == column


@given(
    st.lists(st.sampled_from((*NASTY, *PIECES, " ", "source:", "since:", "AND", "NOT")), max_size=40).map(
        "".join
    )
)
@example('\\"')
@example("﹡NEAR/٣ b")
def test_any_text_is_a_query_or_a_clear_refusal_in_both_languages(text: str):
    try:
        query = parse(text, now=NOW)
    except MisreadQuery as refusal:
        columns = range(1, len(text) + 2)
        with pytest.raises(MisreadQuery) as other:
            parse(text, now=NOW, language="en")
        assert refusal.column == other.value.column in columns  # noqa: PT017
        assert len(refusal.reason.splitlines()) == 1  # noqa: PT017
    else:
        assert parse(to_text(query.root), now=NOW).root == query.root


@given(trees)
def test_a_printed_tree_parses_to_the_same_tree(tree: Node):
    assert parse(to_text(tree)).root == tree


@given(any_texts.filter(lambda text: len(text) < 500))
def test_every_text_can_be_quoted(text: str):
    try:
        phrase = word(text)
    except ValueError:
        return

    assert parse(to_text(phrase)).root == phrase


def test_a_relative_time_needs_to_know_what_it_counts_from():
    with pytest.raises(ValueError, match="now"):
        parse("since:24h")


def test_relative_times_move_with_now():
    later = NOW + timedelta(hours=1)

    assert parse("since:24h", now=NOW) != parse("since:24h", now=later)
    assert parse("小米", now=NOW) is parse("小米", now=later)


def test_an_operator_in_small_letters_is_a_word_and_a_hint_says_so():
    assert hints(parse("小米 and 召回 near/5 b"), "en") == (
        "'and' is searched for as a word; to use it as an operator, write AND",
        "'near/5' is searched for as a word; to use it as an operator, write NEAR/5",
    )
    assert hints(parse("小米 AND 召回")) == ()


def test_a_query_that_matches_nothing_has_no_text_for_that_would_match_everything():
    with pytest.raises(ValueError, match="matches nothing"):
        to_text(Or(()))
