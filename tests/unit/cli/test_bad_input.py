"""Bad input: one sentence that names the thing, the wrong value and what would be right; never a traceback."""

import gzip
import json
from pathlib import Path
from typing import ClassVar

import pytest

from tests.conftest import NOON
from tingchao.bus import DEAD, RAW, open_bus
from tingchao.store import open_store
from tingchao.watchlist import from_yaml, read, save

GOOD = "topics: [{id: xiaomi, name: 小米, role: brand, query: '(小米 OR xiaomi) NOT 小米粥'}]\n"

WATCHLISTS = {
    "half written": ("topics: [{id: x", "line 2, column 1: not YAML"),
    "empty": ("", "a list 'topics' is expected"),
    "just text": ("xiaomi", "a list 'topics' is expected"),
    "wrong role": ("topics: [{id: x, name: X, role: boss}]", "role: 'boss' is none of brand"),
    "bad query": ("topics: [{id: x, name: X, role: brand, query: '(小米'}]", "query, column 1"),
    "twice the same id": (
        "topics: [{id: x, name: X, role: brand}, {id: x, name: Y, role: brand}]",
        "taken by",
    ),
    "aliases": ("a: &a [1]\ntopics: *a\n", "aliases (*a) are not taken"),
    "a tag": ('!!python/object/apply:os.system ["true"]', "a list 'topics' is expected"),
    "not UTF-8": ("小米".encode("gbk"), "save it as UTF-8"),
    "two megabytes": (b"#" * 2_000_000, "larger than 1,000,000 bytes"),
}


def one_sentence(text: str) -> bool:
    return text.startswith("tingchao") and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize("case", WATCHLISTS)
def test_a_malformed_watchlist_is_named_and_what_is_watched_stays(tingchao, home, case):
    text, said = WATCHLISTS[case]
    file = home / "topics.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        save(store, from_yaml(GOOD), 0)

    for command in (("check", str(file)), ("load", str(file))):
        ran = tingchao("watchlist", *command)

        assert (ran.code, ran.out) == (2, "")
        assert one_sentence(ran.err)
        assert "topics.yaml" in ran.err
        assert said in ran.err
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        assert [topic.id for topic in read(store)[0].topics] == ["xiaomi"]


def test_a_watchlist_that_is_not_there_is_named(tingchao):
    ran = tingchao("match", "--watchlist", "nosuch.yaml", given='{"id": 1, "text": "小米"}')

    assert ran.code == 2
    assert "nosuch.yaml: cannot be read: No such file or directory" in ran.err


SETTINGS = {
    "wrong kind": ("TINGCHAO_THREADS=many\n", "TINGCHAO_THREADS='many'"),
    "out of range": ("TINGCHAO_DASHBOARD_PORT=80808\n", "less than or equal to 65535"),
    "misspelt": ("TINGCHAO_TREADS=3\n", "Did you mean TINGCHAO_THREADS?"),
    "foreign": ("HELLO=3\n", "HELLO: there is no such setting"),
    "half a line": ("TINGCHAO_LANGUAGE=en\nTINGCHAO_THRE", "line 2: 'TINGCHAO_THRE' is no NAME=VALUE"),
    "half a quotation": ('TINGCHAO_BUS="sqlite', "line 1: 'TINGCHAO_BUS' is no NAME=VALUE"),
    "not UTF-8": (b"TINGCHAO_WATCHLIST=\xff\xfe\n", "byte 19 is not UTF-8"),
    "zeros": (b"\x00\x00\x00\x00", "is no NAME=VALUE"),
    "unknown bus": ("TINGCHAO_BUS=rabbit://x\n", "no bus speaks 'rabbit'. Use sqlite:///PATH or kafka://"),
    "unknown store": (
        "TINGCHAO_STORE=mysql://x\n",
        "no store speaks 'mysql'. Use sqlite:///PATH or https://",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_malformed_setting_is_named(tingchao, home, case):
    text, said = SETTINGS[case]
    (home / "tingchao.env").write_bytes(text if isinstance(text, bytes) else text.encode())

    ran = tingchao("status")

    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err)
    assert said in ran.err


def test_a_settings_file_cut_anywhere_is_either_right_or_refused_and_never_half_a_setting(tingchao, home):
    whole = "TINGCHAO_LANGUAGE=en\nTINGCHAO_CLOCK=events\n"
    for length in range(len(whole)):
        (home / "tingchao.env").write_text(whole[:length])

        ran = tingchao("doctor", "--json")

        checks = {check["check"]: check for check in map(json.loads, ran.out.splitlines())}
        cut = whole[:length]
        fine = cut.endswith("\n") or cut == "" or cut in (whole.strip(), whole.partition("\n")[0])
        assert checks["settings"]["ok"] is fine, cut


def test_a_secret_that_is_wrong_is_not_shown(tingchao, home):
    (home / "tingchao.env").write_text('TINGCHAO_WEBHOOK_SECRET "hunter2hunter2"\n')

    ran = tingchao("status")

    assert ran.code == 2
    assert "hunter2" not in ran.err


def test_a_folder_in_place_of_the_settings_is_named(tingchao, home):
    (home / "tingchao.env").mkdir()

    ran = tingchao("status")

    assert ran.code == 2
    assert "tingchao.env: cannot be read (Is a directory)" in ran.err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("小米 AND (", "column 9: the query ends too early"),
        ("sentiment:sad", "sad"),
        ("(" * 2_000, "column"),
        (" OR ".join(f"词{n}" for n in range(10_000)), "query"),
    ],
)
def test_a_malformed_query_shows_the_place(tingchao, query, said):
    ran = tingchao("search", query)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("tingchao: ")
    assert said in ran.err
    assert "Traceback" not in ran.err


