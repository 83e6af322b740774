"""`python -m tests.bench [NAME...]`: run benchmarks, keep their figures, write the table of docs/benchmarks.md."""

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec

from tests.bench.harness import Figure, NotMeasurable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDS = ROOT / ".build" / "bench.json"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
LIBRARIES = (
    "kafka-python",
    "elasticsearch",
    "onnxruntime",
    "tokenizers",
    "scrapy",
    "streamlit",
    "msgspec",
    "numpy",
)


class Record(msgspec.Struct, frozen=True):
    """A figure with the day and the machine that gave it."""

    figure: Figure
    date: str
    cpu: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named, or all; 1 if one could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    known = sorted(file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; none: all of them")
    names = parser.parse_args(arguments).names or known
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    for line in machine():
        print(line)
    missing = 0
    for name in names:
        missing += not _run(name)
    print(f"\n{RECORDS.relative_to(ROOT)} and {PAGE.relative_to(ROOT)} are up to date")
    return 1 if missing else 0


def _run(name: str) -> bool:
    """Record each figure as it comes, so that a run broken off keeps what it had."""
    print(f"\n{name}")
    try:
        for figure in importlib.import_module(f"tests.bench.bench_{name}").figures():
            print("  " + " · ".join(_cells(figure)))
            record([Record(figure, f"{datetime.now(UTC):%Y-%m-%d}", cpu_model())])
    except NotMeasurable as reason:
        print(f"  not measured: {reason}")
        return False
    return True


def machine() -> list[str]:
    """What a reader must know of this machine to read the figures."""
    flags = _cpu_field("flags").split()
    wanted = [flag for flag in ("avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8") if flag in flags]
    versions = [f"{name} {_version(name)}" for name in LIBRARIES]
    threads = [
        f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "TINGCHAO_THREADS") if name in os.environ
    ]
    return [
        f"CPU        {cpu_model()} ({', '.join(wanted) or 'no int8 instructions'})",
        f"cores      {len(os.sched_getaffinity(0))} usable; load {', '.join(f'{x:.2f}' for x in os.getloadavg())}",
        f"Python     {platform.python_version()}; SQLite {apsw.sqlite_lib_version()} (apsw {apsw.apsw_version()})",
        f"libraries  {', '.join(versions)}",
        f"crc32c     {'active' if importlib.util.find_spec('crc32c') else 'MISSING: Kafka is 4 to 5 times slower'}",
        f"threads    {', '.join(threads) or 'as each benchmark says'}",
    ]


def cpu_model() -> str:
    """Model, family and model number: virtual machines often hide the name."""
    name = _cpu_field("model name") or platform.processor() or "unknown"
    return f"{name} (family {_cpu_field('cpu family')}, model {_cpu_field('model')})"


def _cpu_field(name: str) -> str:
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def record(new: Sequence[Record], records: Path = RECORDS, page: Path = PAGE) -> None:
    """Put new figures in the place of older ones of the same name, and draw the table again."""
    kept = {each.figure.name: each for each in read_records(records)}
    kept.update((each.figure.name, each) for each in new)
    records.parent.mkdir(parents=True, exist_ok=True)
    ordered = sorted(kept.values(), key=lambda each: each.figure.name)
    records.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1))
    page.parent.mkdir(parents=True, exist_ok=True)
    before = page.read_text("utf-8") if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    page.write_text(with_table(before, ordered), "utf-8")


def read_records(records: Path = RECORDS) -> list[Record]:
    return msgspec.json.decode(records.read_bytes(), type=list[Record]) if records.exists() else []


def with_table(page: str, records: Sequence[Record]) -> str:
    """The page with the table between its markers renewed. Raises `ValueError` if the markers are gone."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/benchmarks.md needs the lines {BEGIN} and {END}: the table goes between them")
    rows = ["| figure | goal | beyond | got | 90 % interval | verdict | unit | command | date | CPU | note |"]
    rows.append("|" + " --- |" * 11)
    for each in records:
        cells = (*_cells(each.figure), each.figure.unit, f"`{each.figure.command}`", each.date, each.cpu)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in (*cells, each.figure.note)) + " |")
    return f"{head}{begin}\n" + "\n".join(rows) + f"\n{end}{tail}"


def _cells(figure: Figure) -> tuple[str, str, str, str, str, str]:
    got = "machine too noisy" if figure.got is None else f"{figure.got:,.4g}"
    interval = "" if figure.interval is None else f"{figure.interval[0]:,.4g} to {figure.interval[1]:,.4g}"
    return figure.name, figure.goal, figure.beyond, got, interval, figure.verdict


if __name__ == "__main__":
    sys.exit(main())
