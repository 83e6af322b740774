"""Logs: one JSON object a line (or colours on a terminal), with secrets masked, for all libraries too."""

import logging
import re
import sys
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

MAX_BYTES = 10_000_000
KEPT = 3

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
    """Send every log line of this process to `file` (rotated) or to stderr."""
    handler: logging.Handler
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(file, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
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
        _masked,
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
    for noisy in ("kafka", "elastic_transport", "urllib3", "scrapy", "asyncio", "twisted", "httpx"):
        logging.getLogger(noisy).setLevel("WARNING")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if name:
        structlog.contextvars.bind_contextvars(process=name)


def _masked(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and ("=" in value or "@" in value):
            event[key] = mask(value)
    return event
