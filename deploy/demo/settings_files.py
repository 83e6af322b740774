"""A home folder that watches the demo: watchlist.yaml, sources.yaml and tingchao.env."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.demo.drafts import probe_name
from deploy.demo.scenario import Play, Source
from deploy.demo.sites import SITES
from deploy.demo.sites.mastodon import EVERY_TAG

INTERVAL = 1
PAGES = 50
HEAD = "# Written by the demo at each start; it holds the ports of this run.\n"


def write_settings(
    folder: Path,
    play: Play,
    origins: Mapping[Source, str],
    *,
    hook: str,
    secret: str,
    robot: str,
    steady: bool = False,
) -> None:
    """Write the three files into `folder`, over those of an earlier run. `steady` adds the probe topics."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "watchlist.yaml", _yaml({"topics": watchlist(play, steady=steady)}))
    _write(folder / "sources.yaml", _yaml({"sources": sources(play, origins)}))
    settings = {
        "WATCHLIST": "watchlist.yaml",
        "SOURCES": "sources.yaml",
        "ALLOW_PRIVATE_HOSTS": "true",
        "WEBHOOK_URL": hook,
        "WEBHOOK_SECRET": secret,
        "WECOM_URL": robot,
    }
    _write(
        folder / "tingchao.env",
        HEAD + "".join(f"TINGCHAO_{key}={value}\n" for key, value in settings.items()),
    )


def watchlist(play: Play, *, steady: bool = False) -> list[dict[str, Any]]:
    """The topics as watchlist.yaml holds them."""
    topics: list[dict[str, Any]] = [
        {
            "id": topic.id,
            "name": topic.name,
            "role": topic.role,
            "query": topic.query,
            "aliases": list(topic.aliases),
        }
        for topic in play.topics
    ]
    if steady:
        names = [probe_name(number) for number in range(play.load.probes)]
        topics += [
            {"id": f"probe-{name[-2:].lower()}", "name": name, "role": "brand", "query": name}
            for name in names
        ]
    return topics


def sources(play: Play, origins: Mapping[Source, str]) -> list[dict[str, Any]]:
    """The six sources as sources.yaml holds them: asked every second, without a pause, for this is our own site."""
    asked: dict[Source, dict[str, Any]] = {
        Source.NEWS: {"spider": "rss", "url": f"{origins[Source.NEWS]}/feed.xml"},
        Source.FORUM: {"spider": "forum", "base": origins[Source.FORUM]},
        Source.MICROBLOG: {
            "spider": "microblog",
            "base": origins[Source.MICROBLOG],
            "queries": list(play.words),
        },
        Source.COMPLAINTS: {
            "spider": "complaints",
            "base": origins[Source.COMPLAINTS],
            "queries": list(play.words),
        },
        Source.REVIEWS: {"spider": "appstore", "base": origins[Source.REVIEWS], "app": play.app},
        Source.MASTODON: {"spider": "mastodon", "base": origins[Source.MASTODON], "tags": [EVERY_TAG]},
    }
    return [
        {
            "id": source.value,
            "name": SITES[source].NAME,
            **how,
            "interval": INTERVAL,
            "delay": 0,
            "pages": PAGES,
        }
        for source, how in asked.items()
    ]


def _yaml(content: Mapping[str, Any]) -> str:
    return HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=200)


def _write(path: Path, text: str) -> None:
    """Only the owner may read: one of the files holds a secret."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, "utf-8")
