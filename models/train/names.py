"""Names of brands to fill into our own sentences, so that the model learns the sentence and not the name."""

import random
import re
from importlib.resources import files


def _listed(name: str) -> tuple[str, ...]:
    return tuple(re.split(r"[、\n]", files("models.train").joinpath(name).read_text("utf-8").strip()))


MADE_UP = _listed("names_made_up.txt")
"""Brands that do not exist. Tests use these only; training uses both lists."""

REAL = _listed("names_real.txt")
"""Brands that people write about, for training: whatever a name brings along must not decide."""

_SYLLABLES = (
    "安白贝博畅辰橙初川纯达大德朵恩飞风福格光果海好禾和恒宏花华慧极家嘉健江捷金京景卡康可乐蓝朗"
    "乐里力联灵隆绿麦美米妙木诺欧品奇青清然日瑞润森山尚盛思天甜通万威沃喜夏仙小心欣鑫星雅洋一易"
    "优悠宇云泽智中众"
)
_LATIN = (
    "ka",
    "lo",
    "mi",
    "ne",
    "ro",
    "su",
    "ti",
    "va",
    "xe",
    "yo",
    "zen",
    "bel",
    "dor",
    "fin",
    "gra",
    "hal",
    "nox",
    "pri",
)


def draw_names(random_numbers: random.Random, count: int, *, real: bool) -> list[str]:
    """`count` different names: of both lists, or put together anew; without `real` only those that do not exist."""
    names: list[str] = []
    while len(names) < count:
        name = _draw(random_numbers, real=real)
        if not any(name in other or other in name for other in names):
            names.append(name)
    return names


def _draw(random_numbers: random.Random, *, real: bool) -> str:
    chance = random_numbers.random()
    if real and chance < 0.45:
        return random_numbers.choice(REAL)
    if not real or chance < 0.65:
        return random_numbers.choice(MADE_UP)
    if chance < 0.9:
        return "".join(random_numbers.sample(_SYLLABLES, random_numbers.choice((2, 2, 3))))
    return "".join(random_numbers.sample(_LATIN, random_numbers.choice((2, 3)))).capitalize()