LINES = [
    ({"id": "1", "text": "小米手机冒烟", "published_at": "2026-11-20T10:00:00Z"}, ""),
    ({"id": "2", "text": "小" * 1_000_001}, "longer than 1,000,000 bytes"),
    ({"id": "3", "text": "小米 1970", "published_at": "1970-01-01T00:00:00Z"}, ""),
    ({"id": "4", "text": "小米 明年", "published_at": "2099-01-01T00:00:00Z"}, ""),
    ({"id": "5", "text": ""}, "has no text"),
    ({"id": "6", "text": "小米", "kind": "song"}, "kinds are post"),
    ({"id": "7", "text": "小米 \ud83d"}, ""),
    ({"text": "no id"}, "has no id of 1 to 512 characters"),
    ({"id": "9", "text": ["小米"]}, "text is a list; give text"),
    ({"id": "10", "text": "小米", "captured_at": "soon"}, "captured_at='soon'"),
]
RAW_LINES = [
    (b"not json", "no JSON"),
    (b"[1]", "no JSON object"),
    (b'{"id": "11", "text": "\xd0\xa1\xc3\xd7"}', None),
    (b'{"a":' * 100_000, "no JSON"),
    (b'{"id":' + b"9" * 5_000 + b',"text":"x"}', "no JSON"),
    (b'{"id":"12","text":"x","likes":NaN}', "likes='nan' is no count"),
]


def bad_file(folder: Path) -> tuple[bytes, list[str]]:
    rows = [(json.dumps(row, ensure_ascii="\ud83d" in row["text"]).encode(), said) for row, said in LINES]
    rows += RAW_LINES
    problems = [f"line {number}: " for number, (_, said) in enumerate(rows, 1) if said]
    return b"\n".join(line for line, _ in rows) + b"\n", problems


def test_bad_lines_are_refused_one_by_one_and_the_others_come_in(tingchao, home):
    text, problems = bad_file(home)
    (home / "posts.jsonl").write_bytes(text)

    dry = tingchao("import", str(home / "posts.jsonl"), "--dry-run", "--json")
    assert not (home / "bus.db").exists()
    ran = tingchao("import", str(home / "posts.jsonl"), "--json")

    report = json.loads(ran.out)
    assert (ran.code, dry.code) == (1, 1)
    assert json.loads(dry.out)["problems"] == report["problems"]
    assert [told.partition(": ")[0] + ": " for told in report["problems"]] == problems
    for (_, said), told in zip(
        [row for row in [*LINES, *RAW_LINES] if row[1]], report["problems"], strict=True
    ):
        assert said in told
    with open_bus(f"sqlite:///{home / 'bus.db'}") as bus:
        assert bus.lag("someone", [RAW])[RAW] == report["published"] == len(LINES + RAW_LINES) - len(problems)
        assert bus.lag("someone", [DEAD])[DEAD] == len(problems)


def test_times_of_1970_and_of_next_year_are_no_times(tingchao):
    lines = [
        {"text": "1970-01-01 00:00", "captured_at": NOON.isoformat()},
        {"text": "2027-11-24 12:00", "captured_at": NOON.isoformat()},
        {"text": 5, "captured_at": NOON.isoformat()},
    ]

    ran = tingchao("when", given="\n".join(map(json.dumps, lines)))

    assert ran.code == 0
    assert [json.loads(line) for line in ran.out.splitlines()] == [{"time": None, "precision": "none"}] * 3


