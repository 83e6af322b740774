"""Charts as Vega-Lite specifications: plain values in, a plain dict out. Times are shown in Asia/Shanghai.

Vega draws a time as UTC, so a time in Shanghai is given to it as if it were UTC: no browser's zone matters.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboard.pulse import Step
from dashboard.words import t
from tingchao.store import Bucket
from tingchao.times import shanghai

FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
NEGATIVE, NEUTRAL, POSITIVE, UNSCORED = "#cf1322", "#b6bdc9", "#389e6d", "#e3e7ee"
INK, FAINT, GRID, BAND = "#1c2430", "#667085", "#e8ebf0", "#8fa3bf"

Spec = dict[str, Any]


def trend(
    steps: Sequence[Step],
    step: timedelta,
    marks: Sequence[tuple[datetime, str, str]] = (),
    *,
    height: int = 230,
) -> Spec:
    """Stacked bars by sentiment over the band of what is usual; `marks` are (time, text, colour) on the axis."""
    labels = _labels()
    bars = [row for each in steps for row in _stacked(each.bucket, step, labels)]
    band = [
        {"at": _at(each.bucket.at + step / 2), "low": each.low, "high": each.high, "usual": each.usual}
        for each in steps
        if each.usual is not None
    ]
    layers: list[Spec] = [_bars(labels, bars, step)]
    if steps:
        layers[0]["encoding"]["x"]["scale"]["domain"] = [
            _at(steps[0].bucket.at),
            _at(steps[-1].bucket.at + step),
        ]
    if band:
        layers.insert(0, _band(band))
    if marks:
        layers += _markers(marks)
    return {
        "height": height,
        "padding": {"left": 4, "right": 8, "top": 4, "bottom": 0},
        "layer": layers,
        "resolve": {"scale": {"color": "independent"}},
        "config": _config(),
    }


def histogram(buckets: Sequence[Bucket], step: timedelta, *, height: int = 120) -> Spec:
    """The same bars, small; a stretch of it can be selected."""
    spec = trend([Step(bucket) for bucket in buckets], step, height=height)
    bars = spec["layer"][0]
    bars["params"] = [{"name": "stretch", "select": {"type": "interval", "encodings": ["x"]}}]
    return spec


def _stacked(bucket: Bucket, step: timedelta, labels: dict[str, str]) -> list[Spec]:
    """One bar as its parts, each with the counts below it (Vega does not stack bars that have a width in time)."""
    rows: list[Spec] = []
    below = 0
    for name, count in _parts(bucket):
        if count:
            ends = {
                "at": _at(bucket.at),
                "end": _at(bucket.at + step * 0.94),
                "from": below,
                "to": below + count,
            }
            rows.append({**ends, "what": labels[name], "n": count})
        below += count
    return rows


def _parts(bucket: Bucket) -> tuple[tuple[str, int], ...]:
    return (
        ("negative", bucket.negative),
        ("neutral", bucket.neutral),
        ("positive", bucket.positive),
        ("unscored", bucket.unscored),
    )


def _labels() -> dict[str, str]:
    """What is in the store without sentiment is what the model did not read."""
    return {name: t(f"s_{name}") for name in ("negative", "neutral", "positive")} | {
        "unscored": t("s_unread")
    }


def _bars(labels: dict[str, str], rows: list[Spec], step: timedelta) -> Spec:
    shown = [
        name for name in labels if name != "unscored" or any(row["what"] == labels[name] for row in rows)
    ]
    colours = dict(zip(labels, (NEGATIVE, NEUTRAL, POSITIVE, UNSCORED), strict=True))
    return {
        "data": {"values": rows},
        "mark": {"type": "bar", "binSpacing": 1.5, "cornerRadius": 1},
        "encoding": {
            "x": {
                "field": "at",
                "type": "temporal",
                "scale": {"type": "utc"},
                "title": None,
                "axis": _time_axis(step),
            },
            "x2": {"field": "end"},
            "y": {
                "field": "from",
                "type": "quantitative",
                "title": None,
                "axis": {"tickCount": 4, "format": ",d", "tickMinStep": 1},
            },
            "y2": {"field": "to"},
            "color": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "scale": {
                    "domain": [labels[name] for name in shown],
                    "range": [colours[name] for name in shown],
                },
                "legend": {"orient": "top", "direction": "horizontal", "symbolType": "square", "offset": 4},
            },
            "tooltip": [
                {
                    "field": "at",
                    "type": "temporal",
                    "format": "%m-%d %H:%M",
                    "title": t("chart_from"),
                    "timeUnit": "utcyearmonthdatehoursminutes",
                },
                {"field": "what", "title": t("sentiment")},
                {"field": "n", "title": t("mentions"), "format": ",d"},
            ],
        },
    }


def _band(rows: list[Spec]) -> Spec:
    x = {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None}
    return {
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "area", "color": BAND, "opacity": 0.22, "interpolate": "monotone"},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", "type": "quantitative", "title": None},
                    "y2": {"field": "high"},
                },
            },
            {
                "mark": {
                    "type": "line",
                    "color": BAND,
                    "strokeDash": [4, 3],
                    "strokeWidth": 1.2,
                    "interpolate": "monotone",
                },
                "encoding": {"x": x, "y": {"field": "usual", "type": "quantitative", "title": None}},
            },
        ],
    }


def _markers(marks: Sequence[tuple[datetime, str, str]]) -> list[Spec]:
    rows = [{"at": _at(at), "what": what, "colour": colour} for at, what, colour in marks]
    x = {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None}
    colour = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    tooltip = [{"field": "what", "title": t("event")}]
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "rule", "strokeWidth": 1.2, "strokeDash": [2, 2]},
            "encoding": {"x": x, "color": colour},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "point", "shape": "triangle-down", "filled": True, "size": 90, "opacity": 1},
            "encoding": {"x": x, "y": {"value": 4}, "color": colour, "tooltip": tooltip},
        },
    ]


def _time_axis(step: timedelta) -> Spec:
    shown = "%H:%M" if step < timedelta(hours=6) else "%m-%d"
    return {
        "format": shown,
        "labelOverlap": True,
        "tickCount": 12,
        "grid": False,
        "domainColor": GRID,
        "tickColor": GRID,
    }


def _config() -> Spec:
    return {
        "font": FONT,
        "view": {"stroke": None},
        "background": "transparent",
        "axis": {
            "labelColor": FAINT,
            "labelFontSize": 11,
            "gridColor": GRID,
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
        },
        "legend": {"labelColor": INK, "labelFontSize": 12, "symbolSize": 90},
    }


def _at(at: datetime) -> str:
    return f"{shanghai(at):%Y-%m-%dT%H:%M:%SZ}"
