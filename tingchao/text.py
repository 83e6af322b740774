"""How text is compared: folded, cut into tokens, and reduced to keys.

`fold` makes everything equal that a reader takes for the same: width, letter case, accents, Traditional and
Simplified characters, runs of blanks, characters that nobody sees. `tokens` cuts a folded text so that token
positions are character positions; `index_form` writes those tokens for the stores. The query language, the
watchlist, both stores and the duplicate keys all stand on these functions, so they always agree.

Sources: Unicode annex 15 (NFKC), OpenCC's character tables, Charikar 2002 (SimHash).
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache

LIMIT = 20_000
"""Folded characters of a text that are matched and indexed; what comes after is kept, but not found."""

MAX_GROWTH = 4
"""A character whose folded form would be longer stays as it is (U+FDFA would become 18 characters)."""

LONGEST_WORD = 100
"""Elasticsearch cuts tokens at 255 UTF-16 units; a longer word is written as its start and a digest."""

FILLER = chr(0xF0000)
"""The token that holds the places of a word's second to last character."""

UNKNOWN = "\ufffd"

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_TRADEMARKS = frozenset("™℠")
_ACCENTS = re.compile(
    "[\u0300-\u036f\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U000e0100-\U000e01ef]"
)
_TAIWAN = str.maketrans("著簷痺", "着檐痹")

# Scripts written without blanks between words: each of their characters is a token of itself.
_UNSPACED = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3041-\u3096\u3099-\u30ff\u3105-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_UNSPACED_ONE = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(rf"[^\W_{_UNSPACED}]+")
_TOKEN = re.compile(rf"[^\W_{_UNSPACED}]+|.", re.DOTALL)

_BLANKS = re.compile(" {2,}")
_COMPOSING = re.compile("[\u1161-\u1175\u11a8-\u11c2\u3099\u309a]")
_COMPOSED = re.compile(
    "(?:[\u1100-\u1112][\u1161-\u1175]|[가-힣])[\u11a8-\u11c2]?|.[\u3099\u309a]?", re.DOTALL
)

_LINK = re.compile(r"https?://[!-~]+")
_NAME = re.compile(r"@[\w·-]+")
_NOT_BARE = re.compile(r"[\W_]+")


