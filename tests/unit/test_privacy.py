"""What leaves the crawler names nobody, and is fit to keep."""

import os
import stat
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingchao.errors import BadRecord, BadSetting
from tingchao.mention import Kind, Precision, decode_mention, encode
from tingchao.privacy import (
    RawPost,
    Secret,
    author_key,
    clean,
    followers_bucket,
    language,
    mask_name,
    scrub,
    seal,
)

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SECRET = Secret(b"s" * 32)


def post(**fields):
    usual = {"source": "weibo", "native_id": "1", "kind": Kind.POST, "text": "冒烟了", "published": None}
    return RawPost(**{**usual, "captured_at": NOW, **fields})


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    first = Secret.load(tmp_path / "home")
    second = Secret.load(tmp_path / "home")

    file = tmp_path / "home" / "author.key"
    assert first.digest("x") == second.digest("x")
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["author.key"]


def test_processes_that_start_at_once_get_the_same_secret(tmp_path):
    digests = []
    threads = [
        threading.Thread(target=lambda: digests.append(Secret.load(tmp_path).digest("x"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(digests) == 8
    assert len(set(digests)) == 1


def test_a_damaged_secret_stops_the_start(tmp_path):
    (tmp_path / "author.key").write_bytes(b"short")

    with pytest.raises(BadSetting, match="5 bytes, not 32"):
        Secret.load(tmp_path)


def test_a_secret_does_not_show_itself():
    assert "s" * 32 not in repr(SECRET) + str(SECRET)


def test_a_raw_post_does_not_show_its_author():
    shown = repr(post(author_id="1000000001", author_name="路人甲"))

    assert "1000000001" not in shown
    assert "路人甲" not in shown


def test_an_author_has_one_key_per_source_and_secret():
    key = author_key(SECRET, "weibo", "1000000001")

    assert key == author_key(SECRET, "weibo", "1000000001")
    assert (
        len(
            {
                key,
                author_key(SECRET, "zhihu", "1000000001"),
                author_key(Secret(b"t" * 32), "weibo", "1000000001"),
            }
        )
        == 3
    )
    assert author_key(SECRET, "weibo", "") == ""


@pytest.mark.parametrize(("name", "masked"), [("路人甲", "路**"), ("alice", "a**"), ("王", "**"), ("", "")])
def test_a_nickname_keeps_one_character(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("followers", "bucket"),
    [
        (None, ""),
        (-1, ""),
        (0, "0-1k"),
        (999, "0-1k"),
        (1_000, "1k-10k"),
        (99_999, "10k-100k"),
        (100_000, "100k-1m"),
        (10**7, "1m+"),
    ],
)
def test_followers_become_a_range(followers, bucket):
    assert followers_bucket(followers) == bucket


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("回复@路人乙:已投诉", "回复@路**:已投诉"),
        ("＠路人乙 你看", "@路** 你看"),
        ("@某品牌客服 冒烟了", "@某品牌客服 冒烟了"),
        ("写信到 a.b+c@mail.example.com 吧", "写信到 〔邮箱〕 吧"),
        ("打我13800138000", "打我〔电话〕"),
        ("+86 138-0013-8000", "〔电话〕"),
        ("单号 1380013800012345", "单号 1380013800012345"),
        ("身份证110101199003071234", "身份证〔证件号〕"),
        ("看https://weibo.com/u/1000000001?x=1，冒烟", "看〔主页〕，冒烟"),
        ("weibo.com/1000000001/PxAbC12De", "〔主页〕"),
        ("https://mastodon.example/@nick/123", "〔主页〕"),
        ("https://news.example/2026/11/24/a.html", "https://news.example/2026/11/24/a.html"),
        ("@u_0123456789ab品牌", "@u_0123456789ab品牌"),
        ("12@34 只是算式", "12@3** 只是算式"),
        ("", ""),
    ],
)
def test_texts_lose_what_identifies_a_person(text, scrubbed):
    assert scrub(text) == scrubbed
    assert scrub(scrubbed) == scrubbed


def test_what_is_sealed_holds_no_identity():
    mention = seal(
        post(
            text="我是隐私昵称甲，@隐私昵称乙 你看 https://weibo.com/u/7777777777",
            title="隐私昵称甲的投诉",
            url="https://weibo.com/7777777777/PxAbC12De",
            media=(
                "https://img.example/avatar/7777777777/180",
                "https://img.example/a.jpg",
                "javascript:alert(1)",
            ),
            author_id="7777777777",
            author_name="隐私昵称甲",
            followers=356_000,
        ),
        SECRET,
    )

    wire = encode(mention).decode()
    assert not [mark for mark in ("7777777777", "隐私昵称甲", "隐私昵称乙") if mark in wire]
    assert mention.author.key == author_key(SECRET, "weibo", "7777777777")
    assert mention.author.name_masked == "隐**"
    assert mention.author.followers_bucket == "100k-1m"
    assert mention.url == "https://m.weibo.cn/status/PxAbC12De"
    assert mention.media == ("https://img.example/a.jpg",)


def test_an_undated_post_counts_from_its_capture():
    undated = seal(post(published="2030-01-01"), SECRET)
    dated = seal(post(published="昨天 23:50"), SECRET)

    assert (undated.published_at, undated.published_precision) == (NOW, Precision.NONE)
    assert dated.published_at == datetime(2026, 11, 23, 15, 50, tzinfo=UTC)


def test_a_post_without_words_takes_its_title_for_text():
    assert seal(post(text="", title="标题"), SECRET).text == "标题"


@pytest.mark.parametrize(
    "fields", [{"native_id": ""}, {"native_id": "x" * 600}, {"text": "", "title": ""}, {"text": "\u200b"}]
)
def test_a_post_without_id_or_words_is_refused(fields):
    with pytest.raises(BadRecord):
        seal(post(**fields), SECRET)


@pytest.mark.parametrize(
    ("text", "lang"),
    [("冒烟了", "zh"), ("It smokes", "en"), ("煙が出た", "ja"), ("연기가", "ko"), ("!!", "zh")],
)
def test_guesses_the_language_by_script(text, lang):
    assert language(text) == lang


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\u200b冒\u202e烟\ufeff", "a冒烟"),
        ("a\r\n\r\n\r\n\r\nb", "a\n\nb"),
        (" a \t b \n c ", "a b\nc"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 3),
        ("nul\x00l", "null"),
    ],
)
def test_cleans_what_no_screen_should_meet(text, cleaned):
    assert clean(text, 100) == cleaned


@given(st.text(alphabet=st.characters(codec=None)), st.integers(1, 50))
def test_cleaning_is_bounded_and_changes_nothing_twice(text, limit):
    once = clean(text, limit)

    assert len(once) <= limit
    assert clean(once, limit) == once
    once.encode()


@given(st.text(alphabet=st.characters(codec=None), max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_sealed_can_travel(text, name, identity):
    try:
        mention = seal(post(text=text, title=name, author_name=name, author_id=identity, url=text), SECRET)
    except BadRecord:
        return

    assert decode_mention(encode(mention)) == mention
