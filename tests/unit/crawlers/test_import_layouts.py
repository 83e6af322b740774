"""Files of the crawlers people run are read as those write them; rows here are made up in their columns."""

import json

import openpyxl
import pytest

from crawlers.imports.layouts import known_layout
from crawlers.parsers import PARSERS
from tests.unit.crawlers.imported import brought_in, table
from tingchao.mention import Kind, Precision, mention_id

SECONDS = 1795485430
FETCHED = 1795485600000
PERSON = {"user_id": "9990000001", "nickname": "隐私昵称甲", "avatar": "https://img.example/9990000001.jpg"}

XHS_NOTE = {
    "note_id": "66aa00000000000001", "type": "normal", "title": "炸锅", "desc": "冒烟了 #避雷#", "video_url": "",
    "time": SECONDS * 1000, "last_update_time": 0, **PERSON, "liked_count": "1.2万", "collected_count": "3",
    "comment_count": "35", "share_count": "2", "ip_location": "广东", "image_list": "https://img.example/1.jpg",
    "tag_list": "避雷", "last_modify_ts": FETCHED, "note_url": "https://www.xiaohongshu.com/explore/66aa?xsec_token=x",
    "source_keyword": "炸锅", "xsec_token": "x",
}  # fmt: skip
XHS_COMMENT = {
    "comment_id": "66bb00000000000001", "create_time": SECONDS * 1000, "ip_location": "广东",
    "note_id": "66aa00000000000001", "content": "我家也是", **PERSON, "sub_comment_count": "0", "pictures": "",
    "parent_comment_id": 0, "last_modify_ts": FETCHED, "like_count": "88",
}  # fmt: skip
WEIBO_NOTE = {
    "note_id": "5230000000000001", "content": "炸锅 &amp; 冒烟", "create_time": SECONDS,
    "create_date_time": "2026-11-24 09:57:10", "liked_count": "3", "comments_count": "0", "shared_count": "1",
    "last_modify_ts": FETCHED, "note_url": "https://m.weibo.cn/detail/5230000000000001", "ip_location": "广东",
    **PERSON, "gender": "f", "profile_url": "https://m.weibo.cn/u/9990000001", "source_keyword": "炸锅",
}  # fmt: skip
WEIBO_COMMENT = {
    "comment_id": "5230000000000101", "create_time": SECONDS, "create_date_time": "2026-11-24 09:57:10",
    "note_id": "5230000000000001", "content": "已投诉", "sub_comment_count": "0", "comment_like_count": "5",
    "last_modify_ts": FETCHED, "ip_location": "浙江", "parent_comment_id": "5230000000000101", **PERSON,
}  # fmt: skip
DOUYIN = {
    "aweme_id": "7400000000000000001", "aweme_type": "0", "title": "冒烟", "desc": "冒烟", "create_time": SECONDS,
    **PERSON, "sec_uid": "MS4x", "liked_count": "3", "collected_count": "None", "comment_count": "None",
    "share_count": "1", "ip_location": "", "last_modify_ts": FETCHED,
    "aweme_url": "https://www.douyin.com/video/7400000000000000001",
}  # fmt: skip
DOUYIN_COMMENT = {
    "comment_id": "7400000000000000002", "create_time": SECONDS, "ip_location": "广东",
    "aweme_id": "7400000000000000001", "content": "退货", **PERSON, "sub_comment_count": "0", "like_count": 0,
    "last_modify_ts": FETCHED, "parent_comment_id": "0", "pictures": "",
}  # fmt: skip
BILI = {
    "video_id": "1900000001", "video_type": "video", "title": "冒烟实测", "desc": "-", "create_time": SECONDS, **PERSON,
    "liked_count": "9800", "video_play_count": "152340", "video_favorite_count": "1", "video_share_count": "2",
    "video_danmaku": "3", "video_comment": "890", "last_modify_ts": FETCHED,
}  # fmt: skip
BILI_COMMENT = {
    "comment_id": "260000000001", "parent_comment_id": "0", "create_time": SECONDS, "video_id": "1900000001",
    "content": "同款", **PERSON, "sex": "", "sign": "", "sub_comment_count": "0", "like_count": 4,
    "last_modify_ts": FETCHED,
}  # fmt: skip
KUAISHOU = {
    "video_id": "3xabcdef12", "video_type": "1", "title": "冒烟", "desc": "冒烟", "create_time": SECONDS * 1000, **PERSON,
    "liked_count": "3", "viewd_count": "1.5万", "last_modify_ts": FETCHED,
}  # fmt: skip
KUAISHOU_COMMENT = {
    "comment_id": "900000000001", "create_time": SECONDS * 1000, "video_id": "3xabcdef12", "content": "退货", **PERSON,
    "sub_comment_count": "0", "last_modify_ts": FETCHED,
}  # fmt: skip
TIEBA = {
    "note_id": "10600000001", "title": "售后太坑", "desc": "买了三个月", "note_url": "https://tieba.baidu.com/p/10600000001",
    "publish_time": "2026-11-24 09:57", "user_link": "https://tieba.baidu.com/home/main?id=tb.1.x",
    "user_nickname": "隐私昵称甲", "user_avatar": "", "tieba_name": "小家电吧", "tieba_link": "https://tieba.baidu.com/f?kw=x",
    "total_replay_num": 57, "total_replay_page": 2, "ip_location": "广东", "last_modify_ts": FETCHED,
}  # fmt: skip
TIEBA_COMMENT = {
    "comment_id": "150000000001", "parent_comment_id": "", "content": "同感", "user_link": "", "user_nickname": "隐私昵称甲",
    "publish_time": "2026-11-24 09:57", "ip_location": "", "sub_comment_count": 0, "note_id": "10600000001",
    "note_url": "https://tieba.baidu.com/p/10600000001", "tieba_name": "小家电吧", "last_modify_ts": FETCHED,
}  # fmt: skip
ZHIHU = {
    "content_id": "31", "content_type": "answer", "content_text": "利益相关", "question_id": "7",
    "content_url": "https://www.zhihu.com/question/7/answer/31", "title": "如何评价", "desc": "", "created_time": SECONDS,
    "updated_time": SECONDS, "voteup_count": 45, "comment_count": 3, "user_id": "ab12", "user_link": "",
    "user_nickname": "隐私昵称甲", "user_avatar": "", "user_url_token": "a-b", "last_modify_ts": FETCHED,
}  # fmt: skip
ZHIHU_COMMENT = {
    "comment_id": "10125000001", "parent_comment_id": "0", "content": "<p>匿了</p>", "publish_time": SECONDS,
    "ip_location": "上海", "sub_comment_count": 0, "like_count": 4, "dislike_count": 0, "content_id": "31",
    "content_type": "answer", "user_id": "ab12", "user_nickname": "隐私昵称甲", "last_modify_ts": FETCHED,
}  # fmt: skip

