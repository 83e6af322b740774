"""Everything that is public at a moment: the quiet weeks, the crisis and, for measuring, the load.

`World` is made once from scenario, start, speed and seed; what it holds never changes, and every question takes
the time as an argument. No clock, no socket.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random

from deploy.demo.drafts import Draft, crisis_drafts, load_drafts, quiet_drafts
from deploy.demo.people import make_people
from deploy.demo.posts import Post
from deploy.demo.scenario import Refusal, Scenario, Source

FIRST_IDS = {
    Source.NEWS: 81_000_000,
    Source.FORUM: 10_600_000,
    Source.MICROBLOG: 5_230_000_000_000_000,
    Source.COMPLAINTS: 17_390_000_000,
    Source.REVIEWS: 12_800_000_000,
    Source.MASTODON: 115_700_000_000_000_000,
}
_WHEN = attrgetter("at")


class World:
    """What the six sites know. `start` is aware; at `speed` N a crisis minute lasts 60/N seconds.

    With `steady` N there is no crisis: N new mentions a second from `start` on, and bursts about probe names.
    """

    def __init__(
        self, scenario: Scenario, start: datetime, speed: float = 60, seed: int = 1, steady: float = 0
    ) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start={start.isoformat()} has no time zone")
        if speed <= 0 or steady < 0:
            raise ValueError(f"speed={speed}, steady={steady}: speed must be above 0, steady not below")
        self.play = scenario.play
        self.start = start.astimezone(UTC)
        self.speed = speed
        self.steady = steady
        self.crisis_at = self.start + timedelta(seconds=self.play.crisis.calm_seconds)
        rng = Random(seed)
        self.people = make_people(rng)
        drafts = quiet_drafts(scenario, self.people, rng, self.start)
        if steady:
            drafts += load_drafts(scenario, self.people, rng, self.start, steady)
        else:
            drafts += crisis_drafts(scenario, self.people, rng, self.crisis_at, speed)
        self._posts = _published(drafts)
        self._roots: dict[Source, list[Post]] = defaultdict(list)
        self._answers: dict[str, list[Post]] = defaultdict(list)
        for post in self._posts:
            if post.root:
                self._answers[post.root].append(post)
            else:
                self._roots[post.source].append(post)
        self._by_id = {post.id: post for post in self._posts}

    def posts_until(self, now: datetime) -> Sequence[Post]:
        """Every mention published at or before `now`, oldest first."""
        return _until(self._posts, now)

    def roots(self, source: Source, now: datetime) -> Sequence[Post]:
        """Posts, threads, articles, reviews, complaints of `source`, newest first; answers are not among them."""
        return _until(self._roots[source], now)[::-1]

    def answers(self, root: Post, now: datetime) -> Sequence[Post]:
        """Comments or replies anywhere below `root`, oldest first."""
        return _until(self._answers.get(root.id, []), now)

    def find(self, source: Source, post_id: str, now: datetime) -> Post | None:
        """The mention that `source` calls `post_id`, once it is published."""
        post = self._by_id.get(post_id)
        return post if post and post.source is source and post.at <= now else None

    def minute(self, now: datetime) -> float:
        """Minutes of the crisis that have passed at `now`; below zero before it."""
        return (now - self.crisis_at).total_seconds() / 60 * self.speed

    def moment(self, minute: float) -> datetime:
        """The time at which a minute of the crisis begins."""
        return self.crisis_at + timedelta(minutes=minute / self.speed)

    def phase(self, now: datetime) -> str:
        """`quiet`, a phase of the crisis, `over`, or `steady`."""
        left = self.minute(now)
        if self.steady:
            return "steady"
        if left < 0:
            return "quiet"
        for phase in self.play.crisis.phases:
            if left < phase.minutes:
                return phase.name
            left -= phase.minutes
        return "over"

    def refusal(self, source: Source, now: datetime) -> Refusal | None:
        """How `source` turns everybody away at `now`, if it does."""
        if self.steady:
            return None
        minute = self.minute(now)
        for refusal in self.play.crisis.refusals:
            if refusal.source is source and refusal.from_minute <= minute < refusal.until_minute:
                return refusal
        return None

    def identities(self) -> frozenset[str]:
        """Raw ids, nicknames, avatars and profile links of all authors: none may be found past the crawler."""
        return frozenset(text for person in self.people.everybody() for text in person.identity)


def _until(posts: list[Post], now: datetime) -> list[Post]:
    return posts[: bisect_right(posts, now, key=_WHEN)]


def _published(drafts: list[Draft]) -> list[Post]:
    """Posts in the order of their times, with ids that rise with time as real ones do."""
    ordered = sorted(drafts, key=_WHEN)
    counts: dict[Source, int] = defaultdict(int)
    ids: dict[int, str] = {}
    for draft in ordered:
        counts[draft.source] += 1
        ids[id(draft)] = str(FIRST_IDS[draft.source] + counts[draft.source] * 7)
    return [
        Post(
            id=ids[id(draft)],
            source=draft.source,
            form=draft.form,
            topic=draft.topic,
            phase=draft.phase,
            tone=draft.tone,
            title=draft.title,
            text=draft.text,
            demand=draft.demand,
            author=draft.author,
            at=draft.at,
            reach=draft.reach,
            settles=draft.settles,
            root=ids[id(draft.root)] if draft.root else "",
            parent=ids[id(draft.parent)] if draft.parent else "",
        )
        for draft in ordered
    ]
