"""Watched folders: read as they are written, across restarts, without a hole and without a double."""

import gzip
import json
from datetime import timedelta

import pytest

from crawlers.imports.standings import KIND
from crawlers.imports.watching import Watcher, watch
from tests.unit.crawlers.imported import NOW, SECRET, ListBus, table
from tingchao.bus import RAW
from tingchao.errors import BadInput, BusUnavailable
from tingchao.mention import decode_mention
from tingchao.store import open_store

LATER = NOW + timedelta(days=3650)
"""By when every file has been left alone for long."""
EARLIER = NOW - timedelta(days=3650)


def line(number):
    return (
        json.dumps({"id": str(number), "source": "weibo", "text": f"冒烟 {number}"}, ensure_ascii=False)
        + "\n"
    )


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as found:
        yield found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


class Desk:
    """A bus and a store that outlive the watchers in front of them."""

    def __init__(self, folder, store):
        self.folder, self.store, self.bus = folder, store, ListBus()

    def watcher(self, **options):
        return Watcher(self.folder, self.bus, self.store, SECRET, **options)

    def sweep(self, now=EARLIER, **options):
        """What one look of a watcher that was just started brings in."""
        before = len(self.bus.durable)
        looked = list(self.watcher(**options).sweep(now))
        new = [value for topic, _, value in self.bus.durable[before:] if topic == RAW]
        return looked, [decode_mention(value).native_id for value in new]

    def standing(self):
        (document,) = self.store.documents(KIND)
        return document.body


@pytest.fixture
def desk(folder, store):
    return Desk(folder, store)


def test_a_file_that_grows_is_read_on_and_its_half_line_waits(desk, folder):
    file = folder / "a.jsonl"
    file.write_text(line(1) + line(2)[:20], "utf-8")
    assert desk.sweep()[1] == ["1"]

    file.write_text(line(1) + line(2) + line(3), "utf-8")

    assert desk.sweep()[1] == ["2", "3"]
    assert desk.sweep()[1] == []
    assert (desk.standing()["state"], desk.standing()["published"]) == ("done", 3)


@pytest.mark.parametrize("cut", range(0, 130, 7))
def test_a_table_that_grows_is_read_once_wherever_it_was_cut(desk, folder, cut):
    body = table([{"id": str(n), "内容": f"冒烟\n了，{n}", "发布时间": "2026-11-20"} for n in range(1, 5)])
    for length in (cut, cut + 30, len(body)):
        (folder / "a.csv").write_bytes(body[:length])
        desk.sweep()

    assert [mention.native_id for mention in desk.bus.mentions()] == ["1", "2", "3", "4"]
    assert desk.bus.letters() == []


def test_a_last_line_without_its_end_is_taken_when_the_file_is_left_alone(desk, folder):
    (folder / "a.jsonl").write_text(line(1) + line(2).rstrip(), "utf-8")
    assert desk.sweep()[1] == ["1"]

    assert desk.sweep(LATER)[1] == ["2"]
    assert desk.sweep(LATER)[1] == []
    (folder / "a.jsonl").write_text(line(1) + line(2) + line(3), "utf-8")
    assert set(desk.sweep()[1]) == {"2", "3"}


def test_a_file_that_was_written_anew_is_read_from_its_start(desk, folder):
    file = folder / "a.jsonl"
    file.write_text(line(1) + line(2), "utf-8")
    desk.sweep()

    file.write_text(line(7) + line(8) + line(9), "utf-8")

    assert desk.sweep()[1] == ["7", "8", "9"]


def test_a_file_changed_before_the_place_it_was_read_to_is_read_again(desk, folder):
    file = folder / "a.jsonl"
    file.write_text("".join(line(n) for n in range(300)), "utf-8")
    desk.sweep()

    file.write_text("".join(line(n) for n in [*range(298), 555, 299, 300]), "utf-8")

    assert "555" in desk.sweep()[1]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl.gz"])
