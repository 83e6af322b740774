"""What is read of a mention, and by which word it calls a topic: what a model is asked about, and learns from."""

from tingchao.mention import Match, Mention
from tingchao.query import Subject
from tingchao.query.matching import occurrences
from tingchao.text import fold
from tingchao.watchlist import Topic


def scored_text(mention: Mention) -> str:
    """What a reader would read: the title, unless the text begins with it, and the text."""
    if not mention.title or mention.text.startswith(mention.title):
        return mention.text
    return f"{mention.title}\n{mention.text}"


def called(topic: Topic, match: Match, subject: Subject) -> str:
    """The word by which a text calls the topic, as it is written there.

    The longest of the topic's names that occurs, else the first word of its query that does; its name if there is none,
    as for a query by source.
    """
    names = [_as_written(name, subject) for name in (topic.name, *topic.aliases)]
    words = (_as_written(term, subject) for term in match.terms)
    return max(names, key=len) or next(filter(None, words), topic.name)


def _as_written(word: str, subject: Subject) -> str:
    """`word` as it stands in the text where the matcher would find it, in its own spelling rather than another."""
    if not fold(word).text:
        return ""
    written = [
        folded.original[slice(*folded.span(*spot))]
        for folded in (subject.text, subject.title)
        for spot in occurrences(word, folded.text)
    ]
    return word if word in written else next(iter(written), "")
