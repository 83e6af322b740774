"""A playbook file is read, or refused with a sentence that says what to change."""

from pathlib import Path

import pytest

from tingchao.errors import BadInput
from tingchao.playbook.plan import load_plan

LEAST = """
id: small
name: 小预案
version: 1
roles: [{id: pr, name: 公关经理}]
stages:
  - id: S0
    name: 确认
    deadline: 15
    tasks: [{id: verify, role: pr, title: 核实}]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "plan.yaml"
    file.write_text(text, "utf-8")
    return file


def test_the_shipped_playbook_covers_the_24_hours_and_the_post_mortem():
    plan = load_plan()

    assert [stage.id for stage in plan.stages] == ["S0", "S1", "S2", "S3", "S4", "S5"]
    assert [stage.deadline for stage in plan.stages] == [15, 60, 240, 720, 1440, 4320]
    assert all(task.title.zh and task.title.en for stage in plan.stages for task in stage.tasks)


def test_a_plain_string_stands_for_both_languages(tmp_path):
    plan = load_plan(written(tmp_path, LEAST))

    assert plan.name.say("en") == "小预案"
    assert plan.stages[0].tasks[0].title.say() == "核实"


def test_a_task_without_a_time_of_its_own_is_due_with_its_stage(tmp_path):
    plan = load_plan(written(tmp_path, LEAST))

    assert plan.due(plan.stages[0].tasks[0]) == 15


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("role: pr", "role: prr", "role 'prr' is not in roles; did you mean 'pr'?"),
        ("deadline: 15", "deadline: soon", "Expected `int`, got `str` - at `$.stages[0].deadline`"),
        ("title: 核实", "titel: 核实", "titel"),
        ("title: 核实", "title: 核实, due: 99", "due 99 must lie between 0 and the stage's deadline 15"),
        ("version: 1", "version: &a 1\nagain: *a", "aliases"),
        ("stages:", "stages: [", "not YAML"),
    ],
)
def test_a_wrong_playbook_is_refused_with_its_place(tmp_path, before, after, sentence):
    file = written(tmp_path, LEAST.replace(before, after))

    with pytest.raises(BadInput) as refused:
        load_plan(file)

    assert str(file) in str(refused.value)
    assert sentence in str(refused.value)


def test_task_ids_are_unique_in_a_playbook(tmp_path):
    twice = LEAST.replace("tasks: [", "tasks: [{id: verify, role: pr, title: 再核实}, ")

    with pytest.raises(BadInput, match="the id is used twice"):
        load_plan(written(tmp_path, twice))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.yaml: cannot be read"):
        load_plan(tmp_path / "gone.yaml")
