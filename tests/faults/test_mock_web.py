"""Full crawls of a made-up web collect exactly what it holds: got = held for each source, faults included."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.mockweb.closed import all_closed
from tests.mockweb.faults import for_site
from tests.mockweb.official import KEYS, all_official
from tests.mockweb.open_sources import all_open, feed
from tests.mockweb.serving import ALLOW, FORBID, NONE, Answer, Holding, Site
from tingchao.bus import RAW, open_bus
from tingchao.mention import decode_mention
from tingchao.settings import Settings
from tingchao.store import open_store

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
WITHIN = 240.0


class Heard:
    """What has come to the bus: by source, the last text of each post."""

    def __init__(self, home: Path) -> None:
        self._bus = open_bus(Settings(home=home).bus_address)
        self._batches = self._bus.subscribe([RAW], "test", wait=0.2)
        self.texts: dict[str, dict[str, str]] = {}
        self.count = 0

    def listen(self) -> None:
        """Take in what there is now."""
        while batch := next(self._batches):
            for message in batch.messages:
                mention = decode_mention(message.value)
                self.texts.setdefault(mention.source, {})[mention.native_id] = mention.text
                self.count += 1
            self._bus.commit(batch)

    def close(self) -> None:
        self._batches.close()  # type: ignore[attr-defined]
        self._bus.close()


@contextmanager
def crawling(home: Path, sites: dict[str, Site], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    usual = {"delay": 0, "interval": 1, "pages": 20}
    entries = [{**usual, "id": name, **site.entry()} for name, site in sites.items()]
    (home / "sources.yaml").write_text(json.dumps({"sources": entries}), "utf-8")
    env = {**os.environ, **KEYS, "TINGCHAO_HOME": str(home), "TINGCHAO_ALLOW_PRIVATE_HOSTS": "true",
           "TINGCHAO_BUS": "", "TINGCHAO_STORE": "", "PYTHONPATH": str(ROOT)}  # fmt: skip
    with (home / "crawl.out").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.mockweb.crawler", str(home), *options],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def different(held: dict[str, Holding], heard: Heard) -> dict[str, str]:
    """By source what of it was not heard as it is, and what was heard that is not there. By texts, of which no two are
    the same, for the seal takes the place of many ids."""
    found = {}
    for name, holding in held.items():
        texts = heard.texts.get(name, {})
        wanted, got = set(holding.holds.values()), set(texts.values())
        if wanted != got or len(texts) != len(holding.holds):
            told = f"{sorted(wanted - got)[:3]} missing, {sorted(got - wanted)[:3]} more"
            found[name] = f"{len(texts)} of {len(holding.holds)}: {told}"
    return found


def made(now: datetime) -> dict[str, Holding]:
    return {**all_open(now), **all_official(now), **all_closed(now)}


@pytest.mark.parametrize("faulty", [False, True], ids=["well", "with every fault"])
def test_got_is_held(tmp_path: Path, faulty: bool) -> None:
    held = made(datetime.now(UTC))
    sites = {
        name: Site(holding, for_site(n) if faulty else ()) for n, (name, holding) in enumerate(held.items())
    }
    heard = Heard(tmp_path)
    try:
        with crawling(tmp_path, sites) as process:
            end = time.monotonic() + WITHIN
            while time.monotonic() < end and process.poll() is None:
                heard.listen()
                if not different(held, heard) and not any(site.waiting for site in sites.values()):
                    break
        heard.listen()

        left = {name: [f.__name__ for f in site.waiting] for name, site in sites.items() if site.waiting}
        assert (different(held, heard), left) == ({}, {}), (tmp_path / "crawl.out").read_text("utf-8")[
            -3_000:
        ]
    finally:
        heard.close()
        for site in sites.values():
            site.close()
    with open_store(Settings(home=tmp_path).store_address) as store:
        lost = {
            each.id: each.body["error"] for each in store.documents("source") if each.body["state"] != "ok"
        }
    assert not lost or faulty


def test_no_page_is_asked_that_robots_txt_forbids_or_where_it_cannot_be_read(tmp_path: Path) -> None:
    heeded = {"forbids": FORBID, "hides": Answer(403), "fails": Answer(503), "is_html": Answer(body=b"<html>hi</html>"),
              "hangs_up": Answer(silent=True), "goes_round": Answer(302, {"Location": "/robots.txt"})}  # fmt: skip
    open_to_us = {"allows": ALLOW, "is_none": NONE, "is_gone": Answer(410)}
    held = {name: feed(datetime.now(UTC)) for name in (*heeded, *open_to_us)}
    for name, robots in {**heeded, **open_to_us}.items():
        held[name].robots = robots
    sites = {name: Site(holding) for name, holding in held.items()}
    heard = Heard(tmp_path)
    try:
        with crawling(tmp_path, sites, "--once") as process:
            process.wait(60)
        heard.listen()

        assert heard.texts.keys() == open_to_us.keys()
        assert not different({name: held[name] for name in open_to_us}, heard)
        for name in heeded:
            assert set(sites[name].asked) == {"/robots.txt"}
    finally:
        heard.close()
        for site in sites.values():
            site.close()