MEDIA_CRAWLER = [
    (XHS_NOTE, "xiaohongshu", "66aa00000000000001", Kind.POST, "冒烟了 #避雷#", None),
    (XHS_COMMENT, "xiaohongshu", "66bb00000000000001", Kind.COMMENT, "我家也是", "66aa00000000000001"),
    (WEIBO_NOTE, "weibo", "5230000000000001", Kind.POST, "炸锅 & 冒烟", None),
    (WEIBO_COMMENT, "weibo", "5230000000000101", Kind.COMMENT, "已投诉", "5230000000000001"),
    (DOUYIN, "douyin", "7400000000000000001", Kind.POST, "冒烟", None),
    (DOUYIN_COMMENT, "douyin", "7400000000000000002", Kind.COMMENT, "退货", "7400000000000000001"),
    (BILI, "bilibili", "av1900000001", Kind.POST, "冒烟实测", None),
    (BILI_COMMENT, "bilibili", "260000000001", Kind.COMMENT, "同款", "av1900000001"),
    (KUAISHOU, "kuaishou", "3xabcdef12", Kind.POST, "冒烟", None),
    (KUAISHOU_COMMENT, "kuaishou", "900000000001", Kind.COMMENT, "退货", "3xabcdef12"),
    (TIEBA, "tieba", "t10600000001", Kind.POST, "买了三个月", None),
    (TIEBA_COMMENT, "tieba", "p150000000001", Kind.COMMENT, "同感", "t10600000001"),
    (ZHIHU, "zhihu", "a31", Kind.POST, "利益相关", None),
    (ZHIHU_COMMENT, "zhihu", "c10125000001", Kind.COMMENT, "匿了", "a31"),
]


