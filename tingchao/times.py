"""Chinese times as sites write them: `昨天 23:50`, `3分钟前`, `Tue Nov 24 10:00:00 +0800 2026`, `1795485430`.

`when` reads one and says how exactly it was told. Sites without an offset mean their own wall clock, which is
Asia/Shanghai here. What cannot be read, and what lies in the future, is unknown: never a guess.
"""

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tingchao.mention import Precision

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOLERANCE = timedelta(minutes=10)
"""How far a site's clock may run ahead of ours."""
OLDEST_YEAR = 1990
LONGEST = 100
"""Characters of a text that are looked at."""


class Moment(NamedTuple):
    """A time in UTC, or None where it is not known, and how exactly it was told."""

    at: datetime | None
    precision: Precision


UNKNOWN = Moment(None, Precision.NONE)

_CLOCK = (
    r"(?:(上午|下午|晚上|凌晨|中午|早上|早晨|清晨|午后|傍晚|夜里|深夜|半夜)\s*)?"
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?!\s*[AaPp]\.?[Mm]\b)"
)
_NUMBER = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")
_AGO = re.compile(r"(\d{1,4}|[一二两三四五六七八九十半])\s*个?(秒|分|小时|天|日|周|星期|月|年)钟?[之以]?前")
_JUST_NOW = re.compile(r"刚刚|刚才|几秒前")
_NAMED_DAY = re.compile(rf"(今天|今日|昨天|昨日|前天)(?:\s*{_CLOCK}(?!\d))?")
_ENGLISH_MONTH = re.compile(r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b")
_MICROBLOG = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{4}) (\d{4})")
_HALF_OF_DAY = re.compile(r"\s*\b([AaPp])\.?[Mm]\b\.?")
_YEAR_BEFORE_1000 = re.compile(r"(?<![+-])\b0\d{3}\b")
_FULL = re.compile(
    rf"(?<![\d:])(\d{{4}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?(?:[T\s]*{_CLOCK}\s*(Z|UTC|GMT|[+-]\d{{2}}:?\d{{2}})?)?(?!\d)"
)
_MONTH_DAY = re.compile(rf"(?<![\d:/.-])(\d{{1,2}})(?:-|/|月)(\d{{1,2}})日?(?:\s*{_CLOCK})?(?![\d/-])")
_TIME_ONLY = re.compile(rf"(?<![\d:./-]){_CLOCK}(?![\d:])")
_CHINESE_DIGITS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
_DAYS_BACK = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2}


def when(shown: object, captured_at: datetime, *, tz: tzinfo = SHANGHAI) -> Moment:
    """The time that `shown` tells, a text or a number of seconds or milliseconds.

    Relative forms (`3分钟前`, `昨天`) count from `captured_at`, a month without a year is its last one,
    and a wall clock without an offset is that of `tz`. Unknown: empty, not a time, before 1990, or more than
    ten minutes after `captured_at`. Raises `ValueError` only for a `captured_at` without a time zone.

    >>> when("昨天 23:50", datetime(2026, 11, 24, 2, tzinfo=UTC))
    Moment(at=datetime.datetime(2026, 11, 23, 15, 50, tzinfo=datetime.timezone.utc), precision=<Precision.MINUTE: 'minute'>)
    """
    if captured_at.tzinfo is None:
        raise ValueError(f"captured_at={captured_at.isoformat()} has no time zone")
    try:
        moment = _read(shown, captured_at, tz)
        if moment.at is None:
            return UNKNOWN
        at = moment.at.astimezone(UTC).replace(microsecond=0)
        believable = at.year >= OLDEST_YEAR and at - captured_at <= TOLERANCE
    except (ValueError, OverflowError):
        return UNKNOWN
    return Moment(at, moment.precision) if believable else UNKNOWN


def shanghai(at: datetime) -> datetime:
    """The same moment on the wall clock of Asia/Shanghai, for people to read."""
    return at.astimezone(SHANGHAI)


