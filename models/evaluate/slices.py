"""Slices of the dev rows by what their text shows: short rules, so a slice holds some rows that only look like it."""

import re
from collections.abc import Callable, Mapping, Sequence

import opencc

from models import Reading
from models.evaluate import judge as said
from models.evaluate.judge import Judge
from models.evaluate.measures import quality
from models.evaluate.results import Line, Tables
from models.evaluate.sets import YEARS, Row, Sets

LENGTHS = (10, 30, 80, 180)
_FEWEST = 10
"""Slices of fewer rows are left out: their figures are chance."""

EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001faff\ufe0f\u200d\U0001f1e6-\U0001f1ff]"
)
EMOTICON = re.compile(r"\[[^\[\]\s]{1,8}\]")
_SIGNS = re.compile(r"[\W_]+")
_SIMPLIFIED = opencc.OpenCC("t2s")


def _any(*words: str) -> Callable[[str], bool]:
    """Whether one of the patterns, which stand between blanks, is found."""
    pattern = re.compile("|".join(" ".join(words).split()), re.IGNORECASE)
    return lambda text: pattern.search(text) is not None


def emoji_only(text: str) -> bool:
    """Emoji or emoticons, and not a letter beside them.

    >>> [emoji_only(text) for text in ("[怒][怒]", "😭！！", "好😭", "！！")]
    [True, True, False, False]
    """
    rest = EMOJI.sub("", EMOTICON.sub("", text))
    return len(rest) < len(text) and not _SIGNS.sub("", rest)


def is_traditional(text: str) -> bool:
    """Whether at least two characters, and a tenth, are of Traditional writing."""
    changed: int = sum(a != b for a, b in zip(text, _SIMPLIFIED.convert(text), strict=False))
    return changed >= 2 and changed >= 0.1 * len(text)


RULES: Mapping[str, Callable[[str], bool]] = {
    "negation": _any(r"不(?![错过仅但只止断]) 没 无(?!敌) 未 别(?![人的墅]) 勿 甭 難以 难以"),
    "irony marker": _any(
        r"\[(?:微笑|doge|呵呵|二哈|摊手|拜拜|费解|吃瓜|并不简单|good)\] 呵呵 真(?:是)?[会行棒]啊 可真 不愧是 好一个",
        r"谢谢[你您](?:全家|了) 真有你的 厉害了 [🙃🙂] [“\"][^”\"]{1,6}[”\"]",
    ),
    "emoji only": emoji_only,
    "question": _any(r"[?？] 吗[。!！~]*$ 怎么 为什么 请问 有没有 求"),
    "announcement": _any(r"公告 通知 招聘 发布会 将于 即日起 举行 召开 报名 活动时间 ^【"),
    "mixed": _any(r"但是? 不过 可惜 就是.{0,6}[点不] 虽然 除了 美中不足 然而"),
    "dialect words": _any(
        r"俺 咋 忒 [靓冇嘅咗佢哋喺] 侬 巴适 啷个 瓜娃子 中不中 贼[好拉难香] 嘎嘎 老铁 膈应 埋汰 噻 晓得 莫得 得劲 嫑 恁"
    ),
    "Traditional characters": is_traditional,
    "pinyin and homophone slang": _any(
        r"(?<![a-z])(?:yyds|xswl|awsl|u1s1|yysy|nb|tmd?|n?md|sb|zqsg|dbq|srds|bdjw|plgg|pljj|gkd|kswl|nsdd|emo)(?![a-z])",
        r"绝绝子 蚌埠住 绷不住 泰裤辣 栓q 集美 家人们 [砂沙][糖雕] 尼玛 卧槽 我擦 握草 酱紫 肿么 木有 神马 童鞋 坑爹 伐开心",
        r"蓝瘦 香菇 斯国一 夺笋 雀食 芭比q 小丑竟是",
    ),
}
"""Name of a slice -> whether a text belongs to it."""


def slices(sets: Sets, judge: Judge) -> Tables:
    """Accuracy and macro-F1 by length, by what the text shows, by platform and by year of the source."""
    rows = sets.dev("sentiment", "sentiment_more")
    readings = judge(rows)

    def table(slice_of: Callable[[Row], str]) -> dict[str, Line]:
        places: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(slice_of(row), []).append(place)
        return {
            name: _line(rows, readings, places[name])
            for name in sorted(places)
            if len(places[name]) >= _FEWEST
        }

    shown = {
        name: [place for place, row in enumerate(rows) if rule(row.text)] for name, rule in RULES.items()
    }
    return {
        "by length": table(lambda row: length_band(row.text)),
        "by what the text shows": {
            name: _line(rows, readings, places) for name, places in shown.items() if len(places) >= _FEWEST
        },
        "by platform": table(lambda row: row.domain or "unknown"),
        "by year of the source": table(lambda row: YEARS.get(row.source, "unknown")),
    }


def length_band(text: str) -> str:
    """Such as `11-30 characters`; the names sort by length.

    >>> [length_band("好" * count) for count in (1, 10, 11, 181)]
    ['001-010 characters', '001-010 characters', '011-030 characters', '181 characters and more']
    """
    low = 1
    for high in LENGTHS:
        if len(text) <= high:
            return f"{low:03}-{high:03} characters"
        low = high + 1
    return f"{low:03} characters and more"


def _line(rows: Sequence[Row], readings: Sequence[Reading], places: Sequence[int]) -> Line:
    got = said.labels([readings[place] for place in places])
    found = quality([rows[place].label for place in places], got)
    return {"n": found.rows, "accuracy": found.accuracy, "macro-F1": found.macro_f1}
