"""A Mastodon instance's public tag timeline (open API)."""

from datetime import UTC

from requests.utils import parse_header_links

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, joined, origin, query_of, rows, tree, with_query, words
from tingchao.mention import Kind
from tingchao.privacy import Seal

_PUBLIC = frozenset({"", "public", "unlisted"})


def tag(page: Page, seal: Seal) -> Parsed:
    """Public posts with a tag, newest first. Their own addresses name the author, so links go through the
    instance's `/web/statuses/ID`."""
    answer = tree(page.body)
    if not isinstance(answer, list):
        return Parsed(Outcome.ERROR if words(at(answer, "error")) else Outcome.CHANGED, missing=("[]",))
    gathering = Gathering(page, seal)
    last = ""
    for status in answer:
        last = ident(at(status, "id")) or last
        if words(at(status, "visibility")) not in _PUBLIC:
            continue
        account = at(status, "account")
        parent = ident(at(status, "in_reply_to_id"))
        gathering.expect(**{"account.id": ident(at(account, "id"))})
        gathering.add(
            native_id=ident(at(status, "id")),
            kind=Kind.COMMENT if parent else Kind.POST,
            title=words(at(status, "spoiler_text")),
            text=html_to_text(words(at(status, "content"))),
            published=at(status, "created_at"),
            url=f"{origin(page.url)}/web/statuses/{ident(at(status, 'id'))}",
            parent_id=parent or None,
            lang=words(at(status, "language")),
            author_id=ident(at(account, "id")),
            author_name=words(at(account, "display_name")) or words(at(account, "acct")),
            badge="bot" if at(account, "bot") is True else "",
            followers=count(at(account, "followers_count")),
            likes=count(at(status, "favourites_count")),
            comments=count(at(status, "replies_count")),
            reposts=count(at(status, "reblogs_count")),
            media=tuple(
                words(at(medium, "preview_url")) or words(at(medium, "url"))
                for medium in rows(at(status, "media_attachments"))
            ),
            tz=UTC,
        )
    return gathering.parsed(_next(page, last, len(answer)))


def _next(page: Page, last: str, held: int) -> Ask | None:
    """By the `Link` header, on the same host; without the header by the last id, if the page was full."""
    header = page.headers.get("link", "")
    url = ""
    for link in parse_header_links(header) if header else []:
        if link.get("rel") == "next":
            url = joined(page.url, link.get("url", ""))
    if not header and last and held >= (count(query_of(page.url, "limit")) or 20):
        url = with_query(page.url, max_id=last)
    if origin(url) != origin(page.url) or url == page.url:
        return None
    number = str((count(page.context.get("page")) or 1) + 1)
    return Ask(url, "mastodon.tag", {**page.context, "page": number})


PARSERS: dict[str, Parser] = {"mastodon.tag": tag}
