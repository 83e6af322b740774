"""`tingchao score`: JSON lines in, JSON lines out, in order and as they come."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, TextIO

import msgspec

from models import Abstain, Reading, Scorer
from models.answers import answer, check_task, label_of, probabilities
from models.batches import score_each
from models.explain import explain
from models.language import language
from tingchao.errors import BadInput, BadRecord

MAX_LINE = 8_000_000
"""Bytes of a line: a text of one megabyte with every character escaped."""

_CHUNK = 65_536
_AIMED = ("", "target")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Asked(msgspec.Struct, frozen=True):
    """One line in. `context` is the post or comment above, and so is `topic` where irony is asked for, if it is a text;
    other fields are ignored."""

    text: str
    target: str | None = None
    context: str | None = None
    topic: object = None


class Question(msgspec.Struct, frozen=True):
    """What is asked of every line: `task` (empty: sentiment, towards the target where a line has one), a `target` for
    lines without their own, and whether to explain."""

    task: str = ""
    target: str | None = None
    explained: bool = False

    def target_of(self, asked: Asked) -> str | None:
        """The name that a line is asked about."""
        return (asked.target or self.target) if self.task in _AIMED else None

    def above(self, asked: Asked) -> str | None:
        """What stands above a line. Elsewhere than in data on irony, a `topic` is a category or a key."""
        topic = asked.topic if self.task == "irony" and isinstance(asked.topic, str) else None
        return asked.context or topic


def check(question: Question, scorer: Scorer) -> None:
    """Raises `BadInput` for a task for which the model has no head, and for a target where none can be meant."""
    check_task(question.task, scorer)
    if question.target and question.task not in _AIMED:
        raise BadInput(
            f"--target {question.target[:40]!r}: the task {question.task} is about whole texts; use --task target"
        )


def score_lines(
    source: BinaryIO, out: TextIO, scorer: Scorer, question: Question | None = None, *, batch: int = 64
) -> int:
    """Write an answer (see `models.answers`) for each line; return how many lines could not be read.

    A bad line gives `{"error": ..., "line": NUMBER}` at its place. Blank lines are skipped. What has arrived is
    answered at once, at most `batch` lines together. Raises `BadInput` before anything is read if the model has no
    head for the task.
    """
    question = question or Question()
    check(question, scorer)
    bad = 0
    for part in _parts(source, batch):
        for found in _answers(part, question, scorer):
            bad += "error" in found
            out.write(json.dumps(found, ensure_ascii=False) + "\n")
        out.flush()
    return bad


Line = tuple[int, bytes]


def _parts(source: BinaryIO, batch: int) -> Iterator[list[Line]]:
    """Lines with their numbers, those that have arrived together, at most `batch` at once."""
    number = 0
    for arrived in _arriving(source):
        numbered = [(number + at, line) for at, line in enumerate(arrived, start=1)]
        number += len(arrived)
        waiting = (line for line in numbered if line[1].strip())
        while part := list(islice(waiting, batch)):
            yield part


def _arriving(source: BinaryIO) -> Iterator[list[bytes]]:
    """The lines of each piece that the system hands over. Of a line that is too long only its beginning is kept."""
    read = getattr(source, "read1", source.read)
    rest = b""
    while piece := read(_CHUNK):
        *lines, last = piece.split(b"\n")
        if lines:
            lines[0] = rest + lines[0]
            rest = b""
            yield lines
        rest = rest + last if len(rest) <= MAX_LINE else rest
    if rest:
        yield [rest]


def _answers(part: Sequence[Line], question: Question, scorer: Scorer) -> list[dict[str, Any]]:
    read = [_read(line, question) for _, line in part]
    good = [each for each in read if isinstance(each, Asked)]
    scored = iter(
        score_each(
            scorer,
            [each.text for each in good],
            [question.target_of(each) for each in good],
            [question.above(each) for each in good],
        )
    )
    return [
        _answer(number, each, next(scored) if isinstance(each, Asked) else each, question, scorer)
        for (number, _), each in zip(part, read, strict=True)
    ]


def _read(line: bytes, question: Question) -> Asked | BadInput:
    if len(line) > MAX_LINE:
        return BadInput(f"longer than the {MAX_LINE:,} bytes that are taken")
    try:
        row = json.loads(line.decode("utf-8-sig", "replace"))
        asked = msgspec.convert(row, Asked)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        return BadInput(f'not like {{"text": "...", "target": "..."}}: {_clean(str(error)[:200])}')
    if question.task == "target" and not question.target_of(asked):
        return BadInput('no target; give one as "target" or with --target')
    above = question.above(asked)
    return Asked(_clean(asked.text), asked.target and _clean(asked.target), above and _clean(above))


def _clean(text: str) -> str:
    """Half characters, which JSON can write but nobody can read, become �; places stay."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _answer(
    number: int, asked: object, found: Reading | BadRecord | BadInput, question: Question, scorer: Scorer
) -> dict[str, Any]:
    if isinstance(found, BadInput) or not isinstance(asked, Asked):
        return {"error": f"line {number}: {found}", "line": number}
    shown = answer(found, question.task, scorer)
    if found.abstain is Abstain.LANGUAGE:
        shown["language"] = language(asked.text)
    if question.explained:
        shown["explain"] = [] if found.unread else _explained(asked, found, question, scorer)
    return shown


def _explained(asked: Asked, found: Reading, question: Question, scorer: Scorer) -> list[dict[str, Any]]:
    target = question.target_of(asked)
    followed = _followed(found, question.task, scorer)

    def score(texts: Sequence[str]) -> list[float]:
        readings = scorer.score(texts, [target] * len(texts), [question.above(asked)] * len(texts))
        return [followed(reading) for reading in readings]

    return [msgspec.to_builtins(each) for each in explain(asked.text, score, target)]


def _followed(found: Reading, task: str, scorer: Scorer) -> Callable[[Reading], float]:
    """The number that is explained: the probability of the label, a complaint's score, or the likeliest crisis."""
    if task == "complaint":
        return lambda reading: reading.complaint or 0.0
    p = probabilities(found, task, scorer)
    name = max(p, key=p.__getitem__) if task == "crisis" else label_of(found, task, scorer)
    return lambda reading: probabilities(reading, task, scorer)[name]
