"""What `scrapy bench` does, for so many pages: `python bare.py PAGES`; prints the CPU seconds they took."""

import json
import subprocess
import sys
import time
from typing import Any

from scrapy.commands.bench import _BenchSpider
from scrapy.crawler import AsyncCrawlerProcess


def main(pages: int) -> None:
    """Its own server and its own spider; of the pages, those from the tenth part on count."""
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "scrapy.utils.benchserver"], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    server.stdout.readline()
    taken: list[float] = []

    class Counting(_BenchSpider):
        def parse(self, response: Any) -> Any:
            taken.append(time.process_time())
            yield from super().parse(response)

    try:
        process = AsyncCrawlerProcess({"LOG_LEVEL": "INFO", "CLOSESPIDER_PAGECOUNT": pages})
        process.crawl(Counting, total=100_000)
        process.start()
    finally:
        server.kill()
        server.wait()
    first = pages // 10
    print(json.dumps({"pages": pages - first, "cpu": taken[pages - 1] - taken[first - 1]}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
