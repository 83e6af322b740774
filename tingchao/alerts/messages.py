"""What an alert looks like in a message: one layout (spec: screens 3), written for each kind of channel.

Public text is hostile. `plain` takes line breaks and characters that nobody sees out of it; `tame` also what a
chat program would take for markup, a link or a call (@). Cutting is by bytes of UTF-8, on a character, and
takes the quote first, then the reason: never grade, topic or links. Pure.
"""

import re
from typing import Any

import msgspec

from tingchao.alerts.alert import Alert, Grade, Reason
from tingchao.alerts.notice import Happened, Notice
from tingchao.catalogue import Language, say
from tingchao.times import SHANGHAI

SCHEMA = "tingchao.alert/1"
MAX_TITLE = 26
MAX_QUOTE = 60
MAX_NAME = 100
ACKNOWLEDGE_WITHIN = {Grade.BLUE: 60, Grade.YELLOW: 30, Grade.ORANGE: 10, Grade.RED: 5}
"""Minutes."""

_MARKUP = str.maketrans("<>[]()*_`#@~|\\!&$", "＜＞［］（）＊＿｀＃＠～｜＼！＆＄")
_LINK = re.compile(r"(?i)(https?|ftp|file|javascript|data|weixin|tel|mailto):")


def plain(text: str) -> str:
    """One line of visible characters.

    >>> plain("冒烟\\n了\\u202e！")
    '冒烟 了！'
    """
    return " ".join(
        "".join(
            sign if sign.isprintable() or sign == " " else " " if sign.isspace() else "" for sign in text
        ).split()
    )


def tame(text: str) -> str:
    """One line that no chat program reads as markup, link or call.

    >>> tame("<@all> [点我](http://x.cn)")
    '＜＠all＞ ［点我］（http：//x.cn）'
    """
    return _LINK.sub(lambda found: f"{found[1]}：", plain(text).translate(_MARKUP))


def shortened(text: str, most: int) -> str:
    """At most `most` characters, the last one … where something is missing."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut_bytes(text: str, most: int, ending: str) -> str:
    """At most `most` bytes of UTF-8, cut on a character, `ending` included where something is missing."""
    whole = text.encode()
    if len(whole) <= most:
        return text
    return whole[: max(0, most - len(ending.encode()))].decode("utf-8", "ignore") + ending


def grade_name(grade: Grade, language: Language = "zh") -> str:
    """蓝 黄 橙 红, or the English names."""
    return say(f"alerts.grade_{grade.name.lower()}", language)


def title(notice: Notice, language: Language = "zh") -> str:
    """At most 26 characters: all that a locked phone shows. The topic's name is cut to fit, nothing else."""
    topic = plain(notice.alert.topic_name)
    start = say("alerts.drill", language) if notice.drill else ""
    for most in range(len(topic), 0, -1):
        written = start + _title(notice, shortened(topic, most), language)
        if len(written) <= MAX_TITLE:
            return written
    return (start + _title(notice, "", language))[:MAX_TITLE]


def _title(notice: Notice, topic: str, language: Language) -> str:
    return say(
        "alerts.title",
        language,
        grade=grade_name(notice.alert.grade, language),
        topic=topic,
        what=_what(notice, language),
    )


def _what(notice: Notice, language: Language) -> str:
    if notice.happened is Happened.RESOLVED:
        return say("alerts.what_resolved", language)
    negative = signal(notice.alert, "negative")
    if negative and negative.usual >= 1:
        return say("alerts.what_times", language, times=f"{negative.now / negative.usual:.0f}")
    return say("alerts.what_count", language, count=notice.alert.negative)


def signal(alert: Alert, name: str) -> Reason | None:
    """The reason of this name, if the alert has it."""
    return next((reason for reason in alert.reasons if reason.signal == name), None)


def headline(notice: Notice, language: Language = "zh") -> str:
    """Grade, topic and what happened, in one line."""
    alert = notice.alert
    return (say("alerts.drill", language) if notice.drill else "") + say(
        "alerts.headline",
        language,
        grade=grade_name(alert.grade, language),
        level=say(f"alerts.level_{alert.grade.name.lower()}", language),
        topic=shortened(plain(alert.topic_name), 40),
        what=say(f"alerts.happened_{notice.happened.value}", language),
    )


