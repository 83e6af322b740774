"""From results to a card, a plot and a verdict."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from models.card import BUNDLE, read_card
from models.evaluate import gate
from models.evaluate.__main__ import main
from models.evaluate.card import page, plots, read_words
from models.evaluate.headline import headline
from models.evaluate.markdown import written
from models.evaluate.mistakes import read_causes
from models.evaluate.plot import Axis, Point, axis, scatter
from models.evaluate.results import Part, figure, keep, read_results
from tingchao.errors import BadInput


def part(tables, *, model: str = "m/1", sample: int = 0) -> Part:
    return Part(model, "2026-11-24", "a processor", sample, 1.5, tables)


RESULTS = {
    "sentiment": part({"means": {"social posts": {"n": 10, "macro-F1": 0.8123, "ECE": 0.02}}}),
    "sureness": part(
        {
            "reliability": {
                "0.6": {"n": 4, "sure": 0.6, "right": 0.5},
                "0.9": {"n": 9, "sure": 0.9, "right": 1.0},
            }
        }
    ),
    "front": part(
        {"front": {"a<b": {"speed": 2.0, "macro-F1": 0.81}, "c": {"speed": None, "macro-F1": 0.8}}}
    ),
}


def test_a_model_that_loses_more_than_three_tenths_of_a_point_anywhere_is_refused():
    old = {"social": 0.810, "target": 0.600}

    assert gate.passes(gate.compared(old, {"social": 0.850, "target": 0.597}))
    assert not gate.passes(gate.compared(old, {"social": 0.850, "target": 0.5969}))


def test_a_question_that_is_no_longer_answered_is_a_loss_and_a_new_one_is_none():
    assert not gate.passes(gate.compared({"irony": 0.7}, {}))
    assert gate.passes(gate.compared({"irony": 0.7}, {"irony": 0.7, "emotion": 0.1}))


def test_nothing_to_compare_lets_nothing_pass():
    assert not gate.passes(gate.compared({}, {"irony": 0.7}))


def test_the_table_of_the_gate_names_what_is_refused():
    (line,) = map(str, gate.compared({"social": 0.81}, {"social": 0.80}))

    assert "-1.00 points" in line
    assert "REFUSED" in line


def test_a_part_takes_the_place_of_its_last_run_and_another_model_starts_anew(tmp_path):
    path = tmp_path / "deep" / "results.json"
    keep(path, "own", part({"a": {"b": {"n": 1}}}))
    keep(path, "own", part({"a": {"b": {"n": 2}}}))
    keep(path, "slices", part({}))

    assert figure(read_results(path), "own", "a", "b", "n") == 2
    assert set(keep(path, "own", part({}, model="m/2"))) == {"own"}


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "results.json").write_text("[]")

    with pytest.raises(BadInput, match="not the results"):
        read_results(tmp_path / "results.json")


def test_figures_that_were_not_measured_are_none_and_not_zero():
    assert figure(RESULTS, "speed", "replays", "x", "y") is None
    assert headline(RESULTS) == {"social posts, mean macro-F1": 0.8123}


def test_the_card_starts_in_chinese_and_carries_the_figures_with_their_day_and_processor():
    text = page(RESULTS, read_card(BUNDLE), read_causes(), read_words())

    assert "中文摘要" in text
    assert "0.812" in text
    assert "未测" in text
    assert "2026-11-24" in text
    assert "a processor" in text
    assert "**dev, not sealed**" in text


def test_a_trial_says_so_on_the_card():
    text = page({"own": part({}, sample=20)}, read_card(BUNDLE), read_causes(), read_words())

    assert "A trial run: at most 20 rows" in text


def test_every_section_of_the_card_has_words():
    assert set(RESULTS) <= set(read_words().sections)


def test_plots_are_svg_whatever_a_bundle_is_called():
    drawn = plots(RESULTS)

    assert set(drawn) == {"model-reliability.svg", "model-front.svg"}
    for image in drawn.values():
        ElementTree.fromstring(image)
    assert "a&lt;b" in drawn["model-front.svg"]


def test_one_point_is_enough_for_a_plot():
    ElementTree.fromstring(
        scatter("t", axis("x", [0.8], 0.1), Axis("y", 0, 1, (0, 1)), [Point(0.8, 0.5)], line=True)
    )


@pytest.mark.parametrize(
    ("value", "wanted"), [(None, "–"), (0.8125, "0.812"), (1234, "1,234"), (318.26, "318.3"), ("all", "all")]
)
def test_figures_are_written_for_a_reader(value, wanted):
    assert written(value) == wanted


def test_a_part_that_needs_other_models_says_which_option(capsys: pytest.CaptureFixture[str]):
    assert main(["--only", "front"]) == 2
    assert "--front" in capsys.readouterr().err


def test_own_labelled_files_can_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "x.jsonl").write_text(
        '{"text": "太难喝了，再也不买", "label": "negative", "source": "shop"}\n'
    )

    assert main([str(tmp_path / "x.jsonl")]) == 0
    assert "| shop | 1 |" in capsys.readouterr().out
