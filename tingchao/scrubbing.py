"""Texts without what identifies private persons, and fit to keep: cleaning, masking, scrubbing.

Every pattern here meets hostile texts of 100,000 characters: none may take more than linear time, so repeats are
bounded, and a host name starts only where no other part of one stands before it.
"""

import re
import unicodedata
from collections.abc import Callable

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_BLANKS = re.compile("[ \t\xa0\u3000\u2000-\u200a\u202f\u205f]+")
_LINE_EDGES = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{3})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)


def clean(text: str, limit: int) -> str:
    """Text fit to keep: no lone surrogates, control, zero-width or direction characters, no runs of blanks.

    Words, emoticons, emoji, hashtags and line ends stay. At most `limit` characters; cleaning twice changes nothing.
    """
    text = text[: 4 * limit]
    if not text.isascii():
        if _SURROGATE.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _STACKED.sub(r"\1", text)
    text = _UNSEEN.sub("", _LINE_END.sub("\n", text))
    text = _LINE_EDGES.sub("\n", _BLANKS.sub(" ", text))
    return _EMPTY_LINES.sub("\n\n", text).strip()[:limit].rstrip()


def mask_name(name: str) -> str:
    """One character of a nickname.

    >>> mask_name("路人甲")
    '路**'
    """
    shown = clean(name, 64)
    return f"{shown[0]}**" if len(shown) > 1 else "**" if shown else ""


# Only as the last word of a name: 北京大学张三丰 and 爱手机的小李子 are persons. Words that end persons' names as well
# (手机, 科技, 大学, 发布) are left out; firms of the watchlist stay readable by their names.
_ORGANISATION = re.compile(
    r".{2,}(?:官方|官微|官方微博|官方账号|客服|客服中心|旗舰店|专卖店|有限公司|集团|日报|晚报|早报|时报|周刊|卫视|电视台|银行|"
    r"法院|检察院|公安局|公安分局|警方|消防|人民政府|监管局|监督管理局|消协|消费者协会|[ _-]?[Oo]fficial)"
    r"|(?:中国|北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|"
    r"陕西|甘肃|青海|广西|内蒙古|西藏|宁夏|新疆|广州|深圳|杭州|南京|武汉|成都|西安)(?:发布|公安|警察|消防)"
)


def is_organisation(name: str) -> bool:
    """Whether an account's name ends as those of firms, offices and newsrooms do, so that it is no personal data.

    >>> [is_organisation(name) for name in ("云雀电器官方", "上海发布", "王发布", "客服小王")]
    [True, True, False, False]
    """
    return _ORGANISATION.fullmatch(name[:64]) is not None


_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_GAP = r" ?[-.·_/\u2010-\u2015]? ?"
_COUNTRY = rf"(?:(?:\+|00)?86{_GAP})?"
_GROUPED = rf"[3-9]\d{_GAP}(?:\d{{4}}{_GAP}\d{{4}}|\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{2}})"
_MOBILE = re.compile(
    rf"(?:(?<![0-9A-Za-z])|(?<=[vw]x)|(?<=tel)){_COUNTRY}1(?:{_GROUPED}|(?:[-. ]\d){{10}})(?![0-9A-Za-z])",
    re.ASCII | re.IGNORECASE,
)
_IDENTITY_CARD = re.compile(
    rf"(?<![0-9A-Za-z])[1-9]\d{{5}}{_GAP}(?:19|20)\d{{2}}{_GAP}(?:0[1-9]|1[0-2]){_GAP}(?:0[1-9]|[12]\d|3[01]){_GAP}"
    r"\d{3}[\dXx](?![0-9A-Za-z])",
    re.ASCII,
)
_LINK_REST = r"[^\s，。！？；、）】》\"'<>]"
_LABELS = r"(?:[A-Za-z0-9-]{1,63}\.)"
_FOLDERS = r"(?:u|uid|users?|people|profile|members?|authors?|space|home/main)"
_PROFILE = re.compile(
    r"(?<![A-Za-z0-9.-])(?:https?://)?(?:"
    rf"{_LABELS}{{1,126}}[A-Za-z]{{2,24}}(?::\d{{1,5}})?/(?:@|(?:[\w-]{{1,64}}/){{0,2}}(?:{_FOLDERS}/|(?:space-)?uid[-=]))"
    rf"{_LINK_REST}+"
    rf"|{_LABELS}{{0,8}}weibo\.(?:com|cn)/(?:n/{_LINK_REST}+|\d{{5,}}{_LINK_REST}*)"
    rf"|{_LABELS}{{0,8}}(?:twitter|x)\.com/\w+{_LINK_REST}*"
    rf"|space\.bilibili\.com/{_LINK_REST}+)",
    re.ASCII | re.IGNORECASE,
)
_PROFILE_PART = re.compile(
    r"[/=:]@|(?:^|[^A-Za-z0-9])(?:u|uid|user|users|userid|user_id|people|profile|member|author)[-_/=:]{1,2}\d{3,}"
    r"|(?:^|[^A-Za-z0-9])acct:",
    re.ASCII | re.IGNORECASE,
)


def names_profile(address: str) -> bool:
    """Whether an address, or an id, looks as if it led to somebody's profile."""
    address = _folded(address)
    return _PROFILE.search(address) is not None or _PROFILE_PART.search(address) is not None


# Left as they are: names that are masked already, and the keyed hashes by which research corpora replace names.
_NAMED = re.compile(r"[@＠](?!u_[0-9a-f]{12}|.\*\*)([\w·-]{1,30})")


def scrub(text: str, kept: Callable[[str], bool] = is_organisation) -> str:
    """The text without what identifies private persons. `@names` for which `kept` is true stay: they are
    organisations, and a complaint is often addressed to them.

    >>> scrub("@路人甲 说客服不理人，打13800138000也没用")
    '@路** 说客服不理人，打〔电话〕也没用'
    """
    if "/" in text or "／" in text:
        text = _hidden(_PROFILE, text, "〔主页〕")
    if "@" in text or "＠" in text:
        text = _hidden(_EMAIL, text, "〔邮箱〕")
        text = _NAMED.sub(lambda found: found[0] if kept(found[1]) else f"@{mask_name(found[1])}", text)
    if _DIGITS.search(text):
        text = _hidden(_MOBILE, _hidden(_IDENTITY_CARD, text, "〔证件号〕"), "〔电话〕")
    return text


_DIGITS = re.compile(r"\d(?:\D{0,3}\d){9}")
_WIDE = re.compile(r"[０-９Ａ-Ｚａ-ｚ＠．／－＿＋＝\u3000\xa0]|(?![0-9])\d")


def _folded(text: str) -> str:
    """The text with its digits, Latin letters and signs of addresses in half width, as long as it was."""
    if text.isascii() or not _WIDE.search(text):
        return text
    return _WIDE.sub(lambda found: _narrow(found[0]), text)


def _narrow(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return unicodedata.normalize("NFKC", character) if digit is None else str(digit)


def _hidden(pattern: re.Pattern[str], text: str, mark: str) -> str:
    """The text with `mark` for what `pattern` finds in its half-width form."""
    pieces: list[str] = []
    end = 0
    for found in pattern.finditer(_folded(text)):
        pieces += (text[end : found.start()], mark)
        end = found.end()
    return "".join((*pieces, text[end:])) if pieces else text


_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


def language(text: str) -> str:
    """A guess by script, for sources that do not say: ja, ko, en, else zh."""
    head = text[:500]
    if _KANA.search(head):
        return "ja"
    if _HAN.search(head):
        return "zh"
    if _HANGUL.search(head):
        return "ko"
    return "en" if _LATIN.search(head) else "zh"
