"""The family of errors that a person may meet.

Each names the thing, the wrong value and what would be right, in one sentence. `cli` prints the sentence
and ends with `exit_code`; a traceback is for bugs only.
"""


class TingchaoError(Exception):
    """Something a person can put right. Its text is one clear sentence."""

    exit_code = 1


class BadInput(TingchaoError):
    """A file, an option, a setting, a query or a record that is not what it should be."""

    exit_code = 2


class BadRecord(BadInput):
    """One record that cannot be read: it goes to the dead-letter shelf with this reason."""


class BadQuery(BadInput):
    """A boolean query that does not parse. The text shows the place with a caret."""


class BadWatchlist(BadInput):
    """A watchlist that cannot be used; the text names file, line and field."""


class BadSetting(BadInput):
    """A setting with a value that cannot work."""


class Unavailable(TingchaoError):
    """A server or a file behind a door does not answer; trying again later can help."""

    exit_code = 3


class BusUnavailable(Unavailable):
    """The bus did not take or give messages. What was not flushed was not published."""


class StoreUnavailable(Unavailable):
    """The store did not answer, or answered only in part."""


class StaleVersion(TingchaoError):
    """Somebody wrote to the stream or document first. `found` is the version that is there now."""

    def __init__(self, what: str, expected: int, found: int) -> None:
        super().__init__(f"{what}: expected version {expected}, found {found}. Read it again, then repeat.")
        self.expected = expected
        self.found = found


class NeedsPerson(TingchaoError):
    """Starting again would do harm until a person has looked: `up` leaves a part that ended so alone."""

    exit_code = 5


class AlreadyRunning(TingchaoError):
    """Another process holds the folder; the text says which."""

    exit_code = 4


def without_password(address: str) -> str:
    """The address with what stands before its @ masked, fit for an error and a log.

    >>> without_password("https://elastic:a/b@es.example:9200")
    'https://····@es.example:9200'
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "", address
    before, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{'····' if before else ''}{at}{host}"