@pytest.mark.parametrize(
    ("command", "file", "said"),
    [
        ("import", b"\x1f\x8b\x08\x00damaged", "damaged gzip"),
        ("import", None, "No such file or directory"),
        ("replay", b"not json\n", "no replay corpus; line 1: no JSON"),
        ("replay", b'{"id": "1", "text": "x"}\n', "a row has a time such as"),
        ("replay", None, "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tingchao, home, command, file, said):
    path = home / "posts"
    if file is not None:
        path.write_bytes(file)

    ran = tingchao(command, str(path))

    assert ran.code == 2
    assert one_sentence(ran.err)
    assert said in ran.err


def test_what_came_before_a_damage_in_a_gzip_is_imported(tingchao, home):
    rows = b"".join(
        b'{"id": "%d", "text": "\xe5\xb0\x8f\xe7\xb1\xb3 %d"}\n' % (n, n * 7919) for n in range(9_000)
    )
    packed = gzip.compress(rows)
    (home / "posts.gz").write_bytes(packed[: len(packed) // 2])

    ran = tingchao("import", str(home / "posts.gz"))

    assert ran.code == 2
    assert "damaged gzip after line" in ran.err
    with open_bus(f"sqlite:///{home / 'bus.db'}") as bus:
        assert bus.lag("someone", [RAW])[RAW] > 1_000


@pytest.mark.parametrize("command", ["match", "when", "score"])
def test_filters_answer_each_line_at_its_place_and_end_with_2_if_one_was_bad(
    tingchao, home, command, monkeypatch
):
    (home / "w.yaml").write_text(GOOD, "utf-8")
    monkeypatch.setattr("models.open_scorer", lambda *_, **__: OneAnswer())
    good = json.dumps({"id": "\ud83d", "text": "小米\ud83d 起火", "captured_at": NOON.isoformat()})
    bytes_ = b'{"id": "2", "text": "\xff\xfe", "captured_at": "2026-11-24T02:00:00Z"}'
    lines = [good.replace("\\ud83d", ""), "not json", "[1]", "[" * 100_000, "9" * 5_000]

    options = ["--watchlist", str(home / "w.yaml")] if command == "match" else []
    ran = tingchao(command, *options, given="\ufeff".encode() + "\n".join(lines).encode() + b"\n" + bytes_)

    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 2
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, False]


class OneAnswer:
    name = "one/0"
    heads: ClassVar = {"sentiment": ("negative", "neutral", "positive")}
    unsure_below = 0.5

    def score(self, texts, targets=None, contexts=None):
        from models import Reading
        from tingchao.mention import Label, Sentiment

        return [Reading(sentiment=Sentiment(Label.NEUTRAL, 0.2, 0.6, 0.2)) for _ in texts]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--task", "emotion"], "--task emotion: the model one/0 has no head for it; it answers sentiment"),
        (["--task", "mood"], "--task 'mood': there is no such task; known are sentiment, target, emotion"),
        (["--task", "sentiment", "--target", "小米"], "the task sentiment is about whole texts"),
    ],
)
def test_a_task_that_the_model_cannot_answer_is_refused_before_anything_is_read(
    tingchao, monkeypatch, options, said
):
    monkeypatch.setattr("models.open_scorer", lambda *_, **__: OneAnswer())

    ran = tingchao("score", *options, given='{"text": "好"}')

    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err)
    assert said in ran.err


def test_a_character_that_is_none_comes_back_as_a_question_mark(tingchao, home):
    (home / "w.yaml").write_text(GOOD, "utf-8")

    ran = tingchao("match", "--watchlist", str(home / "w.yaml"), given='{"id": "\\ud83d", "text": "小米"}')

    assert ran.code == 0
    assert json.loads(ran.out)["id"] == "?"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "小米", "--limit", "0"], "'0' is not a whole number from 1 to 1000"),
        (["search", "小米", "--limit", "many"], "'many' is not a whole number from 1 to 1000"),
        (["search", "小米", "--last", "7y"], "--last '7y': give a number and m, h, d or w"),
        (["score", "--threads", "0"], "'0' is not a whole number from 1 to 64"),
        (["score", "--model", "gpt"], "TINGCHAO_MODEL='gpt': use bundled, onnx:FOLDER or torch:FOLDER"),
        (["score", "--model", "onnx:/nowhere"], "/nowhere: no card.json in it"),
        (["demo", "--speed", "-1"], "'-1' is not a number from 0.1 to 1000"),
        (["replay", "x", "--speed", "nan"], "--speed 'nan': give a factor above 0 such as 60, or max"),
        (["work", "dig"], "worker 'dig': there is no such worker; known are enrich, index, alert, notify"),
        (["work"], "Missing argument"),
        (["dig"], "No such command 'dig'"),
        (["up", "--fast"], "No such option: --fast"),
        (["init", "--brand", '"'], "give a name of 1 to 40 characters"),
        (["crawl", "--once", "--source", "nosuch"], "--source 'nosuch': there is no such enabled source"),
    ],
)
def test_a_wrong_option_is_named_with_what_would_be_right(tingchao, arguments, said):
    ran = tingchao(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err)
    assert said in ran.err


