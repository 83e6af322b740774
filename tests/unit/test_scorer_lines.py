"""`tingchao score`: what each task answers, line by line, in order, as the lines come."""

import io
import json
import os
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Abstain, Reading
from models.commands import MAX_LINE, Question, score_lines
from models.heads import LABELS
from models.reading import EMOTIONS, UNREAD
from tingchao.errors import BadInput, BadRecord
from tingchao.mention import Label, Sentiment

WHOLE = Reading(
    sentiment=Sentiment(Label.POSITIVE, 0.1, 0.2, 0.7),
    emotion=(0.1, 0.2, 0.1, 0.3, 0.1, 0.2),
    irony=0.25,
    offensive=0.5,
    complaint=-0.25,
    crisis=(0.75, 0.125),
)
TOWARDS = Reading(sentiment=Sentiment(Label.NEGATIVE, 0.45, 0.3, 0.25), abstain=Abstain.UNSURE)


class Noting:
    """A scorer with every head that notes what it is asked, and cannot score `NaN`. Empty texts are unread."""

    name = "noting/0"
    unsure_below = 0.5

    def __init__(self, *without: str) -> None:
        heads = {
            "sentiment": LABELS,
            "target": LABELS,
            "emotion": EMOTIONS,
            "irony": ("normal", "ironic"),
            "offensive": ("normal", "offensive"),
            "complaint": ("intensity",),
            "crisis": ("fraud", "legal"),
        }
        self.heads = {head: classes for head, classes in heads.items() if head not in without}
        self.asked: list[tuple[str, str | None, str | None]] = []

    def score(
        self,
        texts: Sequence[str],
        targets: Sequence[str | None] | None = None,
        contexts: Sequence[str | None] | None = None,
    ) -> list[Reading]:
        nothing = [None] * len(texts)
        asked = list(zip(texts, targets or nothing, contexts or nothing, strict=True))
        self.asked += asked
        if any("NaN" in text for text in texts):
            raise BadRecord("the model gave no number")
        return [
            UNREAD[Abstain.EMPTY] if not text.strip() else TOWARDS if target else WHOLE
            for text, target, _ in asked
        ]


def answers(
    *lines: object, question: Question | None = None, scorer: Noting | None = None
) -> list[dict[str, Any]]:
    source = io.BytesIO(
        b"".join(each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in lines)
    )
    out = io.StringIO()
    bad = score_lines(source, out, scorer or Noting(), question)
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert bad == sum("error" in each for each in found)
    return found


SENTIMENT = {
    "label": "positive",
    "p": {"negative": 0.1, "neutral": 0.2, "positive": 0.7},
    "confidence": 0.7,
    "abstain": "",
}


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("", SENTIMENT),
        ("sentiment", SENTIMENT),
        (
            "emotion",
            {
                "label": "happy",
                "p": {"angry": 0.1, "sad": 0.2, "fear": 0.1, "happy": 0.3, "surprise": 0.1, "neutral": 0.2},
                "confidence": 0.3,
                "abstain": "unsure",
            },
        ),
        (
            "irony",
            {"label": "normal", "p": {"normal": 0.75, "ironic": 0.25}, "confidence": 0.75, "abstain": ""},
        ),
        (
            "offensive",
            {"label": "normal", "p": {"normal": 0.5, "offensive": 0.5}, "confidence": 0.5, "abstain": ""},
        ),
        ("complaint", {"score": -0.25, "abstain": ""}),
        ("crisis", {"categories": ["fraud"], "p": {"fraud": 0.75, "legal": 0.125}, "abstain": ""}),
    ],
)
def test_each_task_answers_in_its_form(task: str, answer: dict[str, Any]) -> None:
    assert answers({"text": "好"}, question=Question(task)) == [answer]


@pytest.mark.parametrize(
    ("task", "calm"),
    [
        ("", {"label": "neutral", "confidence": 0.333333}),
        ("emotion", {"label": "neutral"}),
        ("irony", {"label": "normal", "confidence": 0.5}),
        ("offensive", {"label": "normal"}),
        ("complaint", {"score": 0.0}),
        ("crisis", {"categories": [], "p": {"fraud": 0.0, "legal": 0.0}}),
    ],
)
def test_what_was_not_read_is_called_calm_with_the_reason(task: str, calm: dict[str, Any]) -> None:
    (found,) = answers({"text": ""}, question=Question(task))

    assert found["abstain"] == "empty"
    assert calm.items() <= found.items()


