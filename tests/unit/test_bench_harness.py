"""The statistics of the benchmarks: what is paired, what is dropped, what is judged."""

from itertools import cycle, pairwise
from pathlib import Path

import pytest

from tests.bench.__main__ import BEGIN, END, Record, read_records, record, with_table
from tests.bench.harness import (
    Cost,
    Figure,
    Pair,
    Ratio,
    compare,
    cpu_seconds,
    latencies,
    p95_figure,
    percentiles,
    reaches,
    spread,
)

STEADY = (Cost(1, 0.05, 0.05),) * 3
SHAKEN = (Cost(1, 0.05, 0.05), Cost(1, 0.06, 0.06), Cost(1, 0.05, 0.05))


def pair(ours: float, other: float, calibration: tuple[Cost, Cost, Cost] = STEADY) -> Pair:
    return Pair(Cost(100, ours, ours), Cost(100, other, other), calibration)


def test_the_ratio_is_the_speed_of_ours_over_the_speed_of_the_other() -> None:
    ratio = Ratio((pair(ours=2.0, other=1.0),) * 9)

    found = ratio.spread("wall")

    assert found is not None
    assert (found.median, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_pair_during_which_the_machine_changed_is_dropped() -> None:
    ratio = Ratio((*(pair(1.0, 1.0) for _ in range(8)), pair(9.0, 1.0, SHAKEN)))

    found = ratio.spread()

    assert found is not None
    assert found.least == 1.0


def test_nothing_is_judged_once_more_than_a_third_of_the_pairs_is_dropped() -> None:
    ratio = Ratio((*(pair(1.0, 1.0) for _ in range(5)), *(pair(1.0, 1.0, SHAKEN) for _ in range(4))))

    figure = ratio.figure("x", goal="≥ 0.5")

    assert figure.got is None
    assert figure.verdict == "not judged"
    assert "machine too noisy" in figure.note


def test_trials_alternate_so_that_neither_is_always_first_and_each_gets_fresh_state() -> None:
    seen: list[str] = []

    def named(name: str) -> int:
        seen.append(name)
        return 1

    compare(
        lambda: named("A"),
        lambda: named("B"),
        pairs=4,
        warmups=0,
        before_ours=lambda: seen.append("a"),
        before_other=lambda: seen.append("b"),
        calibrate=lambda: None,
    )

    assert "".join(seen) == "aAbBbBaAaAbBbBaA"


def test_the_interval_holds_the_median_and_narrows_with_more_samples() -> None:
    wave = cycle([0.8, 0.9, 1.0, 1.1, 1.2])
    few, many = ([next(wave) for _ in range(count)] for count in (10, 1000))

    assert spread(few).low <= 1.0 <= spread(few).high
    assert spread(many).high - spread(many).low < spread(few).high - spread(few).low


def test_percentiles_of_a_hundred_waits() -> None:
    found = percentiles([float(wait) for wait in range(1, 101)])

    assert (found.count, found.p50, found.most) == (100, 50.5, 100.0)
    assert 95 <= found.p95 <= 96


def test_a_p95_figure_tells_its_samples() -> None:
    figure = p95_figure("x", [1.0] * 99 + [50.0], goal="≤ 5", beyond="≤ 0.5", command="c")

    assert (figure.got, figure.verdict) == (1.0, "met")
    assert "100 samples" in figure.note


def test_latencies_give_one_wait_for_each_input() -> None:
    called: list[int] = []

    waits = latencies(called.append, [1, 2, 3, 4], warmups=2)

    assert called == [1, 2, 1, 2, 3, 4]
    assert len(waits) == 4
    assert min(waits) >= 0


def test_cpu_seconds_only_grow() -> None:
    readings = [cpu_seconds() for _ in range(5)]

    assert all(earlier <= later for earlier, later in pairwise(readings))


def test_a_process_that_is_gone_costs_nothing() -> None:
    assert cpu_seconds([2**22 + 1]) >= 0


@pytest.mark.parametrize(
    ("got", "verdict", "why"),
    [
        (0.95, "beyond", "it keeps the further limit too"),
        (0.85, "met", "it keeps the goal only"),
        (0.5, "short", "it keeps neither"),
        (None, "not judged", "nothing was found"),
    ],
)
def test_verdicts(got: float | None, verdict: str, why: str) -> None:
    assert Figure(name="x", goal="≥ 0.8", beyond="≥ 0.9", got=got).verdict == verdict, why


def test_a_limit_can_be_a_ceiling() -> None:
    assert reaches(49.0, "≤ 50")
    assert not reaches(1_001, "≤ 1,000")


def test_a_goal_without_a_sign_is_refused() -> None:
    with pytest.raises(ValueError, match="write it as"):
        reaches(1.0, "0.8")


def test_a_figure_measured_again_replaces_the_older_one_and_others_stay(tmp_path: Path) -> None:
    records, page = tmp_path / "bench.json", tmp_path / "docs" / "benchmarks.md"

    record(
        [Record(Figure(name=name, goal="≥ 1", got=1.0), "2026-11-23", "x") for name in "ab"], records, page
    )
    record([Record(Figure(name="a", goal="≥ 1", got=2.0), "2026-11-24", "x")], records, page)

    assert [(each.figure.name, each.figure.got) for each in read_records(records)] == [("a", 2.0), ("b", 1.0)]
    assert page.read_text("utf-8").count("2026-11-24") == 1


def test_the_page_around_the_table_is_kept() -> None:
    page = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", [])

    assert page.startswith("before\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        with_table("nothing here", [])