SOURCES = {
    "half written": ("sources: [{id: x", "sources.yaml line 2: no valid YAML"),
    "empty": ("", "Write such as sources: [{id: ithome"),
    "another file": ("topics: []", "unknown field `topics`. Write such as sources:"),
    "unknown field": ("sources: [{id: x, spider: rss, uri: 'http://a.example'}]", "Fields are id, spider"),
    "unknown spider": ("sources: [{id: x, spider: web}]", "Spiders are rss"),
    "no address": ("sources: [{id: x, spider: rss}]", "spider rss needs url"),
    "a closed platform": ("sources: [{id: x, spider: rss, url: 'https://weibo.com/x'}]", "forbids crawlers"),
    "not UTF-8": ("小米".encode("gbk"), "is not UTF-8"),
}


@pytest.mark.parametrize("case", SOURCES)
def test_malformed_sources_are_named(tingchao, home, monkeypatch, case):
    text, said = SOURCES[case]
    (home / "sources.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setenv("TINGCHAO_SOURCES", "sources.yaml")

    for command in (("crawl", "--once"), ("up",)):
        ran = tingchao(*command)

        assert (ran.code, ran.out) == (2, "")
        assert one_sentence(ran.err)
        assert said in ran.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"TINGCHAO_MODEL": "onnx:/nowhere"}, "/nowhere: no card.json"),
        ({"TINGCHAO_MODEL": "torch:/nowhere"}, "with a folder that is there"),
        ({"TINGCHAO_MODEL": "gpt"}, "TINGCHAO_MODEL='gpt': use bundled"),
        ({"TINGCHAO_PLAYBOOK": "/nowhere.yaml"}, "/nowhere.yaml: cannot be read"),
        ({"TINGCHAO_WATCHLIST": "nosuch.yaml"}, "nosuch.yaml: cannot be read"),
        ({"TINGCHAO_WEBHOOK_URL": "https://a.example"}, "TINGCHAO_WEBHOOK_SECRET is not set"),
        (
            {"TINGCHAO_WEBHOOK_URL": "https://a.example", "TINGCHAO_WEBHOOK_SECRET": "short"},
            "it has 5 characters; at least 16 are needed",
        ),
    ],
)
def test_up_starts_nothing_with_a_setting_that_a_part_would_die_of(
    tingchao, home, monkeypatch, setting, said
):
    for name, value in setting.items():
        monkeypatch.setenv(name, value)

    ran = tingchao("up")

    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err)
    assert said in ran.err
    assert not (home / "logs").exists()


@pytest.mark.parametrize("arguments", [["up"], ["init", "--brand", "小米"], ["demo"], ["import", "x"]])
def test_a_home_that_is_no_folder_is_named(tingchao, tmp_path, arguments):
    (tmp_path / "file").touch()

    ran = tingchao("--home", str(tmp_path / "file"), *arguments)

    assert ran.code == 2
    assert one_sentence(ran.err)
    assert str(tmp_path / "file") in ran.err


def test_a_damaged_key_is_named_and_not_replaced(tingchao, home):
    (home / "author.key").write_bytes(b"xx")

    ran = tingchao("import", "x")

    assert ran.code == 2
    assert "author.key has 2 bytes, not 32" in ran.err
    assert (home / "author.key").read_bytes() == b"xx"


def test_a_store_that_is_no_database_is_named_and_left_alone(tingchao, home):
    (home / "store.db").write_text("garbage")

    ran = tingchao("search", "小米")

    assert ran.code == 3
    assert "store.db: this is not a SQLite database" in ran.err
    assert (home / "store.db").read_text() == "garbage"


def test_services_without_the_extra_say_what_to_install(tingchao, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "filelock", None)

    ran = tingchao("services", "up")

    assert ran.code == 2
    assert 'pip install "tingchao[services]"' in ran.err


def test_an_empty_home_variable_means_the_usual_folder(tingchao, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGCHAO_HOME", "")

    assert tingchao("status").code == 0
    assert (tmp_path / ".tingchao" / "store.db").exists()
    assert not (tmp_path / "store.db").exists()
