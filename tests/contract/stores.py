"""A store of its own for a test: where it is opened, and what of it is left behind; and mentions and questions to try it
with."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from msgspec.structs import replace

from tingchao.mention import Kind, Label, Match, Mention, Role, Sentiment, mention_id
from tingchao.query import parse
from tingchao.store import Scope, Store

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

STORES = ["sqlite", pytest.param("elasticsearch", marks=pytest.mark.services)]


def store_address(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of an empty store of the kind in `request.param`, removed afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
        return
    server, prefix = request.getfixturevalue("elasticsearch_address"), f"t{uuid4().hex[:12]}"
    yield f"{server}/{prefix}"
    indices = requests.get(f"{server}/{prefix}-*/_settings", timeout=30).json()
    if indices:
        requests.delete(f"{server}/{','.join(indices)}", timeout=30).raise_for_status()
    requests.delete(f"{server}/_index_template/{prefix}-*", timeout=30).raise_for_status()


def a_mention(number: int = 1, text: str = "小米SU7在高速上冒烟了", **changes: object) -> Mention:
    at = NOON + number * MINUTE
    plain = Mention(
        id=mention_id("weibo", str(number)),
        source="weibo",
        kind=Kind.POST,
        native_id=str(number),
        text=text,
        published_at=at,
        captured_at=at + MINUTE,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def felt(label: Label) -> Sentiment:
    return Sentiment(label, *(0.8 if label is one else 0.1 for one in Label))


def about(*topics: str) -> tuple[Match, ...]:
    return tuple(Match(topic, Role.BRAND) for topic in topics)


def asking(query: str = "", since: datetime | None = None, until: datetime | None = None) -> Scope:
    return Scope(parse(query), since, until)


def found(store: Store, query: str, **window: datetime) -> set[str]:
    store.refresh()
    return {mention.native_id for mention in store.search(asking(query, **window)).hits}
