"""Logs: terminal lines that no client can forge or flood."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType

_MAX_LENGTH = 1_000
"""Maximum characters of a message."""
_MAX_KINDS = 1_000
"""Maximum number of message kinds remembered."""


def set_up() -> None:
    """Write log records to standard error in such lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(InertFormatter("%(asctime)s %(message)s"))
    handler.addFilter(is_not_cancelled)
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class InertFormatter(logging.Formatter):
    """Writes a message as one line of printable characters. A traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Write the message."""
        if len(record.message) > _MAX_LENGTH:
            record.message = f"{record.message[:_MAX_LENGTH]}…"
        return _visible(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802
        """Write the traceback."""
        return "\n".join(_visible(line) for line in super().formatException(ei).split("\n"))


class RateLimit(logging.Filter):
    """Lets one message of each kind through per minute. The next one says how many were held back.

    Messages are of one kind if they come from the same format string, whatever values fill it.

    Parameters
    ----------
    seconds : float
        Minimum interval between two messages of a kind.
    clock : callable
        Monotonic clock, in seconds.
    """

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock
        self._seen: dict[object, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record through, or count it."""
        kind, now = _kind(record), self._clock()
        if kind not in self._seen and len(self._seen) >= _MAX_KINDS:
            kind = "any other"
        last, suppressed = self._seen.get(kind, (now - self._seconds, 0))
        if now - last < self._seconds:
            self._seen[kind] = last, suppressed + 1
            return False
        self._seen[kind] = now, 0
        if suppressed:
            record.msg, record.args = f"{record.getMessage()} (since the last such line, {suppressed:,} more)", ()
        return True


def is_not_cancelled(record: logging.LogRecord) -> bool:
    """Return whether a record is about anything but a cancelled request, which only a shutdown causes."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError)


_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def _kind(record: logging.LogRecord) -> object:
    words = str(record.msg).partition("\n")[0]  # asyncio adds the objects concerned on further lines
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.name, words
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return record.name, words, type(error), frame and (frame.tb_frame.f_code, frame.tb_lineno)


def _visible(line: str) -> str:
    """Escape characters that a terminal would act on or reorder."""
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
