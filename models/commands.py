"""`tingchao score`: JSON lines in, JSON lines out, in order and as they come."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

import msgspec

from models import Scorer
from models.batches import score_each
from tingchao.errors import BadInput, BadRecord
from tingchao.mention import MAX_TEXT, MAX_WIRE_BYTES, Sentiment


class Asked(msgspec.Struct, frozen=True):
    """One line in: `{"text": ..., "target": ...}`; other fields are ignored."""

    text: str
    target: str | None = None


_asked = msgspec.json.Decoder(Asked)


def score_lines(lines: Iterable[str], out: TextIO, scorer: Scorer, *, batch: int = 64) -> int:
    """Write `{"label", "p": {"negative", "neutral", "positive"}}` for each line; return how many were bad.

    A bad line gives `{"error": ..., "line": NUMBER}` at its place. Blank lines are skipped. Results are written
    batch by batch, so at most `batch` lines are held.
    """
    bad = 0
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    for part in _parts(numbered, batch):
        for answer in _answers(part, scorer):
            bad += "error" in answer
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()
    return bad


def _parts(lines: Iterator[tuple[int, str]], batch: int) -> Iterator[list[tuple[int, str]]]:
    while part := list(islice(lines, batch)):
        yield part


def _answers(part: list[tuple[int, str]], scorer: Scorer) -> list[dict[str, object]]:
    read = [_read(line) for _, line in part]
    good = [each for each in read if isinstance(each, Asked)]
    scored = iter(score_each(scorer, [each.text for each in good], [each.target for each in good]))
    return [
        _answer(number, next(scored) if isinstance(each, Asked) else each)
        for (number, _), each in zip(part, read, strict=True)
    ]


def _read(line: str) -> Asked | BadInput:
    if len(line) > MAX_WIRE_BYTES:
        return BadInput(f"{len(line):,} characters; at most {MAX_WIRE_BYTES:,} are taken")
    try:
        asked = _asked.decode(line.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeError) as error:
        return BadInput(f'not like {{"text": "...", "target": "..."}}: {error}')
    if len(asked.text) > MAX_TEXT:
        return BadInput(f"text has {len(asked.text):,} characters; at most {MAX_TEXT:,} are taken")
    return asked


def _answer(number: int, found: Sentiment | BadRecord | BadInput) -> dict[str, object]:
    if isinstance(found, BadInput):
        return {"error": f"line {number}: {found}", "line": number}
    p = {"negative": found.p_negative, "neutral": found.p_neutral, "positive": found.p_positive}
    return {"label": str(found.label), "p": p}
