"""Logs: lines for the terminal that no client can forge, and that none can flood."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType

_LONGEST = 1_000
"""Characters of a message."""
_KINDS = 1_000
"""Kinds of messages that are remembered."""


def set_up() -> None:
    """Write all that is logged to standard error, in such lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(Inert("%(asctime)s %(message)s"))
    handler.addFilter(is_not_cut_short)
    handler.addFilter(Rarely())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class Inert(logging.Formatter):
    """Writes a message in one line, and of visible characters alone; the lines of a traceback stay lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Write the message."""
        if len(record.message) > _LONGEST:
            record.message = f"{record.message[:_LONGEST]}…"
        return _visible(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802
        """Write the traceback."""
        return "\n".join(_visible(line) for line in super().formatException(ei).split("\n"))


class Rarely(logging.Filter):
    """Lets one message of a kind through a minute, and has the next one say how many it has held back.

    Messages of a kind come from the same words of the program, whatever values they are filled with.

    Parameters
    ----------
    seconds : float
        The minute.
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock
        self._seen: dict[object, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it through, or count it."""
        kind, now = _kind(record), self._clock()
        if kind not in self._seen and len(self._seen) >= _KINDS:
            kind = "any other"
        last, held = self._seen.get(kind, (now - self._seconds, 0))
        if now - last < self._seconds:
            self._seen[kind] = last, held + 1
            return False
        self._seen[kind] = now, 0
        if held:
            record.msg, record.args = f"{record.getMessage()} (since the last such line, {held:,} more)", ()
        return True


def is_not_cut_short(record: logging.LogRecord) -> bool:
    """Whether a record is about anything but a request that was cancelled, which only the server's end does."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError)


_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def _kind(record: logging.LogRecord) -> object:
    words = str(record.msg).partition("\n")[0]  # asyncio goes on with the objects that are concerned
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.name, words
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return record.name, words, type(error), frame and (frame.tb_frame.f_code, frame.tb_lineno)


def _visible(line: str) -> str:
    """Escape what a terminal would act on, or show in another order."""
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in line)
