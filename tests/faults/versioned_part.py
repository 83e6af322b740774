"""A worker as a process of its own, with the model that TINGCHAO_MODEL names: `python versioned_part.py NAME HOME`."""

import sys
from pathlib import Path

import models
from tests.unit.stream.second import WordScorer
from tingchao.settings import read_settings
from tingchao.up import stop_on_signals

WORDS = {"onnx:one": "冒烟", "onnx:two": "烫手"}
"""The word that each model calls negative."""


def main(name: str, home: Path) -> None:
    """Run the worker until SIGTERM."""
    from stream.commands import work

    models.open_scorer = lambda address, **_: WordScorer(address, WORDS[address])  # type: ignore[assignment]
    work([name], read_settings(home), stop_on_signals())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
