"""What leaves the crawler names nobody, and is fit to keep."""

import errno
import os
import stat
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.parsers.shapes import count, region
from tingchao.errors import BadRecord, BadSetting
from tingchao.mention import Kind, Precision, decode_mention, encode, mention_id
from tingchao.privacy import RawPost, Secret, author_key, followers_bucket, seal, shown_id
from tingchao.scrubbing import clean, is_organisation, language, mask_name, names_profile, scrub
from tingchao.times import when

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


def test_a_secret_on_a_disk_that_cannot_be_written_is_read(tmp_path, monkeypatch):
    first = Secret.load(tmp_path)

    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("chmod", "mkdir", "touch"):
        monkeypatch.setattr(Path, name, refuse)

    assert Secret.load(tmp_path).digest("x") == first.digest("x")


def test_a_token_is_known_where_it_was_made_and_nowhere_else():
    token = SECRET.token("1000000001")

    assert SECRET.made(token)
    assert token == SECRET.token("1000000001") != SECRET.token("1000000002")
    for other in (Secret(b"t" * 32).token("1000000001"), token[:-1] + "g", "", "é" * 32, "9" * 32):
        assert not SECRET.made(other)


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
        ("打１３８００１３８０００", "打〔电话〕"),
        ("１３８－００１３－８０００，急", "〔电话〕，急"),
        ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", "〔电话〕"),
        ("138.0013.8000", "〔电话〕"),
        ("138 - 0013 - 8000", "〔电话〕"),
        ("138·0013·8000", "〔电话〕"),
        ("138 001 380 00", "〔电话〕"),
        ("1 3 8 0 0 1 3 8 0 0 0", "〔电话〕"),
        ("加vx13800138000", "加vx〔电话〕"),
        ("008613800138000", "〔电话〕"),
        ("身份证１１０１０１１９９００３０７１２３Ｘ", "身份证〔证件号〕"),
        ("身份证110101 19900307 1234", "身份证〔证件号〕"),
        ("ａ．ｂ＠ｍａｉｌ．ｅｘａｍｐｌｅ．ｃｏｍ", "〔邮箱〕"),
        ("ｗｅｉｂｏ．ｃｏｍ／ｕ／１２３４５６７８９０", "〔主页〕"),
        ("HTTPS://WEIBO.COM/U/1234567890", "〔主页〕"),
        ("https://bbs.example/space-uid-88221.html", "〔主页〕"),
        ("https://a.b.c.d.e.f.g.h.i.j.example/user/nick", "〔主页〕"),
        (
            "价格13.5 24.8 35.7 46.9，２０２６年１１月２４日",
            "价格13.5 24.8 35.7 46.9，２０２６年１１月２４日",
        ),
        ("12@34 只是算式", "12@3** 只是算式"),
        ("", ""),
    ],
)
def test_texts_lose_what_identifies_a_person(text, scrubbed):
    assert scrub(text) == scrubbed
    assert scrub(scrubbed) == scrubbed


@pytest.mark.parametrize(
    "name",
    [
        "北京大学张三丰",
        "爱手机的小李子",
        "科技宅小王",
        "王发布",
        "官方小王",
        "客服",
        "爱手机",
        "考上大学",
        "老王汽车",
    ],
)
def test_a_person_whose_name_holds_a_word_of_firms_is_still_a_person(name):
    assert not is_organisation(name)
    assert name not in scrub(f"@{name} 你看")


@pytest.mark.parametrize(
    "name",
    ["云雀电器官方", "某品牌客服", "人民日报", "上海发布", "海淀区人民法院", "云雀旗舰店", "中国消费者协会"],
)
def test_a_name_that_ends_as_those_of_firms_stays(name):
    assert scrub(f"@{name} 冒烟了") == f"@{name} 冒烟了"


