"""The page on sources names what there is."""

from pathlib import Path

from crawlers.health import Health, State
from crawlers.parsers import PARSERS, REFUSING, Outcome
from crawlers.sources import Source, Spider

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text("utf-8")


def test_every_spider_parser_outcome_state_and_field_is_described():
    names = [*Spider, *PARSERS, *Outcome, *State, *map(str, REFUSING), *Source.__struct_fields__]
    names += [name for name in Health.__struct_fields__ if name not in {"name", "state", "interval"}]

    assert [name for name in names if f"{name}" not in PAGE] == []
