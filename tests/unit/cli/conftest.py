"""The command line in this process: arguments in, exit code and both outputs out."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tingchao import chosen, cli
from tingchao.settings import Settings


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Tingchao = Callable[..., Ran]


@pytest.fixture
def tingchao(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Tingchao:
    """Run `tingchao ARGUMENTS` with its home in `tmp_path/home`; `given` is its standard input."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TINGCHAO_{name.upper()}", raising=False)
    monkeypatch.setenv("TINGCHAO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tingchao.logs.configure", lambda *_, **__: None)  # it is for whole processes
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str | bytes = b"") -> Ran:
        wire = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "argv", ["tingchao", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(wire), encoding="utf-8"))
        monkeypatch.setattr(chosen.Home, "folder", None)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of `tingchao`, made."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
