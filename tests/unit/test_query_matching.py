"""What a query finds in a text, and where."""

from datetime import UTC, datetime

import pytest
from hypothesis import given

from tests.strategies import mentions, trees, word_texts, words
from tingchao.mention import Mention
from tingchao.query import (
    FieldName,
    Hit,
    Is,
    Near,
    Node,
    Query,
    Subject,
    Word,
    match,
    near,
    negate,
    parse,
    to_text,
)
from tingchao.query.matching import holds
from tingchao.text import fold, index_form, tokens


def found(query: str, text: str, title: str = "", **known: object) -> bool:
    return match(parse(query), Subject(text, title, **known)) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("小米", "我买了小米汽车"),
        ("小米", "小米SU7"),
        ("SU7", "小米su7到了"),
        ("小米SU7", "小米ＳＵ７"),
        ("ai", "用AI写的"),
        ("c++", "学C++吧"),
        ("3.5", "降了3.5%"),
        ("iPhone17", "买iphone17了"),
        ("發財", "恭喜发财"),
        ("发财", "恭喜發財"),
        ("冒烟", "冒\u200b烟了"),
        ("冒烟", "冒\u0336烟了"),
        ("😡", "气死😡😡"),
        ("👍", "👍🏽"),
        ('"!!!"', "坏！！！！"),
        ('"小米 SU7"', "小米\n  su7"),
        ("%_*", "100%_*"),
        ("小米 -粥", "小米"),
        ("小米 OR 华为", "华为"),
        ('"3:0"', "3：0赢了"),
        ("lancome", "Lancôme口红"),
        ("ไทย", "ภาษาไทยครับ"),
    ],
)
def test_it_finds(query: str, text: str):
    assert found(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ai", "training"),
        ("mi", "xiaomi"),
        ("su7", "su7s"),
        ("小米SU7", "小米SU71"),
        ("3.5", "13.5"),
        ("3.5", "3.52"),
        ("iPhone", "iphone17"),
        ("小米", "小 米"),
        ("小米", "小，米"),
        ("c++", "c+"),
        ("小米 -粥", "小米粥"),
        ("小米 华为", "小米"),
        ("%", "百分"),
        ("s", "上"),
    ],
)
def test_it_does_not_find(query: str, text: str):
    assert not found(query, text)


def test_a_word_may_be_in_the_title_or_the_text_but_not_half_in_each():
    assert found("小米", "汽车", title="小米")
    assert found("小米 汽车", "汽车", title="小米")
    assert not found("米汽", "汽车", title="小米")
    assert found("title:小米", "汽车", title="小米")
    assert not found("title:汽车", "汽车", title="小米")


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("小米 NEAR/2 召回", "小米宣布召回", True),
        ("小米 NEAR/1 召回", "小米宣布召回", False),
        ("召回 NEAR/2 小米", "小米宣布召回", True),
        ("小米 NEAR/0 召回", "小米召回", True),
        ("小米 NEAR/5 米粥", "小米粥", False),
        ("哈哈 NEAR/5 哈哈", "哈哈哈", False),
        ("哈哈 NEAR/0 哈哈", "哈哈哈哈", True),
        ("su7 NEAR/3 召回", "su7 今天召回", True),
        ("su7 NEAR/2 召回", "su7 今天召回", False),
        ("召回 NEAR/1 su7", "召回 su7ultra", False),
        ("a NEAR/1 b NEAR/1 c", "a b c", True),
        ("a NEAR/1 b NEAR/1 c", "a b 和 c", False),
    ],
)
def test_near_counts_the_characters_between_two_words_that_stand_apart(query: str, text: str, expected: bool):
    assert found(query, text) is expected


def test_near_holds_inside_one_field_only():
    assert not found("小米 NEAR/50 召回", "召回", title="小米")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("source:weibo", True),
        ("source:Weibo", False),
        ("kind:post -kind:comment", True),
        ("has:url has:title", False),
        ("url:/A1 has:url", True),
        ("sentiment:negative", False),
        ("since:2026-11-24", True),
        ('until:"2026-11-24 12:00"', False),
        ('since:"2026-11-24 12:00"', True),
        ('until:"2026-11-24 12:01"', True),
        ("region:广东 lang:zh", True),
    ],
)
def test_fields(query: str, expected: bool):
    noon = datetime(2026, 11, 24, 4, tzinfo=UTC)
    known = {"source": "weibo", "kind": "post", "url": "https://x.cn/a1", "region": "广东", "lang": "zh"}

    assert found(query, "文", published_at=noon, **known) is expected


