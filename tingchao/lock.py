"""One running Tingchao per folder: a lock that the operating system releases when its holder dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tingchao.errors import AlreadyRunning, BadSetting


class FolderLock:
    """Hold `folder/up.lock` while inside the `with`.

    Raises `AlreadyRunning` naming the process that holds it, `BadSetting` where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "up.lock"

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+", encoding="ascii")
        except OSError as error:
            raise BadSetting(
                f"TINGCHAO_HOME={self._path.parent}: cannot be written ({error.strerror}). Choose another folder with --home"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise AlreadyRunning(
                f"{self._path.parent} is in use by process {holder}. "
                "Stop that one, or give this one its own folder with --home"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.truncate(0)
        self._file.close()
