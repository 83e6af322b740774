"""State in the address: the query string is the one place where a page's choices live.

A widget shows what the address says; a press writes the address. So a pasted link opens the same page, and a
link inside the app is nothing but an address.
"""

from collections.abc import Callable, Sequence

import streamlit as st

MAX_VALUE = 2_000


def value(name: str, default: str = "") -> str:
    """A parameter, bounded."""
    return str(st.query_params.get(name, default))[:MAX_VALUE]


def values(name: str) -> list[str]:
    """A parameter that may come several times, at most 20 of them."""
    return [each[:200] for each in st.query_params.get_all(name)[:20]]


def put(name: str, chosen: str | Sequence[str] | None) -> None:
    """Write a parameter, or take it out when there is nothing to say."""
    if not chosen:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen if isinstance(chosen, str) else list(chosen)


def one_of(name: str, label: str, options: Sequence[str], says: Callable[[str], str], default: str) -> str:
    """A row of choices bound to the address; the default is not written into it."""
    key = f"url.{name}"
    asked = value(name, default)
    shown = asked if asked in options else default
    st.session_state[key] = shown
    picked = st.segmented_control(
        label,
        options,
        format_func=says,
        key=key,
        label_visibility="collapsed",
        required=True,
        on_change=lambda: _picked(name, default),
    )
    return picked or shown


def many_of(name: str, label: str, options: Sequence[str], says: Callable[[str], str]) -> list[str]:
    """Pills bound to the address. A value in the address that is not among the options is kept as an option."""
    key = f"url.{name}"
    asked = values(name)
    known = [*options, *(each for each in asked if each not in options)]
    if not known:
        return []
    st.session_state[key] = asked
    return list(
        st.pills(
            label,
            known,
            format_func=says,
            selection_mode="multi",
            label_visibility="collapsed",
            key=key,
            on_change=lambda: put(name, st.session_state[key]),
        )
    )


def line(name: str, label: str, *, placeholder: str = "", also: Callable[[], None] | None = None) -> str:
    """A line of text bound to the address."""
    key = f"url.{name}"
    st.session_state[key] = value(name)

    def typed() -> None:
        put(name, st.session_state[key])
        if also:
            also()

    return st.text_input(
        label,
        key=key,
        max_chars=MAX_VALUE,
        placeholder=placeholder,
        label_visibility="collapsed",
        on_change=typed,
        type="search",
    )


def _picked(name: str, default: str) -> None:
    chosen = st.session_state[f"url.{name}"]
    put(name, None if chosen == default else chosen)
