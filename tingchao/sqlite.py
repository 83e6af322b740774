"""Open a SQLite file the one safe way, and let no driver error out.

Write-ahead log, waiting instead of "locked", a header that says whose file it is and how new. Nothing here
knows a table. A connection belongs to one thread and never crosses a fork.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import apsw

from tingchao.errors import BadSetting, Unavailable

WAIT_FOR_LOCK = 10_000
"""Milliseconds that a writer waits for another before it gives up."""

LOG_LIMIT = 32 * 1024 * 1024
"""Bytes that the write-ahead log keeps on disk between checkpoints."""

_REASONS: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.FullError, "the disk is full; make room, nothing that was stored is lost"),
    (apsw.ReadOnlyError, "it cannot be written; give this user the right to write the file and its folder"),
    (
        apsw.PermissionsError,
        "it cannot be written; give this user the right to write the file and its folder",
    ),
    (apsw.CantOpenError, "it cannot be opened; the folder must exist and be writable"),
    (apsw.BusyError, f"another process kept it locked for {WAIT_FOR_LOCK // 1000} s; try again"),
    (apsw.LockedError, "another connection keeps it locked; try again"),
    (apsw.NotADBError, "this is not a SQLite database; name another file"),
    (apsw.CorruptError, "the file is damaged; stop all workers and put back a copy"),
    (apsw.IOError, "the disk refused to read or write; look at its space, limits and health"),
)


@contextmanager
def translated(path: Path, unavailable: type[Unavailable]) -> Iterator[None]:
    """Turn what SQLite raises about the file or the machine into `unavailable`; bugs of ours pass through."""
    try:
        yield
    except (apsw.SQLError, apsw.BindingsError, apsw.MisuseError, apsw.ThreadingViolationError):
        raise
    except apsw.Error as error:
        reason = next((text for kind, text in _REASONS if isinstance(error, kind)), "SQLite gave up")
        raise unavailable(f"{path}: {reason} ({error})") from error


def connect(path: Path, unavailable: type[Unavailable], *, cache_mib: int = 16) -> apsw.Connection:
    """A connection for this thread, making the file and its folder. Raises `unavailable` naming the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(f"{path}: its folder cannot be made ({error.strerror})") from error
    with translated(path, unavailable):
        database = apsw.Connection(str(path))
        database.set_busy_timeout(WAIT_FOR_LOCK)
        database.execute("PRAGMA page_size=8192")
        _use_write_ahead_log(database)
        for pragma in (
            "synchronous=FULL",
            f"journal_size_limit={LOG_LIMIT}",
            "wal_autocheckpoint=2000",
            f"cache_size=-{cache_mib * 1024}",
            "temp_store=MEMORY",
            "trusted_schema=OFF",
        ):
            database.execute(f"PRAGMA {pragma}")
        return database


def _use_write_ahead_log(database: apsw.Connection) -> None:
    """Switch a new file over, waiting for others that open it: here SQLite says "busy" without having waited."""
    give_up = time.monotonic() + WAIT_FOR_LOCK / 1000
    while True:
        try:
            database.execute("PRAGMA journal_mode=WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.005)


@contextmanager
def transaction(database: apsw.Connection, *, writes: bool = True) -> Iterator[None]:
    """One snapshot for what is inside; a writer takes its lock at once, for a later upgrade could not wait."""
    database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def make_schema(
    database: apsw.Connection,
    path: Path,
    *,
    owner: int,
    version: int,
    statements: str,
    upgrades: Mapping[int, str] | None = None,
) -> None:
    """Make the tables in an empty file; accept them where they are.

    `owner` is the application's number in the header of the file. `upgrades` are the statements that make of a file of
    that version one of the next; they only add, and all or none of them are done. Raises `BadSetting` for a file of
    something else, or of another version of this program.
    """
    steps = upgrades or {}
    if _found(database) == (owner, version):
        return
    with transaction(database):
        theirs, found = _found(database)
        if (theirs, found) == (owner, version):
            return
        if theirs == owner and found > version:
            raise BadSetting(
                f"{path}: written by a newer tingchao (schema {found}; this one knows {version}). Upgrade tingchao"
            )
        if theirs == owner and all(step in steps for step in range(found, version)):
            for step in range(found, version):
                database.execute(steps[step])
            database.execute(f"PRAGMA user_version={version}")
            return
        if theirs == owner:
            raise BadSetting(
                f"{path}: written by an older tingchao (schema {found}; this one needs {version}). Name a new file, "
                "or open this one with the tingchao that wrote it"
            )
        if theirs or found or _has_tables(database):
            raise BadSetting(f"{path}: this database belongs to something else; name another file")
        database.execute(statements)
        database.execute(f"PRAGMA application_id={owner}")
        database.execute(f"PRAGMA user_version={version}")


def _found(database: apsw.Connection) -> tuple[int, int]:
    return database.pragma("application_id"), database.pragma("user_version")


def _has_tables(database: apsw.Connection) -> bool:
    return bool(database.execute("SELECT count(*) FROM sqlite_schema").get)
