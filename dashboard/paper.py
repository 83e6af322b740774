"""Paper: draw a tree of elements on the screen so that text stays text.

Streamlit's own text elements read Markdown, emoji codes, formulas and bare links; text of the public must not
be read at all. Here Python builds a tree of elements, and `paper.js` makes DOM nodes of it: text becomes text
nodes, and only known tags and attributes exist. Nothing anywhere parses HTML, so nothing has to be escaped.
"""

import time
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import streamlit as st

from dashboard import places

Node: TypeAlias = str | list[Any]
"""A text, or [tag, attributes, children]."""

MAX_TEXT = 4_000
"""Characters of one text node; the rest is cut with an ellipsis."""

_INVISIBLE = dict.fromkeys(
    [
        *range(0x00, 0x09),
        *range(0x0B, 0x20),
        0x7F,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x200E,
        0x200F,
        0xFEFF,
    ]
)


def el(tag: str, *children: Node | None, **attributes: str | float | None) -> Node:
    """An element. `cls` is its class; `href` starts with / (a page of ours) or http(s):// (leaves the system).

    `press` makes a click report that value; `clock` with `at` counts in the browser: `since` T0, `left` to a
    deadline (`words`: before|after), `age` (class `old` once older than `words` seconds).
    """
    named = {
        ("class" if name == "cls" else name.replace("_", "-")): str(value)
        for name, value in attributes.items()
        if value is not None
    }
    return [
        tag,
        named,
        [text(child) if isinstance(child, str) else child for child in children if child is not None],
    ]


def text(shown: str) -> str:
    """A text as it may be shown: bounded, without control and direction characters that could disturb its neighbours.

    >>> text("好\\u202eabc")
    '好abc'
    """
    cut = shown if len(shown) <= MAX_TEXT else f"{shown[:MAX_TEXT]}…"
    return cut.translate(_INVISIBLE)


def draw(key: str, tree: Iterable[Node | None], *, now: float | None = None, cookie: str = "") -> str | None:
    """Draw `tree`; returns the value of the button just pressed, if any. A link to a page of ours opens it.

    `now` (seconds since 1970) is what the clocks take for the present; `cookie` is a cookie that is ours to set.
    """
    component = st.components.v2.component("tingchao.paper", css=_asset("paper.css"), js=_asset("paper.js"))
    came = component(
        key=key,
        data={
            "tree": [node for node in tree if node is not None],
            "now": time.time() if now is None else now,
            "cookie": cookie,
        },
        on_go_change=_nothing,
        on_press_change=_nothing,
    )
    # An empty answer comes back when the browser went on before this run had ended; it has no attributes then.
    if go := came.get("go"):
        places.go(str(go))
    press = came.get("press")
    return str(press) if press else None


def frame() -> None:
    """Lay our own style sheet over the frame that Streamlit draws. It is a file of ours, without anybody's text."""
    st.components.v2.component(
        "tingchao.frame", css=_asset("frame.css"), js=_asset("frame.js"), isolate_styles=False
    )(key="plain-frame")


def _nothing() -> None:
    """A component reports an event only if somebody listens."""


@cache
def _asset(name: str) -> str:
    return files("dashboard").joinpath(name).read_text("utf-8")