@pytest.mark.parametrize(
    ("id", "author"),
    [
        ("https://mastodon.example/@alice_w/1122", {}),
        ("weibo.com/u/1234567890/PxAbC12De", {}),
        ("https://weibo.com/1234567890/PxAbC12De", {}),
        ("https://bbs.example/space-uid-88221.html", {}),
        ("tag:blog.example,2026:alice-w/1", {"author_name": "Alice W"}),
        ("https://alice.blog.example/1", {"author_id": "alice"}),
        ("https://blog.example/%E8%B7%AF%E4%BA%BA%E7%94%B2/1", {"author_name": "路人甲"}),
        ("u_88221", {}),
        ("uid:88221", {}),
        ("alice_w-1122", {}),
        ("acct:alice@host.example", {}),
        ("p_12345", {"author_id": "12345"}),
        ("路人甲的帖子", {}),
    ],
)
def test_an_id_that_tells_who_wrote_it_is_hidden(id, author):
    mention = seal(post(native_id=id, parent_id=id, root_id=id, url=id, **author), SECRET)

    assert mention.id == mention_id("weibo", id)
    assert mention.native_id == mention.parent_id == mention.root_id
    assert mention.native_id.startswith("h_")
    assert SECRET.made(mention.native_id[2:])
    assert mention.url in {"", "https://m.weibo.cn/status/PxAbC12De"}


@pytest.mark.parametrize(
    "id",
    ["5230000000000001", "t1001", "p_0f878ca4fd7124", "post-7", "https://news.example/2026/11/24/a.html", "n1",
     "tag:news.example,2026:1", "a8098c1a-f86e-11da-bd1a-00112444be1e"],
)  # fmt: skip
def test_an_id_that_tells_nothing_stays(id):
    assert (
        seal(post(native_id=id, parent_id=id, author_id="77001", author_name="某新闻网"), SECRET).native_id
        == id
    )


def test_a_comment_still_finds_the_post_it_answers_when_that_ones_author_is_hidden():
    first = seal(post(native_id="alice_w-1122", author_id="alice_w"), SECRET)
    answer = seal(post(native_id="9", parent_id="alice_w-1122", author_id="bob", kind=Kind.COMMENT), SECRET)

    assert answer.parent_id == first.native_id
    assert "alice" not in encode(answer).decode()


@pytest.mark.parametrize(
    ("url", "author"),
    [
        ("https://bbs.example/space-uid-88221.html", {"author_id": "88221"}),
        ("https://bbs.example/home.php?mod=space&uid=88221", {}),
        ("https://blog.example/a/alice-w/post-1", {"author_name": "Alice W"}),
        ("https://mastodon.example/@alice_w/1122", {}),
    ],
)
def test_a_link_that_tells_who_wrote_it_goes(url, author):
    assert seal(post(url=url, media=(url,), **author), SECRET).url == ""


def test_a_site_is_not_taken_for_its_author():
    assert seal(post(url="https://www.ithome.com/0/1.htm", author_name="ithome"), SECRET).url != ""


@pytest.mark.parametrize("year", [1, 9999])
def test_a_post_captured_in_an_impossible_year_is_refused(year):
    with pytest.raises(BadRecord):
        seal(post(captured_at=datetime(year, 1, 1, tzinfo=UTC)), SECRET)


HOSTILE = [
    "a.", "a-", "www.", "x.io/", "x.io/a_", "weibo.com/", "1", "1 ", "1.", "12-", "１", "@", "@a", "a@", "a@a.", "＠a.",
    "http://", "/u/", "uid-", "86-1", "110101", " ", "\n", " \n", "\u3000", "e\u0301", "\u0301", "\u200b", "·", "官方",
    "秒前", "昨天", "1:", "2026-", "上午", "周", "[", "[a", "<", "<a", "&", "发布于", "来自", "万", "%E8", "://", "_", "h_",
]  # fmt: skip
READERS = {
    "scrub": scrub,
    "clean": lambda text: clean(text, 200_000),
    "organisation": is_organisation,
    "profile": names_profile,
    "language": language,
    "when": lambda text: when(text, NOW),
    "id": lambda text: shown_id(post(author_name=text, author_id=text[:40]), text, SECRET),
    "region": region,
    "count": count,
}


@pytest.mark.parametrize("name", READERS)
def test_a_text_twice_as_long_takes_about_twice_as_long(name):
    """No pattern has more than linear cost: the ratio is compared, not the time, and only where there is any."""
    read = READERS[name]

    def seconds(text):
        with suppress(BadRecord):
            start = process_time()
            read(text)
        return process_time() - start

    for piece in HOSTILE:
        half, whole = (piece * (size // len(piece)) + "/" for size in (50_000, 100_000))
        if seconds(whole) > 0.2:
            assert min(seconds(whole) for _ in range(3)) < 3 * min(seconds(half) for _ in range(3)), piece


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
