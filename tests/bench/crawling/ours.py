"""Crawl a site's pages as the product does, parsing and publishing: `python ours.py HOME PAGES`; prints what it took."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from crawlers.pipeline import Pipeline
from tingchao.settings import read_settings

SAMPLES = 50


def main(home: Path, pages: int) -> None:
    """Prints `pages` and the CPU seconds they took from the tenth part on, and memory (MB) at each fiftieth part."""
    from crawlers import run
    from crawlers.sources import load

    taken: list[tuple[int, float, float]] = []
    read = 0
    deliver = Pipeline.deliver

    async def counted(self: Pipeline, mentions: Any) -> int:
        nonlocal read
        published = await deliver(self, mentions)
        read += 1
        if read % max(pages // SAMPLES, 1) == 0:
            taken.append((read, time.process_time(), _resident()))
        if read == pages:
            from twisted.internet import reactor

            stopping: Any = reactor
            stopping.callFromThread(_stop)
        return published

    Pipeline.deliver = counted  # type: ignore[method-assign]
    run.crawl(read_settings(home), load(home / "sources.yaml"), once=False)
    first, last = taken[SAMPLES // 10 - 1], taken[SAMPLES - 1]
    print(
        json.dumps(
            {"pages": last[0] - first[0], "cpu": last[1] - first[1], "memory": [each[2] for each in taken]}
        )
    )


def _stop() -> None:
    import os
    import signal

    os.kill(os.getpid(), signal.SIGTERM)


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
