"""Text preparation, the same for training and serving.

The rules and their order are part of the checkpoint `sentiment-teacher` (version 0 of the model), which was
trained on texts prepared by them: change one, and the model meets texts it was never taught. Emoticons
`[...]`, emoji, `#tags#` and `//` stay.
"""

import re
import unicodedata

LINK = "链接"
MENTIONED = "@用户 "

_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060\ufeff\ufe0f\x00-\x08\x0b-\x1f\x7f]")
_STEPS = (
    (re.compile(r"(?:https?://|www\.)[A-Za-z0-9./?=&%_#:~+\-]+|\bt\.cn/\w+", re.IGNORECASE), LINK),
    (re.compile(r"(?:回复)?@[\w\-·]{1,30}[::]?"), MENTIONED),
    (re.compile(r"(?:@用户 ){2,}"), MENTIONED),
    (re.compile(r"(\[[^\[\]\s]{1,8}\])\1+"), r"\1\1"),
    (re.compile(r"(.)\1{3,}", re.DOTALL), r"\1\1\1"),
    (re.compile(r"(.{2,6}?)\1{3,}", re.DOTALL), r"\1\1"),
    (re.compile(r"\s+"), " "),
)


def normalise(text: str) -> str:
    """The form in which the model reads `text`.

    NFKC; invisible characters out; links and @names to one word each; an emoticon repeated to two, a character
    four times or more to three, a piece of 2 to 6 characters four times or more to two; blanks collapsed.

    >>> normalise("回复@某人:太好吃啦啦啦啦啦[doge][doge][doge]  https://t.cn/x1")
    '@用户 太好吃啦啦啦[doge][doge] 链接'
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text.strip()
