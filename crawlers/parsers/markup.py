"""HTML to text, bytes to characters."""

import re
from typing import Any

from lxml import etree
from parsel import Selector
from w3lib.encoding import html_to_unicode

from crawlers.parsers.page import Page

LONGEST = 1_000_000
"""Characters of a piece of HTML that are read."""

_BLOCKS = frozenset(
    {"address", "article", "blockquote", "dd", "div", "dl", "dt", "figcaption", "footer", "header", "hr"}
)
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
_SILENT = frozenset({"script", "style", "template", "noscript", "head", "iframe", "svg"})
_EMOTICON = re.compile(r"\[[^\[\]\s]{1,12}\]")
_FULL_TEXT = frozenset({"全文", "展开全文", "展开", "收起"})
_RUN = re.compile(r"[ \t\r\n\f]+")


def html_to_text(html: str) -> str:
    """The words of a piece of HTML: emoticons kept from their images' `alt` (`[怒]`), hashtags and @names as
    they read, a line end for `<br>` and between blocks; scripts, styles and "show more" links dropped.

    >>> html_to_text('冒烟了<span class="url-icon"><img alt="[怒]"></span><br/>&lt;退款&gt;')
    '冒烟了[怒]\\n<退款>'
    """
    if "<" not in html and "&" not in html:
        return html
    root = _root(html[:LONGEST])
    return "" if root is None else text_of(root)


def text_of(root: Any) -> str:
    """`html_to_text` of an element of a page that is parsed already (without what follows the element)."""
    words: list[str] = []
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            silent += _is_silent(element)
            if tag == "br" or tag in _BLOCKS:
                words.append("\n")
            elif tag == "img" and (found := _EMOTICON.fullmatch(element.get("alt") or "")):
                words.append(found[0])
            if not silent and element.text and not (tag == "a" and element.text.strip() in _FULL_TEXT):
                words.append(_RUN.sub(" ", element.text))
        else:
            silent -= _is_silent(element)
            if tag in _BLOCKS:
                words.append("\n")
            if not silent and element is not root and element.tail:
                words.append(_RUN.sub(" ", element.tail))
    return _tidy("".join(words))


def _is_silent(element: Any) -> bool:
    """Scripts and the like, and letters that a font of icons draws as pictures."""
    return element.tag in _SILENT or (element.tag == "i" and "wbicon" in element.get("class", ""))


def page_tree(html: str) -> Selector:
    """A page to select from: without comments, and of one empty element where there is nothing to parse."""
    root = _root(html)
    return Selector(root=etree.Element("html") if root is None else root, type="html")


def attribute(row: Selector, name: str) -> str:
    """An attribute of the first element selected; "" where it has none."""
    element = row.root
    return (element.get(name) or "").strip() if isinstance(element, etree._Element) else ""


def text_at(row: Selector, path: str) -> str:
    """The text of the first element at a path of CSS; "" where there is none."""
    found = row.css(path)
    return text_of(found[0].root) if found else ""


def _root(html: str) -> Any:
    # A NUL ends libxml2's reading of a page.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return etree.HTML(html.replace("\x00", "").encode("utf-8", "replace") or b" ", parser)
    except etree.XMLSyntaxError:  # nothing that is a document
        return None


def _tidy(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def decoded(page: Page) -> str:
    """The page's characters: by header, mark and declaration, GB 2312 read as GB 18030; where that gives
    broken characters and another usual encoding does not, the other one."""
    try:
        _, text = html_to_unicode(page.headers.get("content-type"), page.body)
    except (LookupError, ValueError):  # a declared encoding such as `uu`, which is none of characters
        text = page.body.decode("utf-8", "replace")
    if "\ufffd" in text:
        for encoding in ("utf-8", "gb18030"):
            try:
                return page.body.decode(encoding)
            except UnicodeDecodeError:
                continue
    return text
