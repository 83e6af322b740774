"""What was chosen on the command line before the command: the home folder, and with it the settings."""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tingchao.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]


class Home:
    """The home folder given with --home; the environment's or the default one otherwise."""

    folder: Path | None = None


def folder() -> Path:
    """The home folder."""
    return Home.folder or Path(os.environ.get("TINGCHAO_HOME") or ".tingchao")


def settings(log: str = "") -> "Settings":
    """The settings; with `log` this process also logs under that name, to a file where `up` supervises it."""
    from tingchao.logs import configure
    from tingchao.settings import read_settings

    found = read_settings(folder())
    if log:
        supervised = os.environ.get("TINGCHAO_SUPERVISED")
        configure(found.home / "logs" / f"{log}.log" if supervised else None, name=log)
    return found


def room(name: str) -> Any:
    """A room above this one, imported when it is needed."""
    return import_module(name)