@pytest.mark.parametrize("written", ["jsonl", "json", "csv"])
@pytest.mark.parametrize(("row", "source", "native_id", "kind", "text", "parent"), MEDIA_CRAWLER)
def test_media_crawler_is_read_as_it_writes(tmp_path, written, row, source, native_id, kind, text, parent):
    file = tmp_path / f"search_contents_2026-11-24.{written}"
    match written:
        case "jsonl":
            file.write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
        case "json":
            file.write_text(json.dumps([row], ensure_ascii=False, indent=4), "utf-8")
        case "csv":
            file.write_bytes(table([row]))

    (mention,), report = brought_in(file)

    assert (mention.source, mention.kind, mention.text) == (source, kind, text)
    assert mention.id == mention_id(source, native_id)
    assert mention.parent_id == mention.root_id
    assert (mention.parent_id or "").startswith(("h_", parent or ""))
    assert (mention.parent_id is None) == (parent is None)
    assert mention.published_precision in {Precision.SECOND, Precision.MINUTE}
    assert mention.published_at.isoformat()[:16] == "2026-11-24T01:57"
    assert mention.captured_at.isoformat() == "2026-11-24T02:00:00+00:00"
    assert report.detected["read_as"].startswith("MediaCrawler")
    wire = str(mention)
    assert not [mark for mark in ("隐私昵称甲", "9990000001", "avatar", "profile") if mark in wire]


def test_media_crawlers_workbook_has_a_sheet_for_each_kind(tmp_path):
    book = openpyxl.Workbook()
    for name, row in (("Contents", XHS_NOTE), ("Comments", XHS_COMMENT)):
        page = book.create_sheet(name)
        page.append(list(row))
        page.append(list(row.values()))
    book.save(tmp_path / "xhs.xlsx")

    mentions, report = brought_in(tmp_path / "xhs.xlsx")

    assert [mention.kind for mention in mentions] == [Kind.POST, Kind.COMMENT]
    assert mentions[0].engagement.likes == 12_000
    assert report.refused == 0


def test_the_same_fetch_imported_twice_is_the_same_revision(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(XHS_NOTE), "utf-8")

    assert brought_in(file)[0] == brought_in(file)[0]


WEIBO_CRAWLER = {
    "id": "5230000000000001\t", "bid": "PxAbC12De", "正文": "冒烟", "头条文章url": "", "原始图片url": "", "视频url": "",
    "位置": "", "日期": "2026-11-24", "工具": "iPhone", "点赞数": "3", "评论数": "2", "转发数": "1", "话题": "", "@用户": "",
    "完整日期": "2026-11-24T09:57:10", "是否原创": "True", "源用户id": "", "源用户昵称": "", "源微博id": "",
    "源微博正文": "",
}  # fmt: skip


