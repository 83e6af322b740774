"""The shape of scenario.yaml and texts/*.yaml, and their reading."""

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Literal, TypeVar

import msgspec

from tingchao.errors import BadInput

T = TypeVar("T")


class Source(StrEnum):
    """The six sites."""

    NEWS = "news"
    FORUM = "forum"
    MICROBLOG = "microblog"
    COMPLAINTS = "complaints"
    REVIEWS = "reviews"
    MASTODON = "mastodon"


class Form(StrEnum):
    """How a text is written. BIG is a post by an account with millions of followers; THREAD a forum's first floor."""

    POST = "post"
    BIG = "big"
    STATEMENT = "statement"
    COMMENT = "comment"
    THREAD = "thread"
    REPLY = "reply"
    ARTICLE = "article"
    COMPLAINT = "complaint"
    REVIEW = "review"
    TAIL = "tail"


class Tone(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


QUIET = "quiet"


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Topic(_Strict, frozen=True, kw_only=True):
    """A topic of the demo's watchlist. `key` is what the texts call it; `tag` its hashtag."""

    id: str
    key: str
    name: str
    role: Literal["brand", "competitor", "industry"]
    query: str
    aliases: tuple[str, ...]
    tag: str


class QuietSource(_Strict, frozen=True, kw_only=True):
    """How many mentions a source has in the quiet weeks."""

    source: Source
    form: Form
    roots: int
    answer: Form | None = None
    answers: float = 0
    commented: float = 0


class Quiet(_Strict, frozen=True, kw_only=True):
    """The history: its length in days, its rhythm by weights, its mixture. It goes on `ahead_hours` after the start."""

    days: int
    ahead_hours: int
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    topics: Mapping[str, int]
    tones: Mapping[Tone, int]
    sources: tuple[QuietSource, ...]


class Phase(_Strict, frozen=True, kw_only=True):
    """A stretch of the crisis: `per_minute` mentions in the mixture `forms`."""

    name: str
    minutes: float
    per_minute: float
    forms: Mapping[Form, int]


class Moment(_Strict, frozen=True, kw_only=True):
    """One mention that must appear at a minute of the crisis; `reach` is how many likes it ends with, `holding` words
    of the text to take."""

    minute: float
    source: Source
    form: Form
    phase: str
    reach: int
    holding: str = ""


class Refusal(_Strict, frozen=True, kw_only=True):
    """A site answers `status` to every page but robots.txt between two minutes of the crisis."""

    source: Source
    from_minute: float
    until_minute: float
    status: Literal[403, 429]
    retry_after: int = 0


class Crisis(_Strict, frozen=True, kw_only=True):
    """The crisis, `calm_seconds` (real ones) after the start of the site."""

    calm_seconds: float
    phases: tuple[Phase, ...]
    moments: tuple[Moment, ...]
    refusals: tuple[Refusal, ...]


class Load(_Strict, frozen=True, kw_only=True):
    """What `--steady` adds: mentions by source, and bursts about one probe name after another."""

    seconds: int
    shares: Mapping[Source, int]
    probes: int
    first_probe_seconds: float
    probe_every_seconds: float
    probe_posts: int


class Group(_Strict, frozen=True, kw_only=True):
    """Texts that may stand in for each other. One text a line; `｜` parts title, text and demand."""

    phase: str
    topic: str
    form: Form
    tone: Tone
    lines: str

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(line for line in self.lines.splitlines() if line.strip())


class Play(_Strict, frozen=True, kw_only=True):
    """scenario.yaml as written."""

    topics: tuple[Topic, ...]
    words: tuple[str, ...]
    app: str
    quiet: Quiet
    crisis: Crisis
    load: Load


class Scenario(msgspec.Struct, frozen=True):
    """The play and every text it may use."""

    play: Play
    groups: tuple[Group, ...]


def read_scenario() -> Scenario:
    """The scenario that ships. Raises `BadInput` naming the file and the field that is wrong."""
    room = files(__package__ or "deploy.demo")
    play = _decode(room.joinpath("scenario.yaml").read_bytes(), Play, "scenario.yaml")
    groups: list[Group] = []
    for file in sorted(room.joinpath("texts").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            groups.extend(_decode(file.read_bytes(), tuple[Group, ...], f"texts/{file.name}"))
    return Scenario(play, tuple(groups))


def _decode(raw: bytes, form: type[T], name: str) -> T:
    try:
        return msgspec.yaml.decode(raw, type=form)
    except msgspec.DecodeError as error:
        raise BadInput(f"deploy/demo/{name}: {error}") from error
