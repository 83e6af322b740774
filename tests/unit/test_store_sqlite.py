"""What the embedded store survives, and what it refuses to open."""

import multiprocessing
import os
import resource
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from tingchao.errors import BadSetting, StoreUnavailable
from tingchao.mention import Author, Kind, Label, Match, Mention, Risk, Role, Sentiment, mention_id
from tingchao.query import And, FieldName, Is, Not, Query, parse
from tingchao.store import Facet, Scope, open_store
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


@pytest.mark.parametrize("number", [499, 500, 501, 1_200])
def test_many_hits_and_few_are_paged_alike(tmp_path, number):
    mentions = [numbered(index) for index in range(number)]
    with open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
        store.upsert(mentions)
        shown: list[str] = []
        after: str | None = ""
        while after is not None:
            page = store.search(Scope(parse("小米 冒烟")), limit=100, after=after or None)
            assert page.total == number
            shown += [hit.id for hit in page.hits]
            after = page.next

    assert shown == [mention.id for mention in reversed(mentions)]


def test_an_hour_that_was_written_a_thousand_times_is_counted_right_and_summed_up(tmp_path):
    path = tmp_path / "s.db"
    mentions = [numbered(number) for number in range(200)]
    with open_store(f"sqlite:///{path}") as store:
        for crawl in range(1, 9):
            for at in range(0, 200, 2):
                label = tuple(Label)[(crawl + at) % 3]
                store.upsert(
                    [
                        replace(
                            mention,
                            captured_at=mention.captured_at + timedelta(hours=crawl),
                            sentiment=Sentiment(label, *(0.8 if label is one else 0.1 for one in Label)),
                        )
                        for mention in mentions[at : at + 2]
                    ]
                )

        tallied = dict(store.facet(Scope(parse("topic:xiaomi")), Facet.SENTIMENT))
        scanned = dict(store.facet(Scope(parse("小米")), Facet.SENTIMENT))

        assert tallied == scanned
        assert sum(tallied.values()) == 200
    database = apsw.Connection(str(path))
    assert database.execute("SELECT max(length(counts)) FROM tally").get < 200 * 8 * 8
    database.close()


def test_what_another_process_wrote_is_counted_at_once(tmp_path):
    path = tmp_path / "s.db"
    asked = [Scope(parse(text)) for text in ("小米", "topic:xiaomi")]
    with open_store(f"sqlite:///{path}") as reader, open_store(f"sqlite:///{path}") as writer:
        for number in range(3):
            writer.upsert([numbered(number)])
            assert [reader.count(scope) for scope in asked] == [number + 1] * 2
            assert [reader.facet(scope, Facet.SOURCE) for scope in asked] == [[("weibo", number + 1)]] * 2

        writer.delete([numbered(0).id])

        assert [reader.count(scope) for scope in asked] == [2, 2]


def test_topics_authors_and_risks_that_differ_little_are_told_apart(tmp_path):
    names = ("brand", "Brand", "bra-nd", "bra nd", "brand brand", '"brand"', "品牌", "62")
    with open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
        store.upsert(
            [
                replace(
                    numbered(number, text=f"{name} brand 62"),
                    author=Author(key=name),
                    matches=(Match(name, Role.BRAND),),
                    risk=(Risk(name, 0.5),),
                )
                for number, name in enumerate(names)
            ]
        )

        for name in names:
            for field in (FieldName.TOPIC, FieldName.RISK, FieldName.AUTHOR):
                is_it = Is(field, name)
                assert store.count(Scope(Query("", is_it))) == 1
                assert store.count(Scope(Query("", And((parse("brand").root, is_it))))) == 1
                assert store.count(Scope(Query("", Not(is_it)))) == len(names) - 1


def test_a_revision_is_found_by_its_new_topics_and_not_by_those_it_lost(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
        first = numbered(1)
        store.upsert([first])
        later = replace(
            first, matches=(Match("rival", Role.COMPETITOR),), captured_at=first.captured_at + timedelta(1)
        )
        store.upsert([later])

        found = {
            text: store.search(Scope(parse(text))).total for text in ("topic:xiaomi", "topic:rival", "小米")
        }
        counted = {text: store.count(Scope(parse(text))) for text in found}

        assert found == counted == {"topic:xiaomi": 0, "topic:rival": 1, "小米": 1}


def test_a_file_of_another_version_is_refused(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    for version, told in ((99, r"newer tingchao \(schema 99"), (1, r"older tingchao \(schema 1")):
        database = apsw.Connection(str(path))
        database.execute(f"PRAGMA user_version={version}")
        database.close()

        with pytest.raises(BadSetting, match=told):
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def _write_some(path: str, first: int) -> int:
    with open_store(f"sqlite:///{path}") as store:
        created = 0
        for start in range(first, first + 400, 20):
            created += store.upsert([numbered(number) for number in range(start, start + 20)]).created
            store.count(Scope())
    return created


@pytest.mark.slow
def test_processes_that_write_the_same_file_at_once_wait_for_each_other(tmp_path):
    path = tmp_path / "store.db"
    with ProcessPoolExecutor(3, mp_context=SPAWN) as pool:
        created = sum(pool.map(_write_some, [str(path)] * 3, (0, 200, 400), timeout=120))

    assert created == consistent(path) == 800


def test_who_opens_a_new_file_waits_for_another_that_is_just_making_it(tmp_path):
    path = tmp_path / "store.db"
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as pool:
        opened = pool.submit(SqliteStore, str(path))

        with pytest.raises(TimeoutError):
            opened.result(timeout=0.3)
        other.execute("ROLLBACK")
        other.close()

        opened.result(timeout=30).close()


def test_a_long_read_stops_nobody(tmp_path):
    store = SqliteStore(str(tmp_path / "s.db"))
    store.upsert([numbered(number) for number in range(1_100)])
    exported = store.export(Scope())
    next(exported)

    store.upsert([numbered(number) for number in range(1_100, 1_200)])

    assert len(list(exported)) == 1_099
    store.close()
