"""A worker: a process that runs one part of a task and ends.

It reads two lines of JSON from standard input, the search path for modules and the part, and writes lines of JSON to
standard output: ``progress``, ``log``, and at last the outcome. Its standard input stays open as long as its parent
lives: when that is killed, the worker ends too.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from threading import Lock, Thread
from typing import Any

from auditor.compat import exit_at_once
from auditor.runner.base import perform

START = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); from auditor.runner.worker import main; main()"
)
"""Program of a worker. It imports nothing of the caller's script, which may have no guard against a second import."""


def main() -> None:
    """Run the part that standard input describes."""
    order = json.loads(sys.stdin.readline())
    Thread(target=_end_with_parent, daemon=True).start()
    say = _speaker()
    logger = logging.getLogger("auditor")
    logger.setLevel(order["log"])
    logger.addHandler(_Relay(say))
    say(perform(order, lambda done, total: say({"progress": [done, total]})))
    exit_at_once(0)  # there is nothing to clean up, and libraries take their time


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is ever written; it returns at the end of the pipe
    exit_at_once(1)


def _speaker() -> Any:
    """Return a function that writes messages to the parent. What libraries print goes to standard error instead."""
    stream, lock = os.fdopen(os.dup(1), "w", encoding="utf-8"), Lock()
    os.dup2(2, 1)

    def say(message: Any) -> None:
        with lock:
            stream.write(json.dumps(message) + "\n")
            stream.flush()

    return say


class _Relay(logging.Handler):
    """Passes the library's log on to the parent."""

    def __init__(self, say: Any) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        self._say({"log": [record.name, record.levelno, record.getMessage()]})
