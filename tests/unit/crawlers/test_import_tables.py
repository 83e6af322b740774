"""Tables of analysts: CSV in any usual form, workbooks, and what their columns mean."""

import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.imports import import_file
from crawlers.imports import workbook as workbooks
from crawlers.imports.mapping import read_mapping, write_mapping
from tests.unit.crawlers.imported import NOW, SECRET, brought_in, table
from tingchao.errors import BadInput
from tingchao.mention import Kind, Precision

ROW = {
    "发布时间": "2026-11-23 09:12:30",
    "平台": "新浪微博",
    "作者": "隐私昵称甲",
    "内容": "炸锅冒烟，\n客服不理人",
    "原文链接": "https://m.weibo.cn/detail/5230000000000001",
    "微博ID": "5230000000000001",
    "转发数": "1.2万",
    "评论数": "10万+",
    "点赞数": "-",
    "IP属地": "广东",
    "信息类型": "原创",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_table_is_read_whatever_its_encoding_and_delimiter(tmp_path, encoding, delimiter):
    file = tmp_path / "a.csv"
    file.write_bytes(table([ROW, {**ROW, "微博ID": "2"}], delimiter=delimiter, encoding=encoding))

    mentions, report = brought_in(file)

    assert (report.read, report.published, report.refused) == (2, 2, 0)
    first = mentions[0]
    assert (first.source, first.kind, first.native_id) == ("weibo", Kind.POST, "5230000000000001")
    assert first.text == "炸锅冒烟，\n客服不理人"
    assert first.author.name_masked == "隐**"
    assert first.published_precision is Precision.SECOND
    assert (first.engagement.reposts, first.engagement.comments, first.engagement.likes) == (
        12_000,
        100_000,
        None,
    )
    assert first.region == "广东"
    assert report.detected["encoding"].startswith(encoding[:5])


def test_the_columns_that_were_guessed_are_told_before_anything_is_published(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(table([ROW, ROW, {**ROW, "发布时间": "bald", "微博ID": "3"}]))

    told = import_file(file, None, SECRET, now=NOW).to_dict()

    assert told["columns"]["text"] == "内容"
    assert told["columns"]["published_at"] == "发布时间"
    assert told["format"] == "CSV, cells between commas"
    assert (told["read"], told["published"], told["repeated"], told["undated"]) == (3, 0, 1, 1)
    assert told["times"] == {"0000-00-00 00:00:00": 2, "unreadable": 1}
    assert told["preview"][0].startswith(
        "weibo post 5230000000000001, 2026-11-23T01:12:30Z (second), 隐**: 炸锅冒烟"
    )
    assert "隐私昵称甲" not in str(told)


def test_columns_without_telling_names_are_found_by_their_values(tmp_path):
    file = tmp_path / "a.csv"
    rows = [
        {
            "A": f"https://www.zhihu.com/question/{n}",
            "B": "2026-11-20 10:00",
            "C": "这台机器用了三天就坏了",
            "D": "x",
        }
        for n in range(1, 4)
    ]
    file.write_bytes(table(rows))

    mentions, _ = brought_in(file)

    assert [mention.source for mention in mentions] == ["zhihu"] * 3
    assert mentions[0].native_id == "https://www.zhihu.com/question/1"
    assert mentions[0].published_precision is Precision.MINUTE


def test_rows_without_an_id_get_one_that_stays_the_same_when_counts_change(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_bytes(table([{"内容": "冒烟", "时间": "2026-11-20", "点赞数": 3}]))
    second.write_bytes(table([{"内容": "冒烟", "时间": "2026-11-20", "点赞数": 9}]))

    assert brought_in(first)[0][0].id == brought_in(second)[0][0].id


def test_a_mapping_goes_before_every_guess_and_comes_back_from_its_file(tmp_path):
    file, mapping = tmp_path / "a.csv", tmp_path / "m.yaml"
    file.write_bytes(table([{"a": "2026-11-20 10:00", "b": "拒绝退款", "c": "17390000001", "内容": "别读"}]))
    mapping.write_text(
        "source: heimao\nkind: complaint\ntimezone: UTC\ncolumns: {id: c, text: b, published_at: a}\n",
        "utf-8",
    )

    found = read_mapping(mapping)
    write_mapping(tmp_path / "again.yaml", found)
    mentions, _ = brought_in(file, mapping=found)

    assert read_mapping(tmp_path / "again.yaml") == found
    assert (mentions[0].source, mentions[0].kind, mentions[0].text) == ("heimao", Kind.COMPLAINT, "拒绝退款")
    assert mentions[0].published_at.isoformat() == "2026-11-20T10:00:00+00:00"


def test_the_guess_can_be_written_down_and_given_back(tmp_path):
    file, mapping = tmp_path / "a.csv", tmp_path / "m.yaml"
    file.write_bytes(table([ROW]))
    found = []

    guessed = brought_in(file, found=found.append)[0]
    write_mapping(mapping, found[0])

    assert "kinds" not in yaml.safe_load(mapping.read_text("utf-8"))
    assert brought_in(file, mapping=read_mapping(mapping))[0] == guessed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {txt: a}", "'txt' is no field. Fields are id,"),
        ("columns: {id: a}", "name the one with the text"),
        ("columns: {text: a}\nkind: rant", "Invalid enum value"),
        ("columns: {text: a}\ntimezone: Mars/Base", "timezone='Mars/Base' is none"),
        ("columns: [a", "no YAML"),
        ("- 1", "Expected `object`"),
        ("colums: {text: a}", "colums"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_would_be_right(tmp_path, text, said):
    (tmp_path / "m.yaml").write_text(text, "utf-8")

    with pytest.raises(BadInput, match=r"m\.yaml") as caught:
        read_mapping(tmp_path / "m.yaml")

    assert said in str(caught.value)


def test_a_row_with_too_many_cells_is_refused_by_its_line_and_the_others_come_in(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('id,内容\n1,冒烟\n2,冒,烟\n\n3,"炸\n锅"\n4,坏了', "utf-8")

    mentions, report = brought_in(file)

    assert [mention.native_id for mention in mentions] == ["1", "3", "4"]
    assert report.problems == [
        "line 3: 3 cells, but the header names 2 columns; is a cell with a delimiter unquoted?"
    ]


def test_a_quote_that_is_never_closed_costs_one_problem_not_the_file(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('id,内容\n1,冒烟\n2,"' + "炸\n" * 80_000 + "3,坏了\n", "utf-8")

    mentions, report = brought_in(file)

    assert mentions[0].native_id == "1"
    assert "is a quote never closed?" in report.problems[0]
    assert mentions[-1].native_id == "3"


@pytest.mark.parametrize("spoilt", [b"\xff", b"\xd0\xa1\xc3\xd7"])
def test_a_few_broken_bytes_do_not_make_a_file_one_of_another_encoding(tmp_path, spoilt):
    file = tmp_path / "a.csv"
    file.write_bytes(
        "id,内容\n1,炸锅冒烟炸锅冒烟炸锅冒烟炸锅冒烟炸锅冒烟炸锅冒烟\n2,坏了".encode() + spoilt + b"\n"
    )

    mentions, report = brought_in(file)

    assert report.detected["encoding"] == "utf-8"
    assert mentions[0].text.startswith("炸锅冒烟")
    assert report.warnings == ["line 3: has characters that could not be read; is it saved as UTF-8?"]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a.csv", b"a,b\n1,2\n", "no column with the text was found.* Columns are a, b"),
        ("a.csv", b"user_id,nickname,fans\n1,x,3\n", "people, not posts"),
        ("a.csv", b",,\n", "no header"),
        ("a.csv", "冒烟,2026-11-20 10:00,x\n".encode(), "no header.* looks like a row"),
        ("a.xlsx", b"PK\x03\x04rubbish", "no workbook that can be read"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it as .xlsx"),
        ("a.json", b'[{"id": "1", "text": "x"}, {"id": ', "row 2"),
        ("a.json", b'[{"id": "1", "text": "x"}', "without a ]"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, name, body, said):
    (tmp_path / name).write_bytes(body)

    with pytest.raises(BadInput, match=said):
        brought_in(tmp_path / name)


def test_an_array_of_json_is_read_element_by_element(tmp_path):
    file = tmp_path / "a.json"
    rows = ", ".join(f'{{"id": "{n}", "text": "冒烟{{]}} \\"{"长" * 500}"}}' for n in range(900))
    file.write_text(f"[\n  {rows}, 3\n]", "utf-8")

    mentions, report = brought_in(file)

    assert len(mentions) == 900
    assert report.problems == ["row 901: no JSON object; give one object a line"]


def workbook(path, *rows, sheet="数据"):
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def test_a_workbook_is_read_below_its_title_and_ids_that_excel_shortened_are_named(tmp_path):
    file = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet()
    page.write_row(0, 0, ["舆情日报"])
    page.write_row(1, 0, ["微博ID", "内容", "发布时间", "点赞数"])
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for line, (id, text) in enumerate(
        [(5.230000000000001e15 * 1000, "冒烟"), ("5230000000000001", "坏了")], 2
    ):
        page.write(line, 0, id) if isinstance(id, float) else page.write_string(line, 0, id)
        page.write(line, 1, text)
        page.write_datetime(line, 2, NOW.replace(tzinfo=None), day)
        page.write(line, 3, 12)
    book.close()

    mentions, report = brought_in(file)

    assert [mention.text for mention in mentions] == ["冒烟", "坏了"]
    assert mentions[1].native_id == "5230000000000001"
    assert mentions[0].native_id not in {"5.23e+18", "5230000000000001000"}
    assert mentions[0].published_at.isoformat() == "2026-11-23T18:00:00+00:00"
    assert mentions[0].engagement.likes == 12
    assert len(report.warnings) == 1
    assert report.warnings[0].startswith("row 3: id 5230000000000001")
    assert "lost digits" in report.warnings[0]


def test_ids_that_a_spreadsheet_wrote_in_powers_of_ten_do_not_make_many_posts_one(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(table([{"微博ID": "5.23E+15", "内容": text} for text in ("冒烟", "坏了")]))

    mentions, report = brought_in(file)

    assert len({mention.id for mention in mentions}) == 2
    assert len(report.warnings) == 2


def test_days_and_times_of_a_workbook_are_wall_clocks_of_the_mapping(tmp_path):
    file = workbook(
        tmp_path / "a.xlsx", ["内容", "时间"], ["冒烟", NOW.replace(tzinfo=None)], ["坏了", 46349.5]
    )

    times = [mention.published_at.isoformat() for mention in brought_in(file)[0]]

    assert times == ["2026-11-23T18:00:00+00:00", "2026-11-23T04:00:00+00:00"]


def test_a_sheet_without_posts_is_named_and_the_others_are_read(tmp_path):
    file = workbook(
        tmp_path / "a.xlsx", ["note_id", "desc", "liked_count", "collected_count"], ["1", "好用", 1, 2]
    )
    book = openpyxl.load_workbook(file)
    book.create_sheet("Creators").append(["user_id", "nickname", "fans"])
    book["Creators"].append(["1", "隐私昵称甲", 3])
    book.save(file)

    mentions, report = brought_in(file)

    assert [mention.source for mention in mentions] == ["xiaohongshu"]
    assert report.warnings == ["sheet 'Creators': MediaCrawler creators: such rows hold people, not posts"]


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1_000_000)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)

    with pytest.raises(BadInput, match="unpacks to 2,000,000 bytes"):
        brought_in(tmp_path / "a.xlsx")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.json", "a.jsonl", "a.txt", "a.xlsx"]))
def test_no_bytes_make_an_import_raise_anything_but_bad_input(tmp_path_factory, body, name):
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(body)
    try:
        import_file(file, None, SECRET, now=NOW)
    except BadInput:
        return


CELL = st.text(max_size=12) | st.sampled_from(
    ["1.2万", "2026-11-20", "5.2E+18", "0", "https://a.example/b", "\x00"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=6), st.sampled_from([",", "\t"]))
def test_no_table_makes_an_import_raise_anything_but_bad_input(tmp_path_factory, rows, delimiter):
    file = tmp_path_factory.getbasetemp() / "t.csv"
    head = delimiter.join(["内容", "id", "时间", "链接"])
    file.write_text("\n".join([head, *(delimiter.join(row) for row in rows)]), "utf-8", errors="replace")
    try:
        import_file(file, None, SECRET, now=NOW)
    except BadInput:
        return


@pytest.fixture(scope="module")
def parts():
    out = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["内容", "id"])
    book.active.append(["冒烟", "1"])
    book.save(out)
    with zipfile.ZipFile(out) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_broken_workbook_makes_an_import_raise_anything_but_bad_input(tmp_path_factory, parts, data):
    file = tmp_path_factory.getbasetemp() / "w.xlsx"
    broken = data.draw(st.sampled_from(sorted(parts)))
    body = bytearray(parts[broken])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with zipfile.ZipFile(file, "w") as packed:
        for name, whole in parts.items():
            packed.writestr(name, bytes(body) if name == broken else whole)
    try:
        import_file(file, None, SECRET, now=NOW)
    except BadInput:
        return
