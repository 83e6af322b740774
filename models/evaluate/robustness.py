"""The same post written otherwise: what a change that leaves the meaning alone does to accuracy and labels."""

import random
from collections.abc import Callable, Mapping, Sequence

import opencc

from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.measures import quality
from models.evaluate.results import Line, Table, Tables
from models.evaluate.sets import NEUTRAL_POSTS, SOCIAL, Row, Sets, sampled
from models.evaluate.slices import EMOJI, EMOTICON

ROWS_A_SOURCE = 300
TYPOS = 0.05
"""Share of the characters that are left out or changed over."""

_MISHEARD = 0.25
"""Share of the characters with a twin that become it."""

Change = Callable[[str, random.Random], str]

_ALIKE = (
    "的地得 在再 做作坐座 他她它 那哪拿 已以一 象像向 带戴代 近进尽 园圆元 只之支 有又友 "
    "是事时 买卖 真正 很恨狠 会回 没每 不步 好号 就旧 吗嘛妈 吧把八 呢那 心新 情请清 "
    "服福 务物 客刻 差查 评平 气起 快块 太态 了啦 想响 看砍 点店 家加 生声 手首 机几 "
    "退推 钱前 货或 等登 话华 人仁 到道 说硕 问闻 赞暂 爱哎 哭苦"
)
"""Characters that are taken for one another: the same sound, or nearly, and often typed wrongly."""

_TWINS = {one: group.replace(one, "") for group in _ALIKE.split() for one in group}
_TRADITIONAL = opencc.OpenCC("s2t")
_SIMPLIFIED = opencc.OpenCC("t2s")


def without_emoji(text: str, _: random.Random) -> str:
    return EMOJI.sub("", EMOTICON.sub("", text))


def traditional(text: str, _: random.Random) -> str:
    return str(_TRADITIONAL.convert(text))


def simplified(text: str, _: random.Random) -> str:
    return str(_SIMPLIFIED.convert(text))


def full_width(text: str, _: random.Random) -> str:
    """Letters, digits and signs as wide as a Chinese character."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def dropped(text: str, random_numbers: random.Random) -> str:
    """Characters left out, but never the whole text."""
    kept = "".join(one for one in text if random_numbers.random() >= TYPOS)
    return kept or text


def misheard(text: str, random_numbers: random.Random) -> str:
    """Some of the characters that have a twin become it."""
    return "".join(
        random_numbers.choice(_TWINS[one]) if one in _TWINS and random_numbers.random() < _MISHEARD else one
        for one in text
    )


def transposed(text: str, random_numbers: random.Random) -> str:
    """Neighbours changed over."""
    characters = list(text)
    for place in range(len(characters) - 1):
        if random_numbers.random() < TYPOS:
            characters[place], characters[place + 1] = characters[place + 1], characters[place]
    return "".join(characters)


CHANGES: Mapping[str, Change] = {
    "emoji and emoticons dropped": without_emoji,
    "in Traditional characters": traditional,
    "in Simplified characters": simplified,
    "full-width letters, digits and signs": full_width,
    "5 % of the characters dropped": dropped,
    "near-homophones": misheard,
    "5 % of neighbours changed over": transposed,
}


def robustness(sets: Sets, judge: Judge, sample: int = 0) -> Tables:
    """On up to 300 posts of each social and three-class source; each change on the rows that it changes."""
    there = [
        row for row in sets.dev("sentiment", "sentiment_more") if row.source in (*SOCIAL, *NEUTRAL_POSTS)
    ]
    rows = sampled(there, sample or ROWS_A_SOURCE)
    before = said.labels(judge(rows))
    table: Table = {}
    for name, change in CHANGES.items():
        random_numbers = random.Random(name)
        texts = [change(row.text, random_numbers) for row in rows]
        places = [place for place, row in enumerate(rows) if texts[place].strip() not in ("", row.text)]
        if places:
            table[name] = _line(judge, rows, texts, before, places)
    return {"changes": table}


def _line(
    judge: Judge, rows: Sequence[Row], texts: Sequence[str], before: Sequence[str], places: Sequence[int]
) -> Line:
    want, old = [rows[place].label for place in places], [before[place] for place in places]
    new = said.labels(judge([Row(texts[place]) for place in places]))
    was, now = quality(want, old).accuracy, quality(want, new).accuracy
    return {
        "n": len(places),
        "accuracy before": was,
        "accuracy after": now,
        "change": now - was,
        "same label": sum(map(str.__eq__, old, new)) / len(places),
    }
