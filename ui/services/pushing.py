"""Pushing: one push to the Hub at a time, in the background, with its status."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any

from auditor.console import Advance, Listener
from auditor.errors import AuditorError, StorageError

from ..answers import BusyError

_log = logging.getLogger(__name__)


class Pusher:
    """Runs one push at a time and records the status of the latest. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._status: dict[str, Any] = {"state": "none"}

    @property
    def status(self) -> dict[str, Any]:
        """Status: ``state`` (``none``, ``running``, ``done``, ``failed``), ``repo``, ``by``, and progress or result."""
        with self._lock:
            return dict(self._status)

    def start(self, repo: str, by: str, push: Callable[[Listener], dict[str, Any]]) -> None:
        """Start a push.

        Parameters
        ----------
        repo, by : str
            Repository to push to, and reviewer who pushes.
        push : callable
            Called with a listener; pushes and returns the result to show.

        Raises
        ------
        BusyError
            If another push is running.
        """
        with self._lock:
            if self._status["state"] == "running":
                raise BusyError(
                    f"{self._status['by']} is pushing to {self._status['repo']} now.",
                    "Wait until that push has ended.",
                )
            self._status = {
                "state": "running",
                "repo": repo,
                "by": by,
                "task": "Applying the decisions",
                "done": 0,
                "total": 0,
            }
        # A daemon loses nothing: a push is one commit, so an interrupted one leaves no trace.
        Thread(target=self._push, args=(push,), name="push", daemon=True).start()

    def _push(self, push: Callable[[Listener], dict[str, Any]]) -> None:
        try:
            outcome = {"state": "done", **push(_StatusListener(self._update))}
        except StorageError as error:  # its message names a folder of the server
            _log.warning("push failed: %s", error)
            outcome = {
                "state": "failed",
                "what": "The server cannot write the files to push: its disk is full, or it has no permission.",
                "todo": "Ask whoever runs the server to free space in its folder for temporary files.",
            }
        except AuditorError as error:
            _log.warning("push failed: %s", error)
            outcome = {"state": "failed", "what": error.what, "todo": error.todo}
        except Exception:
            _log.exception("push failed")
            outcome = {
                "state": "failed",
                "what": "An unexpected error occurred in the server.",
                "todo": "Try again. The terminal that runs the server shows the cause.",
            }
        self._update(**outcome)

    def _update(self, **changes: Any) -> None:
        with self._lock:
            self._status |= changes


class _StatusListener:
    """A listener that copies progress into the status."""

    def __init__(self, update: Callable[..., None]) -> None:
        self._update = update

    @contextmanager
    def task(self, title: str, expected_seconds: float | None = None) -> Iterator[Advance]:
        """Start a task."""
        self._update(task=title, done=0, total=0)
        yield lambda done, total: self._update(done=done, total=total)

    def note(self, text: str) -> None:
        """Show what is being done."""
        self._update(task=text)
