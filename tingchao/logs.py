"""Logs: one JSON object a line (or colours on a terminal), with secrets masked, for all libraries too."""

import logging
import re
import sys
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from tingchao.errors import BadSetting

MAX_BYTES = 10_000_000
KEPT = 3

_LINES = ("exception", "stack")
"""What our own program writes over several lines."""

_SECRETS = re.compile(
    r"(?i)((?:key|token|secret|password|sign|signature|access_token)=)[^&\s\"']+|(://[^:/\s]+:)[^@/\s]+(?=@)"
)


def mask(text: str) -> str:
    """The text without keys in addresses.

    >>> mask("POST https://qyapi.example/send?key=abcdef")
    'POST https://qyapi.example/send?key=····'
    """
    return _SECRETS.sub(lambda found: f"{found[1] or found[2]}····", text)


def configure(file: Path | None = None, *, name: str = "", level: str = "INFO") -> None:
    """Send every log line of this process to `file` (rotated) or to stderr.

    Raises `BadSetting` naming the folder where the file cannot be made.
    """
    handler: logging.Handler
    if file:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(file, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
        except OSError as error:
            raise BadSetting(
                f"{file}: the log cannot be written ({error.strerror}). Choose another folder with --home"
            ) from None
    else:
        handler = logging.StreamHandler(sys.stderr)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _tamed,
    ]
    pretty = file is None and sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.raiseExceptions = False  # A full disk must not print a traceback for each line that is lost.
    for noisy in ("urllib3", "scrapy", "asyncio", "twisted", "httpx"):
        logging.getLogger(noisy).setLevel("WARNING")
    for told_by_the_door in ("stamina", "elastic_transport"):  # each try; the door says what it came to
        logging.getLogger(told_by_the_door).setLevel("ERROR")
    logging.getLogger("kafka").setLevel("WARNING" if level == "INFO" else "CRITICAL")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if name:
        structlog.contextvars.bind_contextvars(process=name)


def _tamed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No secret, no line that a text from outside could forge, no sign that steers a terminal."""
    for key, value in event.items():
        if value is None or isinstance(value, int | float):
            continue
        if isinstance(value, list | tuple | dict):
            value = repr(value)
        text = mask(str(value))
        event[key] = "\n".join(map(one_line, text.split("\n"))) if key in _LINES else one_line(text)
    return event


def one_line(text: str) -> str:
    """The text with everything that does not print written as Python writes it.

    >>> one_line("ok\\n{'level': 'forged'} \\x1b[31mred")
    "ok\\\\n{'level': 'forged'} \\\\x1b[31mred"
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
