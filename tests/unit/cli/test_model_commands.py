"""The commands about models: what they print, and that a question that cannot be read starts nothing."""

import json

import models
from tests.unit.stream.doors import NOON
from tests.unit.stream.second import captured, enriched, second
from tests.unit.stream.test_drift_worker import fed
from tingchao.settings import read_settings
from tingchao.store import Store, open_store


def stored(home) -> Store:  # type: ignore[no-untyped-def]
    return open_store(read_settings(home).store_address)


def test_status_shows_notices_and_the_workers_that_only_some_run(tingchao, home):
    with stored(home) as store:
        fed(store, source="forum\x1b[31m").tick(NOON)
        store.put("worker", "drift", {"state": "stopped", "seen": 7, "lag": 3})

    text, row = tingchao("status").out, json.loads(tingchao("status", "--json").out)

    assert "notice       since 11-24 12:00: forum [31m: the labels of one/1" in text
    assert "drift        stopped    lag 3  seen 7  dropped 0" in text
    assert "\x1b" not in text
    assert row["workers"]["drift"]["notices"][0]["about"] == "forum\x1b[31m"
    assert "one/1" in tingchao("model", "drift").out
    assert json.loads(tingchao("model", "drift", "--json").out)["sources"]


def test_a_drift_is_put_to_rest_with_a_note_that_is_kept(tingchao, home):
    with stored(home) as store:
        fed(store, source="forum").tick(NOON)

    without = tingchao("model", "drift", "--clear", "forum")
    ran = tingchao("model", "drift", "--clear", "forum", "--note", "换了版面")

    assert (without.code, without.out) == (2, "")
    assert "say in 1 to 300 visible characters what was found" in without.err
    assert ran.out.startswith("put to rest:\n  forum: the confidence of one/1")
    assert "notice" not in tingchao("status").out
    assert "(换了版面)\n" in tingchao("model", "drift").out
    (note,) = {each["note"] for each in json.loads(tingchao("model", "drift", "--json").out)["rested"]}
    assert note == "换了版面"


def test_before_anything_was_compared_the_commands_say_what_to_do(tingchao, home):
    assert "set TINGCHAO_SHADOW_MODEL" in tingchao("model", "shadow").out
    assert "the worker `drift` counts" in tingchao("model", "drift").out
    assert json.loads(tingchao("model", "shadow", "--json").out) == {"pairs": []}
    assert "pairs forgotten: 0" in tingchao("model", "shadow", "--clear").out


def test_history_is_scored_again_by_the_model_that_is_named(tingchao, home, monkeypatch):
    asked = []

    def opened(address, *, threads):  # type: ignore[no-untyped-def]
        asked.append(address)
        return second()

    monkeypatch.setattr("stream.versions.open_scorer", opened)
    with stored(home) as store:
        store.upsert(enriched(captured(1, "新星冒烟"), captured(2, "新星烫手")))

    tried = json.loads(tingchao("rescore", "--dry-run", "--json").out)
    ran = tingchao("rescore", "source:forum", "--model", "onnx:two")

    assert (tried["dry_run"], tried["labels_changed"]) == (True, "2 of 2 (100.0%)")
    assert "labels changed: 2 of 2 (100.0%)\n" in ran.out
    assert asked == ["bundled", "onnx:two"]
    with stored(home) as store:
        assert {
            each.model for each in store.get([each.id for each in enriched(captured(1, "新星冒烟"))])
        } == {"two/1"}


def test_a_query_that_cannot_be_read_is_refused_before_a_model_is_opened(tingchao, home, monkeypatch):
    monkeypatch.setattr("stream.versions.open_scorer", lambda *_, **__: models.open_scorer("nonsense"))

    assert tingchao("rescore", "新星 AND (").code == 2
    ran = tingchao("rescore", "--since", "soon")
    assert (ran.code, ran.out) == (2, "")
    assert "--since 'soon': give a time such as" in ran.err
    assert "TINGCHAO_MODEL='nonsense'" in tingchao("rescore").err
