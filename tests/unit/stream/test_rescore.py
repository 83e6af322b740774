from datetime import timedelta

import pytest
import structlog
from msgspec.structs import replace

from models.cache import CachedScorer
from stream.rescore import KIND, LATER, RUNS_KEPT, Asked, Run, report, rescore, runs, sample
from tests.unit.stream.doors import NOON
from tests.unit.stream.second import TOPICS, WordScorer, captured, enriched, first, second
from tingchao.errors import AlreadyRunning, BadInput, BadQuery
from tingchao.mention import Author, Engagement, Label, Mention, Sentiment, Target
from tingchao.query import parse
from tingchao.store import Scope, Store

CHUNK, TRIED, N = 10, 50, 28
"""Small ones, for speed."""
FIELDS_OF_A_MODEL = ("sentiment", "targets", "emotion", "abstain", "complaint", "irony", "model")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.rescore.CHUNK", CHUNK)
    monkeypatch.setattr("stream.rescore.SAMPLE", TRIED)


def history(store: Store, n: int = N, *, smoking: int = 3) -> list[Mention]:
    """`n` mentions scored by the first model, an hour apart; every `smoking`th smokes, and every seventh burns."""
    kept = []
    for number in range(n):
        at = NOON - timedelta(hours=number)
        text = f"新星第{number}天" + "冒烟" * (number % smoking == 0) + "烫手" * (number % 7 == 0)
        made = captured(number, text, at, source="weibo" if number % 2 else "forum")
        kept.append(
            replace(made, published_at=at, engagement=Engagement(likes=number), author=Author(key="k"))
        )
    found = enriched(*kept)
    store.upsert(found)
    return found


def again(store: Store, scorer: WordScorer | None = None, asked: Asked | None = None, **more) -> Run:  # type: ignore[no-untyped-def]
    return rescore(
        store,
        scorer or second(),
        TOPICS,
        asked or Asked(),
        now=lambda: NOON + timedelta(minutes=len(runs(store))),
        **more,
    )


def everything(store: Store) -> dict[str, Mention]:
    return {each.id: each for each in store.export(Scope())}


def test_every_mention_says_what_the_new_model_says_and_nothing_else_is_another(store):
    before = {each.id: each for each in history(store)}

    run = again(store)

    after = everything(store)
    assert after.keys() == before.keys()
    expected = {each.id: each for each in enriched(*before.values(), by=second())}
    for id, mention in after.items():
        for field in FIELDS_OF_A_MODEL:
            assert getattr(mention, field) == getattr(expected[id], field)
        was = {field: getattr(before[id], field) for field in FIELDS_OF_A_MODEL}
        assert replace(mention, captured_at=before[id].captured_at, **was) == before[id]
        assert mention.captured_at - before[id].captured_at == LATER
    assert (run.done, run.rescored, run.already) == (N, N, 0)
    assert run.labels == sum(after[id].sentiment != before[id].sentiment for id in after)


def test_counts_by_label_follow(store):
    history(store)

    again(store)

    assert store.count(Scope(parse("sentiment:negative"))) == 4


@pytest.mark.parametrize(
    ("asked", "n"),
    [
        (Asked("source:weibo"), 35),
        (Asked(since="24h"), 25),
        (Asked(since="2026-11-24", until="2026-11-24 08:00"), 8),
        (Asked("sentiment:negative"), 24),
    ],
)
def test_only_what_is_asked_for_is_scored_again(store, asked, n):
    before = {each.id: each for each in history(store, 70)}

    run = again(store, asked=asked)

    changed = [id for id, each in everything(store).items() if each.model != before[id].model]
    assert len(changed) == run.rescored == n


