"""What `status`, `doctor`, `init` and `watchlist` print, for people and as JSON."""

import json
import stat
from datetime import timedelta

from tests.conftest import NOON
from tingchao.asking import standing
from tingchao.counters import Counters, State
from tingchao.doctor import examine
from tingchao.lock import FolderLock, holder
from tingchao.settings import read_settings
from tingchao.store import open_store


def stored(home):
    return open_store(f"sqlite:///{home / 'store.db'}")


def test_status_of_an_empty_home_says_that_nothing_is_watched_and_nothing_crawled(tingchao):
    ran = tingchao("status")

    assert ran.code == 0
    assert "watched      nothing: every mention is dropped. Run: tingchao watchlist load FILE" in ran.out
    assert "source       none has been crawled" in ran.out
    assert "enrich       not seen" in ran.out


def test_status_tells_why_a_worker_failed_and_what_a_source_refused_with_nothing_that_steers_a_terminal(
    tingchao, home
):
    counters = Counters("enrich", NOON)
    counters.failed("the model \x1b[31mis gone\nok", State.FAILED)
    with stored(home) as store:
        store.put("worker", "enrich", counters.body(NOON, 0.0))
        store.put("source", "ithome", {"state": "refused", "last_success": None, "error": "HTTP 403\x07"})

    ran = tingchao("status")

    assert "enrich       failed" in ran.out
    assert "             the model  [31mis gone ok\n" in ran.out
    assert "source       ithome: refused, last success never, HTTP 403 \n" in ran.out
    assert "\x1b" not in ran.out


def test_a_worker_that_has_not_reported_for_a_while_is_gone_and_one_that_stopped_is_not(home):
    with stored(home) as store:
        for name, state in (("enrich", State.RUNNING), ("index", State.STOPPED), ("alert", State.RUNNING)):
            counters = Counters(name, NOON, state)
            at = NOON if name != "alert" else NOON + timedelta(seconds=55)
            store.put("worker", name, counters.body(at, 0.0))
        store.put("worker", "notify", {"state": "running", "at": "nonsense"})

    found = standing(read_settings(home), NOON + timedelta(minutes=1))

    assert {name: told["state"] for name, told in found["workers"].items()} == {
        "enrich": "gone",
        "index": "stopped",
        "alert": "running",
        "notify": "gone",
    }


def test_status_as_json_is_one_object(tingchao):
    found = json.loads(tingchao("status", "--json").out)

    assert set(found) == {
        "mentions",
        "topics",
        "watchlist_version",
        "lag",
        "workers",
        "sources",
        "open_alerts",
    }


def test_init_writes_files_that_work_and_that_only_their_owner_reads(tingchao, home):
    ran = tingchao("init", "--brand", "小米", "--rival", "AND", "--rival", "C++", "--industry", "新能源车")

    assert ran.code == 0
    assert ran.out.endswith("Next: tingchao --home " + str(home) + " up\n")
    assert stat.S_IMODE((home / "tingchao.env").stat().st_mode) == 0o600
    assert "4 topics, no problems" in tingchao("watchlist", "check", str(home / "watchlist.yaml")).out


def test_init_asks_for_what_is_not_given(tingchao, home):
    ran = tingchao("init", given="小米\n华为，OPPO\n\n")

    assert ran.code == 0
    assert "3 topics, no problems" in tingchao("watchlist", "check", str(home / "watchlist.yaml")).out


def test_init_does_not_overwrite_and_an_init_without_answers_changes_nothing(tingchao, home):
    assert tingchao("init").code == 130
    assert list(home.iterdir()) == []
    tingchao("init", "--brand", "小米")

    ran = tingchao("init", "--brand", "OPPO")

    assert ran.code == 2
    assert "watchlist.yaml is there already; edit it, or give --force" in ran.err
    assert "小米" in (home / "watchlist.yaml").read_text("utf-8")


def test_what_is_loaded_is_shown_and_an_empty_watchlist_says_what_follows(tingchao, home):
    (home / "w.yaml").write_text("topics: [{id: xiaomi, name: 小米, role: brand}]", "utf-8")
    (home / "empty.yaml").write_text("topics: []")

    assert "1 topics are watched now (version 1)" in tingchao("watchlist", "load", str(home / "w.yaml")).out
    assert "name: 小米" in tingchao("watchlist", "show").out
    assert "it has no topics" in tingchao("watchlist", "check", str(home / "empty.yaml")).out
    assert "every mention will be dropped" in tingchao("watchlist", "load", str(home / "empty.yaml")).out


def test_services_that_were_never_started_say_how_to(tingchao):
    assert "start them with: tingchao services up" in tingchao("services", "status").out
    assert json.loads(tingchao("services", "status", "--json").out) == {}


def checks(home, environment=None):
    return {check.name: check for check in examine(home, environment or {})}


def test_the_doctor_looks_at_everything_and_fails_where_nothing_is_watched(home):
    found = checks(home)

    assert list(found) == [
        "python", "settings", "home", "secrets", "bus", "store", "watchlist", "model", "sources", "playbook",
        "notify", "dashboard",
    ]  # fmt: skip
    assert [name for name, check in found.items() if not check.ok] == ["watchlist"]


def test_the_doctor_names_a_misspelt_variable_that_would_silently_do_nothing(home):
    found = checks(home, {"TINGCHAO_TREADS": "3", "TINGCHAO_SUPERVISED": "1", "HOME": "/"})

    assert not found["settings"].ok
    assert "TINGCHAO_TREADS in the environment" in found["settings"].found
    assert "Did you mean TINGCHAO_THREADS?" in found["settings"].found


def test_the_doctor_stops_at_settings_that_cannot_be_read(tingchao, home):
    (home / "tingchao.env").write_text("TINGCHAO_CLOCK=moon\n")

    ran = tingchao("doctor")

    assert ran.code == 1
    assert "FAIL  settings   TINGCHAO_CLOCK='moon'" in ran.out
    assert "bus" not in ran.out


def test_the_doctor_names_a_key_that_others_may_read(home):
    key = home / "author.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)

    assert checks(home)["secrets"].found == f"{key}: others may read it (mode 644). Run: chmod 600 {key}"


def test_the_doctor_compares_the_watchlist_file_with_the_store(home):
    (home / "tingchao.env").write_text("TINGCHAO_WATCHLIST=w.yaml\n")
    (home / "tingchao.env").chmod(0o600)
    (home / "w.yaml").write_text("topics: [{id: a, name: 小米, role: brand}]", "utf-8")

    assert checks(home)["watchlist"].found == "w.yaml: 1 topics; `up` will load them"


def test_the_doctor_does_not_wait_twice_for_a_store_that_does_not_answer(home):
    (home / "store.db").write_text("garbage")

    found = checks(home)

    assert not found["store"].ok
    assert "were not looked at" in found["watchlist"].found


def test_the_holder_of_a_folder_is_known_while_it_holds_it(home):
    assert holder(home) == ""
    with FolderLock(home):
        assert holder(home).isdecimal()
    assert holder(home) == ""
