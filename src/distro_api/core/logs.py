"""What a process writes about itself: one JSON object a line on stderr, readable text when stderr is a terminal.

Logs hold ids and codes. What a driver's message or a traceback may carry besides is masked here: parameters of
statements, the values of a violated key, phone and identity numbers, tokens.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_MASKS = (
    (re.compile(r"(?m)^DETAIL: .*$"), "DETAIL: …"),
    (re.compile(r"\\nDETAIL: [^']*"), r"\\nDETAIL: …"),
    (re.compile(r"(invalid input for query argument \$\d+|invalid input syntax for [\w ]+)\b[^\n]*"), r"\1: …"),
    (re.compile(r"(?s)\[parameters: .*?\]\s*$|\[parameters: [^\n]*\]"), "[parameters: …]"),
    (re.compile(r"(?<![0-9A-Za-z-])(\+?86)?1[3-9][0-9]{9}(?![0-9A-Za-z-])"), "<phone>"),
    (re.compile(r"(?<![0-9A-Za-z-])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z-])"), "<identity number>"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"(postgres(?:ql)?(?:\+\w+)?://[^:/@\s]+):[^@\s]+@"), r"\1:…@"),
)
QUIET = ("alembic", "asyncio", "httpcore", "httpx", "uvicorn.access", "uvicorn.error")
"""Libraries whose everyday lines say nothing that an operator acts on."""


def masked(text: str) -> str:
    """`text` without what nobody may read in a log."""
    for pattern, shown in _MASKS:
        text = pattern.sub(shown, text)
    return text


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: every text of the line masked."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = masked(value)
    return event


def configure(level: str = "info") -> None:
    """Send structlog and the standard library's loggers to stderr. Once per process, before anything is logged."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    terminal = sys.stderr.isatty()
    rendered: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if terminal
        else [structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask,
            *rendered,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
