"""The service's log: one JSON object a line, with ids and outcomes, never names, tokens or what was sent."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any, Protocol, TextIO

import structlog

FRAMES_MAX = 30


class Log(Protocol):
    """What the service says to its log."""

    def info(self, event: str, **fields: Any) -> Any:
        """Say what happened."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Say what should not be so."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Say what is broken."""
        ...


def make_log(level: str, file: TextIO | None = None) -> Log:
    """Answer a log of messages from `level` (debug, info, warning, error) on, to standard error unless given."""
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(file or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    return log


def frames_of(error: BaseException) -> list[str]:
    """Answer where an error came from, innermost last: places only, since messages may repeat personal data."""
    stack = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in stack]
