"""`tingchao when`, and how the commands choose."""

import io
import json

import pytest

from crawlers import commands
from tingchao.errors import BadInput
from tingchao.settings import Settings


def test_when_answers_line_by_line_in_order():
    lines = [
        '{"text": "昨天 23:50", "captured_at": "2026-11-24T02:00:00Z"}',
        '{"text": null, "captured_at": "2026-11-24T02:00:00Z"}',
        '{"text": 1795485430, "captured_at": "2026-11-24T10:00:00+08:00"}',
        "{",
        '{"captured_at": "2026-11-24T02:00:00Z"}',
        '{"text": "刚刚", "captured_at": "2026-11-24T02:00:00"}',
        '{"text": "刚刚"}',
    ]
    out = io.StringIO()

    bad = commands.when_lines(lines, out)

    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert answers[:3] == [
        {"time": "2026-11-23T15:50:00Z", "precision": "minute"},
        {"time": None, "precision": "none"},
        {"time": "2026-11-24T01:57:10Z", "precision": "second"},
    ]
    assert [list(answer) for answer in answers[3:]] == [["error"]] * 4
    assert bad == 4


def test_an_unknown_source_is_named_with_those_there_are(tmp_path):
    with pytest.raises(BadInput, match=r"--source 'nowhere'.*ithome"):
        commands.crawl(Settings(home=tmp_path), once=True, only=["nowhere"])


def test_a_dry_run_of_an_import_needs_no_bus(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "1", "text": "炸锅冒烟"}\n', "utf-8")
    settings = Settings(home=tmp_path / "home", bus="kafka://127.0.0.1:1")

    report = commands.import_file(settings, file, dry_run=True)

    assert (report["read"], report["published"], report["undated"]) == (1, 0, 1)


def test_an_import_reaches_the_bus(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "1", "text": "炸锅冒烟"}\n', "utf-8")

    assert commands.import_file(Settings(home=tmp_path), file)["published"] == 1
