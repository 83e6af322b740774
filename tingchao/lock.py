"""One running Tingchao per folder: a lock that the operating system releases when its holder dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tingchao.errors import AlreadyRunning, BadSetting

LOCK = "up.lock"


class FolderLock:
    """Hold `folder/up.lock` while inside the `with`.

    Raises `AlreadyRunning` naming the process that holds it, `BadSetting` where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+", encoding="ascii")
            self._take()
        except OSError as error:
            raise BadSetting(
                f"TINGCHAO_HOME={self._path.parent}: cannot be written ({error.strerror}). "
                "Choose another folder with --home, or make room"
            ) from error
        return self

    def _take(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            found = self._file.read().strip() or "another process"
            self._file.close()
            raise AlreadyRunning(
                f"{self._path.parent} is in use by process {found}. "
                "Stop that one, or give this one its own folder with --home"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.truncate(0)
        self._file.close()


def holder(folder: Path) -> str:
    """The process that holds the folder's lock; "" if nobody does."""
    try:
        with (folder / LOCK).open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / LOCK).read_text("ascii").strip() or "another process"
    except OSError:
        return ""
    return ""
