"""The same posts through Kafka and Elasticsearch, with their servers on the same cores, and embedded.

Both sides read the same stretch of the Covid threads with the real scorer, a fresh cache each time. The bus's topics have
fixed names, so each trial on Kafka starts where the last one ended.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from deploy.local import Services
from models import open_scorer
from tests.bench.bench_pipeline import stretch, through_all
from tests.bench.harness import Figure, NotMeasurable, compare
from tingchao.errors import BadSetting, Unavailable

COMMAND = "python -m tests.bench servers"
POSTS = 1_500
PAIRS = 7


def figures() -> Iterator[Figure]:
    """See the module."""
    some = stretch("weibo_2020_covid_threads", POSTS)
    scorer = open_scorer(threads=2)
    number = count()
    with TemporaryDirectory() as folder:
        services = Services(Path(folder) / "services", elasticsearch_heap="1g", kafka_heap="512m")
        try:
            addresses = services.up()
        except (BadSetting, Unavailable) as error:
            raise NotMeasurable(f"the servers cannot be started here: {error}") from error
        started = [psutil.Process(each.pid) for each in services.status()]
        pids = [each.pid for top in started for each in (top, *top.children(recursive=True))]

        def servers() -> int:
            through_all(some, addresses.bus, f"{addresses.store}/bench{next(number)}", scorer)
            return len(some)

        def embedded() -> int:
            with TemporaryDirectory() as home:
                through_all(some, f"sqlite:///{home}/bus.db", f"sqlite:///{home}/store.db", scorer)
            return len(some)

        try:
            ratio = compare(servers, embedded, pairs=PAIRS, pids=lambda: pids)
        finally:
            services.down(purge=True)
    note = f"{POSTS:,} posts, real scorer, publishing included"
    yield ratio.figure(
        "servers.pipeline_over_embedded",
        goal="≥ 0.7",
        beyond="≥ 0.9",
        command=COMMAND,
        note=f"{note}; CPU of workers and both servers",
    )
    yield ratio.figure(
        "servers.pipeline_over_embedded.wall",
        goal="≥ 0.7",
        beyond="≥ 0.9",
        clock="wall",
        command=COMMAND,
        note=note,
    )
