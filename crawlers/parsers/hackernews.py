"""Hacker News search (hn.algolia.com, open): stories and comments by date."""

from datetime import UTC

from crawlers.parsers.markup import html_to_text
from crawlers.parsers.page import Ask, Gathering, Outcome, Page, Parsed, Parser
from crawlers.parsers.shapes import at, count, ident, rows, tree, with_query, words
from tingchao.mention import Kind
from tingchao.privacy import Seal


def search(page: Page, seal: Seal) -> Parsed:
    """Stories (their text, or their title) and comments; parents and roots are item numbers."""
    answer = tree(page.body)
    if not isinstance(at(answer, "hits"), list | dict):
        return Parsed(Outcome.CHANGED, missing=("hits",))
    gathering = Gathering(page, seal)
    for hit in rows(at(answer, "hits")):
        item = ident(at(hit, "objectID"))
        comment = words(at(hit, "comment_text"))
        title = html_to_text(words(at(hit, "title")))
        gathering.expect(author=words(at(hit, "author")))
        gathering.add(
            native_id=item,
            kind=Kind.COMMENT if comment else Kind.POST,
            title=title,
            text=html_to_text(comment or words(at(hit, "story_text"))) or title,
            published=at(hit, "created_at_i") or at(hit, "created_at"),
            url=f"https://news.ycombinator.com/item?id={item}",
            parent_id=ident(at(hit, "parent_id")) or None,
            root_id=(ident(at(hit, "story_id")) or None) if comment else None,
            author_id=words(at(hit, "author")),
            author_name=words(at(hit, "author")),
            likes=count(at(hit, "points")),
            comments=count(at(hit, "num_comments")),
            tz=UTC,
        )
    return gathering.parsed(_next(page, answer), count(at(answer, "nbHits")))


def _next(page: Page, answer: object) -> Ask | None:
    here, pages = count(at(answer, "page")), count(at(answer, "nbPages"))
    if here is None or pages is None or here + 1 >= pages:
        return None
    context = {**page.context, "page": str(here + 2)}
    return Ask(with_query(page.url, page=str(here + 1)), "hackernews.search", context)


PARSERS: dict[str, Parser] = {"hackernews.search": search}
