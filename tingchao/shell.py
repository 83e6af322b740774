"""The door to the shell: what a person reads when something is wrong, exit codes, and clean standard streams."""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO, TypeVar

import typer

from tingchao.errors import BadInput, TingchaoError

INTERRUPTED = 130
USAGE = 2
MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
"""What the machine refuses: no bug of ours, so no traceback."""

Number = TypeVar("Number", int, float)


def run(app: Callable[..., Any], name: str) -> int:
    """Run a command line program; the exit code. What a person can put right is one sentence on stderr."""
    _tame_streams()
    try:
        code = int(app(prog_name=name, standalone_mode=False) or 0)
        if code == INTERRUPTED:  # so the library tells of Ctrl-C
            _say(name, "interrupted")
        sys.stdout.flush()
        return code
    except TingchaoError as error:
        _say(name, str(error))
        return error.exit_code
    except typer.Abort:
        print(file=sys.stderr)
        _say(name, "stopped before it began; nothing was changed")
        return INTERRUPTED
    except KeyboardInterrupt:
        _say(name, "interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the latter is how the library says the former
        _reader_left()
        return 0
    except OSError as error:
        if error.errno not in MACHINE:
            raise
        _say(name, f"{error.filename or 'cannot write'}: {error.strerror}; nothing that was stored is lost")
        return 1
    except Exception as error:  # noqa: BLE001  usage errors are of a kind that only the library names
        return _usage(name, error)


def _tame_streams() -> None:
    """Bytes that are no UTF-8, and characters that are none, must not end a program that reads public texts."""
    streams: tuple[tuple[TextIO, dict[str, str]], ...] = (
        (sys.stdin, {"encoding": "utf-8-sig", "errors": "replace"}),
        (sys.stdout, {"errors": "replace"}),
        (sys.stderr, {"errors": "backslashreplace"}),
    )
    for stream, options in streams:
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(**options)


def _reader_left() -> None:
    """Who reads our output has seen enough, as in `| head -1`: that is no failure, and there is no one to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _usage(name: str, error: Exception) -> int:
    """One sentence for a wrong option; anything else is a bug and keeps its traceback."""
    shown, context = getattr(error, "format_message", None), getattr(error, "ctx", None)
    if shown is None:
        raise error
    if type(error).__name__ == "NoArgsIsHelpError":
        print(shown())
        return USAGE
    path = context.command_path if context else name
    _say(path, f"{shown().rstrip('.')}. See: {path} --help")
    return USAGE


def _say(who: str, sentence: str) -> None:
    print(f"{who}: {sentence}", file=sys.stderr)


def whole(low: int, high: int) -> Callable[[Any], int]:
    """A reader of options that take a whole number from `low` to `high`."""
    return _reader(int, low, high, "a whole number")


def number(low: float, high: float) -> Callable[[Any], float]:
    """A reader of options that take a number from `low` to `high`."""
    return _reader(float, low, high, "a number")


def _reader(kind: type[Number], low: Number, high: Number, what: str) -> Callable[[Any], Number]:
    def read(given: Any) -> Number:
        try:
            found = kind(given)
        except ValueError:
            found = None
        if found is None or not low <= found <= high:
            raise typer.BadParameter(f"{str(given)[:40]!r} is not {what} from {low} to {high}")
        return found

    return read


def factor(text: str) -> float | None:
    """`max` as None, else a factor above 0. Raises `BadInput`.

    >>> factor("60"), factor("max")
    (60.0, None)
    """
    if text == "max":
        return None
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise BadInput(f"--speed {text[:40]!r}: give a factor above 0 such as 60, or max")
    return found


def names(text: str) -> list[str]:
    """Words between commas of either width.

    >>> names("华为，OPPO, vivo")
    ['华为', 'OPPO', 'vivo']
    """
    return [word.strip() for word in text.replace("，", ",").replace("、", ",").split(",") if word.strip()]


def tell(report: dict[str, Any], *, as_json: bool, out: TextIO | None = None) -> None:
    """Print numbers by name, as one JSON object or one a line; lists are indented below their name."""
    for line in [json.dumps(report, ensure_ascii=False, default=str)] if as_json else _lines(report):
        print(line, file=out or sys.stdout)


def _lines(report: dict[str, Any]) -> Iterable[str]:
    for name, value in report.items():
        title = name if name.isupper() else name.replace("_", " ")
        if isinstance(value, list):
            yield f"{title}:" if value else f"{title}: none"
            yield from (f"  {row}" for row in value)
        elif isinstance(value, dict):
            yield f"{title}: " + ", ".join(f"{key} {each}" for key, each in value.items() if each != "")
        else:
            yield f"{title}: {'none' if value is None else value}"
