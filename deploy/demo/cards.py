"""The generic webhook's body (schema `tingchao.alert/1`) as a card in the chat: safe HTML.

What a card does not know it does not show; a body of another shape becomes its own JSON, readable.
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

GRADES = {"red": "红 Ⅰ", "orange": "橙 Ⅱ", "yellow": "黄 Ⅲ", "blue": "蓝 Ⅳ"}
EVENTS = {"raised": "新预警", "risen": "预警升级", "updated": "最新进展", "resolved": "预警解除"}
LINKS = {"alert": "打开预警", "acknowledge": "确认", "incident": "建立事件"}
LONGEST_LINE = 400
MOST_LINES = 12


def to_html(body: Mapping[str, Any]) -> str:
    """A card: grade, title, figures, one voice, links."""
    alert = body.get("alert")
    if not isinstance(alert, dict) or not isinstance(body.get("title"), str):
        shown = json.dumps(body, ensure_ascii=False, indent=1)[:2000]
        return f'<div class="card"><pre>{escape(shown)}</pre></div>'
    grade = str(alert.get("grade", "")).lower()
    colour = grade if grade in GRADES else "blue"
    if body.get("event") == "resolved":
        colour = "calm"
    lines = [line for line in str(body.get("text", "")).splitlines() if line.strip()][1:MOST_LINES]
    return "".join(
        (
            f'<div class="card {colour}"><div class="band"><b>{escape(GRADES.get(grade, grade[:20]))}</b>',
            f"<span>{escape(EVENTS.get(str(body.get('event')), '通知'))}</span></div>",
            f"<h4>{escape(body['title'][:100])}</h4>",
            _figures(alert),
            *(f"<p>{escape(line[:LONGEST_LINE])}</p>" for line in lines),
            _quote(body.get("quote")),
            _links(body.get("links")),
            "</div>",
        )
    )


def _figures(alert: Mapping[str, Any]) -> str:
    cells = (("提及", alert.get("mentions")), ("负面", alert.get("negative")), ("峰值", alert.get("peak")))
    shown = "".join(f"<div><b>{n:,}</b><i>{name}</i></div>" for name, n in cells if isinstance(n, int))
    return f'<div class="figures">{shown}</div>' if shown else ""


def _quote(quote: object) -> str:
    if not isinstance(quote, dict) or not quote.get("text"):
        return ""
    text, source = str(quote["text"])[:LONGEST_LINE], str(quote.get("source", ""))[:40]
    return f"<blockquote>“{escape(text)}”<cite>{escape(source)}</cite></blockquote>"


def _links(links: object) -> str:
    if not isinstance(links, dict):
        return ""
    anchors = "".join(
        f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{name}</a>'
        for key, name in LINKS.items()
        if isinstance(url := links.get(key), str) and url.startswith(("http://", "https://"))
    )
    return f'<div class="links">{anchors}</div>' if anchors else ""
