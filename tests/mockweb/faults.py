"""What goes wrong with a site's answers, each as it does in the world. `PASSING` are over by themselves; `REFUSALS` are
the ways in which a site says that it wants nobody just now, and for how long."""

import gzip
from dataclasses import replace

from tests.mockweb.serving import AROUND, Answer, Asked, Fault

SOON = {"Retry-After": "1"}
HUGE = 6 * 2**20
"""Bytes; more than a page may have."""


def empty(_: Asked, answer: Answer) -> Answer:
    """The list without its entries, as it comes at random."""
    return answer


def failing(_: Asked, answer: Answer) -> Answer:
    return Answer(500, {}, b"oops")


def overloaded(_: Asked, answer: Answer) -> Answer:
    return Answer(503, SOON, b"")


def changed(_: Asked, answer: Answer) -> Answer:
    return Answer(200, {"Content-Type": "text/html"}, b"<html><body><main>new</main></body></html>")


def nothing(_: Asked, answer: Answer) -> Answer:
    return Answer(200, {}, b"")


def cut_off(_: Asked, answer: Answer) -> Answer:
    return replace(answer, cut=True)


def hung_up(_: Asked, answer: Answer) -> Answer:
    return replace(answer, silent=True)


def slow(_: Asked, answer: Answer) -> Answer:
    return replace(answer, dripping=0.3)


def endless(_: Asked, answer: Answer) -> Answer:
    """A body that takes longer than anybody waits."""
    return replace(answer, dripping=4.0)


def going_round(asked: Asked, answer: Answer) -> Answer:
    """A redirect that never ends."""
    return Answer(302, {"Location": AROUND}, b"")


def huge(_: Asked, answer: Answer) -> Answer:
    return Answer(200, answer.headers, b" " * HUGE + answer.body)


def bomb(_: Asked, answer: Answer) -> Answer:
    return Answer(200, {**answer.headers, "Content-Encoding": "gzip"}, gzip.compress(b" " * 4 * HUGE))


PASSING: tuple[Fault, ...] = (
    empty, failing, changed, slow, cut_off, overloaded, nothing, hung_up, huge, going_round, bomb, endless,
)  # fmt: skip


def _status(status: int) -> Fault:
    def refusing(_: Asked, answer: Answer) -> Answer:
        return Answer(status, SOON, b"")

    return refusing


def captcha(_: Asked, answer: Answer) -> Answer:
    page = "<html><head><title>安全验证</title></head><body>请输入验证码</body></html>"
    return Answer(200, {"Content-Type": "text/html; charset=utf-8", **SOON}, page.encode())


REFUSALS: tuple[Fault, ...] = (*map(_status, (403, 418, 429, 432, 451, 461, 471)), captcha)


def for_site(number: int) -> list[Fault]:
    """All that passes, begun elsewhere at each site, and one refusal in the middle: a second one is met with more
    patience than a test has."""
    begin = number % len(PASSING)
    turned = [*PASSING[begin:], *PASSING[:begin]]
    return [*turned[:6], REFUSALS[number % len(REFUSALS)], *turned[6:]]
