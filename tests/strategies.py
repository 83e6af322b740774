"""Random texts, mentions and query trees out of a small nasty alphabet, so that they often meet.

For the property tests of text, query, watchlist and both stores. Trees are in normal form (`tingchao.query.tree`).
"""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st

from tingchao.folding import Why
from tingchao.mention import Author, Kind, Label, Match, Mention, Risk, Role, Sentiment
from tingchao.query import (
    HAS,
    FieldName,
    InTitle,
    InUrl,
    Is,
    Node,
    Published,
    Word,
    all_of,
    any_of,
    near,
    negate,
    word,
)
from tingchao.text import fold

# The first example pays for tables and libraries that load when they are needed: a deadline would be luck.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

NASTY = (
    *"小米粥汽车冒烟发發髮裡里臺台",
    *"aAmiSUé7７3.+#@_-:%*?\"'\\()[]{}|&/",
    *"，。！（）“”　 \t\n",
    *"😡👍🏽🇨🇳™ß①ﬃ",
    *"\u200b\u200d\u202e\ufeff\u0301\u3099か가ⅷ\ue000\ufdfa",
)
PIECES = (
    "小米",
    "小米SU7",
    "xiaomi",
    "mi",
    "SU7",
    "C++",
    "3.5",
    "iPhone17",
    "冒\u200b烟",
    "發財",
    "发财",
    "OR",
    "NEAR/5",
)
SOURCES = ("weibo", "rss:ithome", "forum", 'a"b')
TOPICS = ("xiaomi", "nova-tea")
RISKS = ("safety", "food")
REGIONS = ("广东", "北京", "")
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)

texts = st.lists(st.sampled_from(PIECES) | st.sampled_from(NASTY), max_size=14).map("".join)
any_texts = texts | st.text(max_size=40) | st.text(st.characters(), max_size=20)
FOLDS = ("f1", "f2")
moments = st.integers(-72, 72).map(lambda hours: MIDNIGHT + timedelta(hours=hours))


def _searchable(text: str) -> bool:
    return bool(fold(text).text)


phrases = st.lists(st.sampled_from(PIECES) | st.sampled_from(NASTY), min_size=1, max_size=4).map("".join)
word_texts = (st.sampled_from(PIECES) | st.sampled_from(NASTY) | phrases).filter(_searchable)
words: st.SearchStrategy[Word] = word_texts.map(word)
nears = st.builds(near, word_texts, word_texts, st.integers(0, 6))

keywords = st.one_of(
    st.builds(Is, st.just(FieldName.SOURCE), st.sampled_from((*SOURCES, "nowhere"))),
    st.builds(Is, st.just(FieldName.KIND), st.sampled_from([kind.value for kind in Kind])),
    st.builds(Is, st.just(FieldName.SENTIMENT), st.sampled_from([label.value for label in Label])),
    st.builds(Is, st.just(FieldName.TOPIC), st.sampled_from(TOPICS)),
    st.builds(Is, st.just(FieldName.RISK), st.sampled_from(RISKS)),
    st.builds(Is, st.just(FieldName.REGION), st.sampled_from(REGIONS).filter(bool)),
    st.builds(Is, st.just(FieldName.LANG), st.sampled_from(("zh", "en"))),
    st.builds(Is, st.just(FieldName.AUTHOR), st.sampled_from(("k1", "k2"))),
    st.builds(Is, st.just(FieldName.FOLD), st.sampled_from(FOLDS)),
    st.builds(
        Is,
        st.just(FieldName.HAS),
        st.sampled_from(HAS),
    ),
)
leaves: st.SearchStrategy[Node] = st.one_of(
    words,
    words,
    nears,
    keywords,
    words.map(InTitle),
    word_texts.map(lambda text: InUrl(fold(text).text)),
    moments.map(lambda at: Published(since=at)),
    moments.map(lambda at: Published(until=at)),
)


def _grown(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(children, min_size=2, max_size=4)
    return st.one_of(
        some.map(lambda nodes: all_of(*nodes)),
        some.map(lambda nodes: any_of(*nodes)),
        children.map(negate),
    )


trees: st.SearchStrategy[Node] = st.recursive(leaves, _grown, max_leaves=8)

word_trees: st.SearchStrategy[Node] = st.recursive(words | nears, _grown, max_leaves=6)


def _sentiment(label: Label) -> Sentiment:
    return Sentiment(label, *(0.8 if label is one else 0.1 for one in Label))


@st.composite
def mentions(draw: st.DrawFn, id: str | None = None, texts: st.SearchStrategy[str] = texts) -> Mention:
    """A mention that a store takes; its texts have no lone surrogates, for those end at the edge."""
    fold = draw(st.sampled_from(("", *FOLDS)))
    folded = draw(st.sampled_from(("", *Why))) if fold else ""
    return Mention(
        id=id or draw(st.uuids()).hex,
        source=draw(st.sampled_from(SOURCES)),
        kind=draw(st.sampled_from(Kind)),
        native_id="1",
        text=draw(texts),
        title=draw(st.just("") | texts)[:500],
        url=draw(st.just("") | texts.map(lambda text: f"https://x.example/{text}"))[:2_000],
        published_at=draw(moments),
        captured_at=MIDNIGHT + timedelta(days=5),
        parent_id=draw(st.none() | st.just("p")),
        lang=draw(st.sampled_from(("zh", "en"))),
        region=draw(st.sampled_from(REGIONS)),
        media=draw(st.just(()) | st.just(("https://x.example/1.jpg",))),
        author=Author(key=draw(st.sampled_from(("", "k1", "k2")))),
        matches=tuple(
            Match(topic, Role.BRAND)
            for topic in draw(st.lists(st.sampled_from(TOPICS), max_size=2, unique=True))
        ),
        risk=tuple(Risk(one, 0.5) for one in draw(st.lists(st.sampled_from(RISKS), max_size=2, unique=True))),
        sentiment=draw(st.none() | st.sampled_from(Label).map(_sentiment)),
        abstain=draw(st.sampled_from(("", "", "unsure", "filler"))),
        fold=fold,
        folded=str(folded),
        origin_at=draw(moments) if folded else None,
    )
