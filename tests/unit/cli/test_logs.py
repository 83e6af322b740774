"""Logs: one line an event, whatever a text from outside holds, and no secret in it."""

import json
import subprocess
import sys

from tingchao.logs import mask, one_line

WRITE = """
import logging, structlog, sys
from pathlib import Path
from tingchao.logs import configure
configure(Path(sys.argv[1]), name="test")
log = structlog.get_logger("x")
log.info("seen", text='ok\\n{"level": "critical"}\\x1b[2J\\u202e\\x9b31m', url="https://a.example/send?key=abc&x=1")
logging.getLogger("library").warning("to %s", "https://user:hunter2@a.example/?access_token=xyz")
try:
    raise ValueError("token=abcdef")
except ValueError:
    log.exception("failed", error=ValueError("secret=abcdef"), rows=[{"key": "sign=abcdef"}], number=3)
"""


def written(tmp_path):
    file = tmp_path / "logs" / "test.log"
    subprocess.run([sys.executable, "-c", WRITE, str(file)], check=True)
    return file.read_text("utf-8")


def test_a_text_from_outside_cannot_forge_a_line_or_steer_a_terminal(tmp_path):
    text = written(tmp_path)

    events = [json.loads(line) for line in text.splitlines()]
    assert [event["event"] for event in events] == [
        "seen",
        "to https://user:····@a.example/?access_token=····",
        "failed",
    ]
    assert events[0]["text"] == 'ok\\n{"level": "critical"}\\x1b[2J\\u202e\\x9b31m'
    assert events[0]["level"] == "info"
    assert text.replace("\n", "").isprintable()


def test_no_secret_is_written_even_in_an_exception(tmp_path):
    text = written(tmp_path)

    assert "abcdef" not in text
    assert "hunter2" not in text
    assert "key=····&x=1" in text
    assert "Traceback" in json.loads(text.splitlines()[2])["exception"]
    assert json.loads(text.splitlines()[2])["number"] == 3


def test_a_password_in_an_address_is_masked():
    assert mask("https://elastic:pw@127.0.0.1:9200") == "https://elastic:····@127.0.0.1:9200"


def test_what_prints_stays_as_it_is():
    assert one_line("小米 SU7 🚗 起火") == "小米 SU7 🚗 起火"
