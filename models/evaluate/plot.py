"""Plots as SVG, written by hand: no library that draws without a browser is among those installed."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 560, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 40, 52
_INK, _PALE, _MARK = "#1f2933", "#cbd2d9", "#0b7285"


class Point(NamedTuple):
    """Where a mark stands, how large it is, and what is written beside it."""

    x: float
    y: float
    size: float = 5
    name: str = ""


class Axis(NamedTuple):
    """What an axis shows, from where to where; `ticks` are written as they are."""

    name: str
    low: float
    high: float
    ticks: tuple[float, ...]


def scatter(
    title: str, across: Axis, up: Axis, points: Sequence[Point], *, line: bool, diagonal: bool = False
) -> str:
    """Marks, joined in the order of `x` if `line`; `diagonal` shows where both are equal."""

    def x(value: float) -> float:
        return _LEFT + (value - across.low) / (across.high - across.low) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (value - up.low) / (up.high - up.low) * (HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 24, title, size=14),
    ]
    for tick in across.ticks:
        parts.append(_line(x(tick), y(up.low), x(tick), y(up.high)))
        parts.append(_text(x(tick), HEIGHT - _BOTTOM + 18, f"{tick:g}", anchor="middle"))
    for tick in up.ticks:
        parts.append(_line(x(across.low), y(tick), x(across.high), y(tick)))
        parts.append(_text(_LEFT - 8, y(tick) + 4, f"{tick:g}", anchor="end"))
    parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 12, across.name, anchor="middle"))
    middle = (HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(_text(16, middle, up.name, anchor="middle", turn=f"rotate(-90 16 {middle:.1f})"))
    if diagonal:
        low, high = max(across.low, up.low), min(across.high, up.high)
        parts.append(_line(x(low), y(low), x(high), y(high), stroke="#829ab1", dashes="4 4"))
    ordered = sorted(points)
    if line and len(ordered) > 1:
        path = " ".join(f"{x(each.x):.1f},{y(each.y):.1f}" for each in ordered)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{_MARK}" stroke-width="1.5"/>')
    for each in ordered:
        parts.append(
            f'<circle cx="{x(each.x):.1f}" cy="{y(each.y):.1f}" r="{each.size:.1f}" fill="{_MARK}"/>'
        )
        if each.name:
            anchor, shift = ("end", -9) if x(each.x) > WIDTH * 0.7 else ("start", 9)
            parts.append(_text(x(each.x) + shift, y(each.y) - 6, each.name, anchor=anchor))
    return "\n".join([*parts, "</svg>"]) + "\n"


def axis(name: str, values: Sequence[float], step: float) -> Axis:
    """An axis around the values, from tick to tick.

    >>> axis("x", [0.71, 0.78], 0.05).ticks
    (0.7, 0.75, 0.8)
    """
    first, last = int(min(values) // step), int(-(-max(values) // step))
    ticks = tuple(round(number * step, 10) for number in range(first, max(last, first + 1) + 1))
    return Axis(name, ticks[0], ticks[-1], ticks)


def _line(x: float, y: float, x2: float, y2: float, *, stroke: str = _PALE, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"{dashed}/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, turn: str = "") -> str:
    turned = f' transform="{turn}"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{turned}>{escape(words)}</text>'