@pytest.mark.parametrize(
    ("question", "line", "asked", "why"),
    [
        (Question(), {"text": "好"}, ("好", None, None), "about nothing in particular"),
        (Question(), {"text": "好", "target": "甲"}, ("好", "甲", None), "a line's target is what is meant"),
        (Question("target"), {"text": "好", "target": "甲"}, ("好", "甲", None), "and asked for by name"),
        (Question(target="乙"), {"text": "好"}, ("好", "乙", None), "one target for all lines"),
        (
            Question(target="乙"),
            {"text": "好", "target": "甲"},
            ("好", "甲", None),
            "a line's own comes first",
        ),
        (Question("sentiment"), {"text": "好", "target": "甲"}, ("好", None, None), "of the whole text"),
        (
            Question("irony"),
            {"text": "好", "topic": "题"},
            ("好", None, "题"),
            "a topic is what stands above",
        ),
        (
            Question("irony"),
            {"text": "好", "context": "上", "topic": "题"},
            ("好", None, "上"),
            "context comes first",
        ),
        (Question(), {"text": "好", "topic": "手机"}, ("好", None, None), "elsewhere a topic is a category"),
        (Question(), {"text": "好", "topic": 7}, ("好", None, None), "or a key"),
        (Question("irony"), {"text": "好", "topic": [7]}, ("好", None, None), "which is no text above"),
        (Question(), {"text": "好", "target": None, "other": 1}, ("好", None, None), "the rest is ignored"),
    ],
)
def test_what_a_line_asks(
    question: Question, line: object, asked: tuple[str, str | None, str | None], why: str
) -> None:
    scorer = Noting()

    answers(line, question=question, scorer=scorer)

    assert scorer.asked == [asked], why


def test_asked_for_targets_a_line_without_one_is_told_so() -> None:
    good, bad = answers({"text": "好", "target": "甲"}, {"text": "好"}, question=Question("target"))

    assert (good["label"], good["abstain"]) == ("negative", "unsure")
    assert bad == {"error": 'line 2: no target; give one as "target" or with --target', "line": 2}


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (Question("mood"), "there is no such task; known are sentiment"),
        (Question("emotion"), "the model noting/0 has no head for it; it answers sentiment"),
        (Question("sentiment", "甲"), "the task sentiment is about whole texts; use --task target"),
    ],
)
def test_what_the_model_cannot_answer_is_refused_before_anything_is_read(
    question: Question, says: str
) -> None:
    source = io.BytesIO(b"{}")

    with pytest.raises(BadInput, match=says):
        score_lines(source, io.StringIO(), Noting("emotion"), question)

    assert source.tell() == 0


def test_lines_are_answered_in_order_and_a_bad_one_at_its_place() -> None:
    found = answers(
        {"text": "好"}, b"not json\n", b"\n", {"target": "x"}, {"text": "NaN"}, b'{"text":"a","b":1}'
    )

    assert found[0] == SENTIMENT
    assert [each.get("line") for each in found] == [None, 2, 4, 5, None]


def test_a_context_that_is_no_text_is_refused() -> None:
    (bad,) = answers({"text": "好", "context": 7})

    assert "context" in bad["error"]


@pytest.mark.parametrize("text", ['"\\ud83d好"', '"\\u0000"', '"' + "退款" * 200_000 + '"'])
def test_half_characters_nul_and_a_megabyte_are_answered(text: str) -> None:
    (found,) = answers(b'{"text": ' + text.encode() + b"}")

    assert "label" in found


def test_a_line_beyond_all_measure_is_refused_and_the_next_answered() -> None:
    bad, good = answers(b'{"text": "' + b"x" * (MAX_LINE + 100_000) + b'"}\n', {"text": "好"})

    assert bad == {"error": f"line 1: longer than the {MAX_LINE:,} bytes that are taken", "line": 1}
    assert good == SENTIMENT


def test_a_line_is_answered_while_the_sender_waits_for_it() -> None:
    taken, given = os.pipe()
    told, heard = os.pipe()
    with (
        open(taken, "rb") as source,
        open(heard, "w", encoding="utf-8") as out,
        open(given, "wb", buffering=0) as sender,
        open(told, encoding="utf-8") as receiver,
    ):
        answering = threading.Thread(target=score_lines, args=(source, out, Noting()))
        answering.start()
        sender.write(b'{"text": "\xe5\xa5')
        sender.write(b'\xbd"}\n')
        first = json.loads(receiver.readline())
        sender.write(b'{"text": ""}')
        sender.close()
        second = json.loads(receiver.readline())
        answering.join(timeout=60)

    assert first == SENTIMENT
    assert second["abstain"] == "empty"


def test_many_lines_are_asked_together_in_calls_of_bounded_size() -> None:
    class Sizes(Noting):
        sizes: tuple[int, ...] = ()

        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            self.sizes += (len(texts),)
            return super().score(texts, targets, contexts)

    scorer = Sizes()

    answers(*[{"text": "好"}] * 150, scorer=scorer)

    assert scorer.sizes == (64, 64, 22)


def test_an_explanation_says_which_spans_moved_the_answer() -> None:
    class Smoke(Noting):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            return [TOWARDS if "冒烟" in text else WHOLE for text in texts]

    (found,) = answers({"text": "包装好看，它冒烟了"}, question=Question(explained=True), scorer=Smoke())

    assert found["explain"] == [{"start": 6, "end": 8, "text": "冒烟", "effect": 0.35}]


def test_what_was_not_read_has_no_spans() -> None:
    (found,) = answers({"text": ""}, question=Question(explained=True))

    assert found["explain"] == []


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=5))
def test_any_line_gets_exactly_one_answer(lines: list[bytes]) -> None:
    found = answers(b"\n".join([*lines, b'{"text": "\xe5\xa5\xbd"}']))

    assert len(found) == 1 + sum(bool(line.strip()) for line in lines)
