"""A mention that arrives again after another model has taken over: which score the store keeps."""

from datetime import timedelta

from msgspec.structs import replace

from tests.unit.stream.doors import NOON
from tests.unit.stream.second import captured, enriched, first, second
from tingchao.mention import Engagement
from tingchao.store import Store

RAW = captured(1, "新星冒烟")


def test_the_same_capture_scored_again_by_another_model_changes_nothing(store: Store) -> None:
    (old,), (new,) = enriched(RAW, by=first()), enriched(RAW, by=second())

    store.upsert([old])
    assert store.upsert([new]).unchanged == 1

    assert store.get([old.id]) == [old]


def test_a_newer_capture_brings_its_own_score_whichever_model_made_it_and_whoever_comes_first(
    store: Store,
) -> None:
    later = replace(RAW, captured_at=NOON + timedelta(hours=1), engagement=Engagement(likes=9))
    (old,), (new,) = enriched(RAW, by=first()), enriched(later, by=second())

    store.upsert([old])
    store.upsert([new])
    store.upsert([old])

    (kept,) = store.get([old.id])
    assert (kept.model, kept.sentiment, kept.text) == ("two/1", new.sentiment, old.text)


def test_after_rolling_back_a_newer_capture_is_the_first_models_again(store: Store) -> None:
    for hour, scorer in enumerate((first(), second(), first())):
        store.upsert(enriched(replace(RAW, captured_at=NOON + timedelta(hours=hour)), by=scorer))

    assert store.get([RAW.id])[0].model == "one/1"
