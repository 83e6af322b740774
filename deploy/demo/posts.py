"""One public mention of the demo, as the world knows it before a site dresses it up."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.demo.people import Person
from deploy.demo.scenario import Form, Source, Tone


@dataclass(frozen=True, slots=True)
class Post:
    """`at` is aware UTC. `root` is the id of the thread or post that this answers, `parent` of the direct one.

    `reach` is the number of likes it ends with, `settles` the time in which it gets two thirds of them.
    """

    id: str
    source: Source
    form: Form
    topic: str
    phase: str
    tone: Tone
    title: str
    text: str
    demand: str
    author: Person
    at: datetime
    reach: int
    settles: timedelta
    root: str = ""
    parent: str = ""

    @property
    def native_id(self) -> str:
        """What a crawler of the source calls it: a forum counts threads and floors apart, the others do not."""
        if self.source is not Source.FORUM:
            return self.id
        return f"p{self.id}" if self.root else f"t{self.id}"

    def likes(self, now: datetime) -> int:
        """Likes at `now`: quick at first, then slower, never falling."""
        age = max((now - self.at) / self.settles, 0)
        return int(self.reach * (1 - math.exp(-min(age, 50))))

    def holds(self, words: str) -> bool:
        """Each of the words, parted by blanks, is in title or text."""
        everything = f"{self.title}\n{self.text}".casefold()
        return all(word in everything for word in words.casefold().split())
