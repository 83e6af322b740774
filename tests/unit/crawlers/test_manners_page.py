"""The page on manners names what there is."""

from pathlib import Path

from crawlers.manners.breakers import REFUSING
from crawlers.manners.budgets import USUAL, Budget
from crawlers.manners.ledger import KEPT, MOST_ROWS, Fate

PAGE = (Path(__file__).parents[3] / "docs" / "manners.md").read_text("utf-8")


def test_every_outcome_budget_and_status_is_described():
    names = [*(f"`{fate}`" for fate in Fate), *Budget.__struct_fields__, *map(str, REFUSING)]
    numbers = [KEPT.days, MOST_ROWS, f"{USUAL.requests_per_day:,}", f"{USUAL.mebibytes_per_day:,}"]

    assert [name for name in [*names, *map(str, numbers)] if name not in PAGE] == []
