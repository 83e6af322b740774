"""In which language a text is written, as far as its script tells.

It counts letters, no words, so it cannot tell languages that share a script (French from English), Japanese written
in Chinese characters only, or pinyin from any other Latin text. One or two Latin words (`yyds`, `OK`) are at home in Chinese
posts and say nothing. Traditional characters and dialects are Chinese.
"""

import re

CHINESE = "zh"

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_WORDS = {
    "und-Latn": (re.compile("[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)?"), 3),
    "und-Cyrl": (re.compile("[\u0400-\u04ff]{3,}"), 1),
    "und-Arab": (re.compile("[\u0600-\u06ff]{2,}"), 1),
    "und-Thai": (re.compile("[\u0e00-\u0e7f]{3,}"), 1),
    "und-Deva": (re.compile("[\u0900-\u097f]{2,}"), 1),
    "und-Grek": (re.compile("[\u0370-\u03ff]{3,}"), 1),
    "und-Hebr": (re.compile("[\u0590-\u05ff]{2,}"), 1),
}
"""For each script its words, and how many of them make a text. Fewer letters are signs: (´・ω・`), (つД`)."""

_FEWEST_KANA, _FEWEST_HANGUL = 4, 2
_KANA_SHARE = 0.25
"""Of the letters of a Japanese text, kana are at least so many; a headline has few."""
_HAN_SHARE = 0.1
"""Of a Chinese text full of foreign names, its own characters. A foreign word counts as two of them."""
_NOT_JAPANESE = re.compile("[你这吗呢很没们还么谁啊吧哈给让]")


def language(text: str) -> str:
    """A BCP 47 tag: `zh`, `ja`, `ko`, or `und-` and the script; `zh` for a text that shows no other.

    >>> [language(text) for text in ("iPhone 15 Pro Max 太香了", "The battery is bad again", "バッテリーがすぐ切れる")]
    ['zh', 'und-Latn', 'ja']
    """
    han = len(_HAN.findall(text))
    if han > len(text) * (1 - _KANA_SHARE):
        return CHINESE
    kana, hangul = len(_KANA.findall(text)), len(_HANGUL.findall(text))
    if kana >= _FEWEST_KANA and kana >= _KANA_SHARE * (han + kana) and not _NOT_JAPANESE.search(text):
        return "ja"
    if hangul >= _FEWEST_HANGUL and hangul > han:
        return "ko"
    words = {script: len(word.findall(text)) for script, (word, _) in _WORDS.items()}
    script = max(words, key=words.__getitem__)
    enough = words[script] >= _WORDS[script][1]
    return script if enough and han < _HAN_SHARE * (han + 2 * words[script]) else CHINESE
