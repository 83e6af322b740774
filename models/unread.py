"""Texts in which there is nothing to read: each kind has its reason, and costs no pass of the network."""

import re
from collections.abc import Collection

from models.language import language
from models.normalise import LINK, MENTIONED
from models.passage import Passage
from models.reading import Abstain

_SIGNS = re.compile(r"[\s。，、；：,.;:…·—\-~#/|*+=\"'“”‘’`【】《》\ufffd]+")
"""What says nothing by itself. Question and exclamation marks, brackets and ^_ do: they are left to the network."""

_FILLER = re.compile(
    r"(?:(?:快?转发?了?|轉發了?|分享了?)(?:微博|此微博|这条微博|該微博|博文|动态|動態)?|reposts?|reposted|retweets?|rt"
    r"|(?:分享|发布|上传)了?(?:一张|单张)?(?:图片|视频|照片|文章|头条文章)|o?网页|查看图片|(?:微博|秒拍|的)视频|无内容|无正文)+",
    re.IGNORECASE,
)
_LATIN_EMOTICON = re.compile(r"\[[A-Za-z]{1,8}\]")
"""[doge] is no foreign word."""


def why_unread(read: Passage, languages: Collection[str]) -> Abstain | None:
    """Why the network need not read this; None if it must. `languages` are those it was measured in.

    >>> from models.passage import passage
    >>> [str(why_unread(passage(text), ["zh"])) for text in ("", "@甲 http://t.cn/x", "转发微博", "……", "好喝")]
    ['empty', 'links', 'filler', 'unknown', 'None']
    """
    if not read.text:
        return Abstain.EMPTY
    linked = read.text.replace(LINK, "").replace(MENTIONED.strip(), "")
    own = _SIGNS.sub("", linked)
    if not own:
        return Abstain.LINKS if len(linked) < len(read.text) else Abstain.UNKNOWN
    if _FILLER.fullmatch(own):
        return Abstain.FILLER
    return None if language(_LATIN_EMOTICON.sub("", linked)) in languages else Abstain.LANGUAGE
