"""Renewal: take the final ranking of a run whose early one is under review, without a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any

from auditor.errors import AuditorError
from auditor.run import Run

from .corrections import CorrectionMaker
from .workspace import Workspace

_PAUSE = 5.0
"""Seconds until another attempt, if the new ranking could not be read."""
_log = logging.getLogger(__name__)


class Renewal:
    """The workspace that requests work on, replaced once its run has been ranked anew.

    Parameters
    ----------
    state : object
        Holds the current ``workspace`` and its ``correction_maker``.
    run : Run
    open : callable
        Opens the workspace of a run.
    """

    def __init__(self, state: Any, run: Run, open: Callable[[Run], Workspace]) -> None:
        self._state, self._run, self._open = state, run, open
        self._turn, self._not_before = Lock(), 0.0
        self._take(open(run), run)

    def workspace(self) -> Workspace:
        """Return the current workspace. One request reads a new ranking; meanwhile the others go on with the old."""
        found: Workspace = self._state.workspace
        if found.edition.is_superseded and monotonic() >= self._not_before and self._turn.acquire(blocking=False):
            try:
                if found is self._state.workspace:
                    self._renew(found)
            finally:
                self._turn.release()
        return self._state.workspace  # type: ignore[no-any-return]

    def _renew(self, old: Workspace) -> None:
        try:
            run = Run(self._run.directory)
            new = self._open(run)
        except (AuditorError, OSError) as error:  # an audit is writing just now
            self._not_before = monotonic() + _PAUSE
            _log.warning("The new ranking cannot be read yet: %s", error)
            return
        new.feed.take_over(old.feed)
        self._take(new, run)

    def _take(self, workspace: Workspace, run: Run) -> None:
        self._state.correction_maker = CorrectionMaker(run, workspace)
        self._state.workspace = workspace
