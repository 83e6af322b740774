"""Topics from YAML to matches, and a new watchlist while workers run."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mentions, trees, word_trees
from tingchao.errors import BadWatchlist, StaleVersion
from tingchao.mention import Match, Mention, Role
from tingchao.query import FieldName, Is, MisreadQuery, Node, Subject, match, parse, to_text, walk
from tingchao.store import Store
from tingchao.watchlist import (
    Matcher,
    Topic,
    Watching,
    Watchlist,
    from_document,
    from_yaml,
    load,
    read,
    save,
    to_document,
    to_yaml,
)

LEAST = "topics: [{id: xiaomi, name: 小米, role: brand, query: '(小米 OR xiaomi) NOT 小米粥'}]"
XIAOMI = Topic(id="xiaomi", name="小米", role=Role.BRAND, query="(小米 OR xiaomi) NOT 小米粥")


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(BadWatchlist) as caught:
        from_yaml(text, "w.yaml")
    return str(caught.value).splitlines()


def topics_of(text: str, *topics: Topic) -> list[str]:
    return [found.topic for found in Matcher(Watchlist(topics)).match(Subject(text))]


def test_the_least_form():
    assert from_yaml(LEAST) == Watchlist((XIAOMI,))


def test_all_fields_go_through_yaml_and_the_document():
    full = Topic(
        id="nova-tea",
        name="新星奶茶",
        role=Role.COMPETITOR,
        query="新星 AND 奶茶",
        aliases=("NovaTea", "360"),
        people=("王某",),
        stop_words=("新星路",),
        owners=("公关部",),
    )
    watchlist = Watchlist((XIAOMI, full))

    assert from_yaml(to_yaml(watchlist)) == watchlist
    assert from_document(to_document(watchlist)) == watchlist


def test_numbers_and_truth_values_are_texts_and_an_empty_field_is_left_out():
    [topic] = from_yaml("topics:\n- {id: 360, name: 360, role: brand, query: , aliases: [no, 1.0]}").topics

    assert (topic.id, topic.name, topic.query, topic.aliases) == ("360", "360", "", ("no", "1.0"))


def test_without_a_query_the_name_is_the_query():
    mijia = Topic(id="mijia", name="米家", role=Role.BRAND)

    assert topics_of("米家新品", mijia) == ["mijia"]
    assert topics_of("小米新品", mijia) == []


def test_aliases_and_people_widen_a_topic_and_stop_words_narrow_all_of_it():
    topic = Topic(
        id="xiaomi",
        name="小米",
        role=Role.BRAND,
        query="小米 -小米粥",
        aliases=("MI集团",),
        people=("雷军",),
        stop_words=("抽奖",),
    )

    assert all(topics_of(text, topic) for text in ("小米", "mi集团", "雷軍说", "小米粥 雷军"))
    assert not any(topics_of(text, topic) for text in ("小米粥", "雷军抽奖", "小米 抽奖"))


def test_all_problems_are_told_at_once_with_file_line_topic_and_field():
    found = problems(
        """
