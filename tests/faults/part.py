"""A worker as a process of its own, for tests that kill it: `python part.py NAME HOME`. The scorer knows one word."""

import sys
import threading
from pathlib import Path

import models
from tests.unit.stream.doors import OneWordScorer
from tingchao.settings import read_settings
from tingchao.up import stop_on_signals


def main(name: str, home: Path) -> None:
    """Run the worker until SIGTERM."""
    from stream.commands import work

    models.open_scorer = lambda *_, **__: OneWordScorer()  # type: ignore[assignment]
    stop: threading.Event = stop_on_signals()
    work([name], read_settings(home), stop)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
