"""The group robot of 企业微信: Markdown of at most 4,096 bytes, 20 messages a minute.

The robot answers HTTP 200 also when it refuses: only `errcode` 0 is a success (developer.work.weixin.qq.com,
group robot and global error codes).
"""

from collections import deque

import msgspec

from tingchao.alerts import messages
from tingchao.alerts.alert import Grade
from tingchao.alerts.channels import Outcome, Result
from tingchao.alerts.channels.http import NotAllowed, Unreachable, outcome_of, post, shown
from tingchao.alerts.messages import cut_bytes, tame
from tingchao.alerts.notice import Happened, Notice
from tingchao.catalogue import Language, say

MOST_BYTES = 4_096
A_MINUTE = 20
TOO_FAST = 45009
BUSY = -1
SETTING = "TINGCHAO_WECOM_URL"


class _Answer(msgspec.Struct):
    errcode: int
    errmsg: str = ""


class WeCom:
    """One robot. Its rate is counted here, in this process."""

    name = "wecom"

    def __init__(self, url: str, *, allow_private: bool = False, language: Language = "zh") -> None:
        self._url = url
        self._allow_private = allow_private
        self._language: Language = language
        self._sent: deque[float] = deque(maxlen=A_MINUTE)

    def __repr__(self) -> str:
        return "WeCom(····)"

    def reserve(self, now: float) -> float:
        if len(self._sent) == A_MINUTE and now - self._sent[0] < 60:
            return 60 - (now - self._sent[0])
        self._sent.append(now)
        return 0.0

    def send(self, notice: Notice) -> Outcome:
        body = msgspec.json.encode(
            {"msgtype": "markdown", "markdown": {"content": markdown(notice, self._language)}}
        )
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = post(self._url, body, headers, allow_private=self._allow_private)
        except NotAllowed as error:
            return Outcome(Result.REFUSED, f"{SETTING}: {error}")
        except Unreachable as error:
            return Outcome(Result.RETRY, str(error))
        return outcome_of(answer, SETTING) or _judge(answer.body)


def _judge(body: bytes) -> Outcome:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError:
        return Outcome(Result.RETRY, f"the answer is not the robot's: {shown(body)}")
    told = f"errcode {answer.errcode} {shown(answer.errmsg.encode())}"
    if answer.errcode == 0:
        return Outcome(Result.ACCEPTED, told)
    if answer.errcode == TOO_FAST:
        return Outcome(Result.RETRY, told, 60.0)
    if answer.errcode == BUSY:
        return Outcome(Result.RETRY, told)
    return Outcome(Result.REFUSED, f"{told}; check {SETTING}: key, IP list and key words of the robot")


def markdown(notice: Notice, language: Language = "zh") -> str:
    """The message, at most 4,096 bytes: the quote is cut first, then the reason; the rest always stays."""
    links = notice.links
    pages = [
        (say("alerts.link_alert", language), links.alert),
        (say("alerts.link_acknowledge", language), links.acknowledge),
        (say("alerts.link_incident", language), links.incident),
    ]
    if notice.happened is Happened.RESOLVED:
        pages = pages[:1]
    grave = notice.alert.grade >= Grade.ORANGE and notice.happened is not Happened.RESOLVED
    colour = "warning" if grave else "comment"
    headline, numbers = tame(messages.headline(notice, language)), tame(messages.numbers(notice, language))
    head = f'<font color="{colour}">**{headline}**</font>\n{numbers}\n'
    asked = messages.ask(notice, language)
    foot = (f"{tame(asked)}\n" if asked else "") + " · ".join(
        f"[{name}]({_address(page)})" for name, page in pages
    )
    foot += f'\n<font color="comment">{tame(messages.as_of(notice, language))}</font>'
    ending = say("alerts.cut", language)
    room = MOST_BYTES - len((head + foot).encode())
    reason = cut_bytes(tame(messages.why(notice, language)), max(room - 2, 0), ending)
    room -= len(reason.encode()) + 1
    voice = tame(messages.voice(notice, language))
    quote = cut_bytes(voice, room - 4, ending) if voice and room - 4 > len(ending.encode()) else ""
    return head + (f"{reason}\n" if reason else "") + (f"> {quote}\n" if quote else "") + foot


def _address(page: str) -> str:
    """Brackets and blanks would end the link early."""
    return page.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
