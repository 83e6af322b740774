"""Who says what when: drafts of every mention, before ids are given in the order of time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from deploy.demo.dice import Deck, pick, rhythm, several
from deploy.demo.people import People, Person
from deploy.demo.scenario import QUIET, Form, Moment, Phase, QuietSource, Scenario, Source, Tone

HOME = {
    Form.POST: Source.MICROBLOG,
    Form.BIG: Source.MICROBLOG,
    Form.STATEMENT: Source.MICROBLOG,
    Form.COMMENT: Source.MICROBLOG,
    Form.THREAD: Source.FORUM,
    Form.REPLY: Source.FORUM,
    Form.ARTICLE: Source.NEWS,
    Form.COMPLAINT: Source.COMPLAINTS,
    Form.REVIEW: Source.REVIEWS,
}
ANSWERS = frozenset({Form.COMMENT, Form.REPLY})
TITLED = frozenset({Form.THREAD, Form.ARTICLE, Form.COMPLAINT, Form.REVIEW})
TAILLESS = TITLED | {Form.BIG, Form.STATEMENT}
TOOT_SHARE = 0.12
NESTED_SHARE = 0.15


@dataclass(slots=True, eq=False)
class Draft:
    """A post without an id; `root` and `parent` are drafts too."""

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
    root: "Draft | None" = None
    parent: "Draft | None" = None


class _Writer:
    """Deals texts and authors; one deck for each phase, topic, form and tone."""

    def __init__(self, scenario: Scenario, people: People, rng: Random) -> None:
        self._people = people
        self._rng = rng
        lines: dict[tuple[str, str, Form], dict[Tone, list[str]]] = defaultdict(lambda: defaultdict(list))
        for group in scenario.groups:
            lines[group.phase, group.topic, group.form][group.tone].extend(group.texts)
        self._tails = lines["any", "any", Form.TAIL]
        self._lines = lines
        self._decks: dict[tuple[str, str, Form, Tone], Deck] = {}

    def tones(self, phase: str, topic: str, form: Form) -> dict[Tone, int]:
        """How many texts there are of each tone."""
        return {tone: len(texts) for tone, texts in self._lines.get((phase, topic, form), {}).items()}

    def topics(self, phase: str, form: Form) -> dict[str, int]:
        """How many texts of this form each topic has in `phase`."""
        found: dict[str, int] = {}
        for (its_phase, topic, its_form), by_tone in self._lines.items():
            if (its_phase, its_form) == (phase, form):
                found[topic] = sum(len(texts) for texts in by_tone.values())
        return found

    def write(
        self,
        source: Source,
        phase: str,
        topic: str,
        form: Form,
        tone: Tone,
        at: datetime,
        settles: timedelta,
        holding: str = "",
    ) -> Draft:
        """A draft with the next text of its deck (one that holds these words, if any) and an author who fits."""
        text = self._deck(phase, topic, form, tone).deal(holding)
        title, demand = "", ""
        if form in TITLED:
            title, text, demand = (*text.split("｜", 2), "")[:3]
        reach = min(int(self._rng.paretovariate(1.0) * 2) - 2, 20_000)
        return Draft(
            source, form, topic, phase, tone, title, text, demand, self._author(form), at, reach, settles
        )

    def _deck(self, phase: str, topic: str, form: Form, tone: Tone) -> Deck:
        key = (phase, topic, form, tone)
        if key not in self._decks:
            mood = Tone.NEGATIVE if tone is Tone.NEGATIVE else Tone.NEUTRAL
            tails = () if form in TAILLESS else self._tails[mood]
            self._decks[key] = Deck(self._rng, self._lines[phase, topic, form][tone], tails)
        return self._decks[key]

    def _author(self, form: Form) -> Person:
        if form is Form.BIG:
            return self._rng.choice(self._people.big)
        if form is Form.ARTICLE:
            return self._rng.choice(self._people.outlets)
        return self._people.official if form is Form.STATEMENT else self._rng.choice(self._people.crowd)


def quiet_drafts(scenario: Scenario, people: People, rng: Random, start: datetime) -> list[Draft]:
    """Three weeks of everyday talk before `start` and some hours after it."""
    quiet = scenario.play.quiet
    writer = _Writer(scenario, people, rng)
    since, until = start - timedelta(days=quiet.days), start + timedelta(hours=quiet.ahead_hours)
    drafts: list[Draft] = []
    for source in quiet.sources:
        for at in rhythm(rng, since, until, source.roots, quiet.hours, quiet.weekdays):
            topics = {t: n for t, n in quiet.topics.items() if writer.tones(QUIET, t, source.form)}
            topic = pick(rng, topics)
            tones = writer.tones(QUIET, topic, source.form)
            tone = pick(rng, {tone: quiet.tones[tone] for tone in tones})
            root = writer.write(source.source, QUIET, topic, source.form, tone, at, timedelta(hours=9))
            drafts.append(root)
            if source.answer and rng.random() < source.commented:
                drafts += [a for a in _quiet_answers(writer, source, root, rng) if a.at < until]
    return drafts


def _quiet_answers(writer: _Writer, source: QuietSource, root: Draft, rng: Random) -> list[Draft]:
    assert source.answer is not None
    topics = writer.topics(QUIET, source.answer)
    near = {topic: count for topic, count in topics.items() if topic in (root.topic, "any")}
    answers: list[Draft] = []
    at = root.at
    for _ in range(several(rng, source.answers)):
        at += timedelta(minutes=rng.expovariate(1 / 70))
        topic = pick(rng, near)
        tone = pick(rng, writer.tones(QUIET, topic, source.answer))
        answer = writer.write(source.source, QUIET, topic, source.answer, tone, at, timedelta(hours=9))
        answer.root = answer.parent = root
        above = [other for other in answers if other.parent is root]
        if source.answer is Form.COMMENT and above and rng.random() < NESTED_SHARE:
            answer.parent = rng.choice(above)
        answers.append(answer)
    return answers


def crisis_drafts(
    scenario: Scenario, people: People, rng: Random, crisis_at: datetime, speed: float
) -> list[Draft]:
    """The crisis, minute by minute: what must happen first, then the crowd around it."""
    writer = _Writer(scenario, people, rng)
    settles = timedelta(minutes=40 / speed)
    drafts = [_moment(writer, moment, crisis_at, speed, settles) for moment in scenario.play.crisis.moments]
    phases = scenario.play.crisis.phases
    begins = 0.0
    for number, phase in enumerate(phases):
        heard = [earlier.name for earlier in phases[max(0, number - 1) : number + 1]]
        for minute in _minutes(phase, begins, rng):
            at = crisis_at + timedelta(minutes=minute / speed)
            form = pick(rng, phase.forms)
            roots = [d for d in drafts if d.source is HOME[form] and d.root is None and d.at < at]
            if form in ANSWERS and not roots:
                continue
            draft = _said(writer, heard, form, at, settles, rng)
            if form in ANSWERS:
                draft.root = draft.parent = _crowded(roots, rng)
            drafts.append(draft)
        begins += phase.minutes
    return drafts


def _moment(writer: _Writer, moment: Moment, crisis_at: datetime, speed: float, settles: timedelta) -> Draft:
    tone = next(iter(writer.tones(moment.phase, "brand", moment.form)))
    at = crisis_at + timedelta(minutes=moment.minute / speed)
    draft = writer.write(moment.source, moment.phase, "brand", moment.form, tone, at, settles, moment.holding)
    draft.reach = moment.reach
    return draft


def _minutes(phase: Phase, begins: float, rng: Random) -> list[float]:
    """The minutes at which the crowd speaks, spread evenly over the phase with a little chance in it."""
    count = round(phase.minutes * phase.per_minute)
    return [begins + (n + rng.random()) * phase.minutes / count for n in range(count)]


def _said(
    writer: _Writer, heard: Sequence[str], form: Form, at: datetime, settles: timedelta, rng: Random
) -> Draft:
    """What somebody says now: mostly of this phase, sometimes still of the one before, as many as there are texts."""
    choices = {
        (phase, topic, tone): count
        for phase in heard
        for topic in writer.topics(phase, form)
        for tone, count in writer.tones(phase, topic, form).items()
    }
    if not choices:
        choices = {
            ("pile_up", "brand", tone): count
            for tone, count in writer.tones("pile_up", "brand", form).items()
        }
    phase, topic, tone = pick(rng, choices)
    toot = form is Form.POST and rng.random() < TOOT_SHARE
    return writer.write(Source.MASTODON if toot else HOME[form], phase, topic, form, tone, at, settles)


def _crowded(roots: Sequence[Draft], rng: Random) -> Draft:
    """Where the crowd gathers: below what reaches most, and below what is new."""
    weights = [1 + root.reach**0.5 for root in roots]
    return rng.choices(roots, weights)[0]


def load_drafts(
    scenario: Scenario, people: People, rng: Random, start: datetime, per_second: float
) -> list[Draft]:
    """`per_second` everyday mentions a second, and every few seconds a burst about the next probe name."""
    load = scenario.play.load
    writer = _Writer(scenario, people, rng)
    forms = {quiet.source: quiet.form for quiet in scenario.play.quiet.sources}
    settles = timedelta(minutes=1)
    drafts: list[Draft] = []
    for number in range(int(load.seconds * per_second)):
        source = pick(rng, load.shares)
        topic = pick(rng, writer.topics(QUIET, forms[source]))
        tones = writer.tones(QUIET, topic, forms[source])
        tone = pick(rng, {tone: count for tone, count in tones.items() if tone is not Tone.NEGATIVE})
        at = start + timedelta(seconds=(number + rng.random()) / per_second)
        drafts.append(writer.write(source, QUIET, topic, forms[source], tone, at, settles))
    for number in range(load.probes):
        at = start + timedelta(seconds=load.first_probe_seconds + number * load.probe_every_seconds)
        for _ in range(load.probe_posts):
            draft = writer.write(Source.MASTODON, "probe", "probe", Form.POST, Tone.NEGATIVE, at, settles)
            draft.topic = probe_name(number)
            draft.text = draft.text.replace("{probe}", draft.topic)
            drafts.append(draft)
    return drafts


def probe_name(number: int) -> str:
    """The made-up name that burst `number` is about: two letters that no other text holds.

    >>> probe_name(0), probe_name(27)
    ('试音机AA', '试音机BB')
    """
    return f"试音机{chr(ord('A') + number // 26)}{chr(ord('A') + number % 26)}"