def numbers(notice: Notice, language: Language = "zh") -> str:
    """Three numbers with their usual values; of an alert that is over, how long and how high."""
    alert = notice.alert
    if notice.happened is Happened.RESOLVED:
        lasted = int(((alert.ended_at or notice.at) - alert.raised_at).total_seconds()) // 60
        hours, minutes = divmod(max(lasted, 0), 60)
        duration = say("alerts.hours" if hours else "alerts.minutes", language, hours=hours, minutes=minutes)
        return say("alerts.closing", language, duration=duration, peak=f"{alert.peak:,}")
    volume, negative, share = (signal(alert, name) for name in ("volume", "negative", "negative_share"))
    return say(
        "alerts.numbers",
        language,
        mentions=f"{alert.mentions:,}",
        mentions_usual=_usual(volume),
        negative=f"{alert.negative:,}",
        negative_usual=_usual(negative),
        share=f"{share.now:.0%}" if share else "–",
        share_usual=f"{share.usual:.0%}" if share else "–",
    )


def _usual(reason: Reason | None) -> str:
    return f"{reason.usual:,.0f}±{reason.spread:,.0f}" if reason else "–"


def why(notice: Notice, language: Language = "zh") -> str:
    """The signals that speak for it, strongest first, in one line."""
    told = [
        say(
            "alerts.reason_z",
            language,
            signal=say(f"alerts.signal_{reason.signal}", language),
            z=f"{reason.z:.1f}",
        )
        for reason in sorted(notice.alert.reasons, key=lambda reason: -reason.z)
        if reason.signal in ("negative", "negative_share", "volume", "speed") and reason.z >= 2
    ]
    if (sources := signal(notice.alert, "sources")) and sources.now >= 2:
        told.append(say("alerts.reason_sources", language, count=f"{sources.now:.0f}"))
    told += [
        say("alerts.signal_risk", language, risk=say(f"alerts.{reason.signal}", language))
        for reason in notice.alert.reasons
        if reason.signal.startswith("risk_")
    ]
    return (
        say("alerts.why", language, reasons=say("alerts.reason_separator", language).join(told))
        if told
        else ""
    )


def voice(notice: Notice, language: Language = "zh") -> str:
    """One mention, at most 60 characters of it."""
    if not notice.quote or notice.happened is Happened.RESOLVED:
        return ""
    return say(
        "alerts.quote",
        language,
        text=shortened(plain(notice.quote), MAX_QUOTE),
        source=shortened(plain(notice.quote_source), 20),
    )


def ask(notice: Notice, language: Language = "zh") -> str:
    """Who should do what by when."""
    if notice.happened is Happened.RESOLVED or notice.alert.acknowledged_at:
        return ""
    return say("alerts.ask", language, minutes=ACKNOWLEDGE_WITHIN[notice.alert.grade])


def as_of(notice: Notice, language: Language = "zh") -> str:
    """The end of the numbers, in the time of Shanghai."""
    return say("alerts.as_of", language, time=f"{notice.alert.until.astimezone(SHANGHAI):%m-%d %H:%M}")


def payload(notice: Notice, language: Language = "zh") -> bytes:
    """The body of the generic webhook: JSON of a schema with a version. See docs/alerts.md.

    At most 20 KB: names and quote are cut, and everything else is short by nature.
    """
    alert = notice.alert
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "id": notice.id,
        "event": notice.happened.value,
        "drill": notice.drill,
        "at": notice.at,
        "title": title(notice, language),
        "text": "\n".join(
            line
            for line in (headline(notice, language), numbers(notice, language), why(notice, language))
            if line
        ),
        "alert": {
            "id": alert.id,
            "version": alert.version,
            "state": alert.state,
            "grade": alert.grade.name.lower(),
            "level": int(alert.grade),
            "topic": alert.topic,
            "topic_name": shortened(alert.topic_name, MAX_NAME),
            "role": alert.role,
            "raised_at": alert.raised_at,
            "since": alert.since,
            "until": alert.until,
            "ended_at": alert.ended_at,
            "mentions": alert.mentions,
            "negative": alert.negative,
            "peak": alert.peak,
            "first_mention": alert.first_mention,
            "first_published_at": alert.first_published_at,
        },
        "reasons": alert.reasons,
        "quote": {
            "text": shortened(plain(notice.quote), MAX_QUOTE),
            "source": shortened(plain(notice.quote_source), MAX_NAME),
        }
        if notice.quote
        else None,
        "acknowledge_within_minutes": ACKNOWLEDGE_WITHIN[alert.grade],
        "links": notice.links,
    }
    return msgspec.json.encode(body)