@pytest.mark.parametrize(
    ("abstain", "holding"),
    [
        ("", "-has:unsure -has:unread"),
        ("unsure", "has:unsure -has:unread"),
        ("filler", "has:unread -has:unsure"),
    ],
)
def test_unsure_is_one_reason_to_abstain_and_every_other_is_unread(abstain: str, holding: str):
    assert found(holding, "文", abstain=abstain)


def test_a_has_that_nobody_knows_holds_for_nothing():
    assert match(Query("", Is(FieldName.HAS, "nonsense")), Subject("文")) is None


def test_what_has_no_time_was_published_neither_before_nor_after():
    assert not found("since:2000-01-01", "文")
    assert not found("until:2100-01-01", "文")


def test_hits_say_where_in_the_original_the_words_stand():
    text = "他说：小\u200b米ＳＵ７又 冒煙"

    hits = match(parse("小米 su7 冒烟 -不在 OR 他说"), Subject(text, title="冒烟"))

    assert hits is not None
    assert [
        (hit.field, hit.term, (text if hit.field == "text" else "冒烟")[hit.start : hit.end]) for hit in hits
    ] == [
        ("title", "冒烟", "冒烟"),
        ("text", "他说", "他说"),
        ("text", "小米", "小\u200b米"),
        ("text", "su7", "ＳＵ７"),
        ("text", "冒烟", "冒煙"),
    ]


def test_only_what_made_the_query_true_is_a_hit():
    assert match(parse("(a b) OR c"), Subject("a c")) == (Hit("text", "c", 2, 3),)
    assert match(parse("a NEAR/1 b"), Subject("a x b a b")) == (
        Hit("text", "b", 4, 5),
        Hit("text", "a", 6, 7),
        Hit("text", "b", 8, 9),
    )


def test_a_match_without_a_place_is_an_empty_answer():
    assert match(parse("-华为"), Subject("小米")) == ()
    assert match(parse(""), Subject("小米")) == ()


@given(trees, mentions())
def test_a_mention_matches_a_query_or_its_negation(tree: Node, mention: Mention):
    subject = Subject.of(mention)

    assert (match(Query("", tree), subject) is None) != (match(Query("", negate(tree)), subject) is None)


@given(trees, mentions())
def test_hits_lie_in_their_field_and_fold_to_their_term(tree: Node, mention: Mention):
    for field, term, start, end in match(Query(to_text(tree), tree), Subject.of(mention)) or ():
        original = {"title": mention.title, "text": mention.text, "url": mention.url}[field]
        assert fold(term).text in fold(original[start:end]).text


def token_phrase(word: Word, form: str) -> list[int]:
    """Where the tokens stand next to each other in an index form, as a store finds them."""
    wanted, standing = list(word.tokens), form.split(" ")
    return [i for i in range(len(standing)) if standing[i : i + len(wanted)] == wanted]


@given(words, mentions())
def test_a_word_is_found_where_its_tokens_are_a_phrase_of_the_index_form(word: Word, mention: Mention):
    stands = bool(
        token_phrase(word, index_form(mention.text)) or token_phrase(word, index_form(mention.title))
    )

    assert holds(word, Subject.of(mention)) is stands


@given(word_texts, word_texts, mentions())
def test_near_counts_tokens_as_characters(left: str, right: str, mention: Mention):
    node: Near = near(left, right, 3)

    def close(form: str) -> bool:
        return any(
            0 <= second - first - len(one.tokens) <= node.within
            for one, other in ((node.left, node.right), (node.right, node.left))
            for first in token_phrase(one, form)
            for second in token_phrase(other, form)
        )

    expected = close(index_form(mention.text)) or close(index_form(mention.title))
    assert holds(node, Subject.of(mention)) is expected


def test_the_tokens_of_a_word_in_near_hold_the_places_of_its_last_characters():
    assert len(near("su7", "召回", 1).left.tokens) == len(tokens("su7")) == 3
