"""Help reads like a manual page, and the page in docs/ names every command."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from tingchao.cli import app
from tingchao.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "cli.md").read_text("utf-8")
HEAVY = ("scrapy", "streamlit", "onnxruntime", "kafka", "elasticsearch", "apsw", "pydantic_settings", "lark")


def commands() -> Iterator[str]:
    def walk(command: object, path: str) -> Iterator[str]:
        for name, child in getattr(command, "commands", {}).items():
            if getattr(child, "commands", None):
                yield from walk(child, f"{path}{name} ")
            else:
                yield f"{path}{name}"

    yield from walk(get_command(app), "")


COMMANDS = list(commands())


def test_every_command_that_is_promised_is_there():
    assert set(COMMANDS) == {
        "demo", "init", "up", "crawl", "work", "dashboard", "import", "push-server", "replay", "search",
        "match", "when", "score", "doctor", "status", "rescore", "parse", "model shadow", "model drift",
        "corrections export", "watchlist check", "requests", "hosts list", "hosts stop", "hosts allow",
        "watchlist load", "watchlist show", "services up", "services status", "services down",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["", "corrections", "hosts", "model", "watchlist", "services"])
def test_a_list_of_commands_cuts_no_sentence_at_eighty_columns(tingchao, path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    ran = tingchao(*path.split(), "--help")

    assert ran.code == 0
    listed = ran.out.partition("Commands:\n")[2].splitlines()
    assert listed
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_and_explains_every_option(tingchao, path):
    ran = tingchao(*path.split(), "--help")

    assert ran.code == 0
    assert f"tingchao {path}" in ran.out.partition("Example: ")[2]
    command = get_command(app)
    for name in path.split():
        command = command.commands[name]
    assert all(getattr(parameter, "help", None) for parameter in command.params)


@pytest.mark.parametrize("path", COMMANDS)
def test_the_page_in_docs_names_every_command_with_its_sentence(path):
    command = get_command(app)
    for name in path.split():
        command = command.commands[name]
    sentence = str(command.help).partition("\n")[0].rstrip(".")

    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{path}` |"))

    assert f"tingchao {path}" in row
    assert sentence in row or "JSON lines" in sentence or "in UTC" in sentence


@pytest.mark.parametrize("page", ["settings.md", "cli.md"])
def test_every_setting_that_the_docs_name_exists(page):
    named = set(re.findall(r"TINGCHAO_[A-Z_]+[A-Z]", (DOCS / page).read_text("utf-8")))

    assert named
    assert named <= {f"TINGCHAO_{name.upper()}" for name in Settings.model_fields}


def test_help_loads_nothing_heavy():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, tingchao.cli; print([m for m in {HEAVY!r} if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout.strip() == "[]"


def test_without_a_command_the_help_is_shown(tingchao):
    ran = tingchao()

    assert (ran.code, ran.err) == (2, "")
    assert "Exit codes:" in ran.out


def test_the_version_is_printed(tingchao):
    assert tingchao("--version").out.startswith("tingchao ")