def iso(at: datetime) -> str:
    """UTC in ISO 8601, whole seconds, such as `2026-11-24T02:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(shown: object, captured_at: datetime, tz: tzinfo) -> Moment:
    if isinstance(shown, bool):
        return UNKNOWN
    if isinstance(shown, int | float):
        return _unix(shown)
    if not isinstance(shown, str):
        return UNKNOWN
    text = shown[:LONGEST].strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if _NUMBER.fullmatch(text):
        return _unix(float(text))
    if found := _FULL.search(text):
        return _full(found, tz)
    if _ENGLISH_MONTH.search(text):
        return _english(text, tz)
    local = captured_at.astimezone(tz)
    if _JUST_NOW.search(text):
        return Moment(captured_at, Precision.MINUTE)
    if found := _AGO.search(text):
        return _ago(found, local)
    if found := _NAMED_DAY.search(text):
        day = local - timedelta(days=_DAYS_BACK[found[1]])
        return _on(day.year, day.month, day.day, found.groups()[1:], tz)
    if found := _MONTH_DAY.search(text):
        return _last(int(found[1]), int(found[2]), found.groups()[2:], local)
    if found := _TIME_ONLY.search(text):
        return _on(local.year, local.month, local.day, found.groups(), tz)
    return UNKNOWN


def _unix(number: float) -> Moment:
    """Ten digits are seconds, thirteen are milliseconds; anything else is no time."""
    if 10**9 <= number < 10**10:
        return Moment(datetime.fromtimestamp(int(number), UTC), Precision.SECOND)
    if 10**12 <= number < 10**13:
        return Moment(datetime.fromtimestamp(int(number) // 1000, UTC), Precision.SECOND)
    return UNKNOWN


def _on(year: int, month: int, day: int, clock: tuple[str | None, ...], tz: tzinfo) -> Moment:
    """A day of a calendar, with a clock (part of day, hour, minute, second) where one was shown."""
    part, hour, minute, second = clock[:4]
    if hour is None or minute is None:
        return Moment(datetime(year, month, day, tzinfo=tz), Precision.DAY)
    hours = _hours(part, int(hour))
    if hours is None:
        return UNKNOWN
    at = datetime(year, month, day, hours, int(minute), int(second or 0), tzinfo=tz)
    return Moment(at, Precision.MINUTE if second is None else Precision.SECOND)


def _hours(part: str | None, hour: int) -> int | None:
    """The hour by a clock of 24, from one with a part of the day; None where the two do not go together, or, as in
    `晚上12:30`, do not tell which midnight is meant."""
    match part:
        case None:
            return hour
        case "上午" | "凌晨":
            return 0 if hour == 12 else hour if hour < 12 else None
        case "早上" | "早晨" | "清晨":
            return hour if hour < 12 else None
        case "中午":
            return hour if 11 <= hour <= 14 else hour + 12 if 1 <= hour <= 2 else None
        case "下午" | "午后":
            return hour if hour >= 12 else hour + 12
        case "半夜" | "深夜" | "夜里":
            return hour if hour >= 19 or hour < 6 else hour + 12 if 7 <= hour < 12 else None
        case _:
            return hour if hour > 12 else hour + 12 if 0 < hour < 12 else None


def _full(found: re.Match[str], tz: tzinfo) -> Moment:
    year, month, day, *clock, offset = found.groups()
    zone = tz if offset is None else _zone(offset)
    return _on(int(year), int(month), int(day), tuple(clock), zone)


def _zone(offset: str) -> tzinfo:
    if offset in {"Z", "UTC", "GMT"}:
        return UTC
    zone = datetime.strptime(offset, "%z").tzinfo
    assert zone is not None
    return zone


def _english(text: str, tz: tzinfo) -> Moment:
    """RFC 2822, and the same words in the order that microblogs use."""
    if found := _MICROBLOG.search(text):
        month, day, clock, offset, year = found.groups()
        text = f"{day} {month} {year} {clock} {offset}"
    # E-mail's CST is six hours behind Greenwich; on a Chinese site it is China Standard Time.
    text = text.replace("CST", "+0800")
    if _YEAR_BEFORE_1000.search(text):
        return UNKNOWN  # it would be read as one of this century
    half = _HALF_OF_DAY.search(text)
    at = parsedate_to_datetime(text[: half.start()] + text[half.end() :] if half else text)
    if half and not 1 <= at.hour <= 12:
        return UNKNOWN
    if half:
        at = at.replace(hour=at.hour % 12 + (12 if half[1] in "Pp" else 0))
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC if "-0000" in text else tz)
    return Moment(at, (Precision.DAY, Precision.MINUTE, Precision.SECOND)[min(text.count(":"), 2)])


def _ago(found: re.Match[str], local: datetime) -> Moment:
    amount, unit = found.groups()
    if amount == "半":
        return Moment(local - timedelta(minutes=30), Precision.MINUTE) if unit == "小时" else UNKNOWN
    number = _CHINESE_DIGITS.get(amount) or int(amount)
    match unit:
        case "秒":
            return Moment(local - timedelta(seconds=number), Precision.MINUTE)
        case "分":
            return Moment(local - timedelta(minutes=number), Precision.MINUTE)
        case "小时":
            # Through UTC: hours are counted by a clock that has no summer time.
            return Moment(local.astimezone(UTC) - timedelta(hours=number), Precision.HOUR)
        case "天" | "日":
            day = local - timedelta(days=number)
        case "周" | "星期":
            day = local - timedelta(weeks=number)
        case "月":
            day = _months_back(local, number)
        case _:
            day = _months_back(local, 12 * number)
    return Moment(day.replace(hour=0, minute=0, second=0, microsecond=0), Precision.DAY)


def _months_back(local: datetime, months: int) -> datetime:
    """The same day of an earlier month, or that month's last day."""
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


def _last(month: int, day: int, clock: tuple[str | None, ...], local: datetime) -> Moment:
    """The last such day: this year's unless that is still to come. With a clock the site may run ahead of us,
    so that `01-01 00:02` read at 23:59 is the new year. 29 February is the last leap year's."""
    leap = (month, day) == (2, 29)
    latest = local + TOLERANCE if clock[1] else local
    for year in range(latest.year, latest.year - (9 if leap else 2), -1):
        if leap and monthrange(year, 2)[1] < 29:
            continue
        assert local.tzinfo is not None
        moment = _on(year, month, day, clock, local.tzinfo)
        if moment.at is not None and moment.at <= latest:
            return moment
    return UNKNOWN
