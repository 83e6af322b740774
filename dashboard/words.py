"""Texts of the screens in the language of this session, and numbers and times as people read them."""

from datetime import datetime, timedelta

import streamlit as st

from tingchao.alerts.alert import Grade
from tingchao.catalogue import Language, catalogue, say
from tingchao.mention import Precision
from tingchao.times import shanghai

ROMAN = {Grade.BLUE: "Ⅳ", Grade.YELLOW: "Ⅲ", Grade.ORANGE: "Ⅱ", Grade.RED: "Ⅰ"}


def language() -> Language:
    """The language chosen in this session, else that of the settings."""
    return "en" if st.session_state.get("language") == "en" else "zh"


def t(name: str, /, **values: object) -> str:
    """The text `dashboard.name` in the session's language, filled."""
    return say(f"dashboard.{name}", language(), **values)


def of_sources(name: str, /, **values: object) -> str:
    """The text `sources.name`, filled: what the page 来源 says."""
    return say(f"sources.{name}", language(), **values)


def source_word(id: str) -> str:
    """What a source is called that has no name of its own, such as one that only imports feed."""
    key = f"sources.name_{id}"
    return say(key, language()) if key in catalogue() else id


def grade_word(grade: Grade) -> str:
    """`红 Ⅰ`."""
    return f"{say(f'alerts.grade_{grade.name.lower()}', language())} {ROMAN[grade]}"


def clock(at: datetime, now: datetime) -> str:
    """A time of day in Shanghai, with the date unless it is today's and the year unless it is this year's."""
    here, today = shanghai(at), shanghai(now)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%m-%d %H:%M}" if here.year == today.year else f"{here:%Y-%m-%d %H:%M}"


def ago(at: datetime, now: datetime, precision: Precision = Precision.SECOND) -> str:
    """How long ago, no more exactly than the source told: `3 分钟前`, `约 2 小时前`, `11-23（仅日期）`."""
    if precision is Precision.DAY:
        return t("day_only", day=f"{shanghai(at):%m-%d}")
    if precision is Precision.NONE:
        return t("time_unknown", at=clock(at, now))
    about = t("about") if precision is Precision.HOUR else ""
    passed = now - at
    if passed < timedelta(minutes=1):
        return t("just_now")
    if passed < timedelta(hours=1):
        return about + t("minutes_ago", n=int(passed.total_seconds() // 60))
    if passed < timedelta(hours=24):
        return about + t("hours_ago", n=int(passed.total_seconds() // 3600))
    return about + clock(at, now)


def length(span: timedelta) -> str:
    """`6 小时 12 分`, `3 天 4 小时`, `12 分`."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes >= 1440:
        return (
            t("days_hours", d=minutes // 1440, h=minutes % 1440 // 60)
            if minutes % 1440 // 60
            else t("days", d=minutes // 1440)
        )
    if minutes >= 60 and minutes % 60 == 0:
        return t("hours", h=minutes // 60)
    if minutes >= 60:
        return t("hours_minutes", h=minutes // 60, m=minutes % 60)
    return t("minutes", n=minutes)


def plain(value: str) -> str:
    """A label of a widget without signs that Markdown reads, for such labels are Markdown."""
    return "".join(sign if sign.isalnum() or sign in " ·" else " " for sign in value).strip()[:40] or "?"


def number(value: int) -> str:
    return f"{value:,}"