topics:
  - id: nova-tea
    name: 新星
    role: brand
    query: 新星 AND (奶茶
  - {id: b, name: 乙, role: brnad}
  - {id: Ab, name: "", role: brand, alias: [a], aliases: 乙}
  - {id: nova-tea, name: 丙, role: brand}
  - {id: e, role: brand, query: "sentiment:negative has:risk"}
  - just a text
  - {id: f, name: 己, role: brand, query: "己 since:24h", stop_words: ["\\u200b"]}
  - {id:g, name: 庚, role: brand}
"""
    )

    assert found == [
        "w.yaml line 6, topic nova-tea, query, column 8: '(' is never closed; a ')' is expected in 新星 AND (奶茶",
        "w.yaml line 7, topic b, role: 'brnad' is none of brand, competitor, industry, regulation; did you mean 'brand'?",
        "w.yaml line 8, topic Ab, id: Ab must be 1 to 64 of a-z, 0-9, - and _, such as nova-tea",
        "w.yaml line 8, topic Ab, name: an empty text; write a word or remove it",
        "w.yaml line 8, topic Ab, aliases: a list is expected, such as [乙]",
        "w.yaml line 8, topic Ab, there is no field 'alias'; did you mean 'aliases'?",
        "w.yaml line 9, topic nova-tea, id: taken by w.yaml line 3; give another",
        "w.yaml line 10, topic e, name is missing",
        "w.yaml line 11, topic number 6, a topic is a mapping, such as {id: xiaomi, name: 小米, role: brand}",
        "w.yaml line 12, topic f, stop_words: '\\u200b' has no character that can be searched for",
        "w.yaml line 12, topic f, query: a watchlist holds until it is changed; "
        "give since: and until: as dates, such as 2026-11-24",
        "w.yaml line 13, topic number 8, id is missing",
        "w.yaml line 13, topic number 8, there is no field 'id:g'; write a blank after its colon",
    ]


def test_a_query_may_not_ask_for_what_enrichment_finds_out_later():
    found = problems(
        "topics: [{id: a, name: a, role: brand, query: 'source:topic sentiment:负面 has:risk has:unsure -has:url'}]"
    )

    for asked, problem in zip(("sentiment:negative", "has:risk", "has:unsure"), found, strict=True):
        assert f"{asked} is not known when the watchlist is matched" in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "w.yaml: a list 'topics' is expected"),
        ("topics: 3", "w.yaml line 1: a list 'topics' is expected"),
        ("- a", "w.yaml: a list 'topics' is expected"),
        ("topic: []\ntopics: []", "w.yaml line 1: there is no field 'topic' beside 'topics'"),
        ("topics: [", "w.yaml line 2, column 1: not YAML"),
        ("topics:\n\t- a", "w.yaml line 2, column 1: not YAML"),
        ("topics: []\n--- a", "w.yaml line 2, column 1: not YAML"),
        ("topics: []\ntopics: []", "w.yaml line 2: 'topics' is there twice"),
        ("topics: &a [*a]", "w.yaml line 1: aliases (*a) are not taken"),
        ("[" * 200_000, "w.yaml line 1: nested deeper than 10"),
        (b"topics: \xd0\xa1\xc3\xd7", "w.yaml: not readable as UTF-8 text"),
        ("# " + "小" * 400_000, "w.yaml: larger than 1,000,000 bytes"),
        ("topics:\n" + "- {}\n" * 5_001, "w.yaml line 1: 5,001 topics; at most 5,000"),
        ("topics: [!!python/object:os.system {}]", "w.yaml line 1, topic number 1, id is missing"),
    ],
)
def test_a_file_that_is_no_watchlist_is_refused_with_the_place(text: str | bytes, problem: str):
    assert problems(text)[0].startswith(problem)


def test_a_file_with_very_many_problems_lists_the_first_fifty():
    found = problems("topics:\n" + "- x\n" * 500)

    assert (len(found), found[-1]) == (51, "... and 450 more")


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_a_watchlist_or_is_refused(text: str | bytes):
    try:
        watchlist = from_yaml(text)
    except BadWatchlist:
        return

    assert from_yaml(to_yaml(watchlist)) == watchlist


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(BadWatchlist, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml")


def test_matches_keep_the_order_of_the_watchlist_and_name_the_words_found():
    topics = [
        Topic(id="tea", name="奶茶", role=Role.INDUSTRY),
        XIAOMI,
        Topic(id="any", name="所有帖子", role=Role.INDUSTRY, query="kind:post"),
    ]
    matcher = Matcher(Watchlist(tuple(topics)))

    assert matcher.match(Subject("Xiaomi 的小米奶茶", kind="post")) == (
        Match("tea", Role.INDUSTRY, ("奶茶",)),
        Match("xiaomi", Role.BRAND, ("小米", "xiaomi")),
        Match("any", Role.INDUSTRY, ()),
    )


def test_an_explanation_says_where():
    [(found, hits)] = Matcher(Watchlist((XIAOMI,))).explain(Subject("说Xiaomi", "小米"))

    assert found.topic == "xiaomi"
    assert [(hit.field, hit.start, hit.end) for hit in hits] == [("title", 0, 2), ("text", 1, 7)]


def test_an_empty_watchlist_matches_nothing():
    assert Matcher(Watchlist()).match(Subject("小米")) == ()


def known_at_the_edge(tree: Node) -> bool:
    return not any(
        isinstance(node, Is)
        and (
            node.name in (FieldName.SENTIMENT, FieldName.TOPIC, FieldName.RISK) or node.name is FieldName.HAS
        )
        for node in walk(tree)
    )


@given(st.lists(trees.filter(known_at_the_edge) | word_trees, min_size=1, max_size=4), mentions())
def test_the_automaton_loses_no_topic(queries: list[Node], mention: Mention):
    topics = [
        Topic(id=str(index), name="名", role=Role.BRAND, query=to_text(tree))
        for index, tree in enumerate(queries)
    ]
    subject = Subject.of(mention)

    found = [match.topic for match in Matcher(Watchlist(tuple(topics))).match(subject)]

    assert found == [topic.id for topic in topics if match(parse(topic.query), subject) is not None]


@given(word_trees)
def test_a_topic_with_a_bad_query_raises_where_it_is_used(tree: Node):
    with pytest.raises(MisreadQuery):
        Matcher(Watchlist((Topic(id="a", name="a", role=Role.BRAND, query=to_text(tree) + " ("),)))


def test_the_store_keeps_one_watchlist_with_a_version(store: Store):
    assert read(store) == (Watchlist(), 0)

    assert save(store, Watchlist((XIAOMI,)), 0) == 1

    assert read(store) == (Watchlist((XIAOMI,)), 1)
    with pytest.raises(StaleVersion):
        save(store, Watchlist(), 0)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_worker_sees_a_new_watchlist_within_five_seconds_and_asks_the_store_no_more_than_it_must(
    store: Store,
):
    clock = Clock()
    watching = Watching(store, clock=clock)
    first = watching.matcher
    save(store, Watchlist((XIAOMI,)), 0)

    assert watching.matcher is first
    clock.now = 2.0
    assert watching.matcher.watchlist == Watchlist((XIAOMI,))
    assert watching.version == 1
    second = watching.matcher
    clock.now = 4.5
    assert watching.matcher is second


def test_a_bad_new_watchlist_leaves_the_old_one_at_work(store: Store):
    save(store, Watchlist((XIAOMI,)), 0)
    clock = Clock()
    watching = Watching(store, clock=clock)

    store.put("watchlist", "current", {"topics": [{"id": "x", "name": "x", "role": "brand", "query": "("}]})
    clock.now = 5.0

    assert watching.matcher.watchlist == Watchlist((XIAOMI,))
    store.put("watchlist", "current", to_document(Watchlist()))
    clock.now = 10.0
    assert watching.matcher.watchlist == Watchlist()
