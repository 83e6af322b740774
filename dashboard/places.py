"""The pages, by the path in the address bar, and the way from one to another."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.words import t

IN_BAR = ("live", "alerts", "incidents", "search", "sources", "system")
BEHIND = ("alert", "incident")


def link(page: str, /, **parameters: object) -> str:
    """The address of a page, such as `/search?q=%E5%B0%8F%E7%B1%B3&last=24h`; empty parameters are left out."""
    kept = [
        (name.removesuffix("_"), str(each))
        for name, value in parameters.items()
        for each in (value if isinstance(value, (list, tuple)) else (value,))
        if each not in (None, "")
    ]
    return f"/{page}?{urlencode(kept)}" if kept else f"/{page}"


def go(address: str) -> None:
    """Open the page at an address made by `link`; another address is ignored."""
    parts = urlsplit(address)
    page = parts.path.strip("/")
    if page in (*IN_BAR, *BEHIND):
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(parts.query):
            query.setdefault(name, []).append(value)
        st.switch_page(_page(page), query_params=query)


def pages() -> list[StreamlitPage]:
    """Every page; those behind a link are not in the bar. The bare address leads to the first."""
    return [
        st.Page(_home, title=t("brand"), default=True, visibility="hidden"),
        *(_page(name) for name in (*IN_BAR, *BEHIND)),
    ]


def _home() -> None:
    go(link(IN_BAR[0]))


def _page(name: str) -> StreamlitPage:
    return st.Page(
        _show(name),
        title=t(f"page_{name}"),
        url_path=name,
        visibility="visible" if name in IN_BAR else "hidden",
    )


@cache
def _show(name: str) -> Callable[[], None]:
    """A function with a name of its own: Streamlit tells pages apart by it."""

    def show() -> None:
        import_module(f"dashboard.screens.{name}").show()

    show.__name__ = show.__qualname__ = f"show_{name}"
    return show
