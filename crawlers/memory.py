"""The crawl's memory, bounded: a page that unpacks for ever ends the crawl, not the machine."""

from pathlib import Path

from scrapy.extensions.memusage import MemoryUsage

_OWN = Path("/proc/self/statm")


class Memory(MemoryUsage):  # type: ignore[misc, unused-ignore]
    """Scrapy's own watch asks for the highest use ever, and Linux counts what the *parent* held when it started us: a
    crawl started by a large program would end at once. This one asks for the use now."""

    def get_virtual_size(self) -> int:
        """Bytes in memory now; where the system does not say, the most there ever were."""
        try:
            pages = int(_OWN.read_text().split()[1])
        except OSError:
            return int(super().get_virtual_size())
        return pages * int(self.resource.getpagesize())