def test_a_second_time_changes_nothing(store):
    history(store, 30)
    again(store)
    before = everything(store)

    run = again(store)

    assert everything(store) == before
    assert (run.done, run.already, run.rescored) == (30, 30, 0)


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """A store whose process is killed at the n-th call of a method."""

    def __init__(self, store: Store, method: str, at: int, *, after: bool) -> None:
        self._store, self._method, self._left, self._after = store, method, at, after

    def __getattr__(self, name):  # type: ignore[no-untyped-def]
        found = getattr(self._store, name)
        if name != self._method:
            return found

        def call(*args, **more):  # type: ignore[no-untyped-def]
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            answer = found(*args, **more)
            if self._left == 0:
                raise Killed
            return answer

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("method", "at"), [("search", 2), ("get", 2), ("upsert", 2), ("put", 1), ("put", 2), ("put", 3)]
)
def test_killed_anywhere_a_second_start_goes_on_and_the_sums_hold(store, method, at, after):
    history(store)
    with pytest.raises(Killed):
        again(Mortal(store, method, at, after=after))  # type: ignore[arg-type]

    run = again(store)

    assert {each.model for each in everything(store).values()} == {"two/1"}
    assert store.count(Scope()) == N
    assert run.done == N
    assert run.rescored + run.already == N
    assert len(runs(store)) == 1


def unread_as_before(number):
    """A text that was not read, as records of before have it: neutral, by the model that is to score again."""
    (new,) = enriched(captured(number, "新星 外语"), by=second())
    nobody = Sentiment(Label.NEUTRAL, 1 / 3, 1 / 3, 1 / 3)
    return replace(new, sentiment=nobody, targets=(Target("nova", Label.NEUTRAL, 1 / 3, 1 / 3, 1 / 3),))


def test_a_neutral_that_no_model_spoke_is_taken_from_records_of_before_once(store):
    store.upsert([unread_as_before(1), *enriched(captured(2, "新星 外语"), by=second())])
    before = everything(store)

    first_time, second_time = again(store, asked=Asked("has:unread")), again(store, asked=Asked("has:unread"))

    assert all((each.sentiment, each.targets) == (None, ()) for each in everything(store).values())
    assert (first_time.rescored, first_time.labels, first_time.already) == (1, 1, 1)
    assert (second_time.rescored, second_time.already) == (0, 2)
    assert store.count(Scope(parse("sentiment:neutral"))) == 0 < len(before)


def test_a_run_that_goes_on_does_not_score_what_was_done(store):
    history(store)
    with pytest.raises(Killed):
        again(Mortal(store, "put", 3, after=True))  # type: ignore[arg-type]
    scorer = second()

    again(store, scorer)

    assert len({text for text, _ in scorer.asked}) == N - 2 * CHUNK


def test_a_run_that_goes_on_says_since_when(store):
    history(store)
    with pytest.raises(Killed):
        again(Mortal(store, "put", 3, after=True))  # type: ignore[arg-type]

    with structlog.testing.capture_logs() as logs:
        again(store)

    assert [line["event"] for line in logs] == ["resuming the run of 2026-11-24 12:00"]


def test_a_run_that_was_interrupted_long_ago_is_not_gone_on_with(store):
    history(store, 70)
    with pytest.raises(Killed):
        again(Mortal(store, "put", 2, after=True), asked=Asked(since="24h"))  # type: ignore[arg-type]
    later = NOON + timedelta(days=90)
    new = replace(captured(1_000, "新星烫手", later), published_at=later)
    store.upsert(enriched(new))

    run = rescore(store, second(), TOPICS, Asked(since="24h"), now=lambda: later + timedelta(minutes=1))

    assert (run.total, run.rescored) == (1, 1)
    assert store.get([new.id])[0].model == "two/1"
    assert len(runs(store)) == 1


def test_asked_to_begin_anew_it_does_and_who_was_at_it_is_told(store):
    history(store)

    def another(_: Run) -> None:
        assert again(store, anew=True).done == N

    with pytest.raises(AlreadyRunning, match="another process is at it"):
        again(store, tell=another)

    (run,) = runs(store)
    assert (run.already, run.rescored) == (CHUNK, N - CHUNK)


def test_a_crawl_that_is_newer_wins_over_the_new_score_whoever_writes_first(store):
    mentions = history(store, CHUNK)
    live = enriched(
        replace(mentions[0], captured_at=NOON + timedelta(hours=1), engagement=Engagement(likes=999))
    )[0]

    class Meanwhile(WordScorer):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            store.upsert([live])
            return super().score(texts, targets, contexts)

    run = again(store, Meanwhile("two/1", "烫"))

    (kept,) = store.get([live.id])
    assert (kept.model, kept.engagement.likes) == ("one/1", 999)
    assert (run.passed, run.rescored) == (1, CHUNK - 1)

    later = replace(live, captured_at=NOON + timedelta(hours=2))
    again(store)
    store.upsert([later])
    assert store.get([live.id])[0].model == "one/1"


