"""The markdown that a 企业微信 group robot understands, as safe HTML.

Headings, **bold**, [links](https://…), `code`, > quotes, <font color="info|comment|warning"> and <@userid>;
anything else, HTML above all, is text. Bold and colour may hold each other.
"""

import re
from html import escape

_INLINE = re.compile(
    r"\[(?P<label>[^\[\]\n]{1,200})\]\((?P<url>https?://[^\s()<>\"']{1,2000})\)"
    r"|<font color=\"(?P<colour>info|comment|warning)\">(?P<coloured>[^\n]*?)</font>"
    r"|\*\*(?P<bold>[^\n*]+?)\*\*"
    r"|`(?P<code>[^`\n]+)`"
    r"|<@(?P<person>[\w.-]{1,64})>"
)
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_DEEPEST = 4


def to_html(text: str) -> str:
    """HTML of a markdown message; every character of `text` that is not of the subset comes out escaped."""
    return "".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    if heading := _HEADING.fullmatch(line):
        return f"<h4>{_inline(heading[2])}</h4>"
    if line.startswith(">"):
        return f"<blockquote>{_inline(line[1:].strip())}</blockquote>"
    return f"<p>{_inline(line)}</p>" if line.strip() else ""


def _inline(text: str, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return escape(text)
    parts: list[str] = []
    end = 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _marked(found, depth + 1)]
        end = found.end()
    return "".join((*parts, escape(text[end:])))


def _marked(found: re.Match[str], depth: int) -> str:
    match found.lastgroup:
        case "url":
            href = escape(found["url"])
            return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{escape(found["label"])}</a>'
        case "coloured":
            return f'<span class="{found["colour"]}">{_inline(found["coloured"], depth)}</span>'
        case "bold":
            return f"<b>{_inline(found['bold'], depth)}</b>"
        case "code":
            return f"<code>{escape(found['code'])}</code>"
    return f'<span class="at">@{escape(found["person"])}</span>'
