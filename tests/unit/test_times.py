"""Times as sites write them; the table is that of the description of sources, read at 10:00 on 24 November 2026."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingchao.mention import Precision
from tingchao.times import SHANGHAI, TOLERANCE, iso, shanghai, when

NOW = datetime(2026, 11, 24, 10, tzinfo=SHANGHAI)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


TABLE = [
    ("Tue Nov 24 09:57:10 +0800 2026", "2026-11-24 09:57:10", "second"),
    ("Tue, 24 Nov 2026 01:57:10 GMT", "2026-11-24 09:57:10", "second"),
    ("2026-11-23T17:57:10-07:00", "2026-11-24 08:57:10", "second"),
    ("2026-11-24T01:57:10Z", "2026-11-24 09:57:10", "second"),
    ("2026-11-24T01:57:10.123456+00:00", "2026-11-24 09:57:10", "second"),
    (1795485430, "2026-11-24 09:57:10", "second"),
    (1795485430000, "2026-11-24 09:57:10", "second"),
    (1795485430.5, "2026-11-24 09:57:10", "second"),
    ("1795485430", "2026-11-24 09:57:10", "second"),
    ("刚刚", "2026-11-24 10:00:00", "minute"),
    ("30秒前", "2026-11-24 09:59:30", "minute"),
    ("3分钟前", "2026-11-24 09:57:00", "minute"),
    ("2小时前", "2026-11-24 08:00:00", "hour"),
    ("2 个小时前", "2026-11-24 08:00:00", "hour"),
    ("今天 09:12", "2026-11-24 09:12:00", "minute"),
    ("昨天 23:50", "2026-11-23 23:50:00", "minute"),
    ("昨天23:50", "2026-11-23 23:50:00", "minute"),
    ("前天 08:00", "2026-11-22 08:00:00", "minute"),
    ("昨天 下午3:05", "2026-11-23 15:05:00", "minute"),
    ("昨天", "2026-11-23 00:00:00", "day"),
    ("3天前", "2026-11-21 00:00:00", "day"),
    ("两天前", "2026-11-22 00:00:00", "day"),
    ("1周前", "2026-11-17 00:00:00", "day"),
    ("2个月前", "2026-09-24 00:00:00", "day"),
    ("1年前", "2025-11-24 00:00:00", "day"),
    ("11-23", "2026-11-23 00:00:00", "day"),
    ("11-23 08:00", "2026-11-23 08:00:00", "minute"),
    ("11月23日 08:00", "2026-11-23 08:00:00", "minute"),
    ("12-31", "2025-12-31 00:00:00", "day"),
    ("11-24 10:05", "2026-11-24 10:05:00", "minute"),
    ("11-24 10:15", "2025-11-24 10:15:00", "minute"),
    ("2025年11月2日 08:00", "2025-11-02 08:00:00", "minute"),
    ("2025/11/2", "2025-11-02 00:00:00", "day"),
    ("2025-11-02 08:00:00", "2025-11-02 08:00:00", "second"),
    ("09:12", "2026-11-24 09:12:00", "minute"),
    ("发布于 3分钟前 来自 iPhone客户端", "2026-11-24 09:57:00", "minute"),
    ("编辑于 昨天 20:11 广东", "2026-11-23 20:11:00", "minute"),
    ("2026-11-2409:12", "2026-11-24 09:12:00", "minute"),
    ("２０２６－１１－２４　０９：１２", "2026-11-24 09:12:00", "minute"),
    ("３分钟前", "2026-11-24 09:57:00", "minute"),
    ("Tue, 24 Nov 2026 09:57:10", "2026-11-24 09:57:10", "second"),
    ("Tue, 24 Nov 2026 01:57:10 -0000", "2026-11-24 09:57:10", "second"),
    ("Tue Nov 24 09:57:10 CST 2026", "2026-11-24 09:57:10", "second"),
    ("2026-11-24 10:10", "2026-11-24 10:10:00", "minute"),
    ("昨天 中午1:05", "2026-11-23 13:05:00", "minute"),
    ("昨天 中午12:30", "2026-11-23 12:30:00", "minute"),
    ("昨天 中午11:30", "2026-11-23 11:30:00", "minute"),
    ("昨天 凌晨12:30", "2026-11-23 00:30:00", "minute"),
    ("昨天 凌晨1:30", "2026-11-23 01:30:00", "minute"),
    ("昨天 上午12:30", "2026-11-23 00:30:00", "minute"),
    ("昨天 下午12:30", "2026-11-23 12:30:00", "minute"),
    ("昨天 下午13:05", "2026-11-23 13:05:00", "minute"),
    ("昨天 晚上8:05", "2026-11-23 20:05:00", "minute"),
    ("昨天 晚上20:05", "2026-11-23 20:05:00", "minute"),
    ("11月23日 傍晚6:05", "2026-11-23 18:05:00", "minute"),
    ("2026-11-23 深夜11:05", "2026-11-23 23:05:00", "minute"),
    ("凌晨12:30", "2026-11-24 00:30:00", "minute"),
    ("Nov 23, 2026 3:05 PM", "2026-11-23 15:05:00", "minute"),
    ("Nov 23, 2026 12:05 AM", "2026-11-23 00:05:00", "minute"),
]
UNKNOWN = [
    0, "0", "", "  ", None, True, 1e300, float("nan"), float("inf"), -5, 12345, [], {}, b"3",
    "1970-01-01 00:00:00", "1970年1月1日", "2026-11-24 10:11", "2027-01-01", "今天 23:50", "23:50", "4102444800",
    "25:00", "12:61", "13-45", "2026-02-30", "你好", "2026年11月", "-1分钟", "Tue, 99 Nov 2026 01:57:10 GMT",
    "早上12:10", "昨天 早上12:10", "昨天 晚上12:10", "昨天 晚上0:10", "昨天 中午9:00", "昨天 上午15:00", "3:05 PM",
    "Mon, 01 Jan 0001 00:00:00 +0800", "Fri, 31 Dec 9999 23:59:59 -1200", "0001-01-01", "9999-12-31T23:59:59-12:00",
    -62135596800, 253402300799, "Nov 23, 2026 13:05 PM",
]  # fmt: skip


@pytest.mark.parametrize(("shown", "expected", "precision"), TABLE)
def test_reads_the_table(shown, expected, precision):
    moment = when(shown, NOW)

    assert moment == (local(expected), Precision(precision))
    assert moment.at.tzinfo is UTC


@pytest.mark.parametrize("shown", UNKNOWN)
def test_what_is_no_time_or_lies_in_the_future_is_unknown(shown):
    assert when(shown, NOW) == (None, Precision.NONE)


@pytest.mark.parametrize(
    ("shown", "captured", "expected"),
    [
        ("12-31 23:58", "2026-01-01 00:05", "2025-12-31 23:58"),
        ("12-31", "2026-01-01 00:05", "2025-12-31 00:00"),
        ("昨天 23:50", "2026-01-01 00:05", "2025-12-31 23:50"),
        ("10分钟前", "2026-01-01 00:05", "2025-12-31 23:55"),
        ("1天前", "2026-01-01 00:05", "2025-12-31 00:00"),
        ("01-01 00:02", "2025-12-31 23:59", "2026-01-01 00:02"),
        ("01-01", "2025-12-31 23:59", "2025-01-01 00:00"),
        ("01-01", "2026-01-01 00:00", "2026-01-01 00:00"),
        ("前天 08:00", "2026-03-01 00:01", "2026-02-27 08:00"),
        ("1个月前", "2026-03-31 12:00", "2026-02-28 00:00"),
        ("2个月前", "2026-01-15 12:00", "2025-11-15 00:00"),
        ("1年前", "2024-02-29 12:00", "2023-02-28 00:00"),
        ("02-29", "2026-03-01 12:00", "2024-02-29 00:00"),
        ("02-29 08:00", "2024-02-29 09:00", "2024-02-29 08:00"),
    ],
)
def test_both_sides_of_midnight_new_year_and_leap_days(shown, captured, expected):
    assert when(shown, local(captured)).at == local(expected)


def test_the_day_is_that_of_shanghai_wherever_the_crawler_runs():
    captured = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)

    assert when("今天 00:10", captured).at == local("2026-11-24 00:10")


def test_a_wall_clock_without_offset_is_that_of_the_source():
    assert when("2026-11-24 01:00:00", NOW, tz=UTC).at == datetime(2026, 11, 24, 1, tzinfo=UTC)


def test_a_naive_time_of_capture_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="no time zone"):
        when("刚刚", datetime(2026, 11, 24))  # noqa: DTZ001


def test_shows_shanghai_and_writes_utc():
    assert f"{shanghai(NOW.astimezone(UTC)):%m-%d %H:%M}" == "11-24 10:00"
    assert iso(NOW) == "2026-11-24T02:00:00Z"


TIMELIKE = st.text(
    alphabet="0123456789０１２-/:：.年月日时分秒周个前昨今天刚刚半两TZ+ 上下午NovTueGMT", max_size=30
)


@given(
    st.one_of(TIMELIKE, st.text(), st.integers(), st.floats(), st.none()),
    st.datetimes(min_value=datetime(1, 1, 3), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_never_raises_never_naive_never_in_the_future(shown, captured):
    moment = when(shown, captured)

    assert (moment.at is None) == (moment.precision is Precision.NONE)
    if moment.at is not None:
        assert moment.at.tzinfo is UTC
        assert moment.at - captured <= TOLERANCE


@given(st.integers(0, 10**6), st.integers(10**9, 2 * 10**9))
def test_reads_back_what_it_writes(seconds, epoch):
    captured = datetime.fromtimestamp(epoch, UTC)
    at = captured - timedelta(seconds=seconds)

    assert when(iso(at), captured).at == at
    assert when(f"{shanghai(at):%Y-%m-%d %H:%M:%S}", captured).at == at
