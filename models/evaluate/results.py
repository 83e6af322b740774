"""What was measured, of which model, when and where: kept in one file, so that a part can be run again by itself."""

import os
import platform
from pathlib import Path

import msgspec

from tingchao.errors import BadInput

Figure = float | int | str | None
Line = dict[str, Figure]
Table = dict[str, Line]
"""Name of a line -> name of a column -> figure."""

Tables = dict[str, Table]


class Part(msgspec.Struct, frozen=True):
    """One part's tables. `sample`: at most so many rows of a source were taken; 0: all of them."""

    model: str
    date: str
    cpu: str
    sample: int
    seconds: float
    tables: Tables


Results = dict[str, Part]
"""Name of a part -> what it gave last."""


def read_results(path: Path) -> Results:
    """Empty if nothing was measured yet. Raises `BadInput` for a file that is not ours."""
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except msgspec.DecodeError as error:
        raise BadInput(
            f"{path}: not the results of an evaluation ({error}). Remove it and measure again"
        ) from None


def keep(path: Path, name: str, part: Part) -> Results:
    """Put a part in the place of its last run; what was measured of another model goes. Returns what is there now."""
    kept = {one: each for one, each in read_results(path).items() if each.model == part.model}
    kept[name] = part
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1))
    os.replace(scratch, path)
    return kept


def figure(results: Results, part: str, table: str, line: str, column: str) -> float | None:
    """One figure; None where it was not measured or has no meaning."""
    there = results.get(part)
    found = there.tables.get(table, {}).get(line, {}).get(column) if there else None
    return float(found) if isinstance(found, int | float) else None


def cpu_model() -> str:
    """Name, family and model number: virtual machines often hide the name."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or platform.machine()
    fields: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    told = f"{fields.get('model name', 'unknown')} (family {fields.get('cpu family')}, model {fields.get('model')})"
    flags = fields.get("flags", "").split()
    wanted = [flag for flag in ("avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8") if flag in flags]
    return f"{told}, {len(os.sched_getaffinity(0))} cores, {' '.join(wanted) or 'no 8-bit instructions'}"
