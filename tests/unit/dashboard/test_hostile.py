"""Text of the public on paper and in files: it stays text."""

import csv
import io
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.export import cell, to_csv
from dashboard.marks import marked, snippet
from dashboard.paper import MAX_TEXT, el, text
from dashboard.rows import Names, fold, phrase, row
from tingchao.mention import Kind, Match, Mention, Role
from tingchao.query import parse
from tingchao.text import text_key

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
TAGS = {"div", "span", "b", "a", "mark", "i"}


def mention(said: str, id: str = "m1", title: str = "", url: str = "") -> Mention:
    return Mention(
        id=id,
        source="weishuo",
        kind=Kind.POST,
        native_id=id,
        text=said,
        title=title,
        url=url,
        published_at=NOW,
        captured_at=NOW,
        text_key=text_key(said),
        matches=(Match("qingquan", Role.BRAND, ("清泉",)),),
    )


def strings(node) -> str:
    return node if isinstance(node, str) else "".join(strings(child) for child in node[2])


def tags(node) -> set[str]:
    return set() if isinstance(node, str) else {node[0]}.union(*(tags(child) for child in node[2]))


@given(st.text(max_size=300))
def test_a_row_holds_a_text_as_strings_and_makes_no_element_of_it(said):
    drawn = row(mention(said or "x"), NOW, names=Names({}, {}))

    assert tags(drawn) <= TAGS
    if len(said) <= 180:
        assert text(said) in strings(drawn)


@given(st.text(max_size=200), st.lists(st.tuples(st.integers(0, 199), st.integers(1, 20)), max_size=8))
def test_marking_changes_no_character(said, starts):
    places = [(start, min(len(said), start + length)) for start, length in starts if start < len(said)]

    assert "".join(strings(node) for node in marked(said, places)) == text(said)
    assert len("".join(strings(node) for node in snippet(said, places, 50))) <= 52


def test_the_matched_words_are_marked_where_they_stand():
    drawn = row(mention("山泉与清 泉，清泉水壶"), NOW, names=Names({}, {}))

    assert ["mark", {}, ["清泉"]] in drawn[2][1][2][0][2]


def test_direction_and_control_characters_do_not_reach_the_screen():
    assert text("好\u202e评\x00\x1b[31m") == "好评[31m"
    assert len(text("长" * 100_000)) == MAX_TEXT + 1


def test_only_the_given_href_is_a_link_and_foreign_schemes_go_as_they_are_for_paper_to_drop():
    assert el("a", "x", href=None) == ["a", {}, ["x"]]


@given(st.text(max_size=60))
@example("\x1f@")
@example("\u200e=1")
@example(" \r")
def test_no_cell_starts_a_formula_and_the_file_reads_back(said):
    shown = cell(said)

    assert not shown.lstrip(" \u3000\ufeff\u200b").startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    )
    rows = list(
        csv.DictReader(
            io.StringIO(to_csv([mention(said or "x", title="=1+1")]).decode("utf-8-sig"), newline="")
        )
    )
    assert len(rows) == 1
    assert rows[0]["title"] == "'=1+1"


def test_repeats_fold_into_the_first():
    folded = fold([mention("冒烟了！", "a"), mention("别的", "b"), mention("冒烟了", "c")])

    assert [(each.mention.id, each.others) for each in folded] == [("a", 1), ("b", 0)]


@given(st.text(max_size=120))
def test_the_phrase_for_repeats_always_parses(said):
    parse(phrase(said), now=NOW)
