"""What the model reads: a text, the target it is asked about, and what the text replies to.

One form for training and serving. Asked about a target, the model sees its name first and then the text, in which each
occurrence of the name is marked: `Passage("〖蓝鲸〗很慢,新星好喝", "蓝鲸")`. Where a text is longer than the model
reads, the sentences that name the target are kept, with one on each side. A name stands where the matcher finds it: of
Latin letters as a whole word, of Chinese characters anywhere.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from models.normalise import normalise
from tingchao.text import is_word_character

LONGEST_TEXT = 20_000
"""Characters of a text that are looked at; what comes after is not read."""

LONGEST_PASSAGE = 2_000
"""Characters handed to the tokenizer: more than 256 tokens of ordinary text, so cutting changes nothing there."""

LONGEST_TARGET = 60
TARGET_TOKENS = 16
CONTEXT_TOKENS = 40
"""Tokens that a name, and the comment above, may take from a text's share."""

_WHOLE = 180
"""Characters that the model surely reads to the end."""

_SENTENCE = re.compile(r"[^。!?;…\n]+[。!?;…\n]*|[。!?;…\n]+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL_TOKEN = re.compile(r"<(/?s|pad|unk)>")


class Passage(NamedTuple):
    """Normalised texts, empty where there is none; equal passages get equal answers."""

    text: str
    target: str = ""
    context: str = ""


def passage(text: str, target: str | None = None, context: str | None = None) -> Passage:
    """What is read of `text` when asked about `target` (None: about nothing in particular).

    >>> passage("蓝鲸的快递很慢。新星奶茶真好喝！", "新星奶茶")
    Passage(text='蓝鲸的快递很慢。〖新星奶茶〗真好喝!', target='新星奶茶', context='')
    """
    whole = _prepared(text)
    above = _prepared(context)[: LONGEST_TARGET * 2] if context else ""
    name = _unmarked(_prepared(target)[:LONGEST_TARGET]).strip() if target else ""
    if not name:
        return Passage(whole[:LONGEST_PASSAGE].strip(), "", above)
    shown = _marked(_unmarked(whole), name)
    shown = shown if len(whole) <= _WHOLE else _around(shown)
    return Passage(shown[:LONGEST_PASSAGE].strip(), name, above)


def token_ids(
    passages: Sequence[Passage],
    encode: Callable[[list[str]], list[list[int]]],
    *,
    bos: int,
    eos: int,
    most: int,
) -> list[list[int]]:
    """The network's input: `bos target eos text eos context eos`, without the parts that are empty.

    `encode` gives the ids of texts without any control token. The text is cut so that at most `most` ids remain.
    """
    pieces = iter(encode([part for each in passages for part in each if part]))
    rows = []
    for each in passages:
        text, target, context = (next(pieces) if part else [] for part in each)
        target, context = target[:TARGET_TOKENS], context[:CONTEXT_TOKENS]
        before = [bos, *target, eos] if target else [bos]
        after = [eos, *context, eos] if context else [eos]
        rows.append(before + text[: most - len(before) - len(after)] + after)
    return rows


def _unmarked(text: str) -> str:
    return text.replace("〖", "【").replace("〗", "】")


def _marked(text: str, name: str) -> str:
    parts: list[str] = []
    done = 0
    for start, end in _spots(text, name):
        parts += text[done:start], "〖", text[start:end], "〗"
        done = end
    return "".join((*parts, text[done:]))


def _spots(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where the name stands, in whatever letter case; not within a longer word, and no two places overlap."""
    whole_before, whole_after = is_word_character(name[0]), is_word_character(name[-1])
    done = 0
    for found in re.finditer(f"(?=({re.escape(name)}))", text, re.IGNORECASE):
        start, end = found.span(1)
        if (
            start >= done
            and not (whole_before and start and is_word_character(text[start - 1]))
            and not (whole_after and end < len(text) and is_word_character(text[end]))
        ):
            done = end
            yield start, end


def _around(text: str) -> str:
    """The sentences with a mark, each with its neighbours; the whole text if there is none."""
    sentences = _SENTENCE.findall(text)
    naming = {number for number, sentence in enumerate(sentences) if "〖" in sentence}
    near = [
        sentence for number, sentence in enumerate(sentences) if naming & {number - 1, number, number + 1}
    ]
    return "".join(near) or text


def _prepared(text: str) -> str:
    return _normalised(text[:LONGEST_TEXT])


@lru_cache(maxsize=256)
def _normalised(text: str) -> str:
    """A batch asks of each text once for every target, and again behind the cache; a long one takes 30 ms."""
    plain = _CONTROL_TOKEN.sub(r"\1", _LONE_SURROGATE.sub("", text))
    # NFKC makes up to 18 characters of one; `normalise` does it again, which changes nothing.
    return normalise(unicodedata.normalize("NFKC", plain)[:LONGEST_TEXT])
