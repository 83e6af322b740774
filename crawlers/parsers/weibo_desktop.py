"""微博 desktop search (s.weibo.com), HTML. An empty page at random does not mean the end."""

import re
from dataclasses import dataclass, field
from typing import Any

from parsel import Selector

from crawlers.parsers.markup import decoded, page_tree, text_of
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import count, joined, later, origin
from crawlers.parsers.weibo_records import MOBILE
from tingchao.mention import Kind
from tingchao.privacy import Seal

_TEXTS = ("feed_list_content_full", "feed_list_content")
"""The whole text, which the page holds beside the cut one; else the only one."""
_ACTION = "feed_list_"
_NUMBER = re.compile(r"\d[\d.,]*\s*[万亿]?\+?")
_MID = re.compile(r"\bmid=(\d{5,30})")
_USER = re.compile(r"weibo\.com/(?:u/)?(\d{3,20})")
_BADGE = re.compile(r"woo_svg_v(blue|yellow|orange|gold)")
_BADGES = {"blue": "blue-v", "yellow": "yellow-v", "orange": "red-v", "gold": "gold-v"}


def desktop(page: Page, seal: Seal) -> Parsed:
    """Posts and reposts with their counts; pages by the link 下一页."""
    tree = page_tree(decoded(page))
    cards = tree.xpath("//div[contains(concat(' ', @class, ' '), ' card-wrap ')][@mid]")
    if not cards:
        if tree.css("div.card-no-result"):
            return Parsed(Outcome.EMPTY if page.first else Outcome.END)
        return Parsed(Outcome.CHANGED, missing=("div.card-wrap",))
    gathering = Gathering(page, seal)
    for card in cards:
        _post(card.root, gathering, page)
    return gathering.parsed(_next(tree, page))


@dataclass(slots=True)
class _Card:
    """The elements of a card, found in one walk; those of the post that it hands on are not among them."""

    texts: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    name: Any = None
    source: Any = None
    """The link that shows the time and leads to the post."""

    def take(self, element: Any) -> None:
        """Keep the element if it is one that is looked for."""
        kind, action = element.get("node-type", ""), element.get("action-type", "")
        if element.tag == "p" and kind in _TEXTS:
            self.texts.setdefault(kind, element)
        elif element.tag == "a" and action.startswith(_ACTION):
            self.counts.setdefault(action.removeprefix(_ACTION), element)
        elif element.tag == "a" and element.get("nick-name") and self.name is None:
            self.name = element
        elif (
            element.tag == "a"
            and self.source is None
            and "from" in element.getparent().get("class", "").split()
        ):
            self.source = element
        elif kind == "feed_list_media_prev":
            self.pictures += [image.get("src", "") for image in element.iter("img")]
        elif element.tag in {"svg", "use"}:
            self.marks += element.attrib.values()


def _post(root: Any, gathering: Gathering, page: Page) -> None:
    handed_on = next((part for part in root.iter("div") if "card-comment" in part.get("class", "")), None)
    parent = _handed_on(handed_on) if handed_on is not None else None
    card = _Card()
    for element in root.iterdescendants():
        card.take(element)
    mid = root.get("mid", "").strip()
    name = "" if card.name is None else card.name.get("nick-name")
    links = [link.get("href", "") for link in (card.source, card.name) if link is not None]
    author = _USER.search(" ".join(links))
    gathering.expect(**{"a[nick-name]": name, ".from a": card.source})
    badge = _BADGE.search(" ".join(card.marks))
    gathering.add(
        native_id=mid,
        kind=Kind.POST if handed_on is None else Kind.REPOST,
        text=next((text_of(card.texts[kind]) for kind in _TEXTS if kind in card.texts), ""),
        published="" if card.source is None else text_of(card.source),
        url=f"{MOBILE}/detail/{mid}",
        parent_id=parent,
        root_id=parent,
        author_id=author[1] if author else "",
        author_name=name,
        badge=_BADGES[badge[1]] if badge else "",
        likes=_count(card.counts.get("like")),
        comments=_count(card.counts.get("comment")),
        reposts=_count(card.counts.get("forward")),
        media=tuple(joined(page.url, link) for link in card.pictures),
    )


def _handed_on(part: Any) -> str | None:
    """Take the post that is handed on out of its card; its number, where the card tells it."""
    found = _MID.search(" ".join(element.get("action-data", "") for element in part.iter()))
    part.getparent().remove(part)
    return found[1] if found else None


def _count(link: Any) -> int | None:
    if link is None:
        return None
    shown = text_of(link)
    number = _NUMBER.search(shown)
    return count(number[0] if number else shown)


def _next(tree: Selector, page: Page) -> Ask | None:
    url = joined(page.url, tree.css("a.next::attr(href)").get(""))
    if not url or url == page.url or origin(url) != origin(page.url):
        return None
    return Ask(url, "weibo.desktop", {**page.context, "page": later(page.context.get("page"))})


PARSERS: dict[str, Parser] = {"weibo.desktop": desktop}
