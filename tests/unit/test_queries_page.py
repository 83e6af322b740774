"""docs/queries.md tells what is so."""

import re
from datetime import UTC, datetime
from pathlib import Path

from tingchao.query import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, Subject, match, parse
from tingchao.query.reading import FIELDS
from tingchao.watchlist import from_yaml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "queries.md").read_text("utf-8")


def test_every_field_and_limit_is_on_the_page():
    assert all(f"`{field}:" in PAGE for field in FIELDS)
    assert all(f"{limit:,}" in PAGE for limit in (MAX_DEPTH, MAX_LENGTH, MAX_TERMS))


def test_the_examples_parse():
    block = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)[0]

    for line in block.splitlines():
        parse(line, now=datetime(2026, 11, 24, tzinfo=UTC))


def test_the_table_of_words_is_true():
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.*?) ?\|$", PAGE.partition("## Operators")[0], re.MULTILINE)

    assert len(rows) == 9
    for query, found, not_found in rows:
        for text in re.sub(r", also.*|\(.*?\)", "", found).split(", "):
            assert match(parse(query), Subject(text)) is not None, (query, text)
        for text in filter(None, re.sub(r" \(.*?\)", "", not_found).split(", ")):
            assert match(parse(query), Subject(text)) is None, (query, text)


def test_the_watchlist_of_the_page_loads():
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert [topic.id for topic in from_yaml(block).topics] == ["xiaomi", "auto-law"]
