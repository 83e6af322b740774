"""What a scorer says of one text, and why it may have nothing to say."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from tingchao.mention import Label, Sentiment

EMOTIONS = ("angry", "sad", "fear", "happy", "surprise", "neutral")


class Abstain(StrEnum):
    """Why a reading is not to be leaned on. `UNSURE` keeps what the model said; of the others it read nothing."""

    EMPTY = "empty"
    """No visible character."""
    LINKS = "links"
    """Links and @names only."""
    FILLER = "filler"
    """What a platform writes into a repost without words: 转发微博."""
    NAME = "name"
    """Nothing but the name of what is watched; `enrich` finds that, for a scorer is also asked about phrases."""
    UNKNOWN = "unknown"
    """Stops and signs only, or characters that are not in the model's vocabulary."""
    LANGUAGE = "language"
    """A language in which the model was not measured; see `models.language`."""
    UNSURE = "unsure"
    """The probability of the label is below the model's limit: for a person to decide."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Towards the target, if one was asked for, is `sentiment`; all else is of the whole text.

    What the model has no head for, or did not read, is None or empty. `emotion` are the probabilities of `EMOTIONS`;
    `crisis` those of `Scorer.heads["crisis"]`, each by itself; `irony` and `offensive` probabilities; `complaint` is
    the intensity, about -1 to 1.
    """

    sentiment: Sentiment
    abstain: Abstain | Literal[""] = ""
    emotion: tuple[float, ...] = ()
    irony: float | None = None
    offensive: float | None = None
    complaint: float | None = None
    crisis: tuple[float, ...] = ()

    @property
    def confidence(self) -> float:
        """The calibrated probability of the sentiment's label."""
        return self.sentiment.confidence

    @property
    def unread(self) -> str:
        """Why nothing was read; empty where something was, be the model sure or not."""
        return "" if self.abstain == Abstain.UNSURE else self.abstain

    @property
    def feeling(self) -> str:
        """The likeliest of `EMOTIONS`; empty where there is none."""
        return EMOTIONS[self.emotion.index(max(self.emotion))] if self.emotion else ""


NO_OPINION = Sentiment(label=Label.NEUTRAL, p_negative=1 / 3, p_neutral=1 / 3, p_positive=1 / 3)
UNREAD: Mapping[Abstain, Reading] = {
    why: Reading(sentiment=NO_OPINION, abstain=why) for why in Abstain if why is not Abstain.UNSURE
}
"""What a text gets that the model does not read, for each reason."""