def test_weibo_crawlers_table_is_read_with_reposts_and_the_account_it_is_named_after(tmp_path):
    file = tmp_path / "9990000001.csv"
    repost = {
        **WEIBO_CRAWLER,
        "id": "5230000000000002\t",
        "源微博id": "5220000000000001\t",
        "源微博正文": "原文",
    }
    body = table([WEIBO_CRAWLER, repost]).decode("utf-8-sig").replace(",True,,,,", "").encode("utf-8-sig")
    file.write_bytes(body)  # its originals have fewer cells than the header

    first, second = brought_in(file)[0]

    assert (first.source, first.native_id, first.kind) == ("weibo", "5230000000000001", Kind.POST)
    assert first.published_at.isoformat() == "2026-11-24T01:57:10+00:00"
    assert (second.kind, second.parent_id) == (Kind.REPOST, "5220000000000001")
    assert first.author.key == second.author.key != ""
    assert "9990000001" not in str(first)


def test_weibo_crawlers_json_holds_its_list_inside_an_object(tmp_path):
    post = {
        "id": 5230000000000001, "bid": "Px", "text": "冒烟", "pics": "", "created_at": "2026-11-24",
        "full_created_at": "2026-11-24T09:57:10", "attitudes_count": 3, "comments_count": 2, "reposts_count": 1,
    }  # fmt: skip
    body = {
        "user": {"id": "9990000001", "screen_name": "隐私昵称甲"},
        "weibo": [post, {**post, "id": 5230000000000002}],
    }
    file = tmp_path / "9990000001.json"
    file.write_text(json.dumps(body, ensure_ascii=False), "utf-8")

    mentions, report = brought_in(file)

    assert [mention.native_id for mention in mentions] == ["5230000000000001", "5230000000000002"]
    assert report.detected["format"] == "JSON array"


def test_weibo_searchs_table_is_read(tmp_path):
    row = {
        "id": "5230000000000001", "bid": "Px", "user_id": "9990000001", "用户昵称": "隐私昵称甲", "微博正文": "冒烟",
        "头条文章url": "", "发布位置": "", "艾特用户": "", "话题": "", "转发数": "1", "评论数": "2", "点赞数": "3",
        "发布时间": "2026-11-24 09:57", "发布工具": "", "微博图片url": "", "微博视频url": "", "retweet_id": "",
        "ip": "广东", "user_authentication": "蓝V",
    }  # fmt: skip
    (tmp_path / "a.csv").write_bytes(table([row, {**row, "id": "2", "retweet_id": "5220000000000001"}]))

    first, second = brought_in(tmp_path / "a.csv")[0]

    assert (first.kind, first.region, first.author.badge) == (Kind.POST, "广东", "蓝V")
    assert (second.kind, second.root_id) == (Kind.REPOST, "5220000000000001")


def test_4cats_table_has_its_clock_in_utc(tmp_path):
    row = {"id": "74", "thread_id": "74", "body": "冒烟", "timestamp": "2026-11-24 01:57:10", "unix_timestamp": "",
           "author": "隐私昵称甲", "post_url": "https://www.douyin.com/video/74", "likes": "3"}  # fmt: skip
    (tmp_path / "a.csv").write_bytes(table([row]))

    (mention,), _ = brought_in(tmp_path / "a.csv")

    assert (mention.source, mention.parent_id) == ("douyin", None)
    assert mention.published_at.isoformat() == "2026-11-24T01:57:10+00:00"


@pytest.mark.parametrize(
    "columns", [["user_id", "nickname", "fans"], ["up_id", "fan_id", "up_name"], ["用户id", "昵称", "粉丝数"]]
)
def test_files_of_people_are_known_and_hold_nothing_to_take(columns):
    layout = known_layout(columns)

    assert layout is not None
    assert layout.mapping is None


def captured(platform, item, **more):
    return {
        "nav_index": "1:2:3", "item_id": "x", "timestamp_collected": FETCHED, "source_platform": platform,
        "source_platform_url": f"https://www.{platform}/", "source_url": f"https://www.{platform}/api",
        "user_agent": "x", "data": item, **more,
    }  # fmt: skip


def write(tmp_path, *rows):
    file = tmp_path / "captured.ndjson"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return file


