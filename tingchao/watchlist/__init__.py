"""The watchlist: which topics are watched, and which of them a mention is about.

Read in this order: `topics` (what a topic is, and what is wrong with one), `files` (YAML, with the line of each
mistake), `matcher` (a mention in, its topics out), `kept` (the document in the store, and its reload by workers).
"""

from tingchao.watchlist.files import from_yaml, load, to_yaml
from tingchao.watchlist.kept import Watching, read, save
from tingchao.watchlist.matcher import Matcher
from tingchao.watchlist.topics import Topic, Watchlist, from_document, to_document

__all__ = [
    "Matcher",
    "Topic",
    "Watching",
    "Watchlist",
    "from_document",
    "from_yaml",
    "load",
    "read",
    "save",
    "to_document",
    "to_yaml",
]
