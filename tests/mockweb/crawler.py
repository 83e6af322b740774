"""The crawl as a process of its own, with less patience for a body that does not come: `python crawler.py HOME`."""

import sys
from pathlib import Path
from typing import Any

PATIENCE = 5


def main(home: Path, *options: str) -> None:
    """Crawl the sources of HOME until SIGTERM."""
    from crawlers import run, scrapy_settings
    from crawlers.sources import load
    from tingchao.settings import read_settings

    usual = scrapy_settings.scrapy_settings

    def hasty(*given: Any) -> dict[str, Any]:
        return {**usual(*given), "DOWNLOAD_TIMEOUT": PATIENCE}

    vars(run)["scrapy_settings"] = hasty
    settings = read_settings(home)
    run.crawl(settings, load(home / "sources.yaml"), once="--once" in options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
