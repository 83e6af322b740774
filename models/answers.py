"""What `tingchao score` answers for each task, from a reading."""

from models import Abstain, Reading, Scorer
from models.heads import ALARMING, CLASSES
from tingchao.errors import BadInput

TASKS = tuple(CLASSES)

_CALM = {"emotion": "neutral", "irony": "normal", "offensive": "normal"}
"""What a text is called that was not read."""


def check_task(task: str, scorer: Scorer) -> None:
    """Raises `BadInput` for a task that there is not, or for which the model has no head. Empty: sentiment."""
    if task and task not in TASKS:
        raise BadInput(f"--task {task[:40]!r}: there is no such task; known are {', '.join(TASKS)}")
    if task and task not in scorer.heads:
        raise BadInput(
            f"--task {task}: the model {scorer.name} has no head for it; it answers {', '.join(scorer.heads)}"
        )


def answer(reading: Reading, task: str, scorer: Scorer) -> dict[str, object]:
    """As JSON values: `{"label", "p", "confidence", "abstain"}`; `score` for complaint, `categories` for crisis."""
    if task == "complaint":
        return {"score": round(reading.complaint or 0.0, 6), "abstain": reading.unread}
    p = probabilities(reading, task, scorer)
    shown = {name: round(share, 6) for name, share in p.items()}
    if task == "crisis":
        categories = [name for name, share in p.items() if share >= ALARMING]
        return {"categories": categories, "p": shown, "abstain": reading.unread}
    label = label_of(reading, task, scorer)
    unsure = Abstain.UNSURE if p[label] < scorer.unsure_below else ""
    return {
        "label": label,
        "p": shown,
        "confidence": shown[label],
        "abstain": reading.unread or unsure,
    }


def label_of(reading: Reading, task: str, scorer: Scorer) -> str:
    """The likeliest class of a task that has one label."""
    if task not in _CALM:
        return reading.sentiment.label.value
    p = probabilities(reading, task, scorer)
    return _CALM[task] if reading.unread else max(p, key=p.__getitem__)


def probabilities(reading: Reading, task: str, scorer: Scorer) -> dict[str, float]:
    """The probability of each class; all alike (of crisis: none) for a text that was not read."""
    classes = scorer.heads[task or "sentiment"]
    values: tuple[float, ...]
    match task:
        case "emotion":
            values = reading.emotion
        case "irony" | "offensive":
            share = reading.irony if task == "irony" else reading.offensive
            values = () if share is None else (1 - share, share)
        case "crisis":
            values = reading.crisis or (0.0,) * len(classes)
        case _:
            found = reading.sentiment
            values = (found.p_negative, found.p_neutral, found.p_positive)
    return dict(zip(classes, values or (1 / len(classes),) * len(classes), strict=True))
