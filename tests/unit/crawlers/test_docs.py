"""The pages on sources name what there is, and the page on adding one tells the truth."""

import re
from pathlib import Path

import yaml

from crawlers.parsers import PARSERS, REFUSING, Outcome
from crawlers.registry import entries, spiders
from crawlers.sources import Source
from crawlers.visits.health import Health, State

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [DOCS / "sources.md", *(DOCS / "sources").glob("*.md"), DOCS / "completeness.md", DOCS / "manners.md"]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES if page.exists())
ADDING = (DOCS / "adding-a-source.md").read_text("utf-8")


def test_every_spider_parser_outcome_state_and_field_is_described():
    names = [*spiders(), *PARSERS, *Outcome, *State, *map(str, REFUSING), *Source.__struct_fields__]
    names += [name for name in Health.__struct_fields__ if name not in {"name", "state", "interval"}]

    assert [name for name in names if f"{name}" not in TEXT] == []


def test_every_field_of_a_source_has_its_line():
    page = (DOCS / "sources.md").read_text("utf-8")

    assert [
        name for name in Source.__struct_fields__ if f"`{name}`" not in page and f" {name}: " not in page
    ] == []


def test_every_file_that_the_page_on_adding_a_source_names_is_there():
    named = set(re.findall(r"`((?:crawlers|tests|docs)/[\w./-]+)`", ADDING))

    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_source_that_it_adds_is_there_as_it_is_shown():
    (shown,) = yaml.safe_load(ADDING.split("```yaml\n")[1].split("```")[0])
    (entry,) = [entry for entry in entries() if entry.id == "discourse"]

    assert shown["parsers"] == dict(entry.parsers)
    assert shown["spiders"]["discourse"]["asks"] == [
        {"url": entry.spiders["discourse"].asks[0].url, "parser": "discourse.latest"}
    ]
    assert shown["reads"]["en"] == entry.reads.en
    assert set(entry.parsers) <= set(PARSERS)
