"""A search over a made-up archive in the shape of hn.algolia.com, with the faults of real ones: a cap, numbered pages
that move, empty pages at random, posts that go."""

import asyncio
import json
import re
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

from crawlers.parsers import Ask, Page
from crawlers.visits.checkpoint import Checkpoint, from_body, to_body
from crawlers.visits.visiting import Tally, Unreachable, Visit
from tingchao.privacy import Secret, seal

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
PATH = "/api/v1/search_by_date"
BOUNDS = re.compile(r"created_at_i(>=|<)(\d+)")


def opening(base="https://hn.example", size=100):
    fixed = {"query": "x", "tags": "(story,comment)", "hitsPerPage": str(size), "page": "0"}
    return Ask(f"{base}{PATH}?{urlencode(fixed)}", "hackernews.search")


class Archive:
    """Posts by number: when they were published. `empty` are how many answers of each page are empty by chance."""

    def __init__(self, cap=1_000):
        self.posts = {}
        self.cap = cap
        self.empty = Counter()

    def post(self, number, at):
        self.posts[str(number)] = int(at.timestamp())

    def answer(self, url):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        found = [(at, number) for number, at in self.posts.items() if self._is_in(at, number, asked)]
        found.sort(reverse=True)
        size, page = int(asked["hitsPerPage"]), int(asked["page"])
        shown = found[: self.cap][page * size : (page + 1) * size]
        if self.empty[page] > 0:
            self.empty[page] -= 1
            shown = []
        hits = [
            {"objectID": number, "created_at_i": at, "comment_text": f"炸锅 {number}", "author": "a"}
            for at, number in shown
        ]
        pages = -(-min(len(found), self.cap) // size)
        return json.dumps({"hits": hits, "nbHits": len(found), "page": page, "nbPages": pages}).encode()

    def _is_in(self, at, number, asked):
        for sign, bound in BOUNDS.findall(asked.get("numericFilters", "")):
            if at < int(bound) if sign == ">=" else at >= int(bound):
                return False
        tag = asked["tags"]
        return tag == "(story,comment)" or tag == ("story" if int(number) % 2 else "comment")


class Killed(BaseException):
    """The process is gone."""


class Crawl:
    """Visits to an archive, each from the checkpoint that the one before wrote, as a process would after a restart."""

    def __init__(self, archive, size=100):
        self.archive = archive
        self.opening = opening(size=size)
        self.checkpoint = Checkpoint()
        self.asked = []
        self.got = []
        self.tally = Tally()
        self.kill_at = self.fail_at = None
        self.now = NOW

    async def _fetch(self, ask):
        self.asked.append(ask.url)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            raise Unreachable("answered 503")
        return Page(
            url=ask.url,
            body=self.archive.answer(ask.url),
            captured_at=self.now,
            source="hn",
            context=ask.context,
        )

    async def _deliver(self, mentions):
        if self.kill_at is not None and len(self.asked) >= self.kill_at:
            raise Killed
        self.got += [mention.native_id for mention in mentions]
        return len(mentions)

    async def _keep(self, state):
        self.checkpoint = from_body(json.loads(json.dumps(to_body(state), default=str)))

    def visit(self, *, pages=5, now=NOW, kill_at=None, fail_at=None):
        self.fail_at = fail_at
        self.asked, self.kill_at, self.tally, self.now = [], kill_at, Tally(), now
        sealed = partial(seal, secret=Secret(b"s" * 32))
        visit = Visit(self._fetch, self._deliver, sealed, {}, self.tally, keep=self._keep)
        before = self.checkpoint
        with suppress(Killed, Unreachable):
            asyncio.run(visit.make(self.opening, before, pages=pages, interval=timedelta(minutes=1), now=now))
        return before

    @property
    def missed(self):
        return set(self.archive.posts) - set(self.got)