class Folded:
    """A folded text that still knows where each character came from."""

    __slots__ = ("_places", "original", "text")

    def __init__(self, original: str, text: str) -> None:
        self.original = original
        self.text = text
        self._places: list[tuple[int, int]] | None = None

    def __repr__(self) -> str:
        return f"Folded({self.text!r})"

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]`, which must not be empty, lies in the original: code points [start, end)."""
        if self._places is None:
            self._places = _places(self.original)
        last = self._places[end - 1][1]
        while last < len(self.original) and unicodedata.combining(self.original[last]):
            last += 1
        return self._places[start][0], last


def fold(text: str) -> Folded:
    """The form in which texts are compared, at most `LIMIT` characters of it.

    Full-width, ligature and circled forms become plain (NFKC); accents go; case folds; Traditional becomes
    Simplified, character by character; blanks and line ends become one space; zero-width, control and
    direction characters go; lone surrogates and code points that are no characters become U+FFFD.
    Folding twice changes nothing.

    >>> fold("  ＳＵ７ 冒\\u200b煙\\n了").text
    'su7 冒烟 了'
    """
    folded = _folded(text)
    return Folded(text, folded if len(folded) <= LIMIT else folded[:LIMIT].rstrip(" "))


def tokens(folded: str) -> list[str]:
    """The tokens of a folded text; the n-th token stands for the n-th character.

    A character of an unspaced script is its own token; a run of other letters and digits is one token and a
    `FILLER` for each further character; any other character becomes one private-use character.
    """
    found: list[str] = []
    for run in _TOKEN.findall(folded):
        if _WORD.match(run):
            found.append(_word_token(run))
            found.extend([FILLER] * (len(run) - 1))
        else:
            found.append(_sign_token(run))
    return found


def index_form(text: str) -> str:
    """The tokens of `text`, folded, with a space between them: what a store indexes and splits at spaces only."""
    written = _written_at_once(text)
    if written is None:
        written = fold(text).text.translate(_WRITING).replace(_COMPOSES, "")
    return (_LETTERS.sub(_spelled, written) if _LETTER in written else written)[:-1]


def is_word_character(character: str) -> bool:
    """Whether a folded character belongs to a word that matches only as a whole (`ai` is not in `training`)."""
    return character.isalnum() and (character.isascii() or not _UNSPACED_ONE.match(character))


def text_key(text: str) -> str:
    """Equal for texts that say exactly the same: 16 hex digits over the letters and digits of the folded text.

    Links and @names do not count. A text that has nothing else is keyed by all of its folded form.
    """
    return hashlib.blake2b((_bare(text) or _folded(text)).encode(), digest_size=8).hexdigest()


def simhash(text: str) -> str:
    """Near for texts that say nearly the same: a 64-bit SimHash over character 3-grams, 16 hex digits.

    Compare with `distance`. Texts under 15 characters are too short for it: compare their `text_key`.
    """
    import numpy as np  # 100 ms: not for every command that searches

    letters = np.frombuffer((_bare(text) or _folded(text)).encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    if len(letters) < 3:
        letters = np.concatenate([letters, np.zeros(3 - len(letters), np.uint64)])
    # Three code points of 21 bits fit one number; splitmix64's finaliser spreads them over 64 bits.
    mixed = letters[:-2] | letters[1:-1] << np.uint64(21) | letters[2:] << np.uint64(42)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    bits = np.unpackbits(mixed.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return np.packbits(bits.sum(axis=0) * 2 > len(bits)).tobytes().hex()


def distance(one: str, other: str) -> int:
    """Bits (0 to 64) in which two SimHashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _folded(text: str) -> str:
    """All of `text`, folded."""
    plain = text.translate(_FOLDING)
    if _COMPOSING.search(plain):
        plain = _COMPOSED.sub(lambda found: unicodedata.normalize("NFC", found[0]), plain)
    if "  " in plain:
        plain = _BLANKS.sub(" ", plain)
    return plain.strip(" ")


def _places(original: str) -> list[tuple[int, int]]:
    """For each character of the folded `original`, the part of the original that it came from."""
    plain = [(letter, index) for index, one in enumerate(original) for letter in _FOLDING[ord(one)]]
    places: list[tuple[int, int]] = []
    blank = True
    for group in _COMPOSED.finditer("".join(letter for letter, _ in plain)):
        composed = unicodedata.normalize("NFC", group[0])
        if not (composed == " " and blank):
            place = plain[group.start()][1], plain[group.end() - 1][1] + 1
            places.extend([place] * len(composed))
        blank = composed == " "
    return places


def _fold_character(character: str) -> str:
    if (
        character.isspace() or character == "\u2800"
    ):  # the empty Braille cell is used as a blank that filters miss
        return " "
    code = ord(character)
    if (
        unicodedata.category(character) in ("Cf", "Cc")
        or character in _INVISIBLE
        or _ACCENTS.match(character)
    ):
        return ""
    if 0xD800 <= code < 0xE000 or code >= 0x40000 or code & 0xFFFE == 0xFFFE:
        return UNKNOWN
    if character in _TRADEMARKS:  # NFKC would glue "tm" to the brand before it
        return character
    folded = character
    while (again := "".join(map(_folded_once, folded))) != folded:
        folded = again
    return folded if len(folded) <= MAX_GROWTH and " " not in folded else character


def _folded_once(character: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", character)).casefold()
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", plain)))
    return plain if plain.isascii() else _simplified(plain)


def _simplified(text: str) -> str:
    traditional, hong_kong = _converters()
    return hong_kong(traditional(text)).translate(_TAIWAN)


@cache
def _converters() -> tuple[Callable[[str], str], Callable[[str], str]]:
    import opencc  # 20 ms and a table on disk: only when a text is really folded

    return opencc.OpenCC("t2s").convert, opencc.OpenCC("hk2s").convert


class _Table(dict[int, str]):
    """A table for `str.translate`, filled as characters are met. Rare ones beyond its room are worked out again."""

    ROOM = 50_000

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        result = self._rule(chr(code))
        if len(self) < self.ROOM:
            self[code] = result
        return result


def _word_token(word: str) -> str:
    if len(word) <= LONGEST_WORD:
        return word
    return word[:20] + hashlib.blake2b(word.encode(), digest_size=16).hexdigest()


def _sign_token(sign: str) -> str:
    """A character as a token of its own: itself in an unspaced script, else its private-use code."""
    if _UNSPACED_ONE.match(sign):
        return sign
    code = ord(sign)
    return chr(0xF0000 + code if code < 0x10000 else 0x100000 + code - 0x10000)


def _written_at_once(text: str) -> str | None:
    """`text` folded and written as tokens in one go, or None if its characters cannot be folded one by one."""
    if len(text) * MAX_GROWTH > LIMIT:
        return None
    written = text.translate(_WRITING)
    if _COMPOSES in written or _TWO_BLANKS in written or _BLANK in (written[:2], written[-2:]):
        return None
    return written


def _written(character: str) -> str:
    """A character folded and written as tokens, if nothing beside it composes or collapses with it."""
    return "".join(map(_written_once, _FOLDING[ord(character)]))


def _written_once(folded: str) -> str:
    if is_word_character(folded):
        return _LETTER + folded
    return (_COMPOSES if _COMPOSING.match(folded) else "") + _sign_token(folded) + " "


def _spelled(letters: re.Match[str]) -> str:
    word = letters[0][1::2]
    return _word_token(word) + _FILLED * (len(word) - 1) + " "


@lru_cache(maxsize=4)
def _bare(text: str) -> str:
    """Only the letters and digits of the folded text, without links and @names; `text_key` and `simhash` share it."""
    return _NOT_BARE.sub("", _NAME.sub("", _LINK.sub("", _folded(text))))


_FOLDING = _Table(_fold_character)
_WRITING = _Table(_written)

# Marks within what `_WRITING` writes; a folded text has no control characters.
_LETTER = "\x01"
_COMPOSES = "\x02"
_LETTERS = re.compile(f"(?:{_LETTER}.)+", re.DOTALL)
_FILLED = f" {FILLER}"
_BLANK = _sign_token(" ") + " "
_TWO_BLANKS = _BLANK * 2
