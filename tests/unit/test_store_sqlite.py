"""What the embedded store survives, and what it refuses to open."""

import multiprocessing
import os
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from tingchao.errors import BadSetting, StoreUnavailable
from tingchao.mention import Kind, Match, Mention, Role, mention_id
from tingchao.query import parse
from tingchao.store import Scope, open_store
from tingchao.store.sqlite import SqliteStore

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
SPAWN = multiprocessing.get_context("spawn")


def numbered(number: int, text: str = "小米冒烟", id: str | None = None) -> Mention:
    return Mention(
        id=id or mention_id("weibo", str(number)),
        source="weibo",
        kind=Kind.POST,
        native_id=str(number),
        text=text,
        published_at=NOON + timedelta(seconds=number if id is None else 0),
        captured_at=NOON + timedelta(days=1),
        matches=(Match("xiaomi", Role.BRAND),),
    )


def consistent(path: Path) -> int:
    """The number of mentions, by three roads that must agree, in a file without damage."""
    with open_store(f"sqlite:///{path}") as store:
        database = apsw.Connection(str(path))
        assert database.pragma("integrity_check") == "ok"
        database.execute("INSERT INTO words(words) VALUES ('integrity-check')")
        database.close()
        scanned = len(list(store.export(Scope())))
        assert store.count(Scope(parse("topic:xiaomi"))) == store.count(Scope(parse("小米"))) == scanned
        return scanned


def test_mentions_that_want_the_same_seat_all_find_one(tmp_path):
    ids = [f"0000000{digit}{number:024x}" for digit in "0123" for number in range(6)]
    mentions = [numbered(number, id=id) for number, id in enumerate(ids)]
    with open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
        for mention in mentions[::-2]:
            store.upsert([mention])
        store.upsert(mentions)

        shown: list[str] = []
        after = None
        while True:
            page = store.search(Scope(parse("小米")), limit=5, after=after)
            shown += [hit.id for hit in page.hits]
            after = page.next
            if after is None:
                break

        assert sorted(shown) == ids
        assert store.delete(ids) == len(ids)
        assert store.count(Scope(parse("小米"))) == 0


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    database = apsw.Connection(str(path))
    database.execute("PRAGMA user_version=99")
    database.close()

    with pytest.raises(BadSetting, match=r"newer tingchao \(schema 99"):
        open_store(f"sqlite:///{path}")


def test_the_database_of_another_program_is_refused(tmp_path):
    path = tmp_path / "store.db"
    database = apsw.Connection(str(path))
    database.execute("CREATE TABLE theirs (x)")
    database.close()

    with pytest.raises(BadSetting, match="belongs to something else"):
        open_store(f"sqlite:///{path}")


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database, but long enough to look at " * 40)

    with pytest.raises(StoreUnavailable, match=f"{path}: this is not a SQLite database"):
        open_store(f"sqlite:///{path}")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path):
    with pytest.raises(StoreUnavailable, match=f"{tmp_path}: it cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_store_that_was_closed_says_so(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 's.db'}")
    store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        store.count(Scope())


def test_a_damaged_page_is_no_traceback(tmp_path):
    path = tmp_path / "store.db"
    with open_store(f"sqlite:///{path}") as store:
        store.upsert([numbered(number) for number in range(2_000)])
    with path.open("r+b") as file:
        file.seek(8192 * 3)
        file.write(os.urandom(path.stat().st_size - 8192 * 4))

    with pytest.raises(StoreUnavailable, match=str(path)), open_store(f"sqlite:///{path}") as store:
        list(store.export(Scope()))


def _fill_a_small_disk(path: str, told: "multiprocessing.Queue[object]") -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    acknowledged = 0
    with open_store(f"sqlite:///{path}") as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
        try:
            for start in range(0, 1_000_000, 100):
                acknowledged += store.upsert([numbered(n) for n in range(start, start + 100)]).created
        except StoreUnavailable as error:
            told.put(str(error))
        told.put((acknowledged, store.count(Scope())))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        told.put(store.upsert([numbered(5_000_000)]).created)


def test_a_full_disk_loses_nothing_that_was_acknowledged_and_writing_resumes(tmp_path):
    path = tmp_path / "store.db"
    told = SPAWN.Queue()
    child = SPAWN.Process(target=_fill_a_small_disk, args=(str(path), told))
    child.start()

    sentence = told.get(timeout=60)
    acknowledged, counted = told.get(timeout=60)

    assert str(path) in sentence
    assert counted == acknowledged > 0
    assert told.get(timeout=60) == 1
    child.join(60)
    assert consistent(path) == acknowledged + 1


def _write_for_ever(path: str, told: "multiprocessing.Queue[int]") -> None:
    with open_store(f"sqlite:///{path}") as store:
        for start in range(0, 10_000_000, 50):
            store.upsert([numbered(number) for number in range(start, start + 50)])
            store.append("s", start // 50, [{"start": start}])
            told.put(start + 50)


def test_a_writer_that_is_killed_loses_nothing_it_had_finished(tmp_path):
    path = tmp_path / "store.db"
    told = SPAWN.Queue()
    child = SPAWN.Process(target=_write_for_ever, args=(str(path), told))
    child.start()
    finished = 0
    while finished < 600:
        finished = told.get(timeout=60)

    child.kill()
    child.join(60)

    assert consistent(path) >= finished
    with open_store(f"sqlite:///{path}") as store:
        assert len(store.read("s")) >= finished // 50


def _write_some(path: str, first: int, told: "multiprocessing.Queue[int]") -> None:
    with open_store(f"sqlite:///{path}") as store:
        created = 0
        for start in range(first, first + 400, 20):
            created += store.upsert([numbered(number) for number in range(start, start + 20)]).created
            store.count(Scope())
        told.put(created)


def test_processes_that_write_the_same_file_at_once_wait_for_each_other(tmp_path):
    path = tmp_path / "store.db"
    told = SPAWN.Queue()
    children = [SPAWN.Process(target=_write_some, args=(str(path), first, told)) for first in (0, 200, 400)]
    for child in children:
        child.start()

    created = sum(told.get(timeout=60) for _ in children)

    for child in children:
        child.join(60)
    assert created == consistent(path) == 800


def test_a_long_read_stops_nobody(tmp_path):
    store = SqliteStore(str(tmp_path / "s.db"))
    store.upsert([numbered(number) for number in range(1_100)])
    exported = store.export(Scope())
    next(exported)

    store.upsert([numbered(number) for number in range(1_100, 1_200)])

    assert len(list(exported)) == 1_099
    store.close()
