"""Files of mentions: read, sealed, published once, and every bad line named."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.imports import import_file
from crawlers.imports.rows import json_row
from crawlers.imports.translating import Translator
from crawlers.replaying import replay
from tingchao.bus import DEAD, RAW
from tingchao.errors import BadInput, BadRecord
from tingchao.mention import Kind, Precision, decode_mention, encode, mention_id
from tingchao.privacy import Secret

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SECRET = Secret(b"s" * 32)
SIMPLE = {
    "id": "5230000000000001",
    "source": "weibo",
    "kind": "post",
    "text": "炸锅冒烟 @隐私昵称乙",
    "published_at": "2026-11-24 09:12",
    "author": "隐私昵称甲",
    "followers": "1.2万",
    "likes": 3,
    "comments": "10万+",
}


def read_line(line, source, now, secret, *kept):
    """One line of JSON as a mention."""
    translator = Translator(secret=secret, now=now, source=source, **dict(zip(["kept"], kept, strict=False)))
    return translator.mentions(json_row(1, line))[0][0]


class ListBus:
    """A bus that keeps what was published and flushed."""

    def __init__(self):
        self.messages = []
        self.flushed = 0

    def publish(self, topic, key, value):
        self.messages.append((topic, key, value))

    def flush(self, timeout=30.0):
        self.flushed = len(self.messages)

    def mentions(self):
        return [decode_mention(value) for topic, _, value in self.messages if topic == RAW]


def write(path, *rows, pack=False):
    text = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if pack else text.encode("utf-8-sig"))
    return path


def test_the_simple_form_becomes_a_mention():
    mention = read_line(json.dumps(SIMPLE).encode(), "import", NOW, SECRET)

    assert mention.id == mention_id("weibo", "5230000000000001")
    assert mention.text == "炸锅冒烟 @隐**"
    assert mention.author.name_masked == "隐**"
    assert mention.author.followers_bucket == "10k-100k"
    assert (mention.engagement.likes, mention.engagement.comments) == (3, 100_000)
    assert mention.published_at == datetime(2026, 11, 24, 1, 12, tzinfo=UTC)
    assert mention.captured_at == NOW


@pytest.mark.parametrize(
    "row",
    [
        SIMPLE,
        {**SIMPLE, "id": "https://mastodon.example/@Secretnick/1122", "parent_id": "u/9990000001"},
        {**SIMPLE, "published_at": "soon"},
    ],
)
def test_our_own_export_comes_back_as_it_was(row):
    first = read_line(json.dumps(row).encode(), "import", NOW, SECRET)

    assert read_line(encode(first), "import", NOW + timedelta(days=1), SECRET) == first


@pytest.mark.parametrize(
    "author",
    [
        {"key": "9a1158154dfa42caddbd0694a4e9bdc8", "name_masked": "隐私昵称甲**"},
        {"key": Secret(b"t" * 32).token("weibo\x009990000001"), "name_masked": "隐私昵称甲**"},
        {"key": "9990000001", "name": "隐私昵称甲"},
        {
            "key": SECRET.token("weibo\x009990000001"),
            "name_masked": "隐私昵称甲**",
            "followers_bucket": "隐私昵称甲",
        },
    ],
)
def test_a_row_that_only_looks_sealed_is_sealed_again(author):
    row = {**SIMPLE, "v": 2, "author": author, "raw_hash": "隐私昵称甲", "robots": {"rule": "@隐私昵称甲"}}

    mention = read_line(json.dumps(row).encode(), "import", NOW, SECRET)

    assert SECRET.made(mention.author.key)
    assert mention.author.name_masked == "隐**"
    wire = encode(mention).decode()
    assert not [mark for mark in ("隐私昵称甲", "9a1158154dfa", "9990000001") if mark in wire]


def test_authors_that_another_installation_sealed_stay_apart_and_together():
    def key(name):
        row = {**SIMPLE, "author": {"key": Secret(b"t" * 32).token(name)}}
        return read_line(json.dumps(row).encode(), "import", NOW, SECRET).author.key

    assert key("a") == key("a") != key("b")


def test_names_of_the_watchlist_stay_readable_in_an_import():
    row = {**SIMPLE, "text": "@云雀电器 @路人甲乙 冒烟"}

    mention = read_line(json.dumps(row).encode(), "import", NOW, SECRET, lambda name: name == "云雀电器")

    assert mention.text == "@云雀电器 @路** 冒烟"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": 3}, "text is a number; give text"),
        ({"text": None}, "has no text"),
        ({"kind": "rant"}, "kind='rant' is none; kinds are post, comment"),
        ({"likes": "many"}, "likes='many' is no count"),
        ({"captured_at": "soon"}, "captured_at='soon' is no past time"),
        ({"captured_at": "2036-01-01T00:00:00Z"}, "is no past time"),
        ({"id": ""}, "no id of 1 to 512"),
        ({"id": None}, "no id"),
        ({"source": []}, "source is a list"),
    ],
)
def test_a_bad_line_says_what_is_wrong(change, said):
    with pytest.raises(BadRecord) as caught:
        read_line(json.dumps({**SIMPLE, **change}).encode(), "import", NOW, SECRET)

    assert said in str(caught.value)


@pytest.mark.parametrize("shown", ["1970-01-01T00:00:00Z", "2036-01-01T00:00:00Z", "", None, 0])
def test_a_time_that_cannot_be_is_flagged_not_believed(shown):
    mention = read_line(json.dumps({**SIMPLE, "published_at": shown}).encode(), "import", NOW, SECRET)

    assert (mention.published_at, mention.published_precision) == (NOW, Precision.NONE)


@pytest.mark.parametrize("pack", [False, True])
def test_a_file_is_read_to_the_end_and_its_bad_lines_are_shelved_without_their_text(tmp_path, pack):
    file = write(
        tmp_path / "a.jsonl",
        SIMPLE,
        "{",
        "",
        {**SIMPLE, "id": "2"},
        {**SIMPLE, "kind": "隐私昵称"},
        SIMPLE,
        pack=pack,
    )
    bus = ListBus()

    report = import_file(file, bus, SECRET, now=NOW).to_dict()

    assert (report["read"], report["published"], report["refused"], report["repeated"]) == (6, 3, 2, 1)
    assert [problem.split(":")[0] for problem in report["problems"]] == ["line 2", "line 5"]
    assert len({mention.id for mention in bus.mentions()}) == 2
    assert bus.flushed == len(bus.messages)
    letters = [msgspec.json.decode(value) for topic, _, value in bus.messages if topic == DEAD]
    assert [letter["offset"] for letter in letters] == [2, 5]
    assert "隐私昵称甲" not in str(bus.messages)


def test_a_dry_run_publishes_nothing(tmp_path):
    report = import_file(write(tmp_path / "a.jsonl", SIMPLE, "{"), None, SECRET, now=NOW)

    assert (report.read, report.published, report.refused) == (2, 0, 1)


def test_a_line_of_megabytes_is_refused_and_the_next_one_read(tmp_path):
    report = import_file(write(tmp_path / "a.jsonl", "x" * 3_000_000, SIMPLE), ListBus(), SECRET, now=NOW)

    assert report.published == 1
    assert report.problems == ["line 1: longer than 1,000,000 bytes"]


def test_a_long_text_is_cut_rather_than_refused():
    mention = read_line(
        json.dumps({**SIMPLE, "text": "炸" * 200_000}, ensure_ascii=False).encode(), "import", NOW, SECRET
    )

    assert len(mention.text) == 100_000


def test_a_file_that_is_not_there_or_damaged_is_one_sentence(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        import_file(tmp_path / "none.jsonl", ListBus(), SECRET, now=NOW)
    whole = gzip.compress((json.dumps(SIMPLE) + "\n").encode() * 2_000)
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="damaged gzip after line"):
        import_file(tmp_path / "cut.gz", ListBus(), SECRET, now=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "key", "likes"]), child, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [*SIMPLE, "title", "url", "media", "engagement", "captured_at", "parent_id", "region"]
        ),
        JSON,
    )
)
def test_no_line_makes_it_raise_anything_else(row):
    try:
        mention = read_line(json.dumps({**SIMPLE, **row}).encode(), "import", NOW, SECRET)
    except BadRecord:
        return
    assert decode_mention(encode(mention)) == mention


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(line):
    try:
        read_line(line, "import", NOW, SECRET)
    except BadRecord:
        return


def row(number, kind, time, **more):
    usual = {"id": f"p_{number}", "platform": "weibo", "kind": kind, "time": f"2022-09-11T{time}:00+08:00"}
    return {**usual, "parent_id": None if kind == "post" else "p_1", "user": "u_1", "text": "通报", **more}


ROWS = [
    row(1, "post", "18:00", likes=2, followers=4_484_631, verified=True),
    row(2, "repost", "18:10", user="u_2", text="@u_0123456789ab转发微博"),
    row(3, "comment", "19:00", text="哦"),
]


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.at = NOW
        self.slept = []

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def play(path, **options):
    bus, clock = ListBus(), Clock()
    report = replay(path, bus, SECRET, now=clock.now, sleep=clock.sleep, **options)
    return bus, clock, report


def test_a_replay_keeps_the_times_of_the_posts(tmp_path):
    bus, clock, report = play(write(tmp_path / "r.jsonl.gz", *ROWS, pack=True))

    posts = bus.mentions()
    assert [post.published_at for post in posts] == [post.captured_at for post in posts]
    assert posts[0].published_at == datetime(2022, 9, 11, 10, tzinfo=UTC)
    assert [post.kind for post in posts] == [Kind.POST, Kind.REPOST, Kind.COMMENT]
    assert posts[1].parent_id == "p_1"
    assert posts[1].text == "@u_0123456789ab转发微博"
    assert posts[0].author.followers_bucket == "1m+"
    assert posts[0].author.key == posts[2].author.key != "u_1"
    assert clock.slept == []
    assert (report.read, report.published, report.refused) == (3, 3, 0)


def test_a_replay_at_speed_waits_and_a_shifted_one_starts_now(tmp_path):
    bus, clock, _ = play(write(tmp_path / "r.jsonl", *ROWS), speed=60, shift=True)

    assert clock.slept == [10, 50]
    assert [post.published_at - NOW for post in bus.mentions()] == [
        timedelta(0),
        timedelta(seconds=10),
        timedelta(minutes=1),
    ]


def test_a_replay_twice_gives_the_same_ids(tmp_path):
    file = write(tmp_path / "r.jsonl", *ROWS)

    assert [post.id for post in play(file)[0].mentions()] == [post.id for post in play(file)[0].mentions()]


def test_a_file_that_is_no_corpus_is_said_to_be_none(tmp_path):
    with pytest.raises(BadInput, match="no replay corpus; line 1: time="):
        play(write(tmp_path / "r.jsonl", {"day": "2026-02-07", "topic": "x"}))


def test_a_shifted_replay_needs_a_speed_or_it_would_come_from_the_future(tmp_path):
    with pytest.raises(BadInput, match="--speed N"):
        play(write(tmp_path / "r.jsonl", *ROWS), shift=True)


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-12:00", "1969-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("options", [{}, {"speed": 1e9, "shift": True}])
def test_a_replayed_row_of_an_impossible_year_is_refused(tmp_path, time, options):
    file = write(tmp_path / "r.jsonl", {**ROWS[0], "time": time}, *ROWS)

    _, _, report = play(file, **options)

    assert (report.published, report.refused) == (3, 1)
    assert "does not lie between 1990 and now" in report.problems[0]


@pytest.mark.parametrize("field", ["kind", "likes", "captured_at", "source"])
def test_a_dead_letter_does_not_repeat_what_stood_in_a_field(tmp_path, field):
    bus = ListBus()

    report = import_file(
        write(tmp_path / "a.jsonl", {**SIMPLE, field: "隐私昵称甲\u200b" * 9}), bus, SECRET, now=NOW
    )

    assert report.refused == 1
    assert "隐私" not in str([msgspec.json.decode(value) for _, _, value in bus.messages])


@pytest.mark.parametrize(
    "change",
    [{"media": 3}, {"source": "x" * 600}, {"source": "\ud83d"}, {"id": "\ud83d"}, {"author": "\ud83d"}],
)
def test_odd_values_are_read_or_refused(change):
    try:
        assert decode_mention(
            encode(read_line(json.dumps({**SIMPLE, **change}).encode(), "import", NOW, SECRET))
        )
    except BadRecord:
        return


@pytest.mark.parametrize(
    "shown", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-12:00", -62135596800, 253402300799]
)
def test_the_first_and_the_last_year_are_no_times_of_posts(shown):
    row = {**SIMPLE, "published_at": shown}
    assert read_line(json.dumps(row).encode(), "import", NOW, SECRET).published_precision is Precision.NONE
    with pytest.raises(BadRecord, match="no past time"):
        read_line(json.dumps({**SIMPLE, "captured_at": shown}).encode(), "import", NOW, SECRET)