def test_an_old_message_that_comes_again_does_not_undo_the_new_score(store):
    mentions = history(store, 20)
    again(store)

    store.upsert(mentions)

    assert {each.model for each in everything(store).values()} == {"two/1"}


def test_a_mention_that_was_removed_meanwhile_stays_removed(store):
    mentions = history(store, CHUNK)

    class Meanwhile(WordScorer):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            store.delete([mentions[0].id])
            return super().score(texts, targets, contexts)

    run = again(store, Meanwhile("two/1", "烫"))

    assert store.count(Scope()) == CHUNK - 1
    assert run.passed == 1


def test_what_cannot_be_scored_stays_as_it_is(store):
    class Kind(WordScorer):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            return super().score([text.replace("坏", "") for text in texts], targets, contexts)

    (bad, good) = enriched(captured(1, "新星坏了"), captured(2, "新星烫手"), by=Kind("one/1", "冒烟"))
    store.upsert([bad, good])

    run = again(store)

    assert store.get([bad.id]) == [bad]
    assert store.get([good.id])[0].model == "two/1"
    assert run.unscorable == 1


def test_a_topic_that_is_watched_no_more_keeps_a_score_of_the_same_model(store):
    store.upsert(enriched(captured(1, "新星烫手")))

    rescore(store, second(), {}, Asked(), now=lambda: NOON)

    (mention,) = everything(store).values()
    assert [(each.topic, each.label) for each in mention.targets] == [("nova", Label.NEGATIVE)]


def test_two_at_once_are_told_and_nothing_is_lost(store):
    history(store)

    def another(_: Run) -> None:
        document = store.documents(KIND)[0]
        store.put(KIND, document.id, document.body)

    with pytest.raises(AlreadyRunning, match="another process is at it"):
        again(store, tell=another)

    assert again(store).done == N


def test_finished_runs_are_recorded_and_not_for_ever(store):
    history(store, 1)
    for number in range(RUNS_KEPT + 2):
        rescore(store, second(), TOPICS, Asked(), now=lambda n=number: NOON + timedelta(minutes=n))  # type: ignore[misc]

    found = runs(store)

    assert len(found) == RUNS_KEPT
    assert all(each.ended_at for each in found)


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        (Asked("新星 AND ("), BadQuery, "\\^"),
        (Asked(since="yesterday-ish"), BadInput, "--since 'yesterday-ish': give a time such as"),
        (Asked(until='7d" OR source:"x'), BadInput, "--until"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused_before_anything_is_scored(store, asked, error, says):
    scorer = second()

    with pytest.raises(error, match=says):
        again(store, scorer, asked)

    assert scorer.asked == []


@pytest.mark.parametrize("n", [0, 40, 140])
def test_a_dry_run_writes_nothing_and_tells_what_would_change(store, n):
    history(store, n)
    before = everything(store)

    run = sample(store, CachedScorer(second()), TOPICS, Asked(), NOON)

    assert everything(store) == before
    assert runs(store) == []
    assert run.total == n
    assert min(n, TRIED) * 0.8 <= run.done <= TRIED * 1.2
    if n:
        share = sum((number % 3 == 0) != (number % 7 == 0) for number in range(n)) / n
        assert run.labels / run.rescored == pytest.approx(share, abs=0.15)


def test_the_sample_is_from_all_over_the_time(store):
    history(store, 140)
    asked: set[str] = set()

    class Listening(WordScorer):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            asked.update(texts)
            return super().score(texts, targets, contexts)

    sample(store, Listening("two/1", "烫"), TOPICS, Asked(), NOON)

    days = sorted(int("".join(filter(str.isdigit, text))) for text in asked)
    assert days[0] < 5
    assert days[-1] > 130


def test_the_report_names_the_sources(store):
    history(store, 42)

    told = report(again(store))

    assert told["scored_again"] == 42
    assert told["by_source"] == ["forum: 8 of 21 (38.1%)", "weibo: 8 of 21 (38.1%)"]


def test_the_first_model_is_back_when_asked_for(store):
    before = {each.id: each for each in history(store, 50)}
    again(store)

    again(store, first())

    after = everything(store)
    assert all(after[id].sentiment == before[id].sentiment and after[id].model == "one/1" for id in before)
