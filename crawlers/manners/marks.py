"""What pages were marked with, for conditional requests: the rules of `validators` with the store behind them."""

from collections.abc import Mapping

from crawlers.manners import validators
from crawlers.manners.books import Books, found
from crawlers.manners.validators import KIND, Validator
from tingchao.errors import StoreUnavailable


class Marks:
    """A mark is offered when its page comes, and is shown to the host only once the visit that read it is settled."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._known: dict[str, dict[str, Validator]] = {}
        self._offered: dict[str, dict[str, Validator]] = {}

    async def conditions(self, source: str, url: str) -> dict[str, str]:
        """The headers that ask for a page only if it changed."""
        known = self._known.get(source)
        if known is None:
            known = self._known[source] = validators.from_body(await found(self._books, KIND, source))
        return validators.conditions(known.get(validators.key(url)))

    def offer(self, source: str, url: str, headers: Mapping[str, str]) -> None:
        """A page of a source came, whole, with these headers (lower-case names)."""
        if mark := validators.marked(headers):
            self._offered.setdefault(source, {})[validators.key(url)] = mark

    async def settle(self, source: str) -> None:
        """All that the last pages of the source held is on the bus, and its checkpoint is in the store."""
        fresh = self._offered.pop(source, {})
        before = self._known.get(source, {})
        self._known[source] = validators.remembered(before, fresh)
        if any(before.get(name) != mark for name, mark in fresh.items()):
            try:
                await self._books.keep(KIND, source, validators.to_body(self._known[source]))
            except StoreUnavailable:
                return  # a restart asks for the page as a whole

    def drop(self, source: str) -> None:
        """The visit did not go through: its pages are to be asked for as a whole again."""
        self._offered.pop(source, None)
