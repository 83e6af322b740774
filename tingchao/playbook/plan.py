"""A playbook: stages with deadlines, their tasks and exit criteria, as a YAML file that a team can edit.

An incident carries the plan it was opened with, so that an edit changes future incidents only.
"""

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tingchao.catalogue import Language
from tingchao.errors import BadInput

MAX_BYTES = 200_000


class Wording(msgspec.Struct, frozen=True):
    """A text in both languages; `en` falls back on `zh`."""

    zh: str
    en: str = ""

    def say(self, language: Language = "zh") -> str:
        return self.en if language == "en" and self.en else self.zh


class TeamRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part that somebody plays in an incident."""

    id: str
    name: Wording


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do. `due` is minutes after T0 and defaults to the stage's deadline."""

    id: str
    title: Wording
    role: str
    due: int | None = None
    evidence: bool = False
    """Finishing it takes a link or a note that proves it."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the 24 hours. `deadline` is minutes after T0 = the alert's confirmation."""

    id: str
    name: Wording
    deadline: int
    tasks: tuple[Task, ...]
    exits: tuple[Wording, ...] = ()


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole playbook. Stages come in the order of their deadlines; task ids are unique in the plan."""

    id: str
    name: Wording
    version: int
    roles: tuple[TeamRole, ...]
    stages: tuple[Stage, ...]

    def task(self, id: str) -> Task | None:
        return next((task for stage in self.stages for task in stage.tasks if task.id == id), None)

    def stage_of(self, task: str) -> Stage:
        """The stage that holds a task; raises `KeyError`."""
        for stage in self.stages:
            if any(each.id == task for each in stage.tasks):
                return stage
        raise KeyError(task)

    def due(self, task: Task) -> int:
        """Minutes after T0 by which the task must be done."""
        return self.stage_of(task.id).deadline if task.due is None else task.due

    def role_name(self, role: str, language: Language = "zh") -> str:
        return next((each.name.say(language) for each in self.roles if each.id == role), role)


def load_plan(path: Path | None = None) -> Plan:
    """Read a playbook file; None: the general one that ships.

    Raises `BadInput` naming the file, the field and what would be right.
    """
    if path is None:
        return _read(
            "general.yaml", files(__name__.rpartition(".")[0]).joinpath("plans/general.yaml").read_bytes()
        )
    try:
        return _read(str(path), path.read_bytes())
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Give the path of a playbook YAML file"
        ) from error


def _read(name: str, raw: bytes) -> Plan:
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{name}: {len(raw):,} bytes; a playbook has at most {MAX_BYTES:,}")
    try:
        tree = yaml.load(raw, _NoAliases)  # noqa: S506  a SafeLoader without aliases
    except yaml.YAMLError as error:
        raise BadInput(f"{name}: not YAML: {' '.join(str(error).split())}") from error
    try:
        plan = msgspec.convert(_worded(tree), Plan)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {error}") from error
    _check(name, plan)
    return plan


class _NoAliases(yaml.SafeLoader):
    """Safe YAML in which an alias (and so an alias bomb) is an error."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not used in playbooks; write the value out")
        return super().compose_node(parent, index)


def _worded(tree: Any) -> Any:
    """Let a plain string stand for a `Wording` wherever one is wanted."""
    if isinstance(tree, dict):
        return {
            key: {"zh": value}
            if key in {"name", "title"} and isinstance(value, str)
            else [{"zh": each} if isinstance(each, str) else each for each in value]
            if key == "exits" and isinstance(value, list)
            else _worded(value)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [_worded(each) for each in tree]
    return tree


def _check(name: str, plan: Plan) -> None:
    roles = {role.id for role in plan.roles}
    seen: set[str] = set()
    if not plan.stages:
        raise BadInput(f"{name}: stages is empty; a playbook has at least one stage")
    deadlines = [stage.deadline for stage in plan.stages]
    if deadlines != sorted(deadlines):
        raise BadInput(f"{name}: deadlines {deadlines} must rise from stage to stage")
    for stage in plan.stages:
        for task in stage.tasks:
            where = f"{name}, stage {stage.id}, task {task.id}"
            if task.id in seen:
                raise BadInput(f"{where}: the id is used twice; task ids are unique in a playbook")
            seen.add(task.id)
            if task.role not in roles:
                near = difflib.get_close_matches(task.role, roles, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(sorted(roles))}"
                raise BadInput(f"{where}: role {task.role!r} is not in roles; {hint}")
            if task.due is not None and not 0 <= task.due <= stage.deadline:
                raise BadInput(
                    f"{where}: due {task.due} must lie between 0 and the stage's deadline {stage.deadline}"
                )