def test_a_file_that_is_read_as_a_whole_brings_only_its_new_rows(desk, folder, name):
    def write(*numbers):
        rows = [json.loads(line(n)) for n in numbers]
        whole = json.dumps(rows, indent=4) if name.endswith("json") else "".join(map(line, numbers))
        body = whole.encode()
        (folder / name).write_bytes(gzip.compress(body) if name.endswith("gz") else body)

    write(1, 2)
    assert desk.sweep()[1] == ["1", "2"]
    write(1, 2, 3)
    assert desk.sweep()[1] == ["3"]
    write(5, 2, 3)
    assert desk.sweep()[1] == ["5", "2", "3"]


def test_a_bad_file_is_named_and_left_alone_until_it_changes(desk, folder):
    (folder / "a.csv").write_bytes(b"a,b\n1,2\n")

    (looked,), _ = desk.sweep()
    assert looked.standing.problem.endswith("write a mapping and give it with --mapping.")
    assert desk.sweep()[0] == []

    (folder / "a.csv").write_bytes(table([{"id": "1", "内容": "冒烟"}]))
    assert desk.sweep()[1] == ["1"]


def test_an_array_that_is_only_half_written_is_read_once_it_is_whole(desk, folder):
    (folder / "a.json").write_text('[{"id": "1", "text": "冒烟"}, {"id": "2"', "utf-8")
    (looked,), found = desk.sweep()
    assert (looked.standing.state, found) == ("bad", ["1"])

    (folder / "a.json").write_text('[{"id": "1", "text": "冒烟"}, {"id": "2", "text": "坏了"}]', "utf-8")

    assert desk.sweep()[1] == ["2"]


def test_a_bus_that_fails_leaves_no_hole(desk, folder):
    (folder / "a.jsonl").write_text(line(1), "utf-8")
    desk.bus.down = True
    with pytest.raises(BusUnavailable):
        desk.sweep()

    desk.bus.down = False

    assert desk.sweep()[1] == ["1"]


def test_a_watcher_that_dies_between_two_notes_reads_a_few_rows_again_and_misses_none(
    desk, folder, monkeypatch
):
    (folder / "a.jsonl").write_text("".join(line(n) for n in range(2_500)), "utf-8")
    taken = []

    def wearing_out(self, topic, key, value):
        taken.append(key)
        if len(taken) > 1_700:
            raise KeyboardInterrupt
        self.messages.append((topic, key, value))

    with monkeypatch.context() as patched:
        patched.setattr(ListBus, "publish", wearing_out)
        with pytest.raises(KeyboardInterrupt):
            desk.sweep()
    desk.bus.messages.clear()
    desk.sweep()

    numbers = [int(mention.native_id) for mention in desk.bus.mentions()]
    assert sorted(set(numbers)) == list(range(2_500))
    assert len(numbers) == 2_500


def test_names_of_accounts_and_folders_are_not_kept(desk, folder):
    (folder / "隐私昵称甲").mkdir()
    (folder / "隐私昵称甲" / "9990000001.jsonl").write_text(line(1) + "{\n", "utf-8")

    desk.sweep()

    kept = str(desk.standing()) + str(desk.bus.durable)
    assert "隐私昵称甲" not in kept
    assert "9990000001" not in kept
    assert desk.standing()["name"] == "········01.jsonl"


def test_drafts_hidden_files_links_and_strangers_are_not_read(desk, folder, tmp_path):
    (tmp_path / "secret.jsonl").write_text(line(9), "utf-8")
    (folder / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    for name in (".a.jsonl", "~$a.xlsx", "a.txt", "a.jsonl.part"):
        (folder / name).write_text(line(1), "utf-8")
    (folder / "empty.csv").touch()

    assert desk.sweep() == ([], [])


def test_watching_goes_on_while_the_bus_is_down_and_stops_when_told(desk, folder):
    (folder / "a.jsonl").write_text(line(1), "utf-8")
    desk.bus.down = True
    told, heard = [], []

    def wait(seconds):
        desk.bus.down = False
        return len(heard) == 1

    watch(desk.watcher(), now=lambda: EARLIER, wait=wait, heard=heard.append, down=told.append)

    assert len(told) == 1
    assert [mention.native_id for mention in desk.bus.mentions()] == ["1"]


def test_a_folder_that_is_none_is_said_to_be_none(desk, folder):
    folder.rmdir()

    with pytest.raises(BadInput, match="is no folder"):
        desk.sweep()
