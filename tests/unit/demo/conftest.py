"""A world that starts at a fixed moment, and a reader that walks a site with the crawler's own parsers."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from crawlers.openings import openings
from crawlers.parsers import Ask, Outcome, Page, parse
from crawlers.sources import Source as CrawledSource
from crawlers.sources import load
from deploy.demo.scenario import Scenario, Source, read_scenario
from deploy.demo.settings_files import write_settings
from deploy.demo.sites import serve_page
from deploy.demo.sites.page import Ask as SiteAsk
from deploy.demo.world import World
from tingchao.mention import Mention
from tingchao.privacy import Secret, seal

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FULL = START + timedelta(seconds=34)  # minute 26: every site has much to show, none refuses
AFTER_CRISIS = START + timedelta(minutes=8)
ORIGINS = {source: f"http://127.0.0.1:{9001 + number}" for number, source in enumerate(Source)}


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return read_scenario()


@pytest.fixture(scope="session")
def world(scenario: Scenario) -> World:
    return World(scenario, START)


@pytest.fixture(scope="session")
def crawled_sources(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CrawledSource]:
    """The demo's sources.yaml as the crawler reads it."""
    home = tmp_path_factory.mktemp("home")
    write_settings(home, scenario.play, ORIGINS, hook="http://h", secret="s" * 32, robot="http://r")
    return {source.id: source for source in load(home / "sources.yaml")}


class Reader:
    """Reads a whole source as the crawler would at one moment: every page, and what lies below each post."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seal = partial(seal, secret=Secret(b"k" * 32))
        self.outcomes: list[Outcome] = []
        self.missing: set[str] = set()
        self.found: dict[str, Mention] = {}

    def read(self, source: CrawledSource, now: datetime) -> None:
        waiting: list[Ask] = [ask for _, ask in openings(source)]
        seen: set[str] = set()
        while waiting:
            ask = waiting.pop()
            if ask.url in seen:
                continue
            seen.add(ask.url)
            parsed = parse(ask.parser, self._page(source.id, ask, now), self._seal)
            self.outcomes.append(parsed.outcome)
            self.missing.update(parsed.missing)
            self.found.update({mention.native_id: mention for mention in parsed.mentions})
            waiting += [*([parsed.next] if parsed.next else []), *(follow.ask for follow in parsed.follow)]

    def _page(self, source: str, ask: Ask, now: datetime) -> Page:
        parts = urlsplit(ask.url)
        asked = SiteAsk(unquote(parts.path), dict(parse_qsl(parts.query)), f"http://{parts.netloc}")
        answer = serve_page(self._world, Source(source), asked, now)
        headers = {"content-type": answer.kind, **{name.lower(): value for name, value in answer.headers}}
        return Page(
            url=ask.url,
            body=answer.body,
            captured_at=now,
            source=source,
            status=answer.status,
            headers=headers,
            context=ask.context,
        )


@pytest.fixture(scope="session")
def readings(world: World, crawled_sources: dict[str, CrawledSource]) -> dict[Source, Reader]:
    """Each source as the crawler has read it at FULL."""
    read = {source: Reader(world) for source in Source}
    for source, reader in read.items():
        reader.read(crawled_sources[source], FULL)
    return read


def texts_of(mentions: Iterable[Mention]) -> str:
    """Everything that a reader of these mentions could see, as one text."""
    return "\n".join(repr(mention) for mention in mentions)