MBLOG = {
    "id": "5230000000000001", "created_at": "Tue Nov 24 09:57:10 +0800 2026", "text": "冒烟<br/>了",
    "user": {"id": 9990000001, "screen_name": "隐私昵称甲"},
}  # fmt: skip


def test_a_captured_item_is_read_by_its_platforms_parser_with_the_time_of_capture(tmp_path):
    as_4cat_keeps_it = {
        **MBLOG,
        "id": "2",
        "__import_meta": {"source_platform": "weibo.com", "timestamp_collected": FETCHED},
    }

    mentions, report = brought_in(write(tmp_path, captured("weibo.com", MBLOG), as_4cat_keeps_it))

    assert [mention.native_id for mention in mentions] == ["5230000000000001", "2"]
    assert mentions[0].captured_at.isoformat() == "2026-11-24T02:00:00+00:00"
    assert mentions[0].robots.rule == "imported"
    assert report.refused == 0
    assert "9990000001" not in str(mentions)


def test_an_item_of_a_platform_that_nobody_reads_is_refused_by_name(tmp_path):
    mentions, report = brought_in(
        write(tmp_path, captured("tiktok.com", {"id": "1"}), captured("weibo.com", {"id": "1"}))
    )

    assert mentions == []
    assert "captured from 'tiktok.com', which no parser reads" in report.problems[0]
    assert "no post with an id and a text" in report.problems[1]


NOTE_CARD = {
    "type": "normal", "title": "炸锅", "desc": "冒烟了", "time": SECONDS * 1000, "ip_location": "广东",
    "user": {"user_id": "9990000001", "nickname": "隐私昵称甲"},
    "interact_info": {"liked_count": "1.2万", "comment_count": "3", "share_count": "1"},
}  # fmt: skip
CAMEL_NOTE = {
    "noteId": "66aa00000000000001", "type": "normal", "title": "炸锅", "desc": "冒烟了", "time": SECONDS * 1000,
    "user": {"userId": "9990000001", "nickname": "隐私昵称甲"}, "interactInfo": {"likedCount": "1.2万"},
}  # fmt: skip
AWEME = {
    "aweme_id": "7400000000000000001", "desc": "冒烟了", "create_time": SECONDS,
    "author": {"uid": "9990000001", "nickname": "隐私昵称甲"}, "statistics": {"digg_count": 12_000},
}  # fmt: skip
CAMEL_AWEME = {
    "awemeId": "7400000000000000001", "desc": "冒烟了", "createTime": SECONDS, "ZS_collected_from_embed": True,
    "authorInfo": {"uid": "9990000001", "nickname": "隐私昵称甲"}, "stats": {"diggCount": 12_000},
}  # fmt: skip


@pytest.mark.parametrize(
    ("platform", "item", "native_id", "parsers"),
    [
        (
            "xiaohongshu.com",
            {"id": "66aa00000000000001", "note_card": NOTE_CARD},
            "66aa00000000000001",
            "xiaohongshu.",
        ),
        (
            "xiaohongshu.com",
            {"id": "66aa00000000000001", "note": CAMEL_NOTE},
            "66aa00000000000001",
            "xiaohongshu.",
        ),
        ("douyin.com", AWEME, "7400000000000000001", "douyin."),
        ("douyin.com", CAMEL_AWEME, "7400000000000000001", "douyin."),
    ],
)
def test_both_spellings_of_a_platforms_items_are_read(tmp_path, platform, item, native_id, parsers):
    if not any(name.startswith(parsers) for name in PARSERS):
        pytest.skip(f"no parser {parsers} is there")

    (mention,), _ = brought_in(write(tmp_path, captured(platform, item)))

    assert (mention.native_id, mention.text) == (native_id, "冒烟了")
    assert mention.published_at.isoformat() == "2026-11-24T01:57:10+00:00"
    assert mention.engagement.likes == 12_000
