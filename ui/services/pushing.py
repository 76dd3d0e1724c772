"""Pushing: one push to the Hub at a time, in the background, and how it goes."""

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
    """Runs pushes one after the other, and remembers how the latest went; safe to be used from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._status: dict[str, Any] = {"state": "none"}

    @property
    def status(self) -> dict[str, Any]:
        """``state`` (``none``, ``running``, ``done``, ``failed``), ``repo`` and ``by``, and how it goes or went."""
        with self._lock:
            return dict(self._status)

    def start(self, repo: str, by: str, push: Callable[[Listener], dict[str, Any]]) -> None:
        """Begin a push.

        Parameters
        ----------
        repo, by : str
            Where to, and who wants it.
        push : callable
            Given a listener, pushes, and returns what is to be told of it.

        Raises
        ------
        BusyError
            If one is under way.
        """
        with self._lock:
            if self._status["state"] == "running":
                raise BusyError(
                    f"{self._status['by']} is pushing to {self._status['repo']} just now.",
                    "Wait until that has ended.",
                )
            self._status = {
                "state": "running",
                "repo": repo,
                "by": by,
                "task": "Applying the decisions",
                "done": 0,
                "total": 0,
            }
        # A daemon, as nothing is lost with it: a push is one commit, and what is not committed is not there.
        Thread(target=self._push, args=(push,), name="push", daemon=True).start()

    def _push(self, push: Callable[[Listener], dict[str, Any]]) -> None:
        try:
            outcome = {"state": "done", **push(_Told(self._tell))}
        except StorageError as error:  # which names a folder of the server's
            _log.warning("push failed: %s", error)
            outcome = {
                "state": "failed",
                "what": "The server has no room for what is to be pushed, or may not write it.",
                "todo": "Ask whoever started the page to make room in its folder for temporary files.",
            }
        except AuditorError as error:
            _log.warning("push failed: %s", error)
            outcome = {"state": "failed", "what": error.what, "todo": error.todo}
        except Exception:
            _log.exception("push failed")
            outcome = {
                "state": "failed",
                "what": "Something has gone wrong in the server.",
                "todo": "Try again. Where the page was started, the terminal says why.",
            }
        self._tell(**outcome)

    def _tell(self, **news: Any) -> None:
        with self._lock:
            self._status |= news


class _Told:
    """A listener that passes on what it hears."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell

    @contextmanager
    def task(self, title: str, expected_seconds: float | None = None) -> Iterator[Advance]:
        """A part of the work begins."""
        self._tell(task=title, done=0, total=0)
        yield lambda done, total: self._tell(done=done, total=total)

    def note(self, text: str) -> None:
        """Say what is being done."""
        self._tell(task=text)
